/**
 * Scaled integers: the only form in which a value lives inside (value · 10^decimals, a safe integer).
 *
 * Text becomes a scaled integer digit by digit, so no value is ever a binary fraction on its way in, and what was
 * written is what is counted.
 */
import { strict as assert } from 'node:assert';

export { divideToDouble, sqrtToDouble } from './rational.ts';

/** The largest magnitude of a scaled value: every integer up to here is exact in a double. */
export const SCALED_MAX = Number.MAX_SAFE_INTEGER;

/** The most decimals a metric may declare: with nine a value still reaches ±9,007,199. */
export const DECIMALS_MAX = 9;

/** What becomes of decimals beyond those declared: rounded half to even, or the value is refused. */
export type ExcessRule = 'round' | 'refuse';

/** Why a value could not become a scaled integer. */
export type ScaledFault = 'not-a-number' | 'out-of-range' | 'too-many-decimals';

const POWERS_OF_TEN: readonly number[] = Array.from({ length: DECIMALS_MAX + 1 }, (_, power) => 10 ** power);

/** Below this a decimal has at most fifteen digits, and two of those are never the same double. */
const FIFTEEN_DIGITS = 1e15;

/** An exponent beyond this settles the answer for any text that fits in memory; reading on would change nothing. */
const EXPONENT_MAX = 1e12;

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const LOWER_E = 0x65;
const CASE_BIT = 0x20;

let lastFault: ScaledFault = 'not-a-number';

/** The fault of the last call, here or of a ScaledProduct, that gave NaN; it means nothing after a call that gave a value. */
export function lastScaledFault(): ScaledFault {
  return lastFault;
}

/** Gives NaN for a value, and keeps why. */
export function refuseScaled(fault: ScaledFault): number {
  lastFault = fault;
  return Number.NaN;
}

/**
 * Reads decimal text `bytes[start, end)` as a scaled integer, exactly.
 *
 * Grammar: an optional sign, digits with at most one point among them and at least one digit, an optional exponent
 * (`e` or `E`, optional sign, digits). No spaces, no thousands marks. Excess decimals that are all zero are no excess.
 * Gives NaN for text that is refused, and `lastScaledFault` then says why; nothing is allocated either way. Never -0.
 */
export function parseScaledBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  decimals: number,
  excess: ExcessRule,
): number {
  let at = start;
  let byte = at < end ? bytes[at]! : 0;
  const negative = byte === MINUS;
  if (negative || byte === PLUS) at++;
  const digitsAt = at;
  let magnitude = 0;
  // Beyond 2^53 the sum below rounds, but it never falls back under 2^53, so the range check still sees it.
  for (; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) break;
    magnitude = magnitude * 10 + digit;
  }
  let digitCount = at - digitsAt;
  let missing = decimals;
  let firstExcess = 0;
  let laterExcess = 0;
  if (at < end && bytes[at] === POINT) {
    const fractionAt = ++at;
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      const place = at - fractionAt;
      if (place < decimals) magnitude = magnitude * 10 + digit;
      else if (place === decimals) firstExcess = digit;
      else laterExcess |= digit;
    }
    const fractionDigits = at - fractionAt;
    digitCount += fractionDigits;
    missing = fractionDigits < decimals ? decimals - fractionDigits : 0;
  }
  if (digitCount === 0) return refuseScaled('not-a-number');
  if (at < end) {
    byte = bytes[at]!;
    if ((byte | CASE_BIT) !== LOWER_E) return refuseScaled('not-a-number');
    return parseWithExponent(bytes, digitsAt, at, end, negative, decimals, excess);
  }
  magnitude *= POWERS_OF_TEN[missing]!;
  return finishScaled(magnitude, firstExcess, laterExcess, negative, excess);
}

/**
 * The rarer text with an exponent. The digits stand in [digitsAt, exponentAt); the exponent only moves the point, so
 * the same digits are taken again up to the place where the moved point and `decimals` end.
 */
function parseWithExponent(
  bytes: Uint8Array,
  digitsAt: number,
  exponentAt: number,
  end: number,
  negative: boolean,
  decimals: number,
  excess: ExcessRule,
): number {
  const exponent = parseExponent(bytes, exponentAt + 1, end);
  if (Number.isNaN(exponent)) return refuseScaled('not-a-number');
  let pointAt = digitsAt;
  while (pointAt < exponentAt && bytes[pointAt] !== POINT) pointAt++;
  const takenMax = pointAt - digitsAt + exponent + decimals;
  let magnitude = 0;
  let firstExcess = 0;
  let laterExcess = 0;
  let place = 0;
  for (let at = digitsAt; at < exponentAt; at++) {
    if (at === pointAt) continue;
    const digit = bytes[at]! - ZERO;
    if (place < takenMax) magnitude = magnitude * 10 + digit;
    // Where takenMax is negative no digit stands at the rounding place: a zero does, and all digits come later.
    else if (place === takenMax) firstExcess = digit;
    else laterExcess |= digit;
    place++;
  }
  // Sixteen zeros carry any other magnitude out of range, so the loop is short whatever the exponent.
  for (; place < takenMax && magnitude !== 0 && magnitude <= SCALED_MAX; place++) magnitude *= 10;
  return finishScaled(magnitude, firstExcess, laterExcess, negative, excess);
}

/** The exponent in [start, end), held within ±EXPONENT_MAX; NaN where it is not one. */
function parseExponent(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const sign = at < end ? bytes[at] : 0;
  if (sign === MINUS || sign === PLUS) at++;
  if (at === end) return Number.NaN;
  let exponent = 0;
  for (; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    exponent = Math.min(exponent * 10 + digit, EXPONENT_MAX);
  }
  return sign === MINUS ? -exponent : exponent;
}

/**
 * What every reader of values ends with: rounds `magnitude` half to even by the digit that follows it and by whether any
 * later one isn't 0, checks the range, and gives the sign back. NaN where that is refused.
 */
export function finishScaled(
  magnitude: number,
  firstExcess: number,
  laterExcess: number,
  negative: boolean,
  excess: ExcessRule,
): number {
  if (magnitude > SCALED_MAX) return refuseScaled('out-of-range');
  let rounded = magnitude;
  if (firstExcess !== 0 || laterExcess !== 0) {
    if (excess === 'refuse') return refuseScaled('too-many-decimals');
    const up = firstExcess > 5 || (firstExcess === 5 && (laterExcess !== 0 || magnitude % 2 === 1));
    if (up) rounded++;
    if (rounded > SCALED_MAX) return refuseScaled('out-of-range');
  }
  return negative && rounded !== 0 ? -rounded : rounded;
}

const SCRATCH_BYTES = 64;
const scratch = new Uint8Array(SCRATCH_BYTES);

/** The same as `parseScaledBytes` for a string. */
export function parseScaled(text: string, decimals: number, excess: ExcessRule): number {
  const bytes = text.length <= SCRATCH_BYTES ? scratch : new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    // A character beyond one byte must not pass for the digit that shares its low eight bits.
    bytes[i] = Math.min(text.charCodeAt(i), 0xff);
  }
  return parseScaledBytes(bytes, 0, text.length, decimals, excess);
}

/**
 * A double (a JSON number) as a scaled integer, by way of its shortest decimal text (ECMA-262 Number::toString), which
 * is what its writer most likely wrote: 0.1 is one tenth. NaN and the infinities are refused as 'not-a-number'.
 */
export function scaledFromNumber(value: number, decimals: number, excess: ExcessRule): number {
  const power = POWERS_OF_TEN[decimals]!;
  const scaled = Math.round(value * power);
  // Where a decimal of at most fifteen digits reads back as this double, no other such decimal does, and the shortest
  // text is that decimal. `scaled / power` rounds once, so it is the double which that decimal reads as.
  if (scaled < FIFTEEN_DIGITS && scaled > -FIFTEEN_DIGITS && scaled / power === value) return scaled + 0;
  if (!Number.isFinite(value)) return refuseScaled('not-a-number');
  return parseScaled(String(value), decimals, excess);
}

/**
 * All digits of a scaled integer, exactly, and no more: (1500, 3) is `1.5`, (2000, 3) is `2`, (-50, 3) is `-0.05`.
 * The text is a JSON number. Sums are passed as bigint, however long.
 */
export function formatScaled(value: number | bigint, decimals: number): string {
  assert(typeof value === 'bigint' || Number.isSafeInteger(value), 'a scaled value is an integer without rounding');
  const text = value === 0 ? '0' : String(value);
  if (decimals === 0) return text;
  const negative = text.startsWith('-');
  const digits = (negative ? text.slice(1) : text).padStart(decimals + 1, '0');
  const pointAt = digits.length - decimals;
  let end = digits.length;
  while (end > pointAt && digits.charCodeAt(end - 1) === ZERO) end--;
  const whole = digits.slice(0, pointAt);
  const magnitude = end === pointAt ? whole : `${whole}.${digits.slice(pointAt, end)}`;
  return negative ? `-${magnitude}` : magnitude;
}

/** The longest piece of a refused text that a message quotes. */
const QUOTED_MAX = 40;

/** One sentence for people: which value was refused, why, and what helps. */
export function describeScaledFault(fault: ScaledFault, text: string, decimals: number): string {
  const quoted = JSON.stringify(text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text);
  switch (fault) {
    case 'not-a-number':
      return `value ${quoted} is not a decimal number; write digits with '.' as the decimal mark, or name it under \`missing\``;
    case 'out-of-range':
      return `value ${quoted} is beyond ±${formatScaled(SCALED_MAX, decimals)}, the range at ${decimals} decimals; declare fewer \`decimals\` or a larger unit`;
    case 'too-many-decimals':
      return `value ${quoted} has more than the ${decimals} decimals declared; declare more \`decimals\` or set \`excess: round\``;
  }
}
