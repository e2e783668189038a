import { EQUALS, MINUS, PLUS, POINT, QUOTE, SPACE, ZERO } from '../ascii.ts';

export const DECIMAL_MARKS = ['.', ','] as const;
export const THOUSANDS_MARKS = ['.', ',', "'", ' '] as const;

/** The marks that a source writes its numbers with. */
export interface NumberMarks {
  readonly decimal: (typeof DECIMAL_MARKS)[number];
  /** Stands between groups of digits; what isn't said may not stand there. */
  readonly thousands?: (typeof THOUSANDS_MARKS)[number] | undefined;
}

/** Those of plain decimals, which a reader of their own takes faster. */
export const PLAIN_MARKS: NumberMarks = { decimal: '.' };

/** The longest text of a value or of its factor: any number that can be one has fewer digits. */
export const NUMBER_BYTES_MAX = 128;

/** No digit has stood behind a thousands mark yet, since there was none. */
const NO_GROUP = -1;

const encoder = new TextEncoder();

/** What is written where a mark is meant: no-break, narrow no-break and thin spaces, the apostrophe of typographers. */
const ALSO_WRITTEN: Readonly<Record<string, readonly string[]>> = {
  ' ': ['\u00a0', '\u202f', '\u2009'],
  "'": ['\u2019'],
};

/**
 * Rewrites numbers with other marks as the plain decimals that `parseScaledBytes` takes. A thousands mark stands between
 * groups only, the last one of three digits and those before it of two or three (as in India), and never behind a
 * leading 0, so that a decimal mark is not taken for one: `0.067` and `1.5` are no thousands. A minus may be that of
 * typographers (U+2212, or U+2013), or stand behind the number, as accounting writes it.
 */
export class NumberText {
  /** The number, rewritten; its length is what `rewrite` gave. */
  readonly plain = new Uint8Array(NUMBER_BYTES_MAX);
  readonly #decimal: number;
  readonly #thousands: readonly Uint8Array[];

  constructor({ decimal, thousands }: NumberMarks) {
    this.#decimal = decimal.charCodeAt(0);
    const written = thousands === undefined ? [] : [thousands, ...(ALSO_WRITTEN[thousands] ?? [])];
    this.#thousands = written.map((mark) => encoder.encode(mark));
  }

  /** Rewrites `bytes[start, end)` into `plain` and gives its length there, -1 where it is no number of these marks. */
  rewrite(bytes: Uint8Array, start: number, textEnd: number): number {
    if (textEnd - start > NUMBER_BYTES_MAX) return -1;
    const { plain } = this;
    let length = 0;
    const quoted = isFormulaOfText(bytes, start, textEnd);
    let at = quoted ? start + FORMULA_BYTES : start;
    let end = quoted ? textEnd - 1 : textEnd;
    if (end - start > 1 && bytes[end - 1] === MINUS) {
      plain[length++] = MINUS;
      end--;
    }
    const signBytes = signBytesAt(bytes, at, end);
    if (signBytes > 0) {
      if (length > 0) return -1;
      plain[length++] = bytes[at] === PLUS ? PLUS : MINUS;
      at += signBytes;
    }
    const firstAt = at;
    let groupDigits = NO_GROUP;
    for (;;) {
      const digitsAt = at;
      while (at < end && bytes[at]! >= ZERO && bytes[at]! <= ZERO + 9) plain[length++] = bytes[at++]!;
      const digits = at - digitsAt;
      const markBytes = this.#thousandsAt(bytes, at, end);
      if (markBytes === 0) {
        if (groupDigits !== NO_GROUP && digits !== 3) return -1;
        break;
      }
      const isFirst = groupDigits === NO_GROUP;
      if (digits === 0 || digits > 3 || (isFirst ? bytes[firstAt] === ZERO : digits < 2)) return -1;
      groupDigits = digits;
      at += markBytes;
    }
    if (at < end && bytes[at] === this.#decimal) {
      plain[length++] = POINT;
      at++;
    }
    for (; at < end; at++) {
      // A point that is no decimal mark would pass for one from here on.
      if (bytes[at] === POINT) return -1;
      plain[length++] = bytes[at]!;
    }
    return length;
  }

  /** The length of the thousands mark that stands at `at`, 0 for none. */
  #thousandsAt(bytes: Uint8Array, at: number, end: number): number {
    for (const mark of this.#thousands) {
      if (at + mark.length <= end && mark.every((byte, i) => bytes[at + i] === byte)) return mark.length;
    }
    return 0;
  }
}

/** Whether a number is written as plain decimals aren't: its minus behind it, or that of typographers, or as a formula. */
export function isOddlyWritten(bytes: Uint8Array, start: number, end: number): boolean {
  const isSignedSo = (end - start > 1 && bytes[end - 1] === MINUS) || signBytesAt(bytes, start, end) > 1;
  return isSignedSo || isFormulaOfText(bytes, start, end);
}

/** The bytes of `="`. */
export const FORMULA_BYTES = 2;

/** Whether a cell is written so that a spreadsheet takes it for text, digits and all: `="00123"`. */
export function isFormulaOfText(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start > FORMULA_BYTES && bytes[start] === EQUALS && bytes[start + 1] === QUOTE && bytes[end - 1] === QUOTE
  );
}

/** The length of the sign that stands at `at`, 0 for none; the minus and the dash of typographers are three bytes. */
function signBytesAt(bytes: Uint8Array, at: number, end: number): number {
  if (at < end && (bytes[at] === MINUS || bytes[at] === PLUS)) return 1;
  if (end - at <= 3 || bytes[at] !== 0xe2) return 0;
  const isMinus = bytes[at + 1] === 0x88 && bytes[at + 2] === 0x92;
  return isMinus || (bytes[at + 1] === 0x80 && bytes[at + 2] === 0x93) ? 3 : 0;
}

/** Where the spaces before `end` begin, no-break ones among them. */
export function trimmedEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  for (;;) {
    if (at > start && bytes[at - 1] === SPACE) at--;
    else if (at - start >= 2 && bytes[at - 1] === 0xa0 && bytes[at - 2] === 0xc2) at -= 2;
    else if (at - start >= 3 && bytes[at - 1] === 0xaf && bytes[at - 2] === 0x80 && bytes[at - 3] === 0xe2) at -= 3;
    else return at;
  }
}
