/**
 * From an exact rational to a double, rounded once (IEEE 754-2019 §4.3.1, roundTiesToEven).
 *
 * Statistics stay integers until they are shown; mean, variance and deviation pass through here as their last step, so
 * that each is the double nearest to the exact value, on every machine the same.
 */
import { strict as assert } from 'node:assert';

/** Bits of a double's significand, the hidden one included. */
const SIGNIFICAND_BITS = 53;

/** The exponent of the smallest subnormal: no bit of a double is worth less. */
const LEAST_EXPONENT = -1074;

/** Powers of two from here up are beyond every double. */
const OVERFLOW_EXPONENT = 1024;

/** The double nearest to numerator / denominator, ties to even; ±Infinity where it is beyond the largest double. */
export function divideToDouble(numerator: bigint, denominator: bigint): number {
  assert(denominator !== 0n, 'a quotient needs a denominator');
  const negative = numerator < 0n !== denominator < 0n;
  const magnitude = divideMagnitudes(absolute(numerator), absolute(denominator));
  return negative && magnitude !== 0 ? -magnitude : magnitude;
}

function divideMagnitudes(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n) return 0;
  if (numerator <= Number.MAX_SAFE_INTEGER && denominator <= Number.MAX_SAFE_INTEGER) {
    // Both are exact doubles, and IEEE division rounds their quotient once.
    return Number(numerator) / Number(denominator);
  }
  // The quotient lies in [2^(estimate - 1), 2^(estimate + 1)), so the unit of its last place is one of two.
  const estimate = bitLength(numerator) - bitLength(denominator);
  return roundOnce(estimate - SIGNIFICAND_BITS, (unit) => quotientIn(numerator, denominator, unit));
}

/** A number as whole units, and how what was cut off compares with half a unit: below (-1), equal (0), above (1). */
interface CutNumber {
  readonly floor: bigint;
  readonly order: number;
}

/** The double nearest to a number that has at most SIGNIFICAND_BITS bits in units of 2^`unit`, or else in twice that. */
function roundOnce(unit: number, cutTo: (unit: number) => CutNumber): number {
  let fitting = Math.max(unit, LEAST_EXPONENT);
  let cut = cutTo(fitting);
  if (bitLength(cut.floor) > SIGNIFICAND_BITS) cut = cutTo(++fitting);
  return scaleByPowerOfTwo(roundHalfEven(cut), fitting);
}

/** numerator / denominator in units of 2^unit. */
function quotientIn(numerator: bigint, denominator: bigint, unit: number): CutNumber {
  const dividend = unit < 0 ? numerator << BigInt(-unit) : numerator;
  const divisor = unit > 0 ? denominator << BigInt(unit) : denominator;
  const floor = dividend / divisor;
  return { floor, order: orderOf(2n * (dividend - floor * divisor), divisor) };
}

/** The double nearest to √(numerator / denominator), ties to even. The quotient must not be negative. */
export function sqrtToDouble(numerator: bigint, denominator: bigint): number {
  assert(denominator !== 0n, 'a quotient needs a denominator');
  const over = absolute(numerator);
  const under = absolute(denominator);
  if (over === 0n) return 0;
  assert(numerator < 0n === denominator < 0n, 'a negative quotient has no square root');
  // √q lies in [2^((estimate - 1) / 2), 2^((estimate + 1) / 2)): again one of two units fits.
  const estimate = Math.floor((bitLength(over) - bitLength(under) - 1) / 2);
  return roundOnce(estimate - SIGNIFICAND_BITS + 1, (unit) => rootIn(over, under, unit));
}

/** √(numerator / denominator) in units of 2^unit. */
function rootIn(numerator: bigint, denominator: bigint, unit: number): CutNumber {
  const dividend = unit < 0 ? numerator << BigInt(-2 * unit) : numerator;
  const divisor = unit > 0 ? denominator << BigInt(2 * unit) : denominator;
  const floor = integerRoot(dividend / divisor);
  // The root against floor + 1/2, both squared and freed of fractions.
  return { floor, order: orderOf(4n * dividend, (2n * floor + 1n) ** 2n * divisor) };
}

/** ⌊√n⌋ by Newton's method from above, which falls until it has arrived. */
export function integerRoot(n: bigint): bigint {
  assert(n >= 0n, 'a negative number has no square root');
  if (n < 2n) return n;
  let root = 1n << BigInt((bitLength(n) + 1) >> 1);
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function orderOf(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function roundHalfEven({ floor, order }: CutNumber): bigint {
  const up = order > 0 || (order === 0 && (floor & 1n) === 1n);
  return up ? floor + 1n : floor;
}

/** significand · 2^exponent, exact or Infinity: the significand is at most 2^53 and fits above the least exponent. */
function scaleByPowerOfTwo(significand: bigint, exponent: number): number {
  if (exponent >= OVERFLOW_EXPONENT) return Number.POSITIVE_INFINITY;
  return Number(significand) * 2 ** exponent;
}

function absolute(n: bigint): bigint {
  return n < 0n ? -n : n;
}

/** How many bits a positive integer has; 0 for 0. */
function bitLength(n: bigint): number {
  if (n === 0n) return 0;
  const hex = n.toString(16);
  return hex.length * 4 - (Math.clz32(Number.parseInt(hex[0]!, 16)) - 28);
}
