import { DAY_MS, daysFromCivil, daysInMonth } from '#core/time/civil.ts';
import { CASE_BIT, COLON, LOWER_Z, MINUS, PLUS } from '../ascii.ts';

/**
 * Reads the time of a row from bytes, without making a string: called once per row, so it allocates nothing.
 *
 * Law: what `parse` gives depends on the bytes alone; whatever is remembered between calls only saves work.
 */
export interface TimeText {
  /**
   * The time in `bytes[start, end)` in ms: an instant, or a wall clock written as if it were UTC where `local` is then
   * true. NaN where it is no time; `fault` then says why.
   */
  parse(bytes: Uint8Array, start: number, end: number): number;
  /** Whether the last time read is a wall clock that needs a zone. */
  readonly local: boolean;
  /** Whether digits finer than a millisecond, not all zero, were cut from the last time read. */
  readonly cut: boolean;
  /** Why the last call gave NaN: a predicate that follows the quoted text, such as `is not ISO 8601`. */
  readonly fault: string;
}

/** What becomes of text after a time: the time is refused, or the text is left unread. It never begins with a digit. */
export type AfterTime = 'refuse' | 'ignore';

/** As in ascii.ts, from where they would be fetched for each digit of each row. */
const ZERO = 0x30;
const NINE = 0x39;

/** The fraction digits that a millisecond holds. */
const MS_DIGITS = 3;

/** Faults that several readers find. */
export const NO_CALENDAR_DATE = 'is a date that no calendar has';
export const OFFSET_BEYOND = 'has an offset beyond 23:59; write it like +01:00';
export const LEAP_SECOND = 'has a second beyond 59; event time has no leap seconds';

/** The two digits at `at`, or -1 where they are not two digits. The caller knows that both bytes are there. */
export function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - ZERO;
  const ones = bytes[at + 1]! - ZERO;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

/** Where the digits end that begin at `start`. */
export function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at]! >= ZERO && bytes[at]! <= NINE) at++;
  return at;
}

/** The milliseconds in the fraction digits `bytes[start, end)`; digits finer than that are left out. */
export function fractionMs(bytes: Uint8Array, start: number, end: number): number {
  let ms = 0;
  let unit = 100;
  for (let at = start; at < end && at < start + MS_DIGITS; at++) {
    ms += (bytes[at]! - ZERO) * unit;
    unit /= 10;
  }
  return ms;
}

/** Whether fraction digits `bytes[start, end)` say more than a millisecond holds. */
export function isFinerThanMs(bytes: Uint8Array, start: number, end: number): boolean {
  return isNotZero(bytes, start + MS_DIGITS, end);
}

/** Whether any of the digits `bytes[start, end)` is not 0. */
export function isNotZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== ZERO) return true;
  return false;
}

/** The midnight of a date in ms, as if it were UTC; NaN for a date that no calendar has. */
export function midnightMs(year: number, month: number, day: number): number {
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return Number.NaN;
  return daysFromCivil(year, month, day) * DAY_MS;
}

/** What stands for no offset: as Ruby, Go and browsers print it. */
const ZERO_NAMES: readonly Uint8Array[] = ['utc', 'gmt'].map((name) => new TextEncoder().encode(name));

/**
 * Where an offset from UTC ends that begins at `start`: `Z`, `UTC`, `GMT`, or `+hh`, `+hhmm`, `+hh:mm` with either sign,
 * also behind `UTC` or `GMT`. -1 where there is none.
 */
export function offsetEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -1;
  if ((bytes[start]! | CASE_BIT) === LOWER_Z) return start + 1;
  if (bytes[start] !== PLUS && bytes[start] !== MINUS) {
    if (!ZERO_NAMES.some((name) => isName(name, bytes, start, end))) return -1;
    const named = start + 3;
    return bytes[named] === PLUS || bytes[named] === MINUS ? Math.max(offsetEnd(bytes, named, end), named) : named;
  }
  const hoursEnd = start + 3;
  if (hoursEnd > end || twoDigits(bytes, start + 1) < 0) return -1;
  const minutesAt = hoursEnd < end && bytes[hoursEnd] === COLON ? hoursEnd + 1 : hoursEnd;
  return minutesAt + 2 <= end && twoDigits(bytes, minutesAt) >= 0 ? minutesAt + 2 : hoursEnd;
}

/** The offset in `bytes[start, end)`, whose end `offsetEnd` found, in ms; NaN where it is beyond 23:59. */
export function offsetMs(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== PLUS && bytes[at] !== MINUS) at++;
  if (at === end) return 0;
  const hour = twoDigits(bytes, at + 1);
  const minute = end - at > 3 ? twoDigits(bytes, end - 2) : 0;
  if (hour > 23 || minute > 59) return Number.NaN;
  const ms = (hour * 60 + minute) * 60_000;
  return bytes[at] === MINUS ? 0 - ms : ms;
}

function isName(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  return start + name.length <= end && name.every((letter, i) => (bytes[start + i]! | CASE_BIT) === letter);
}
