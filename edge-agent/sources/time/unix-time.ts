import { CASE_BIT, COMMA, isDigit, LOWER_E, MINUS, PLUS, POINT, ZERO } from '../ascii.ts';
import { type AfterTime, digitsEnd, fractionMs, isFinerThanMs, isNotZero, type TimeText } from './time-text.ts';

/** Fifteen digits are exact in a double, and milliseconds have no more until the year 33658. */
const MS_DIGITS_MAX = 15;

/** No spreadsheet writes a longer exponent; with it, sums of places stay small integers. */
const EXPONENT_DIGITS_MAX = 4;

export type UnixUnit = 's' | 'ms' | 'us' | 'ns';

/** How many places a number of each unit is moved to be one of milliseconds. */
const PLACES: Readonly<Record<UnixUnit, number>> = { s: 3, ms: 0, us: -3, ns: -6 };

const NAMES: Readonly<Record<UnixUnit, string>> = {
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
};

/**
 * Seconds, or a finer unit, since 1970-01-01T00:00:00Z (POSIX.1-2017 §4.16) as decimal digits with an optional sign,
 * fraction after `.` or `,`, and exponent (`1.7E+09`). It is read digit by digit, so however many there are none is lost
 * to a double; those finer than a millisecond are cut toward the past.
 */
export class UnixTime implements TimeText {
  readonly local = false;
  cut = false;
  fault = '';
  readonly #places: number;
  /** Whole numbers of so many digits are exact in milliseconds too; none of units that are finer. */
  readonly #plainDigitsMax: number;
  readonly #plainMs: number;
  readonly #form: string;
  readonly #after: AfterTime;

  constructor(unit: UnixUnit, after: AfterTime = 'refuse') {
    this.#places = PLACES[unit];
    this.#plainDigitsMax = this.#places < 0 ? 0 : MS_DIGITS_MAX - this.#places;
    this.#plainMs = 10 ** Math.max(this.#places, 0);
    this.#after = after;
    const format = unit === 's' ? 'unix' : `unix-${unit}`;
    this.#form = `is not a number of ${NAMES[unit]} since 1970, as \`format: ${format}\` says`;
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    this.cut = false;
    const negative = start < end && bytes[start] === MINUS;
    const wholeAt = negative ? start + 1 : start;
    let at = wholeAt;
    let whole = 0;
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      whole = whole * 10 + digit;
    }
    if (at === wholeAt) return this.#refuse();
    // What nearly all files have, first: digits that a double holds, perhaps with a fraction.
    if (at - wholeAt > this.#plainDigitsMax) return this.#exactly(bytes, wholeAt, at, end, negative);
    let ms = whole * this.#plainMs;
    if (at < end) {
      const fractionAt = at + 1;
      if (bytes[at] !== POINT || fractionAt === end || digitsEnd(bytes, fractionAt, end) < end) {
        return this.#exactly(bytes, wholeAt, at, end, negative);
      }
      if (this.#plainMs === 1) this.cut = isNotZero(bytes, fractionAt, end);
      else {
        ms += fractionMs(bytes, fractionAt, end);
        this.cut = isFinerThanMs(bytes, fractionAt, end);
      }
    }
    return negative ? towardPast(ms, this.cut) : ms;
  }

  /** The same of any number, of which the digits before the point are known. */
  #exactly(bytes: Uint8Array, wholeAt: number, wholeEnd: number, end: number, negative: boolean): number {
    let at = wholeEnd;
    let fractionAt = at;
    let fractionEnd = at;
    if (at < end && (bytes[at] === POINT || bytes[at] === COMMA)) {
      fractionAt = at + 1;
      fractionEnd = digitsEnd(bytes, fractionAt, end);
      at = fractionEnd > fractionAt ? fractionEnd : wholeEnd;
    }
    let places = this.#places;
    if (at < end && (bytes[at]! | CASE_BIT) === LOWER_E) {
      const exponentEnd = exponentEndOf(bytes, at + 1, end);
      if (exponentEnd > 0) {
        places += exponentOf(bytes, at + 1, exponentEnd);
        at = exponentEnd;
      }
    }
    if (at < end && (this.#after === 'refuse' || isDigit(bytes[at]!))) return this.#refuse();
    const ms = this.#milliseconds(bytes, wholeAt, wholeEnd, fractionAt, fractionEnd, places);
    return negative ? towardPast(ms, this.cut) : ms;
  }

  /** The digits before and behind the point, moved by `places`, up to the whole millisecond. */
  #milliseconds(
    bytes: Uint8Array,
    wholeAt: number,
    wholeEnd: number,
    fractionAt: number,
    fractionEnd: number,
    places: number,
  ): number {
    const kept = wholeEnd - wholeAt + places;
    let ms = 0;
    let taken = 0;
    let significant = 0;
    for (let at = wholeAt; at < fractionEnd; at++) {
      if (at === wholeEnd) at = fractionAt;
      if (at >= fractionEnd) break;
      const digit = bytes[at]! - ZERO;
      if (taken++ < kept) {
        if (significant > 0 || digit > 0) significant++;
        if (significant > MS_DIGITS_MAX) return this.#refuse();
        ms = ms * 10 + digit;
      } else if (digit > 0) this.cut = true;
    }
    if (ms === 0) return 0;
    if (significant + kept - taken > MS_DIGITS_MAX) return this.#refuse();
    for (; taken < kept; taken++) ms *= 10;
    return ms;
  }

  #refuse(): number {
    this.fault = this.#form;
    return Number.NaN;
  }
}

/** The negative of a magnitude whose finer digits were cut, or of NaN. */
function towardPast(ms: number, cut: boolean): number {
  return cut ? -ms - 1 : 0 - ms;
}

/** Where an exponent ends whose sign or first digit is at `start`; -1 where there is none. */
function exponentEndOf(bytes: Uint8Array, start: number, end: number): number {
  const digitsAt = start < end && (bytes[start] === PLUS || bytes[start] === MINUS) ? start + 1 : start;
  const exponentEnd = digitsEnd(bytes, digitsAt, end);
  return exponentEnd > digitsAt && exponentEnd - digitsAt <= EXPONENT_DIGITS_MAX ? exponentEnd : -1;
}

function exponentOf(bytes: Uint8Array, start: number, end: number): number {
  let exponent = 0;
  for (let at = start; at < end; at++) if (isDigit(bytes[at]!)) exponent = exponent * 10 + bytes[at]! - ZERO;
  return bytes[start] === MINUS ? -exponent : exponent;
}
