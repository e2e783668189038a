import { strict as assert } from 'node:assert';
import { civilFromDays, DAY_MS, DAYS_PER_WEEK, daysFromCivil, daysInMonth } from '#core/time/civil.ts';
import { openZone, type Zone } from '#core/time/zone.ts';

/** Households live by this clock, summer time included. Opened where something is simulated: what Node has of zones takes 6 MB. */
const zone = (): Zone => openZone('Europe/Copenhagen');

/** The Monday from which weeks and the hours of the curves are counted. */
const ORIGIN_DAY = daysFromCivil(2019, 12, 30);

/** The first simulated instant: one week after the origin, so that everything has a past. */
export const WORLD_FIRST_MS = (ORIGIN_DAY + DAYS_PER_WEEK) * DAY_MS;

/** The end of simulated time: until then every sum of energy stays an exact double, and a curve fits in 6 MB. */
export const WORLD_END_MS = daysFromCivil(2060, 1, 1) * DAY_MS;

export const HOUR_S = 3_600;
export const DAY_S = 86_400;

/** Seconds from 1970 to the origin. */
export const ORIGIN_S = ORIGIN_DAY * DAY_S;

export interface CivilHour {
  readonly localHour: number;
  readonly utcHour: number;
  readonly isWeekend: boolean;
  /** Where in the year: 0 in the middle of January, 11 in the middle of December, between them in proportion. */
  readonly season: number;
}

/** Hours already resolved: all curves ask for the same ones. Bounded by the end of the world, 350,000 hours. */
const resolved: CivilHour[] = [];

/** The civil time of an hour that is counted from the origin. */
export function civilHour(hour: number): CivilHour {
  return (resolved[hour] ??= resolveHour(hour));
}

function resolveHour(hour: number): CivilHour {
  const atMs = (ORIGIN_S + hour * HOUR_S) * 1_000;
  const localHours = Math.floor((atMs + zone().offsetAtMs(atMs)) / 3_600_000);
  const localDay = Math.floor(localHours / 24);
  const date = civilFromDays(localDay);
  const throughMonth = (date.day - 0.5) / daysInMonth(date.year, date.month);
  return {
    localHour: localHours - localDay * 24,
    utcHour: hour % 24,
    // The origin is a Monday.
    isWeekend: (localDay - ORIGIN_DAY) % DAYS_PER_WEEK >= 5,
    season: date.month - 1 + throughMonth - 0.5,
  };
}

/** The number of the local week, from Monday, that a second (since 1970) lies in. */
export function weekOf(atS: number): number {
  return Math.floor((zone().localDay(atS * 1_000) - ORIGIN_DAY) / DAYS_PER_WEEK);
}

/** The second at which the local day number `dayOfWeek` (0 is Monday; 7 the next one) of a week begins. */
export function dayStartS(week: number, dayOfWeek: number): number {
  const startMs = zone().dayStart(ORIGIN_DAY + week * DAYS_PER_WEEK + dayOfWeek);
  assert(startMs % 1_000 === 0, 'days begin at whole seconds');
  return startMs / 1_000;
}

/** A yearly table of twelve values for the middles of the months, read at a season, in straight lines between them. */
export function seasonal(table: readonly number[], season: number): number {
  const month = Math.floor(season);
  const share = season - month;
  return table[(month + 12) % 12]! * (1 - share) + table[(month + 13) % 12]! * share;
}
