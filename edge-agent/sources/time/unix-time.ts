import { digitsEnd, fractionMs, isFinerThanMs, isNotZero, type TimeText, ZERO } from './time-text.ts';

const MINUS = 0x2d;
const POINT = 0x2e;

/** Fifteen digits are exact in a double, and far beyond the year 9999 in either unit. */
const WHOLE_DIGITS_MAX = 15;

/**
 * Seconds or milliseconds since 1970-01-01T00:00:00Z (POSIX.1-2017 §4.16) as decimal digits with an optional sign and
 * fraction. Digits finer than a millisecond are cut toward the past.
 */
export class UnixTime implements TimeText {
  readonly local = false;
  cut = false;
  fault = '';
  readonly #unitMs: number;
  readonly #form: string;

  constructor(unit: 's' | 'ms') {
    this.#unitMs = unit === 's' ? 1_000 : 1;
    const format = unit === 's' ? 'unix' : 'unix-ms';
    const name = unit === 's' ? 'seconds' : 'milliseconds';
    this.#form = `is not a number of ${name} since 1970, as \`format: ${format}\` says`;
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    this.cut = false;
    const negative = start < end && bytes[start] === MINUS;
    let at = negative ? start + 1 : start;
    const wholeAt = at;
    let whole = 0;
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      whole = whole * 10 + digit;
    }
    if (at === wholeAt || at - wholeAt > WHOLE_DIGITS_MAX) return this.#refuse();
    let ms = whole * this.#unitMs;
    if (at < end) {
      if (bytes[at] !== POINT) return this.#refuse();
      const fractionAt = at + 1;
      if (fractionAt === end || digitsEnd(bytes, fractionAt, end) < end) return this.#refuse();
      if (this.#unitMs === 1) this.cut = isNotZero(bytes, fractionAt, end);
      else {
        ms += fractionMs(bytes, fractionAt, end);
        this.cut = isFinerThanMs(bytes, fractionAt, end);
      }
    }
    if (!negative) return ms;
    return this.cut ? -ms - 1 : 0 - ms;
  }

  #refuse(): number {
    this.fault = this.#form;
    return Number.NaN;
  }
}
