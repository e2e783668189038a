import type { Zone } from '#core/time/zone.ts';
import { CASE_BIT, isDigit, LOWER_A, LOWER_M, LOWER_P, POINT, SPACE, ZERO } from '../ascii.ts';
import { lettersEnd, monthNamed, offsetsNamed, weekdayNamed } from './names-in-times.ts';
import { type NumberField, parseTimePattern, type PatternPart } from './time-pattern.ts';
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
} from './time-text.ts';

// Parts as small integers: the loop below runs once per row and switches on nothing slower.
const LITERAL = 0;
const FRACTION = 1;
const HALF_DAY = 2;
const MONTH_NAME = 3;
const WEEKDAY = 4;
const OFFSET = 5;
const ZONE_NAME = 6;
// From here on numbers, whose codes are their places among the fields.
const YEAR = 7;
const YEAR_OF_CENTURY = 8;
const MONTH = 9;
const DAY = 10;
const HOUR = 11;
const HOUR24 = 12;
const HOUR12 = 13;
const HOUR11 = 14;
const MINUTE = 15;
const SECOND = 16;

const CODES: Readonly<Record<Exclude<PatternPart['kind'], 'number'> | NumberField, number>> = {
  literal: LITERAL,
  fraction: FRACTION,
  'half-day': HALF_DAY,
  'month-name': MONTH_NAME,
  weekday: WEEKDAY,
  offset: OFFSET,
  'zone-name': ZONE_NAME,
  year: YEAR,
  'year-of-century': YEAR_OF_CENTURY,
  month: MONTH,
  day: DAY,
  hour: HOUR,
  hour24: HOUR24,
  hour12: HOUR12,
  hour11: HOUR11,
  minute: MINUTE,
  second: SECOND,
};

/** Spaces that don't break, which browsers and spreadsheets put where a space is meant: U+00A0 and U+202F in UTF-8. */
const HARD_SPACES: readonly (readonly number[])[] = [
  [0xc2, 0xa0],
  [0xe2, 0x80, 0xaf],
];

/** Two digits are a year from 1969 to 2068, as POSIX reads `%y` (strptime, POSIX.1-2017). */
const CENTURY_PIVOT = 69;

/** The longest date whose bytes are remembered; a longer one is read each time. */
const DATE_BYTES_MAX = 64;

/** Reads times written in one pattern (see `parseTimePattern`). Throws TimePatternError when made. */
export class PatternTime implements TimeText {
  local = true;
  cut = false;
  fault = '';
  readonly #after: AfterTime;
  readonly #form: string;
  readonly #code: Uint8Array;
  /** Of a literal its byte; of a number and a fraction the most digits. */
  readonly #most: Uint8Array;
  readonly #least: Uint8Array;
  /** Parts before this make up the date and nothing else, and end where the same bytes always end; 0 where not. */
  readonly #dateParts: number;
  readonly #isYearOfCentury: boolean;
  readonly #hourCode: number;
  readonly #fields = new Int32Array(SECOND + 1);
  readonly #date = new Uint8Array(DATE_BYTES_MAX);
  #dateBytes = 0;
  #dayMs = 0;
  #fractionMs = 0;
  #offsetMs = 0;
  /** What the name of a zone may mean; none where the pattern has none. */
  #offsets: readonly number[] = [];
  readonly #zone: Zone | undefined;
  #isAfternoon = false;

  /** The zone tells which of several offsets a name such as CST means. */
  constructor(pattern: string, after: AfterTime = 'refuse', zone?: Zone) {
    this.#zone = zone;
    const parts = parseTimePattern(pattern);
    this.#after = after;
    this.#form = `is not written as ${JSON.stringify(pattern)}, as \`time.format\` says`;
    this.#code = Uint8Array.from(parts, (part) => CODES[part.kind === 'number' ? part.field : part.kind]);
    this.#most = Uint8Array.from(parts, mostOf);
    this.#least = Uint8Array.from(parts, (part) => (part.kind === 'number' ? part.digitsMin : 0));
    this.#dateParts = datePartsOf(parts);
    this.#isYearOfCentury = this.#code.includes(YEAR_OF_CENTURY);
    this.#hourCode = this.#code.find((code) => code >= HOUR && code <= HOUR11) ?? HOUR;
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    this.cut = false;
    this.local = true;
    this.#fractionMs = 0;
    this.#offsetMs = 0;
    this.#fields.fill(0, HOUR);
    const known = this.#dateParts > 0 && this.#isSameDate(bytes, start, end);
    const from = known ? start + this.#dateBytes : start;
    return this.#parts(bytes, start, from, end, known ? this.#dateParts : 0);
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
    for (let part = firstPart; part < code.length; part++) {
      if (part === this.#dateParts && part > firstPart && !this.#rememberDate(bytes, start, at)) return Number.NaN;
      const kind = code[part]!;
      if (kind === LITERAL) {
        if (at < end && bytes[at] === most[part]) at++;
        else if (most[part] === SPACE && hardSpaceBytes(bytes, at, end) > 0) at += hardSpaceBytes(bytes, at, end);
        else return this.#refuse(this.#form);
        continue;
      }
      // Who pads with spaces writes `Feb  1`; of a date that is known they stand behind it.
      if (bytes[at] === SPACE && part > 0 && code[part - 1] === LITERAL && most[part - 1] === SPACE)
        at = spacesEnd(bytes, at, end);
      if (kind >= YEAR) {
        const digitsMaxEnd = Math.min(at + most[part]!, end);
        const digitsAt = at;
        let value = 0;
        for (; at < digitsMaxEnd; at++) {
          const digit = bytes[at]! - ZERO;
          if (digit < 0 || digit > 9) break;
          value = value * 10 + digit;
        }
        if (at - digitsAt < this.#least[part]!) return this.#refuse(this.#form);
        fields[kind] = value;
      } else {
        at = this.#other(kind, part, bytes, at, end);
        if (Number.isNaN(at)) return at;
      }
    }
    if (at !== end && (this.#after === 'refuse' || isDigit(bytes[at]!))) return this.#refuse(this.#form);
    // A date that is the whole pattern, or is spread over it, has not been worked out on the way.
    if (firstPart === 0 && (this.#dateParts === 0 || this.#dateParts === code.length) && !this.#workOutDate()) {
      return Number.NaN;
    }
    const localMs = this.#dayMs + this.#timeOfDay() + this.#fractionMs;
    return this.#offsets.length === 0 ? localMs - this.#offsetMs : this.#ofZone(localMs);
  }

  /** Reads a part that is neither a literal nor a number at `at`; gives where it ends, NaN where it isn't there. */
  #other(kind: number, part: number, bytes: Uint8Array, at: number, end: number): number {
    switch (kind) {
      case FRACTION: {
        const fractionEnd = at + this.#most[part]!;
        if (digitsEnd(bytes, at, Math.min(fractionEnd, end)) < fractionEnd) break;
        this.cut = isFinerThanMs(bytes, at, fractionEnd);
        this.#fractionMs = fractionMs(bytes, at, fractionEnd);
        return fractionEnd;
      }
      case HALF_DAY: {
        const letter = at < end ? bytes[at]! | CASE_BIT : 0;
        const pointed = at + 1 < end && bytes[at + 1] === POINT ? 1 : 0;
        const halfEnd = at + 2 + pointed;
        if ((letter !== LOWER_A && letter !== LOWER_P) || halfEnd > end) break;
        if ((bytes[halfEnd - 1]! | CASE_BIT) !== LOWER_M) break;
        this.#isAfternoon = letter === LOWER_P;
        return pointed > 0 && halfEnd < end && bytes[halfEnd] === POINT ? halfEnd + 1 : halfEnd;
      }
      case MONTH_NAME: {
        const nameEnd = lettersEnd(bytes, at, end);
        const month = monthNamed(bytes, at, nameEnd);
        if (month === 0) break;
        this.#fields[MONTH] = month;
        // A shortened name may have a point behind it, of which the pattern says nothing.
        return nameEnd < end && bytes[nameEnd] === POINT && this.#most[part + 1] !== POINT ? nameEnd + 1 : nameEnd;
      }
      case WEEKDAY: {
        const nameEnd = lettersEnd(bytes, at, end);
        if (weekdayNamed(bytes, at, nameEnd) > 0) return nameEnd;
        break;
      }
      case OFFSET: {
        const writtenEnd = offsetEnd(bytes, at, end);
        if (writtenEnd < 0) break;
        this.#offsetMs = offsetMs(bytes, at, writtenEnd);
        this.local = false;
        return Number.isNaN(this.#offsetMs) ? this.#refuse(OFFSET_BEYOND) : writtenEnd;
      }
      case ZONE_NAME: {
        const nameEnd = lettersEnd(bytes, at, end);
        this.#offsets = offsetsNamed(bytes, at, nameEnd);
        this.local = false;
        return this.#offsets.length === 0 ? this.#refuse(NO_ZONE_NAME) : nameEnd;
      }
    }
    return this.#refuse(this.#form);
  }

  /** The instant of a wall clock by the name of its zone: of several meanings the one that the zone then has. */
  #ofZone(localMs: number): number {
    const offsets = this.#offsets;
    const meant = offsets.length === 1 ? offsets[0] : offsets.find((ms) => this.#zone?.offsetAtMs(localMs - ms) === ms);
    return meant === undefined ? this.#refuse(NO_ZONE_NAME) : localMs - meant;
  }

  #timeOfDay(): number {
    const fields = this.#fields;
    const minute = fields[MINUTE]!;
    const second = fields[SECOND]!;
    const hour = this.#hour();
    if (Number.isNaN(hour)) return hour;
    const isDayEnd = hour === 24 && minute === 0 && second === 0 && this.#fractionMs === 0 && !this.cut;
    if ((hour > 23 || minute > 59) && !isDayEnd) {
      return this.#refuse(hour === 25 ? HOUR_25 : 'is no time of day; hours are 0 to 23 or 24:00, minutes 0 to 59');
    }
    if (second > 59) return this.#refuse(LEAP_SECOND);
    return ((hour * 60 + minute) * 60 + second) * 1_000;
  }

  /** The hour of the day as it was written. */
  #hour(): number {
    const hour = this.#fields[this.#hourCode]!;
    switch (this.#hourCode) {
      case HOUR24:
        if (hour < 1 || hour > 24) return this.#refuse('is no time of day; with `k` hours are 1 to 24');
        return hour % 24;
      case HOUR12:
        if (hour < 1 || hour > 12) return this.#refuse('is no time of day; with AM and PM hours are 1 to 12');
        return (hour % 12) + (this.#isAfternoon ? 12 : 0);
      case HOUR11:
        if (hour > 11) return this.#refuse('is no time of day; with `K` hours are 0 to 11');
        return hour + (this.#isAfternoon ? 12 : 0);
      default:
        return hour;
    }
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
    const fields = this.#fields;
    const year = this.#isYearOfCentury ? yearOfCentury(fields[YEAR_OF_CENTURY]!) : fields[YEAR]!;
    const dayMs = midnightMs(year, fields[MONTH]!, fields[DAY]!);
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

const NO_ZONE_NAME = 'names no offset that is known here; read the name by `repeated`, or the offset by `X`';

const HOUR_25 =
  'has an hour 25, so it numbers the hours of a day: leave the hour out of `time.columns` and name its column in ' +
  '`time.period`';

function mostOf(part: PatternPart): number {
  switch (part.kind) {
    case 'literal':
      return part.byte;
    case 'number':
      return part.digitsMax;
    case 'fraction':
      return part.digits;
    default:
      return 0;
  }
}

function yearOfCentury(year: number): number {
  return year < CENTURY_PIVOT ? 2000 + year : 1900 + year;
}

/** Where the spaces end that stand at `start`. */
function spacesEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === SPACE) at++;
  return at;
}

/** How long the unbreakable space at `start` is, or 0. */
function hardSpaceBytes(bytes: Uint8Array, start: number, end: number): number {
  const space = HARD_SPACES.find(
    (each) => start + each.length <= end && each.every((byte, i) => bytes[start + i] === byte),
  );
  return space?.length ?? 0;
}

/**
 * How many leading parts hold the date alone. They are remembered as bytes, so they must end at the same byte for the
 * same bytes: with a literal or a field of fixed width, never with one that might take another digit.
 */
function datePartsOf(parts: readonly PatternPart[]): number {
  const isDate = (part: PatternPart): boolean =>
    part.kind === 'literal' || part.kind === 'weekday' || isDateField(part);
  const end = parts.findIndex((part) => !isDate(part));
  const count = end < 0 ? parts.length : end;
  const last = parts[count - 1];
  const endsFixed = last?.kind === 'literal' || (last?.kind === 'number' && last.digitsMin === last.digitsMax);
  const dateFields = parts.slice(0, count).filter(isDateField).length;
  return endsFixed && dateFields === 3 ? count : 0;
}

function isDateField(part: PatternPart): boolean {
  if (part.kind === 'month-name') return true;
  return part.kind === 'number' && ['year', 'year-of-century', 'month', 'day'].includes(part.field);
}
