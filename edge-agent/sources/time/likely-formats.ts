import { FORMATS_BY_NAME, openTimeText } from './time-section.ts';
import type { TimeText } from './time-text.ts';

/** Days, and times of day behind them, as files have them beside ISO 8601; the more usual first. */
const DATES = [
  'd.M.yyyy',
  'd/M/yyyy',
  'M/d/yyyy',
  'd-M-yyyy',
  'yyyy/M/d',
  'yyyy.M.d',
  'yyyy-M-d',
  'd.M.yy',
  'd/M/yy',
  'M/d/yy',
  'd MMM yyyy',
  'd-MMM-yyyy',
  'd-MMM-yy',
  'MMM d, yyyy',
  'yyyyMMdd',
];
const TIMES = [
  ' H:mm',
  ' H:mm:ss',
  ' H:mm:ss.SSS',
  ' h:mm a',
  ' h:mm:ss a',
  ' H:mm z',
  ' H:mm:ss z',
  ' H:mm X',
  ' H:mm:ss X',
  ', H:mm',
  "'T'H:mm:ss",
  ' HHmm',
  'HHmm',
  'HHmmss',
  '',
];

/** What numbers of an epoch are read as that are meant so: times of devices of this century. */
const FROM_MS = Date.UTC(2000, 0, 1);
const TO_MS = Date.UTC(2100, 0, 1);

/** More would not help to choose. */
const NAMED_MAX = 2;

interface Candidate {
  readonly format: string;
  readonly text: TimeText;
}

let opened: readonly Candidate[] | undefined;

function candidates(): readonly Candidate[] {
  const patterns = DATES.flatMap((date) => TIMES.map((time) => date + time));
  opened ??= [...FORMATS_BY_NAME, ...patterns].map((format) => ({ format, text: openTimeText(format, 'refuse') }));
  return opened;
}

/** What to say in `time` so that `bytes[start, end)`, which the format doesn't read, is one; undefined where nothing does. */
export function formatRemedy(format: string, bytes: Uint8Array, start: number, end: number): string | undefined {
  const others = likelyFormats(bytes, start, end);
  if (others.length > 0) return `say \`format: ${others.map(quoted).join('` or `')}\``;
  const isLonger = !Number.isNaN(openTimeText(format, 'ignore').parse(bytes, start, end));
  return isLonger ? 'say `rest: ignore` where the text behind the time may be left unread' : undefined;
}

/** The formats by which a time can be read, the likeliest first, two at most. */
function likelyFormats(bytes: Uint8Array, start: number, end: number): readonly string[] {
  const found: string[] = [];
  for (const { format, text } of candidates()) {
    const ms = text.parse(bytes, start, end);
    if (ms >= FROM_MS && ms < TO_MS) found.push(format);
    if (found.length === NAMED_MAX) break;
  }
  return found;
}

/** A format as YAML takes it: a pattern in quotes. */
function quoted(format: string): string {
  return FORMATS_BY_NAME.includes(format) ? format : JSON.stringify(format);
}
