import { strict as assert } from 'node:assert';
import { WeirError } from '../errors.ts';

/**
 * Durations as people write them: `250ms 10s 5m 1h` are fixed spans, `1d 1w 1mo 1y` follow a calendar.
 *
 * The unit decides, not the length: `24h` is always 24 hours, `1d` is a local day of 23, 24 or 25.
 */

export type CalendarUnit = 'day' | 'week' | 'month' | 'year';

export interface FixedDuration {
  readonly kind: 'fixed';
  readonly ms: number;
}

export interface CalendarDuration {
  readonly kind: 'calendar';
  readonly unit: CalendarUnit;
  readonly count: number;
}

export type Duration = FixedDuration | CalendarDuration;

/** No duration is longer than a thousand years: sums with instants stay far inside the safe integers. */
export const DURATION_YEARS_MAX = 1_000;

const FIXED_UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
]);

const CALENDAR_UNITS: ReadonlyMap<string, CalendarUnit> = new Map([
  ['d', 'day'],
  ['w', 'week'],
  ['mo', 'month'],
  ['y', 'year'],
]);

const COUNT_MAX: Readonly<Record<CalendarUnit, number>> = {
  day: DURATION_YEARS_MAX * 365,
  week: DURATION_YEARS_MAX * 52,
  month: DURATION_YEARS_MAX * 12,
  year: DURATION_YEARS_MAX,
};

const FIXED_MS_MAX = DURATION_YEARS_MAX * 365 * 86_400_000;

/** A text that is no duration. */
export class DurationError extends WeirError {
  readonly kind = 'duration';
  readonly text: string;

  constructor(text: string, reason: string) {
    super(`duration ${JSON.stringify(text.slice(0, 40))} ${reason}`, { fault: 'asked' });
    this.text = text;
  }
}

/** Reads one whole number with one unit: ms, s, m, h, d, w, mo, y. Throws DurationError. */
export function parseDuration(text: string): Duration {
  const match = /^(\d+)(ms|s|mo|m|h|d|w|y)$/.exec(text.trim());
  if (match === null) {
    throw new DurationError(
      text,
      'is not a whole number with a unit; write it like 250ms, 10s, 5m, 1h, 1d, 1w, 1mo or 1y',
    );
  }
  const count = Number(match[1]);
  const unit = match[2]!;
  if (count === 0) throw new DurationError(text, 'has no length; write at least 1ms');
  const calendarUnit = CALENDAR_UNITS.get(unit);
  if (calendarUnit !== undefined) {
    if (count > COUNT_MAX[calendarUnit]) throw tooLong(text);
    return { kind: 'calendar', unit: calendarUnit, count };
  }
  const ms = count * FIXED_UNITS_MS.get(unit)!;
  if (ms > FIXED_MS_MAX) throw tooLong(text);
  return { kind: 'fixed', ms };
}

function tooLong(text: string): DurationError {
  return new DurationError(text, `is longer than ${DURATION_YEARS_MAX} years, the limit; write a shorter one`);
}

/** Writes a duration so that `parseDuration` reads the same: with the largest unit that leaves a whole number. */
export function formatDuration(duration: Duration): string {
  if (duration.kind === 'calendar') {
    for (const [suffix, unit] of CALENDAR_UNITS) if (unit === duration.unit) return `${duration.count}${suffix}`;
  } else {
    for (const [suffix, unitMs] of FIXED_UNITS_MS) {
      if (duration.ms % unitMs === 0) return `${duration.ms / unitMs}${suffix}`;
    }
  }
  return assert.fail('every duration has a unit');
}

/** The longest a duration can last, in ms, whatever calendar and zone: for bounds, never for edges. */
export function longestMs(duration: Duration): number {
  return duration.kind === 'fixed' ? duration.ms : duration.count * LONGEST_UNIT_MS[duration.unit] + ZONE_SLACK_MS;
}

/** The shortest a duration lasts by the calendar's own days, in ms. */
export function nominalMs(duration: Duration): number {
  return duration.kind === 'fixed' ? duration.ms : duration.count * SHORTEST_UNIT_MS[duration.unit];
}

const CALENDAR_DAY_MS = 86_400_000;
const LONGEST_UNIT_MS = calendarUnitMs(31, 366);
const SHORTEST_UNIT_MS = calendarUnitMs(28, 365);

/** A zone may move its clock by up to a day and a little (Samoa left out a date); two days cover both ends of a span. */
const ZONE_SLACK_MS = 2 * CALENDAR_DAY_MS;

function calendarUnitMs(monthDays: number, yearDays: number): Readonly<Record<CalendarUnit, number>> {
  return {
    day: CALENDAR_DAY_MS,
    week: 7 * CALENDAR_DAY_MS,
    month: monthDays * CALENDAR_DAY_MS,
    year: yearDays * CALENDAR_DAY_MS,
  };
}
