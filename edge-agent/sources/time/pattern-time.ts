import { parseTimePattern, type NumberField, type PatternPart } from './time-pattern.ts';
import {
  digitsEnd,
  fractionMs,
  isFinerThanMs,
  LEAP_SECOND,
  midnightMs,
  NO_CALENDAR_DATE,
  type TimeText,
  ZERO,
} from './time-text.ts';

// Parts as small integers: the loop below runs once per row and switches on nothing slower.
const LITERAL = 0;
const FRACTION = 1;
const HALF_DAY = 2;
const YEAR = 3;
const MONTH = 4;
const DAY = 5;
const HOUR = 6;
const HOUR12 = 7;
const MINUTE = 8;
const SECOND = 9;

const CODES: Readonly<Record<NumberField, number>> = {
  year: YEAR,
  month: MONTH,
  day: DAY,
  hour: HOUR,
  hour12: HOUR12,
  minute: MINUTE,
  second: SECOND,
};

const CASE_BIT = 0x20;
const LOWER_A = 0x61;
const LOWER_M = 0x6d;
const LOWER_P = 0x70;

/** The longest date whose bytes are remembered; a longer one is read each time. */
const DATE_BYTES_MAX = 64;

/** Reads local times written in one pattern (see `parseTimePattern`). Throws TimePatternError when made. */
export class PatternTime implements TimeText {
  readonly local = true;
  cut = false;
  fault = '';
  readonly #form: string;
  readonly #code: Uint8Array;
  /** Of a literal its byte; of a number and a fraction the most digits. */
  readonly #most: Uint8Array;
  readonly #least: Uint8Array;
  /** Parts before this make up the date and nothing else, and end where the same bytes always end; 0 where not. */
  readonly #dateParts: number;
  readonly #fields = new Int32Array(SECOND + 1);
  readonly #date = new Uint8Array(DATE_BYTES_MAX);
  #dateBytes = 0;
  #dayMs = 0;

  constructor(pattern: string) {
    const parts = parseTimePattern(pattern);
    this.#form = `is not written as ${JSON.stringify(pattern)}, as \`time.format\` says`;
    this.#code = Uint8Array.from(parts, codeOf);
    this.#most = Uint8Array.from(parts, (part) =>
      part.kind === 'literal'
        ? part.byte
        : part.kind === 'number'
          ? part.digitsMax
          : part.kind === 'fraction'
            ? part.digits
            : 2,
    );
    this.#least = Uint8Array.from(parts, (part) => (part.kind === 'number' ? part.digitsMin : 0));
    this.#dateParts = datePartsOf(parts);
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    this.cut = false;
    const fields = this.#fields;
    fields.fill(0, HOUR);
    const known = this.#dateParts > 0 && this.#isSameDate(bytes, start, end);
    const fractionAt = known ? start + this.#dateBytes : start;
    return this.#parts(bytes, start, fractionAt, end, known ? this.#dateParts : 0);
  }

  #isSameDate(bytes: Uint8Array, start: number, end: number): boolean {
    const length = this.#dateBytes;
    if (length === 0 || end - start < length) return false;
    const date = this.#date;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== date[i]) return false;
    return true;
  }

  /** Reads the parts from `firstPart` on at `from`; parts before it are those of the remembered date. */
  #parts(bytes: Uint8Array, start: number, from: number, end: number, firstPart: number): number {
    const code = this.#code;
    const most = this.#most;
    const fields = this.#fields;
    let at = from;
    let fractionMs = 0;
    let afternoon = -1;
    for (let part = firstPart; part < code.length; part++) {
      if (part === this.#dateParts && part > firstPart && !this.#rememberDate(bytes, start, at)) return Number.NaN;
      const kind = code[part]!;
      if (kind === LITERAL) {
        if (at >= end || bytes[at] !== most[part]) return this.#refuse(this.#form);
        at++;
      } else if (kind >= YEAR) {
        const digitsEnd = Math.min(at + most[part]!, end);
        const digitsAt = at;
        let value = 0;
        for (; at < digitsEnd; at++) {
          const digit = bytes[at]! - ZERO;
          if (digit < 0 || digit > 9) break;
          value = value * 10 + digit;
        }
        if (at - digitsAt < this.#least[part]!) return this.#refuse(this.#form);
        fields[kind] = value;
      } else if (kind === FRACTION) {
        fractionMs = this.#fraction(bytes, at, end, most[part]!);
        if (Number.isNaN(fractionMs)) return fractionMs;
        at += most[part]!;
      } else {
        const letter = at + 2 <= end && (bytes[at + 1]! | CASE_BIT) === LOWER_M ? bytes[at]! | CASE_BIT : 0;
        if (letter !== LOWER_A && letter !== LOWER_P) return this.#refuse(this.#form);
        afternoon = letter === LOWER_P ? 1 : 0;
        at += 2;
      }
    }
    if (at !== end) return this.#refuse(this.#form);
    // A date that is the whole pattern, or is spread over it, has not been worked out on the way.
    if (firstPart === 0 && (this.#dateParts === 0 || this.#dateParts === code.length) && !this.#workOutDate()) {
      return Number.NaN;
    }
    return this.#dayMs + this.#timeOfDay(afternoon) + fractionMs;
  }

  #fraction(bytes: Uint8Array, start: number, end: number, digits: number): number {
    const fractionEnd = start + digits;
    if (digitsEnd(bytes, start, Math.min(fractionEnd, end)) < fractionEnd) return this.#refuse(this.#form);
    this.cut = isFinerThanMs(bytes, start, fractionEnd);
    return fractionMs(bytes, start, fractionEnd);
  }

  #timeOfDay(afternoon: number): number {
    const fields = this.#fields;
    let hour = fields[HOUR]!;
    if (afternoon >= 0) {
      const hour12 = fields[HOUR12]!;
      if (hour12 < 1 || hour12 > 12) return this.#refuse('is no time of day; with AM and PM hours are 1 to 12');
      hour = (hour12 % 12) + afternoon * 12;
    }
    const minute = fields[MINUTE]!;
    const second = fields[SECOND]!;
    if (hour > 23 || minute > 59) return this.#refuse('is no time of day; hours are 0 to 23, minutes 0 to 59');
    if (second > 59) return this.#refuse(LEAP_SECOND);
    return ((hour * 60 + minute) * 60 + second) * 1_000;
  }

  #rememberDate(bytes: Uint8Array, start: number, end: number): boolean {
    this.#dateBytes = 0;
    if (!this.#workOutDate()) return false;
    if (end - start <= DATE_BYTES_MAX) {
      this.#date.set(bytes.subarray(start, end));
      this.#dateBytes = end - start;
    }
    return true;
  }

  #workOutDate(): boolean {
    const dayMs = midnightMs(this.#fields[YEAR]!, this.#fields[MONTH]!, this.#fields[DAY]!);
    if (Number.isNaN(dayMs)) {
      this.fault = NO_CALENDAR_DATE;
      return false;
    }
    this.#dayMs = dayMs;
    return true;
  }

  #refuse(fault: string): number {
    this.fault = fault;
    return Number.NaN;
  }
}

function codeOf(part: PatternPart): number {
  switch (part.kind) {
    case 'literal':
      return LITERAL;
    case 'fraction':
      return FRACTION;
    case 'half-day':
      return HALF_DAY;
    case 'number':
      return CODES[part.field];
  }
}

/**
 * How many leading parts hold the date alone. They are remembered as bytes, so they must end at the same byte for the
 * same bytes: with a literal or a field of fixed width, never with one that might take another digit.
 */
function datePartsOf(parts: readonly PatternPart[]): number {
  const isDate = (part: PatternPart): boolean =>
    part.kind === 'literal' ||
    (part.kind === 'number' && (part.field === 'year' || part.field === 'month' || part.field === 'day'));
  const end = parts.findIndex((part) => !isDate(part));
  const count = end < 0 ? parts.length : end;
  const last = parts[count - 1];
  const endsFixed = last?.kind === 'literal' || (last?.kind === 'number' && last.digitsMin === last.digitsMax);
  const dateFields = parts.slice(0, count).filter((part) => part.kind === 'number').length;
  return endsFixed && dateFields === 3 ? count : 0;
}
