import type { Length } from '../choice/spans.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long ago something was: `now`, `12 s ago`, `3 min ago`, `5 h ago`, `12 d ago`. */
export function formatAgo(atMs: number, nowMs: number): string {
  const ageMs = nowMs - atMs;
  return ageMs < SECOND_MS ? 'now' : `${formatLong(ageMs)} ago`;
}

/** A span in its largest whole unit. */
export function formatLong(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.max(0, Math.floor(ms / SECOND_MS))} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`;
  return `${Math.floor(ms / DAY_MS)} d`;
}

/** A zone and a language to write times in; both the viewer's where not given. */
export interface TimeStyle {
  readonly zone?: string;
  readonly locale?: string;
}

/** Hours and minutes, in 24 hours. */
export function formatClock(atMs: number, style: TimeStyle = {}): string {
  return formatter('clock', style).format(atMs);
}

/** A day, such as `21 Nov`, with its year where that is not this one. */
export function formatDay(atMs: number, nowMs: number, style: TimeStyle = {}): string {
  const year = formatter('year', style);
  return formatter(year.format(atMs) === year.format(nowMs) ? 'day' : 'dayOfYear', style).format(atMs);
}

/** A moment: the time alone for one of today, else with its day. */
export function formatMoment(atMs: number, nowMs: number, style: TimeStyle = {}): string {
  const clock = formatClock(atMs, style);
  const day = formatDay(atMs, nowMs, style);
  return day === formatDay(nowMs, nowMs, style) ? clock : `${day}, ${clock}`;
}

/** A window: `14:05–14:10`, with its day where that is not today; whole days as days. */
export function formatWindow(
  startMs: number,
  endMs: number,
  nowMs: number,
  window: Length,
  style: TimeStyle = {},
): string {
  if (window.ms >= DAY_MS) return formatDay(startMs, nowMs, style);
  return `${formatMoment(startMs, nowMs, style)}–${formatClock(endMs, style)}`;
}

type Form = 'clock' | 'day' | 'dayOfYear' | 'year';

const FORMS: Readonly<Record<Form, Intl.DateTimeFormatOptions>> = {
  clock: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  day: { day: 'numeric', month: 'short' },
  dayOfYear: { day: 'numeric', month: 'short', year: 'numeric' },
  year: { year: 'numeric' },
};

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(form: Form, { zone, locale }: TimeStyle): Intl.DateTimeFormat {
  const key = `${form} ${zone ?? ''} ${locale ?? ''}`;
  let found = formatters.get(key);
  if (found === undefined) {
    const options = zone === undefined ? FORMS[form] : { ...FORMS[form], timeZone: zone };
    formatters.set(key, (found = new Intl.DateTimeFormat(locale, options)));
  }
  return found;
}
