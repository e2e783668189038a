import type { Length } from '../choice/spans.ts';
import { formatCount, isolated, type Viewer } from './numbers.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long ago something was: `now`, `12 s ago`, `3 min ago`, `5 h ago`, `12 d ago`. */
export function formatAgo(atMs: number, nowMs: number, viewer: Viewer = {}): string {
  const ageMs = nowMs - atMs;
  return ageMs < SECOND_MS ? 'now' : `${formatLong(ageMs, viewer)} ago`;
}

/** A span in its largest whole unit. */
export function formatLong(ms: number, viewer: Viewer = {}): string {
  const whole = (unitMs: number): string => formatCount(Math.max(0, Math.floor(ms / unitMs)), viewer);
  if (ms < MINUTE_MS) return `${whole(SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${whole(MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `${whole(HOUR_MS)} h`;
  return `${whole(DAY_MS)} d`;
}

/** Hours and minutes, in 24 hours. */
export function formatClock(atMs: number, viewer: Viewer = {}): string {
  return isolated(formatter('clock', viewer).format(atMs));
}

/** A day, such as `21 Nov`, with its year where that is not this one. */
export function formatDay(atMs: number, nowMs: number, viewer: Viewer = {}): string {
  const year = formatter('year', viewer);
  return isolated(formatter(year.format(atMs) === year.format(nowMs) ? 'day' : 'dayOfYear', viewer).format(atMs));
}

/** A moment: the time alone for one of today, else with its day. */
export function formatMoment(atMs: number, nowMs: number, viewer: Viewer = {}): string {
  const clock = formatClock(atMs, viewer);
  const day = formatDay(atMs, nowMs, viewer);
  return day === formatDay(nowMs, nowMs, viewer) ? clock : `${day}, ${clock}`;
}

/** A window: `14:05–14:10`, with its day where that is not today; whole days as days. */
export function formatWindow(
  startMs: number,
  endMs: number,
  nowMs: number,
  window: Length,
  viewer: Viewer = {},
): string {
  if (window.ms >= DAY_MS) return formatDay(startMs, nowMs, viewer);
  return `${formatMoment(startMs, nowMs, viewer)}–${formatClock(endMs, viewer)}`;
}

type Form = 'clock' | 'day' | 'dayOfYear' | 'year';

const FORMS: Readonly<Record<Form, Intl.DateTimeFormatOptions>> = {
  clock: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  day: { day: 'numeric', month: 'short' },
  dayOfYear: { day: 'numeric', month: 'short', year: 'numeric' },
  year: { year: 'numeric' },
};

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(form: Form, { zone, locale }: Viewer): Intl.DateTimeFormat {
  const key = `${form} ${zone ?? ''} ${locale ?? ''}`;
  let found = formatters.get(key);
  if (found === undefined) {
    const options = zone === undefined ? FORMS[form] : { ...FORMS[form], timeZone: zone };
    formatters.set(key, (found = new Intl.DateTimeFormat(locale, options)));
  }
  return found;
}
