import {
  digitsEnd,
  fractionMs,
  isFinerThanMs,
  LEAP_SECOND,
  midnightMs,
  NO_CALENDAR_DATE,
  SPACE,
  twoDigits,
  type TimeText,
} from './time-text.ts';

const DATE_BYTES = 10;
const MINUTES_BYTES = 5;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const COLON = 0x3a;
const UPPER_T = 0x54;
const UPPER_Z = 0x5a;
const LOWER_T = 0x74;
const LOWER_Z = 0x7a;

const FORM = 'is not ISO 8601; write it like 2006-12-16T17:24:00Z, or say how it is written in `time.format`';

/**
 * ISO 8601 extended format as in RFC 3339: a date, then `T` or one space and hours and minutes, optional seconds with
 * a fraction of any length after `.` or `,`, and an optional offset `Z`, `+hh:mm`, `+hhmm` or `+hh`. Without an offset
 * the time is local; a date alone is its local midnight.
 */
export class IsoTime implements TimeText {
  local = false;
  cut = false;
  fault = '';
  // Rows of one day follow each other, so the last date is kept as three packed words beside the day it means.
  #word0 = 0;
  #word1 = 0;
  #word2 = 0;
  #dayMs = Number.NaN;

  parse(bytes: Uint8Array, start: number, end: number): number {
    this.local = true;
    this.cut = false;
    if (end - start < DATE_BYTES) return this.#refuse(FORM);
    const dayMs = this.#date(bytes, start);
    let at = start + DATE_BYTES;
    if (at === end || Number.isNaN(dayMs)) return dayMs;
    const mark = bytes[at++];
    if ((mark !== UPPER_T && mark !== SPACE && mark !== LOWER_T) || end - at < MINUTES_BYTES) return this.#refuse(FORM);
    const hour = twoDigits(bytes, at);
    const minute = twoDigits(bytes, at + 3);
    if (hour < 0 || minute < 0 || bytes[at + 2] !== COLON) return this.#refuse(FORM);
    if (hour > 23 || minute > 59) return this.#refuse('is no time of day; hours are 00 to 23, minutes 00 to 59');
    at += MINUTES_BYTES;
    let ms = dayMs + (hour * 60 + minute) * 60_000;
    if (at < end && bytes[at] === COLON) {
      if (end - at < 3) return this.#refuse(FORM);
      const second = twoDigits(bytes, at + 1);
      if (second < 0) return this.#refuse(FORM);
      if (second > 59) return this.#refuse(LEAP_SECOND);
      ms += second * 1_000;
      at += 3;
      if (at < end && (bytes[at] === POINT || bytes[at] === COMMA)) {
        const fractionAt = at + 1;
        at = digitsEnd(bytes, fractionAt, end);
        if (at === fractionAt) return this.#refuse(FORM);
        ms += fractionMs(bytes, fractionAt, at);
        this.cut = isFinerThanMs(bytes, fractionAt, at);
      }
    }
    return at === end ? ms : ms - this.#offset(bytes, at, end);
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

  /** The offset at the end, in ms; with it the time is no longer local. */
  #offset(bytes: Uint8Array, start: number, end: number): number {
    this.local = false;
    const mark = bytes[start];
    const digitsAt = start + 1;
    if (mark === UPPER_Z || mark === LOWER_Z) return digitsAt === end ? 0 : this.#refuse(FORM);
    const length = end - digitsAt;
    const colon = length === 5 && bytes[digitsAt + 2] === COLON;
    if ((mark !== PLUS && mark !== MINUS) || (length !== 2 && length !== 4 && !colon)) return this.#refuse(FORM);
    const hour = twoDigits(bytes, digitsAt);
    const minute = length === 2 ? 0 : twoDigits(bytes, end - 2);
    if (hour < 0 || minute < 0) return this.#refuse(FORM);
    if (hour > 23 || minute > 59) return this.#refuse('has an offset beyond 23:59; write it like +01:00');
    const offsetMs = (hour * 60 + minute) * 60_000;
    return mark === MINUS ? -offsetMs : offsetMs;
  }

  #refuse(fault: string): number {
    this.fault = fault;
    return Number.NaN;
  }
}
