import {
  CASE_BIT,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  isDigit,
  LOWER_T,
  LOWER_Z,
  MINUS,
  OPEN_BRACKET,
  PLUS,
  POINT,
  SPACE,
  UPPER_T,
  ZERO,
} from '../ascii.ts';
import {
  type AfterTime,
  digitsEnd,
  fractionMs,
  isFinerThanMs,
  LEAP_SECOND,
  midnightMs,
  NO_CALENDAR_DATE,
  OFFSET_BEYOND,
  offsetEnd,
  offsetMs,
  type TimeText,
  twoDigits,
} from './time-text.ts';

const DATE_BYTES = 10;
const BASIC_DATE_BYTES = 8;
const MINUTES_BYTES = 5;
const OFFSET_BYTES = 6;

const FORM = 'is not ISO 8601; write it like 2006-12-16T17:24:00Z, or say how it is written in `time.format`';

/**
 * ISO 8601 extended format as in RFC 3339: a date, then `T` or one space and hours and minutes, optional seconds with
 * a fraction of any length after `.` or `,`, and an optional offset (time-text.ts), also after a space. Without an
 * offset the time is local; a date alone is its local midnight, and 24:00 the midnight that ends it. A date and a time of
 * the basic format are read too (`20061216T172400Z`), and the name of a zone behind an offset, which decides (RFC 9557).
 */
export class IsoTime implements TimeText {
  local = false;
  cut = false;
  fault = '';
  readonly #after: AfterTime;
  // Rows of one day follow each other, so the last date is kept as three packed words beside the day it means.
  #word0 = 0;
  #word1 = 0;
  #word2 = 0;
  #dayMs = Number.NaN;

  constructor(after: AfterTime = 'refuse') {
    this.#after = after;
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    this.local = true;
    this.cut = false;
    if (end - start < DATE_BYTES) return this.#refuse(FORM);
    const dayMs = this.#date(bytes, start);
    let at = start + DATE_BYTES;
    if (Number.isNaN(dayMs)) return this.#basic(bytes, start, end);
    if (at === end) return dayMs;
    const mark = bytes[at++];
    if ((mark !== UPPER_T && mark !== SPACE && mark !== LOWER_T) || end - at < MINUTES_BYTES) {
      return this.#afterDate(bytes, at, end, dayMs);
    }
    const hour = twoDigits(bytes, at);
    const minute = twoDigits(bytes, at + 3);
    if (hour < 0 || minute < 0 || bytes[at + 2] !== COLON) return this.#afterDate(bytes, at, end, dayMs);
    if ((hour > 23 || minute > 59) && !isDayEnd(bytes, at, end)) {
      return this.#refuse('is no time of day; hours are 00 to 23 or 24:00, minutes 00 to 59');
    }
    at += MINUTES_BYTES;
    let ms = dayMs + (hour * 60 + minute) * 60_000;
    if (at < end && bytes[at] === COLON) {
      const second = end - at < 3 ? -1 : twoDigits(bytes, at + 1);
      if (second < 0) return this.#refuse(FORM);
      if (second > 59) return this.#refuse(LEAP_SECOND);
      ms += second * 1_000;
      at += 3;
      if (at < end && (bytes[at] === POINT || bytes[at] === COMMA)) {
        const fractionAt = at + 1;
        at = digitsEnd(bytes, fractionAt, end);
        if (at > fractionAt) {
          ms += fractionMs(bytes, fractionAt, at);
          this.cut = isFinerThanMs(bytes, fractionAt, at);
        } else at--;
      }
    }
    return at === end ? ms : this.#zoned(bytes, at, end, ms);
  }

  /** A date alone, behind whose next byte no time of day stands; half of one is not left unread. */
  #afterDate(bytes: Uint8Array, at: number, end: number, dayMs: number): number {
    return at < end && isDigit(bytes[at]!) ? this.#refuse(FORM) : this.#rest(bytes, at - 1, end, dayMs);
  }

  /** What comes of a time after which something stands that is no part of it. */
  #rest(bytes: Uint8Array, at: number, end: number, ms: number): number {
    if (at < end && (this.#after === 'refuse' || isDigit(bytes[at]!))) return this.#refuse(FORM);
    return ms;
  }

  /** The instant of a wall clock behind which, perhaps after a space, an offset stands. */
  #zoned(bytes: Uint8Array, start: number, end: number, localMs: number): number {
    const mark = bytes[start]!;
    // The two forms that nearly all files have, first.
    if ((mark | CASE_BIT) === LOWER_Z && start + 1 === end) {
      this.local = false;
      return localMs;
    }
    if ((mark === PLUS || mark === MINUS) && end - start === OFFSET_BYTES && bytes[start + 3] === COLON) {
      const hour = twoDigits(bytes, start + 1);
      const minute = twoDigits(bytes, start + 4);
      if (hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59) {
        this.local = false;
        const ms = (hour * 60 + minute) * 60_000;
        return mark === MINUS ? localMs + ms : localMs - ms;
      }
    }
    return this.#oddlyZoned(bytes, start, end, localMs);
  }

  #oddlyZoned(bytes: Uint8Array, start: number, end: number, localMs: number): number {
    const offsetAt = bytes[start] === SPACE ? start + 1 : start;
    const at = offsetEnd(bytes, offsetAt, end);
    if (at < 0) return this.#rest(bytes, start, end, localMs);
    const ms = offsetMs(bytes, offsetAt, at);
    if (Number.isNaN(ms)) return this.#refuse(OFFSET_BEYOND);
    this.local = false;
    const isNamed = bytes[at] === OPEN_BRACKET && at < end && bytes[end - 1] === CLOSE_BRACKET;
    return this.#rest(bytes, isNamed ? end : at, end, localMs - ms);
  }

  /** A time in the basic format, after `date` has refused it: the same without marks, but for the `T`. */
  #basic(bytes: Uint8Array, start: number, end: number): number {
    const at = start + BASIC_DATE_BYTES;
    const timeEnd = digitsEnd(bytes, at + 1, end);
    const timeDigits = timeEnd - at - 1;
    if ((bytes[at]! | CASE_BIT) !== LOWER_T || digitsEnd(bytes, start, at) < at) return Number.NaN;
    if (timeDigits !== 4 && timeDigits !== 6) return this.#refuse(FORM);
    const [year, month] = [twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2), twoDigits(bytes, start + 4)];
    const dayMs = midnightMs(year, month, twoDigits(bytes, start + 6));
    if (Number.isNaN(dayMs)) return this.#refuse(NO_CALENDAR_DATE);
    const [hour, minute] = [twoDigits(bytes, at + 1), twoDigits(bytes, at + 3)];
    const second = timeDigits === 6 ? twoDigits(bytes, at + 5) : 0;
    if (hour > 23 || minute > 59 || second > 59) return this.#refuse(FORM);
    const ms = dayMs + ((hour * 60 + minute) * 60 + second) * 1_000;
    return timeEnd === end ? ms : this.#zoned(bytes, timeEnd, end, ms);
  }

  #date(bytes: Uint8Array, start: number): number {
    const word0 = (bytes[start]! << 24) | (bytes[start + 1]! << 16) | (bytes[start + 2]! << 8) | bytes[start + 3]!;
    const word1 = (bytes[start + 4]! << 24) | (bytes[start + 5]! << 16) | (bytes[start + 6]! << 8) | bytes[start + 7]!;
    const word2 = (bytes[start + 8]! << 8) | bytes[start + 9]!;
    if (word0 === this.#word0 && word1 === this.#word1 && word2 === this.#word2) return this.#dayMs;
    const century = twoDigits(bytes, start);
    const years = twoDigits(bytes, start + 2);
    const month = twoDigits(bytes, start + 5);
    const day = twoDigits(bytes, start + 8);
    if (century < 0 || years < 0 || month < 0 || day < 0 || bytes[start + 4] !== MINUS || bytes[start + 7] !== MINUS) {
      return this.#refuse(FORM);
    }
    const dayMs = midnightMs(century * 100 + years, month, day);
    if (Number.isNaN(dayMs)) return this.#refuse(NO_CALENDAR_DATE);
    this.#word0 = word0;
    this.#word1 = word1;
    this.#word2 = word2;
    this.#dayMs = dayMs;
    return this.#dayMs;
  }

  #refuse(fault: string): number {
    this.fault = fault;
    return Number.NaN;
  }
}

/** Whether the time of day at `start` is 24:00, the end of the day, with seconds that are zero. */
function isDayEnd(bytes: Uint8Array, start: number, end: number): boolean {
  if (twoDigits(bytes, start) !== 24 || twoDigits(bytes, start + 3) !== 0) return false;
  let at = start + MINUTES_BYTES;
  while (at < end && (bytes[at] === ZERO || bytes[at] === COLON || bytes[at] === POINT || bytes[at] === COMMA)) at++;
  return at === end || !isDigit(bytes[at]!);
}
