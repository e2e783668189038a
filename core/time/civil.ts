/**
 * The civil (proleptic Gregorian, ISO 8601) calendar by integer arithmetic: days counted from 1970-01-01.
 *
 * Years are counted from 1 March here, so that the leap day is the last of its year and months follow one linear rule;
 * 400 years have 146,097 days (Richards, Explanatory Supplement to the Astronomical Almanac, 3rd ed., §15.11).
 */
export const DAY_MS = 86_400_000;
export const DAYS_PER_WEEK = 7;
export const MONTHS_PER_YEAR = 12;

/** A date: month 1 to 12, day 1 to 31, year 0 is 1 BC. */
export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const DAYS_PER_400_YEARS = 146_097;
/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH_SHIFT_DAYS = 719_468;

/** The days from 1970-01-01 to a date that exists. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const cycle = Math.floor(marchYear / 400);
  const yearOfCycle = marchYear - cycle * 400;
  const marchMonth = month > 2 ? month - 3 : month + 9;
  const dayOfYear = Math.floor((153 * marchMonth + 2) / 5) + day - 1;
  const dayOfCycle = yearOfCycle * 365 + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100) + dayOfYear;
  return cycle * DAYS_PER_400_YEARS + dayOfCycle - EPOCH_SHIFT_DAYS;
}

/** The date that lies `days` days after 1970-01-01. */
export function civilFromDays(days: number): CivilDate {
  const shifted = days + EPOCH_SHIFT_DAYS;
  const cycle = Math.floor(shifted / DAYS_PER_400_YEARS);
  const dayOfCycle = shifted - cycle * DAYS_PER_400_YEARS;
  const leapDays = Math.floor(dayOfCycle / 1_460) - Math.floor(dayOfCycle / 36_524) + Math.floor(dayOfCycle / 146_096);
  const yearOfCycle = Math.floor((dayOfCycle - leapDays) / 365);
  const dayOfYear = dayOfCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  };
}

/** The days of a month, leap years counted. */
export function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The months from January 1970 to a month. */
export function monthsFromCivil(year: number, month: number): number {
  return (year - 1970) * MONTHS_PER_YEAR + month - 1;
}

/** The day (from 1970-01-01) on which a month (from January 1970) begins. */
export function firstDayOfMonth(months: number): number {
  const years = Math.floor(months / MONTHS_PER_YEAR);
  return daysFromCivil(1970 + years, months - years * MONTHS_PER_YEAR + 1, 1);
}
