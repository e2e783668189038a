/** A length that can be chosen: as the API writes it, as people read it, and its usual length in ms. */
export interface Length {
  readonly text: string;
  readonly words: string;
  readonly ms: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export const WINDOWS: readonly Length[] = [
  { text: '1m', words: '1 minute', ms: MINUTE_MS },
  { text: '5m', words: '5 minutes', ms: 5 * MINUTE_MS },
  { text: '15m', words: '15 minutes', ms: 15 * MINUTE_MS },
  { text: '1h', words: '1 hour', ms: HOUR_MS },
  { text: '1d', words: '1 day', ms: DAY_MS },
  { text: '1w', words: '1 week', ms: 7 * DAY_MS },
  { text: '1mo', words: '1 month', ms: 30 * DAY_MS },
];

export const SPANS: readonly Length[] = [
  { text: '15m', words: '15 minutes', ms: 15 * MINUTE_MS },
  { text: '1h', words: '1 hour', ms: HOUR_MS },
  { text: '6h', words: '6 hours', ms: 6 * HOUR_MS },
  { text: '24h', words: '24 hours', ms: DAY_MS },
  { text: '7d', words: '7 days', ms: 7 * DAY_MS },
  { text: '30d', words: '30 days', ms: 30 * DAY_MS },
  { text: '1y', words: '1 year', ms: 365 * DAY_MS },
];

/** How long a stretch of time is that is looked at: a span, or a period. */
export interface Stretch {
  readonly ms: number;
  /** Fewer windows in it make no sense; of a span where not given, since fewer make no curve. */
  readonly windowsMin?: number;
}

/** Windows of one group in a span: more can't be told apart on a screen, and cost time to send. */
export const WINDOWS_PER_SPAN_MAX = 2_100;
/** Fewer make no curve. */
export const WINDOWS_PER_SPAN_MIN = 3;

/** Whether windows of this length make a picture of the span, and are made of whole slices of the view. */
export function fits(window: Length, { ms, windowsMin = WINDOWS_PER_SPAN_MIN }: Stretch, sliceMs: number): boolean {
  const count = ms / window.ms;
  return count >= windowsMin && count <= WINDOWS_PER_SPAN_MAX && (sliceMs === 0 || window.ms % sliceMs === 0);
}

/** The window nearest in length to the wanted one that fits the span; the wanted one where none fits. */
export function fittingWindow(wanted: Length, span: Stretch, sliceMs: number): Length {
  const fitting = WINDOWS.filter((window) => fits(window, span, sliceMs));
  const distance = ({ ms }: Length): number => Math.abs(Math.log(ms / wanted.ms));
  return fitting.toSorted((a, b) => distance(a) - distance(b))[0] ?? wanted;
}

/** The wanted span, or the next longer one in which any windows fit; the wanted one where none is. */
export function fittingSpan(wanted: Length, sliceMs: number): Length {
  const fitting = SPANS.filter((span) => WINDOWS.some((window) => fits(window, span, sliceMs)));
  return fitting.find(({ ms }) => ms >= wanted.ms) ?? wanted;
}

/** Readings of a series that make a curve. */
const READINGS_MIN = 12;

/** The span to begin with: an hour, or longer where readings are rare. */
export function spanFor(intervalMs: number): Length {
  return SPANS.find(({ ms }) => ms >= Math.max(HOUR_MS, READINGS_MIN * intervalMs)) ?? SPANS.at(-1)!;
}

/** The window to begin with: narrower than readings are apart it would mostly be empty. */
export function windowFor(intervalMs: number): Length {
  return WINDOWS.find(({ ms }) => ms >= intervalMs) ?? WINDOWS.at(-1)!;
}

/** Where somebody looks from: the zone, and how far its clock is from UTC, in winter and in summer. */
export interface Place {
  readonly zone: string;
  readonly offsetsMs: readonly number[];
}

/**
 * The zone whose clock windows are to follow: the viewer's, but UTC where slices can't be put together so, such as hours at
 * +05:30 of slices of an hour, or days of slices of a day. The page says which.
 */
export function zoneOf(sliceMs: number, { zone, offsetsMs }: Place): string {
  return sliceMs > 0 && offsetsMs.some((offsetMs) => offsetMs % sliceMs !== 0) ? 'UTC' : zone;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
  mo: 30 * DAY_MS,
  y: 365 * DAY_MS,
};

/** The usual length of a span such as `10s` or `1m`, in ms; 0 for a text that is none, which no window is narrower than. */
export function sliceLengthMs(text: string): number {
  const match = /^(\d+)(ms|s|m|h|d|w|mo|y)$/.exec(text);
  return match === null ? 0 : Number(match[1]) * (UNITS_MS[match[2]!] ?? 0);
}

/** A stretch of time that is looked at instead of the newest data, half-open. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The years that inputs and the API write with four digits. */
const FIRST_MS = Date.UTC(1000, 0, 2);
const LAST_MS = Date.UTC(9999, 11, 30);

/** The period between two ISO 8601 instants; undefined where they are none, or none that comes after the other. */
export function readPeriod(from: string | null, to: string | null): Period | undefined {
  const fromMs = Date.parse(from ?? '');
  const toMs = Date.parse(to ?? '');
  return fromMs >= FIRST_MS && fromMs < toMs && toMs <= LAST_MS ? { fromMs, toMs } : undefined;
}

/** An instant as an address has it: ISO 8601 in UTC, without what is zero behind the minutes. */
export function instantText(atMs: number): string {
  return new Date(atMs).toISOString().replace(/(?::00)?\.000Z$/, 'Z');
}

/** An instant as an input of a date and a time has it (HTML, 2.3.5.7), by the viewer's clock. */
export function localText(atMs: number): string {
  const at = new Date(atMs);
  const padded = (value: number, width = 2): string => String(value).padStart(width, '0');
  const day = `${padded(at.getFullYear(), 4)}-${padded(at.getMonth() + 1)}-${padded(at.getDate())}`;
  return `${day}T${padded(at.getHours())}:${padded(at.getMinutes())}`;
}

/** What to begin with for who asks for a period: as long as the span that is shown, up to the end of the data. */
export function periodBefore(endMs: number, spanMs: number): Period {
  return { fromMs: endMs - spanMs, toMs: endMs };
}
