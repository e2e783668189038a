import { isDigit, LOWER_E, LOWER_I, LOWER_U, MINUS, PLUS, POINT, UPPER_E } from '../ascii.ts';

/** What the scanners of this module give for what is no such value. */
export const NO_VALUE = -1;

/** Integers with fewer digits are in the range of 64 bits. */
const SURE_DIGITS = 18;
const INTEGER_MAX = 2n ** 63n - 1n;
const INTEGER_MIN = -(2n ** 63n);
const UNSIGNED_MAX = 2n ** 64n - 1n;

/** Whether a value that begins with this byte is a number, or none. */
export function beginsNumber(byte: number): boolean {
  return isDigit(byte) || byte === MINUS || byte === POINT;
}

/**
 * Where the number ends that begins at `start`: a decimal with an optional sign `-`, point and exponent, or an integer
 * with `i` behind it, of 64 bits, or an unsigned one with `u`. NO_VALUE where it is none. Some byte behind it is no digit.
 */
export function scanNumber(bytes: Uint8Array, start: number): number {
  const wholeAt = bytes[start] === MINUS ? start + 1 : start;
  let at = wholeAt;
  while (isDigit(bytes[at]!)) at++;
  let digits = at - wholeAt;
  let byte = bytes[at]!;
  if (byte === POINT) {
    const fractionAt = ++at;
    while (isDigit(bytes[at]!)) at++;
    digits += at - fractionAt;
    byte = bytes[at]!;
  } else if (byte === LOWER_I || byte === LOWER_U) {
    const isInteger = digits > 0 && (digits <= SURE_DIGITS || isInRange(bytes, start, at));
    return isInteger ? signChecked(bytes, start, at + 1) : NO_VALUE;
  }
  if (digits === 0) return NO_VALUE;
  return byte === LOWER_E || byte === UPPER_E ? exponentEnd(bytes, at + 1) : at;
}

function exponentEnd(bytes: Uint8Array, start: number): number {
  const digitsAt = bytes[start] === PLUS || bytes[start] === MINUS ? start + 1 : start;
  let at = digitsAt;
  while (isDigit(bytes[at]!)) at++;
  return at > digitsAt ? at : NO_VALUE;
}

/** An unsigned number has no sign. */
function signChecked(bytes: Uint8Array, start: number, end: number): number {
  return bytes[start] === MINUS && bytes[end - 1] === LOWER_U ? NO_VALUE : end;
}

function isInRange(bytes: Uint8Array, start: number, end: number): boolean {
  const value = BigInt(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1'));
  return bytes[end] === LOWER_U ? value <= UNSIGNED_MAX : value >= INTEGER_MIN && value <= INTEGER_MAX;
}

const BOOLEANS: readonly Uint8Array[] = ['true', 'True', 'TRUE', 'false', 'False', 'FALSE', 't', 'T', 'f', 'F'].map(
  (text) => new TextEncoder().encode(text),
);

/** Where the boolean ends that begins at `start`, the longest that is one; NO_VALUE where there is none. */
export function scanBoolean(bytes: Uint8Array, start: number, to: number): number {
  for (const text of BOOLEANS) {
    const end = start + text.length;
    if (end <= to && text.every((byte, i) => bytes[start + i] === byte)) return end;
  }
  return NO_VALUE;
}
