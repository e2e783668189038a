import { WeirError } from '#core/errors.ts';

/**
 * The patterns in which a configuration says how times are written: the numeric date fields of Unicode TR 35, part 4
 * ("Date Format Patterns"), taken apart once into the parts that `PatternTime` reads.
 */

/** One field or one byte of a pattern. `digits` are read; `digitsMin` is smaller where one digit is enough. */
export type PatternPart =
  | { readonly kind: 'literal'; readonly byte: number }
  | { readonly kind: 'number'; readonly field: NumberField; readonly digitsMin: number; readonly digitsMax: number }
  | { readonly kind: 'fraction'; readonly digits: number }
  | { readonly kind: 'half-day' };

export type NumberField = 'year' | 'month' | 'day' | 'hour' | 'hour12' | 'minute' | 'second';

/** A pattern that can't be read, or that doesn't name one instant. The message gives pattern, fault and remedy. */
export class TimePatternError extends WeirError {
  readonly kind = 'time-pattern';

  constructor(pattern: string, reason: string) {
    super(`time format ${JSON.stringify(pattern.slice(0, PATTERN_CHARS_MAX))} ${reason}`, { fault: 'asked' });
  }
}

/** No way of writing a time is longer. */
export const PATTERN_CHARS_MAX = 100;

/** A fraction finer than nanoseconds is no clock's. */
const FRACTION_DIGITS_MAX = 9;

const SUPPORTED =
  'known are iso, unix, unix-ms and patterns of yyyy, MM or M, dd or d, HH or H, hh or h with a, mm or m, ss or s, ' +
  "S to SSSSSSSSS, and text in '…'";

const FIELDS: ReadonlyMap<string, NumberField> = new Map([
  ['y', 'year'],
  ['M', 'month'],
  ['d', 'day'],
  ['H', 'hour'],
  ['h', 'hour12'],
  ['m', 'minute'],
  ['s', 'second'],
]);

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

function fieldPart(pattern: string, letter: string, length: number): PatternPart {
  if (letter === 'S' && length <= FRACTION_DIGITS_MAX) return { kind: 'fraction', digits: length };
  if (letter === 'a' && length === 1) return { kind: 'half-day' };
  const field = FIELDS.get(letter);
  const lengthFits = letter === 'y' ? length === 4 : length <= 2;
  if (field === undefined || !lengthFits) {
    throw new TimePatternError(pattern, `has the unknown field ${JSON.stringify(letter.repeat(length))}; ${SUPPORTED}`);
  }
  return { kind: 'number', field, digitsMin: length, digitsMax: Math.max(length, 2) };
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

function checkFields(pattern: string, parts: readonly PatternPart[]): void {
  const count = (name: NumberField | 'fraction' | 'half-day'): number =>
    parts.filter((part) => (part.kind === 'number' ? part.field : part.kind) === name).length;
  for (const name of ['year', 'month', 'day'] as const) {
    if (count(name) === 0) throw new TimePatternError(pattern, `names no ${name}; ${SUPPORTED}`);
  }
  for (const name of ['year', 'month', 'day', 'hour', 'hour12', 'minute', 'second', 'fraction', 'half-day'] as const) {
    if (count(name) > 1) throw new TimePatternError(pattern, `names the ${name} more than once`);
  }
  if (count('hour') + count('hour12') > 1) throw new TimePatternError(pattern, 'has both H and h; keep one');
  if (count('hour12') !== count('half-day')) {
    throw new TimePatternError(pattern, 'has h without a, or a without h; write H for hours 0 to 23');
  }
}
