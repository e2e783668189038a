import { WeirError } from '#core/errors.ts';

/**
 * The patterns in which a configuration says how times are written: the date fields of Unicode TR 35, part 4 ("Date
 * Format Patterns"), names in English, taken apart once into the parts that `PatternTime` reads.
 */

/** One field or one byte of a pattern. `digits` are read; `digitsMin` is smaller where one digit is enough. */
export type PatternPart =
  | { readonly kind: 'literal'; readonly byte: number }
  | { readonly kind: 'number'; readonly field: NumberField; readonly digitsMin: number; readonly digitsMax: number }
  | { readonly kind: 'fraction'; readonly digits: number }
  | { readonly kind: 'month-name' | 'weekday' | 'half-day' | 'offset' | 'zone-name' };

/** `hour` is 0 to 23 or 24:00, `hour24` 1 to 24 (24 is 0), `hour12` 1 to 12 and `hour11` 0 to 11 of half a day. */
export type NumberField =
  | 'year'
  | 'year-of-century'
  | 'month'
  | 'day'
  | 'hour'
  | 'hour24'
  | 'hour12'
  | 'hour11'
  | 'minute'
  | 'second';

/** A pattern that can't be read, or that doesn't name one instant. The message gives pattern, fault and remedy. */
export class TimePatternError extends WeirError {
  readonly kind = 'time-pattern';

  constructor(pattern: string, reason: string) {
    super(`time format ${JSON.stringify(pattern.slice(0, PATTERN_CHARS_MAX))} ${reason}`, { fault: 'asked' });
  }
}

/** No way of writing a time is longer. */
export const PATTERN_CHARS_MAX = 100;

/** Finer than any clock; what is finer than a millisecond is cut. */
const FRACTION_DIGITS_MAX = 12;

const SUPPORTED =
  'known are iso, unix, unix-ms, unix-us, unix-ns, excel and patterns of yyyy or yy, MM or M or MMM, dd or d, E, HH or H ' +
  "(k from 1 to 24, h or K with a), mm or m, ss or s, S for each digit of a fraction, X or Z for an offset, z for CET and the like, and text in '…'";

type FieldName = NumberField | Exclude<PatternPart['kind'], 'literal' | 'number'>;

/** A field by its letter and how often it is repeated. */
function fieldPart(pattern: string, letter: string, length: number): PatternPart {
  const part = knownField(letter, length);
  if (part !== undefined) return part;
  if (pattern.includes('%')) throw new TimePatternError(pattern, `is not one of strftime; ${SUPPORTED}`);
  if (letter === 'Y' || letter === 'D') {
    const remedy = letter === 'Y' ? 'a year is yyyy or yy, with small letters' : 'a day of the month is dd or d';
    throw new TimePatternError(pattern, `has the unknown field ${JSON.stringify(letter.repeat(length))}; ${remedy}`);
  }
  throw new TimePatternError(pattern, `has the unknown field ${JSON.stringify(letter.repeat(length))}; ${SUPPORTED}`);
}

function knownField(letter: string, length: number): PatternPart | undefined {
  switch (letter) {
    case 'y':
    case 'u':
      if (length === 4) return digits('year', 4);
      return length === 2 ? digits('year-of-century', 2) : undefined;
    case 'M':
    case 'L':
      return length === 3 || length === 4 ? { kind: 'month-name' } : oneOrTwo('month', length);
    case 'd':
      return oneOrTwo('day', length);
    case 'E':
      return length <= 4 ? { kind: 'weekday' } : undefined;
    case 'H':
      return oneOrTwo('hour', length);
    case 'k':
      return oneOrTwo('hour24', length);
    case 'h':
      return oneOrTwo('hour12', length);
    case 'K':
      return oneOrTwo('hour11', length);
    case 'm':
      return oneOrTwo('minute', length);
    case 's':
      return oneOrTwo('second', length);
    case 'S':
      return length <= FRACTION_DIGITS_MAX ? { kind: 'fraction', digits: length } : undefined;
    case 'a':
      return length === 1 ? { kind: 'half-day' } : undefined;
    case 'X':
    case 'x':
    case 'Z':
      return length <= 5 ? { kind: 'offset' } : undefined;
    case 'z':
      return length <= 3 ? { kind: 'zone-name' } : undefined;
    default:
      return undefined;
  }
}

function digits(field: NumberField, count: number): PatternPart {
  return { kind: 'number', field, digitsMin: count, digitsMax: count };
}

function oneOrTwo(field: NumberField, length: number): PatternPart | undefined {
  return length <= 2 ? { kind: 'number', field, digitsMin: length, digitsMax: 2 } : undefined;
}

/** The parts of a pattern, in order. Throws TimePatternError. */
export function parseTimePattern(pattern: string): readonly PatternPart[] {
  if (pattern.length > PATTERN_CHARS_MAX) {
    throw new TimePatternError(pattern, `is longer than ${PATTERN_CHARS_MAX} characters`);
  }
  const parts: PatternPart[] = [];
  for (let at = 0; at < pattern.length;) {
    const char = pattern[at]!;
    if (char === "'") at = readQuoted(pattern, at, parts);
    else if (/[A-Za-z]/.test(char)) {
      let end = at + 1;
      while (end < pattern.length && pattern[end] === char) end++;
      parts.push(fieldPart(pattern, char, end - at));
      at = end;
    } else {
      pushLiteral(parts, String.fromCodePoint(pattern.codePointAt(at)!));
      at += pattern.codePointAt(at)! > 0xffff ? 2 : 1;
    }
  }
  checkFields(pattern, parts);
  return parts;
}

/** Text between quotes stands for itself; two quotes are one, inside and outside (TR 35, part 4). */
function readQuoted(pattern: string, start: number, parts: PatternPart[]): number {
  if (pattern[start + 1] === "'") {
    pushLiteral(parts, "'");
    return start + 2;
  }
  for (let at = start + 1; at < pattern.length; at++) {
    if (pattern[at] !== "'") pushLiteral(parts, pattern[at]!);
    else if (pattern[at + 1] === "'") pushLiteral(parts, pattern[at++]!);
    else return at + 1;
  }
  throw new TimePatternError(pattern, "has a quote that is not closed; write '' for the quote itself");
}

function pushLiteral(parts: PatternPart[], text: string): void {
  for (const byte of new TextEncoder().encode(text)) parts.push({ kind: 'literal', byte });
}

/** Fields of which a pattern has one at most, and those of which it must have one. */
const ONE_OF: readonly (readonly [name: string, fields: readonly FieldName[], isNeeded: boolean])[] = [
  ['year', ['year', 'year-of-century'], true],
  ['month', ['month', 'month-name'], true],
  ['day', ['day'], true],
  ['weekday', ['weekday'], false],
  ['hour', ['hour', 'hour24', 'hour12', 'hour11'], false],
  ['minute', ['minute'], false],
  ['second', ['second'], false],
  ['fraction', ['fraction'], false],
  ['half of the day', ['half-day'], false],
  ['offset', ['offset', 'zone-name'], false],
];

/** `dd.mm.yyyy HH:MM` would read a minute as a month, and be right about some rows. */
const HOUR_THEN_MONTH = /[HhKk][:.]?MM?(?!M)/;

function checkFields(pattern: string, parts: readonly PatternPart[]): void {
  const fields = parts.flatMap((part): FieldName[] =>
    part.kind === 'literal' ? [] : [part.kind === 'number' ? part.field : part.kind],
  );
  const has = (...names: readonly FieldName[]): boolean => fields.some((field) => names.includes(field));
  for (const [name, names, isNeeded] of ONE_OF) {
    const count = fields.filter((field) => names.includes(field)).length;
    if (isNeeded && count === 0) throw new TimePatternError(pattern, `names no ${name}; ${SUPPORTED}`);
    if (count > 1) throw new TimePatternError(pattern, `names the ${name} more than once; keep one`);
  }
  if (HOUR_THEN_MONTH.test(pattern)) {
    throw new TimePatternError(pattern, 'has a month behind the hour; MM is the month, mm the minute');
  }
  if (has('hour12', 'hour11') !== has('half-day')) {
    throw new TimePatternError(pattern, 'has h without a, or a without h; write H for hours 0 to 23');
  }
}
