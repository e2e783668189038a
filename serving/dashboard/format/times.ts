import type { Length } from '../choice/spans.ts';
import { formatCount, isolated, type Viewer } from './numbers.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365.25 * DAY_MS;

/** How long ago something was: `now`, `12 s ago`, `3 min ago`, `5 h ago`, `12 d ago`, `16 y ago`. */
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
  if (ms < 2 * YEAR_MS) return `${whole(DAY_MS)} d`;
  return `${whole(YEAR_MS)} y`;
}

/** Hours and minutes, in 24 hours. */
export function formatClock(atMs: number, viewer: Viewer = {}): string {
  return isolated(formatter('clock', viewer).format(atMs));
}

/** Hours, minutes and seconds, in 24 hours. */
export function formatSeconds(atMs: number, viewer: Viewer = {}): string {
  return isolated(formatter('seconds', viewer).format(atMs));
}

/** A month with its year, such as `Nov 2026`. */
export function formatMonth(atMs: number, viewer: Viewer = {}): string {
  return isolated(formatter('month', viewer).format(atMs));
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

/** A day, with its year. */
function formatDate(atMs: number, viewer: Viewer = {}): string {
  return isolated(formatter('dayOfYear', viewer).format(atMs));
}

/** A period: both its edges, with their days. */
export function formatPeriod(
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  nowMs: number,
  viewer: Viewer = {},
): string {
  const moment = (atMs: number): string => `${formatDay(atMs, nowMs, viewer)}, ${formatClock(atMs, viewer)}`;
  return `${moment(fromMs)} – ${moment(toMs)}`;
}

/**
 * A window: `14:05–14:10`, with its day where that is not today; whole days by their first and last, and with the time where
 * they begin at another than midnight.
 */
export function formatWindow(
  startMs: number,
  endMs: number,
  nowMs: number,
  window: Length,
  viewer: Viewer = {},
): string {
  if (window.ms >= DAY_MS) {
    if (!beginsDay(startMs, viewer) || !beginsDay(endMs, viewer))
      return formatPeriod({ fromMs: startMs, toMs: endMs }, nowMs, viewer);
    const [first, last] = [startMs, endMs - 1].map((atMs) => formatDay(atMs, nowMs, viewer));
    return first === last ? first! : `${first}–${last}`;
  }
  return `${formatMoment(startMs, nowMs, viewer)}–${formatClock(endMs, viewer)}`;
}

/** Whether a day of the viewer begins at that instant. */
function beginsDay(atMs: number, viewer: Viewer): boolean {
  return formatDate(atMs, viewer) !== formatDate(atMs - 1, viewer);
}

type Form = 'clock' | 'seconds' | 'month' | 'day' | 'dayOfYear' | 'year';

const FORMS: Readonly<Record<Form, Intl.DateTimeFormatOptions>> = {
  clock: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  seconds: { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  month: { month: 'short', year: 'numeric' },
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
