/**
 * Wide integers: exact signed sums in typed arrays.
 *
 * A wide number with k limbs to the base 2^40 stands at one index of k `Float64Array` columns, least significant
 * first. Its value is Σ columns[k][index] · 2^(40·k). In canonical form, which every function here takes and leaves,
 * all limbs but the last lie in [0, 2^40) and the last carries the sign (floor division), so equal numbers have equal
 * limbs and a state can be compared and hashed by its bits.
 *
 * Why nothing overflows. At most 2^53 readings are ever counted in one state (the count itself is a safe integer).
 *   Sums: |Σ v| ≤ 2^53 · (2^53 − 1) < 2^106. With three limbs the last is ⌊Σ / 2^80⌋, in magnitude at most 2^26.
 *   Squares: Σ v² ≤ 2^53 · (2^53 − 1)² < 2^159. With four limbs the last is ⌊Σ / 2^120⌋ < 2^39.
 * Both are far inside the safe integers; four limbs hold everything below 2^173, so integrals (value × milliseconds)
 * have room as well.
 */

import { strict as assert } from 'node:assert';
import { WeirError } from '../errors.ts';

export const WIDE_BASE = 2 ** 40;

/** Limbs of a sum of scaled values. */
export const SUM_LIMBS = 3;

/** Limbs of a sum of squares, and of an integral. */
export const SQUARE_LIMBS = 4;

/** Columns of one kind of wide number, least significant limb first. */
export type WideColumns = readonly Float64Array[];

const INVERSE_BASE = 1 / WIDE_BASE;
const LIMB_BITS = 40n;
const LIMB_MASK = (1n << LIMB_BITS) - 1n;

/** Products are split into digits of 20 bits, half a limb, so that their places fall on limbs or on their middles. */
const HALF_BASE = 2 ** 20;
/** Beside a product's lowest limb, below 2^52 + 2^40, there is room for this much in what `addLimbs` takes. */
const ADDEND_LIMIT = 2 ** 51;
const INVERSE_HALF_BASE = 1 / HALF_BASE;

/** The value does not fit in the columns it was to be written to. */
export class WideRangeError extends WeirError {
  readonly kind = 'wide-range';

  constructor(value: bigint, limbs: number) {
    const bits = (value < 0n ? -value : value).toString(2).length;
    super(`integer of ${bits} bits does not fit in ${limbs} limbs of 40 bits; use columns with more limbs`, {
      fault: 'data',
    });
  }
}

/** `limbs` columns for `capacity` wide numbers, all zero. */
export function makeWide(limbs: number, capacity: number): Float64Array[] {
  return Array.from({ length: limbs }, () => new Float64Array(capacity));
}

/** Adds the safe integer `x`. Mostly only limb 0 changes, and that costs one addition and one comparison. */
export function addSafe(columns: WideColumns, index: number, x: number): void {
  const lowest = columns[0]!;
  // Where this lands inside [0, 2^40) it did not round: it only could beyond 2^53.
  const sum = lowest[index]! + x;
  if (sum >= 0 && sum < WIDE_BASE) {
    lowest[index] = sum;
    return;
  }
  const high = Math.floor(x * INVERSE_BASE);
  addLimbs(columns, index, x - high * WIDE_BASE, high, 0);
}

/** As `addSafe`, of integers that are at most 2^52 and often far from 0: they are carried once, which mostly is all. */
export function addSmall(columns: WideColumns, index: number, x: number): void {
  const lowest = columns[0]!;
  const next = columns[1]!;
  const sum = lowest[index]! + x;
  const carry = Math.floor(sum * INVERSE_BASE);
  const nextSum = next[index]! + carry;
  if (nextSum < 0 || nextSum >= WIDE_BASE) {
    addSafe(columns, index, x);
    return;
  }
  lowest[index] = sum - carry * WIDE_BASE;
  next[index] = nextSum;
}

/** Adds a · b, exactly, for any two safe integers. */
export function addProduct(columns: WideColumns, index: number, a: number, b: number): void {
  const product = a * b;
  // A product beyond the safe integers cannot round to one of them, so this test is sure.
  if (product <= Number.MAX_SAFE_INTEGER && product >= -Number.MAX_SAFE_INTEGER) {
    addSafe(columns, index, product);
    return;
  }
  const sign = product < 0 ? -1 : 1;
  const over = Math.abs(a);
  const under = Math.abs(b);
  if (over < WIDE_BASE && under < 2 ** 32) {
    // Two partial products do: over = high · 2^20 + low, and each times `under` stays below 2^52.
    const high = Math.floor(over * INVERSE_HALF_BASE);
    const low = over - high * HALF_BASE;
    const upper = high * under;
    const carried = Math.floor(upper * INVERSE_HALF_BASE);
    const bottom = (upper - carried * HALF_BASE) * HALF_BASE + low * under;
    addLimbs(columns, index, sign * bottom, sign * carried, 0);
    return;
  }
  addLongProduct(columns, index, sign, over, under);
}

/** Adds a · b + x, exactly, for any three safe integers: one widening where two are not needed. */
export function addProductAnd(columns: WideColumns, index: number, a: number, b: number, x: number): void {
  const over = Math.abs(a);
  const under = Math.abs(b);
  if (over >= WIDE_BASE || under >= 2 ** 32 || x >= ADDEND_LIMIT || x <= -ADDEND_LIMIT) {
    addProduct(columns, index, a, b);
    addSafe(columns, index, x);
    return;
  }
  const sign = a < 0 === b < 0 ? 1 : -1;
  const high = Math.floor(over * INVERSE_HALF_BASE);
  const low = over - high * HALF_BASE;
  const upper = high * under;
  const carried = Math.floor(upper * INVERSE_HALF_BASE);
  const bottom = (upper - carried * HALF_BASE) * HALF_BASE + low * under;
  addLimbs(columns, index, sign * bottom + x, sign * carried, 0);
}

/** The schoolbook product of two magnitudes in digits of 20 bits: each sum of digit products stays below 2^42. */
function addLongProduct(columns: WideColumns, index: number, sign: number, over: number, under: number): void {
  const a2 = Math.floor(over * INVERSE_BASE);
  const aRest = over - a2 * WIDE_BASE;
  const a1 = Math.floor(aRest * INVERSE_HALF_BASE);
  const a0 = aRest - a1 * HALF_BASE;
  const b2 = Math.floor(under * INVERSE_BASE);
  const bRest = under - b2 * WIDE_BASE;
  const b1 = Math.floor(bRest * INVERSE_HALF_BASE);
  const b0 = bRest - b1 * HALF_BASE;

  const place1 = a0 * b1 + a1 * b0;
  const place3 = a1 * b2 + a2 * b1;
  const over1 = Math.floor(place1 * INVERSE_HALF_BASE);
  const over3 = Math.floor(place3 * INVERSE_HALF_BASE);
  const limb0 = a0 * b0 + (place1 - over1 * HALF_BASE) * HALF_BASE;
  const limb1 = a0 * b2 + a1 * b1 + a2 * b0 + over1 + (place3 - over3 * HALF_BASE) * HALF_BASE;
  const limb2 = a2 * b2 + over3;
  addLimbs(columns, index, sign * limb0, sign * limb1, sign * limb2);
}

/**
 * Adds l0 + l1·2^40 + l2·2^80, each in magnitude below 2^53 − 2^41, and restores the canonical form. There are at least
 * two columns; a contribution to a limb that is not there must be zero.
 */
function addLimbs(columns: WideColumns, index: number, l0: number, l1: number, l2: number): void {
  const lowest = columns[0]!;
  const lowestSum = lowest[index]! + l0;
  const lowestCarry = Math.floor(lowestSum * INVERSE_BASE);
  lowest[index] = lowestSum - lowestCarry * WIDE_BASE;
  const last = columns.length - 1;
  let carried = lowestCarry + l1;
  for (let k = 1; k < last; k++) {
    const column = columns[k]!;
    const sum = column[index]! + carried;
    const carry = Math.floor(sum * INVERSE_BASE);
    column[index] = sum - carry * WIDE_BASE;
    carried = k === 1 ? carry + l2 : carry;
    if (carried === 0) return;
  }
  columns[last]![index]! += carried;
}

/** into[i] += from[j]. `into` has at least as many limbs as `from`. */
export function addWide(into: WideColumns, i: number, from: WideColumns, j: number): void {
  accumulate(into, i, from, j, 1);
}

/** into[i] −= from[j]. `into` has at least as many limbs as `from`. */
export function subtractWide(into: WideColumns, i: number, from: WideColumns, j: number): void {
  accumulate(into, i, from, j, -1);
}

function accumulate(into: WideColumns, i: number, from: WideColumns, j: number, sign: 1 | -1): void {
  assert(into.length >= from.length, 'a wide number is added to one at least as wide');
  const last = into.length - 1;
  let carry = 0;
  for (let k = 0; k <= last; k++) {
    const column = into[k]!;
    const added = k < from.length ? sign * from[k]![j]! : 0;
    const sum = column[i]! + added + carry;
    if (k === last) {
      column[i] = sum;
      return;
    }
    carry = Math.floor(sum * INVERSE_BASE);
    column[i] = sum - carry * WIDE_BASE;
  }
}

/** Numbers of which the sums of equal limbs may be added in one go: below 2^40 each, the sum stays far from 2^53. */
export const WIDE_RUN_MAX = 2 ** 12;

/**
 * Adds a sum of limbs k, of WIDE_RUN_MAX numbers at most, and what was carried from the limb below. Gives what is to be carried
 * to the next; of the last limb nothing is.
 */
export function addLimbSums(into: WideColumns, k: number, index: number, limbs: number): number {
  const column = into[k]!;
  const sum = column[index]! + limbs;
  if (k === into.length - 1) {
    column[index] = sum;
    return 0;
  }
  const carry = Math.floor(sum * INVERSE_BASE);
  column[index] = sum - carry * WIDE_BASE;
  return carry;
}

/** Whether the number is zero: in canonical form only that has all limbs zero. */
export function isZeroWide(columns: WideColumns, index: number): boolean {
  for (const column of columns) if (column[index] !== 0) return false;
  return true;
}

/** Sets the number to zero. */
export function clearWide(columns: WideColumns, index: number): void {
  for (const column of columns) column[index] = 0;
}

/**
 * The number as a double: by Horner's rule each step is exact where the number is safe, and where it isn't, the result is
 * no less large than the safe integers.
 */
export function readNear(columns: WideColumns, index: number): number {
  let nearest = 0;
  for (let k = columns.length - 1; k >= 0; k--) nearest = nearest * WIDE_BASE + columns[k]![index]!;
  return nearest;
}

/** Writes a safe integer in canonical form. */
export function writeSafe(columns: WideColumns, index: number, value: number): void {
  const high = Math.floor(value * INVERSE_BASE);
  const last = columns.length - 1;
  columns[0]![index] = value - high * WIDE_BASE;
  columns[1]![index] = high < 0 ? high + WIDE_BASE : high;
  // A negative number borrows from the last limb, through all between.
  for (let k = 2; k <= last; k++) columns[k]![index] = value < 0 ? (k === last ? -1 : WIDE_BASE - 1) : 0;
}

/** The number as a bigint. */
export function readWide(columns: WideColumns, index: number): bigint {
  let value = 0n;
  for (let k = columns.length - 1; k >= 0; k--) value = (value << LIMB_BITS) + BigInt(columns[k]![index]!);
  return value;
}

/** Writes a bigint in canonical form. Throws WideRangeError, and changes nothing, where the last limb is no safe integer. */
export function writeWide(columns: WideColumns, index: number, value: bigint): void {
  const last = columns.length - 1;
  const top = Number(value >> (LIMB_BITS * BigInt(last)));
  if (!Number.isSafeInteger(top)) throw new WideRangeError(value, columns.length);
  let rest = value;
  for (let k = 0; k < last; k++) {
    columns[k]![index] = Number(rest & LIMB_MASK);
    rest >>= LIMB_BITS;
  }
  columns[last]![index] = top;
}
