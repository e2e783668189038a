import { civilFromDays, DAY_MS } from '#core/time/civil.ts';
import { formatDuration } from '#core/time/duration.ts';
import type { Zone } from '#core/time/zone.ts';
import { CASE_BIT, COLON, LOWER_A, LOWER_Z, POINT, SPACE, ZERO } from '../ascii.ts';
import { digitsEnd } from './time-text.ts';

const HOUR_MS = DAY_MS / 24;

/** More digits than any day has periods. */
const NUMBER_DIGITS_MAX = 9;

/**
 * The periods of local days, all of one length and numbered from 1 by elapsed time: 48 half hours, but 46 on the day
 * that loses an hour and 50 on the one that repeats it.
 */
export class DayPeriods {
  readonly #zone: Zone;
  readonly #everyMs: number;
  #day = Number.NaN;
  #dayStartMs = 0;
  #nextStartMs = 0;
  /** Why the last call of `start` gave NaN: a predicate that follows the quoted number. */
  fault = '';

  constructor(zone: Zone, everyMs: number) {
    this.#zone = zone;
    this.#everyMs = everyMs;
  }

  /** When the period begins whose number is `bytes[start, end)`, of a day counted from 1970-01-01; NaN where it has none. */
  start(day: number, bytes: Uint8Array, start: number, end: number): number {
    const number = numberIn(bytes, start, end, HOUR_MS / this.#everyMs);
    if (!(number >= 1)) {
      this.fault = 'is no number of a period; they count from 1';
      return Number.NaN;
    }
    if (day !== this.#day) {
      this.#day = day;
      this.#dayStartMs = this.#zone.dayStart(day);
      this.#nextStartMs = this.#zone.dayStart(day + 1);
    }
    const startMs = this.#dayStartMs + (number - 1) * this.#everyMs;
    if (startMs < this.#nextStartMs) return startMs;
    this.fault = `is beyond ${dateOf(day)}, ${this.#describe()}`;
    return Number.NaN;
  }

  #describe(): string {
    const lengthMs = this.#nextStartMs - this.#dayStartMs;
    if (lengthMs === 0) return `which ${this.#zone.name} left out`;
    const count = Math.ceil(lengthMs / this.#everyMs);
    return `which has ${count} periods of ${formatDuration({ kind: 'fixed', ms: this.#everyMs })} in ${this.#zone.name}`;
  }
}

/**
 * A whole number, also as a clock or a spreadsheet writes it (`7`, `07`, `07:00`, `7.0`), behind letters (`P7`, `Hour 7`), or,
 * where the cell holds the date too, behind a space. `perHour` periods of an hour may be numbered anew in each: `H7Q3` is
 * the third of the seventh hour. NaN for another text.
 */
function numberIn(bytes: Uint8Array, start: number, end: number, perHour: number): number {
  const numberAt = behindLetters(bytes, behindWords(bytes, start, end), end);
  const numberEnd = digitsEnd(bytes, numberAt, end);
  const number = digitsOf(bytes, numberAt, numberEnd);
  if (numberEnd === end) return number;
  const partAt = behindLetters(bytes, numberEnd, end);
  if (partAt > numberEnd && numberAt > start) {
    const partEnd = digitsEnd(bytes, partAt, end);
    const part = partEnd === end ? digitsOf(bytes, partAt, end) : Number.NaN;
    return part >= 1 && part <= perHour && number >= 1 ? (number - 1) * perHour + part : Number.NaN;
  }
  const mark = bytes[numberEnd];
  if ((mark !== COLON && mark !== POINT) || numberEnd + 1 === end) return Number.NaN;
  for (let at = numberEnd + 1; at < end; at++) if (bytes[at] !== ZERO) return Number.NaN;
  return number;
}

/** The index behind the last space: what stands before is a word, or the date. */
function behindWords(bytes: Uint8Array, start: number, end: number): number {
  const space = bytes.subarray(start, end).lastIndexOf(SPACE);
  return space < 0 ? start : start + space + 1;
}

function behindLetters(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isLetter(bytes[at]!)) at++;
  return at;
}

function isLetter(byte: number): boolean {
  const small = byte | CASE_BIT;
  return small >= LOWER_A && small <= LOWER_Z;
}

function digitsOf(bytes: Uint8Array, start: number, end: number): number {
  if (start === end || end - start > NUMBER_DIGITS_MAX) return Number.NaN;
  let number = 0;
  for (let at = start; at < end; at++) number = number * 10 + bytes[at]! - ZERO;
  return number;
}

function dateOf(day: number): string {
  const date = civilFromDays(day);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${String(date.year).padStart(4, '0')}-${two(date.month)}-${two(date.day)}`;
}

/** The local day of a wall clock that shows the start of one, counted from 1970-01-01; NaN where it shows a time of day. */
export function wholeDay(localMs: number): number {
  return localMs % DAY_MS === 0 ? localMs / DAY_MS : Number.NaN;
}
