import { DAY_MS, daysFromCivil } from '#core/time/civil.ts';
import { COMMA, isDigit, POINT, ZERO } from '../ascii.ts';
import { type AfterTime, digitsEnd, type TimeText } from './time-text.ts';

/** The day that is numbered 0, from which all days from March 1900 on are counted (ECMA-376 part 1, §18.17.4.1). */
const EPOCH_DAY = daysFromCivil(1899, 12, 30);

/** 31 December 9999 is the last day that a spreadsheet has; it has seven digits. */
const DAY_DIGITS_MAX = 7;

/** Ten digits are finer than a microsecond, and exact in a double. */
const FRACTION_DIGITS_USED = 10;

/** Fewer digits of a day don't tell milliseconds. */
const FINE_DIGITS_MIN = 9;

const SECOND_MS = 1_000;

/**
 * Days of a spreadsheet's calendar, with the time of day as a fraction after `.` or `,`: local time. A fraction of a day
 * is seldom exact, so the nearest millisecond is meant, and with fewer than nine digits the nearest second.
 */
export class ExcelTime implements TimeText {
  readonly local = true;
  readonly cut = false;
  readonly fault = 'is not a number of days since 1899-12-30, as `format: excel` says';
  readonly #after: AfterTime;

  constructor(after: AfterTime = 'refuse') {
    this.#after = after;
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    const wholeEnd = digitsEnd(bytes, start, end);
    if (wholeEnd === start || wholeEnd - start > DAY_DIGITS_MAX) return Number.NaN;
    const dayMs = (EPOCH_DAY + numberOf(bytes, start, wholeEnd)) * DAY_MS;
    let at = wholeEnd;
    let ms = 0;
    if (at < end && (bytes[at] === POINT || bytes[at] === COMMA) && digitsEnd(bytes, at + 1, end) > at + 1) {
      const fractionAt = at + 1;
      at = digitsEnd(bytes, fractionAt, end);
      const digits = Math.min(at - fractionAt, FRACTION_DIGITS_USED);
      const unitMs = at - fractionAt < FINE_DIGITS_MIN ? SECOND_MS : 1;
      const fraction = numberOf(bytes, fractionAt, fractionAt + digits) / 10 ** digits;
      ms = Math.round((fraction * DAY_MS) / unitMs) * unitMs;
    }
    return at < end && (this.#after === 'refuse' || isDigit(bytes[at]!)) ? Number.NaN : dayMs + ms;
  }
}

function numberOf(bytes: Uint8Array, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at++) number = number * 10 + bytes[at]! - ZERO;
  return number;
}
