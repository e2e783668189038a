/**
 * Covered time: an exact sum of milliseconds as a double and the rest that it could not hold.
 *
 * coveredMs is the double nearest to the total and coveredRest the total less that, which is one form for each total.
 * Both are integers; together they hold up to some 2^105 ms. Accounted time (accounted.ts) is held in the same form.
 */
import type { StatsTable } from './stats-table.ts';

/** The rest is at most half a unit in the last place of the double, and must itself be a safe integer. */
const TOTAL_LIMIT = 1n << 105n;

/**
 * Adds ms + rest to the total in two columns, by Knuth's and Dekker's error-free transformations: TwoSum, then FastTwoSum.
 * Where the double is a safe integer there is no rest, so mostly the second column isn't even looked at.
 */
export function addMs(column: Float64Array, rests: Float64Array, slot: number, ms: number, rest: number): void {
  const before = column[slot]!;
  const rounded = before + ms;
  if (rest === 0 && isSafe(before) && isSafe(rounded)) {
    column[slot] = rounded;
    return;
  }
  const restBefore = rests[slot]! + rest;
  const added = rounded - before;
  const error = before - (rounded - added) + (ms - added);
  const low = restBefore + error;
  const high = rounded + low;
  column[slot] = high;
  rests[slot] = low - (high - rounded);
}

/** Adds the total of another slot `sign` times. */
export function mergeMs(
  column: Float64Array,
  rests: Float64Array,
  slot: number,
  from: Float64Array,
  fromRests: Float64Array,
  fromSlot: number,
  sign: 1 | -1,
): void {
  const ms = from[fromSlot]!;
  addMs(column, rests, slot, sign * ms, isSafe(ms) ? 0 : sign * fromRests[fromSlot]!);
}

function isSafe(ms: number): boolean {
  return ms <= Number.MAX_SAFE_INTEGER && ms >= -Number.MAX_SAFE_INTEGER;
}

/** The whole total in ms. */
export function totalMs(column: Float64Array, rests: Float64Array, slot: number): bigint {
  return BigInt(column[slot]!) + BigInt(rests[slot]!);
}

/** Sets a total; false, and nothing changed, where it is beyond what the two columns hold. */
export function setMs(column: Float64Array, rests: Float64Array, slot: number, total: bigint): boolean {
  if (total >= TOTAL_LIMIT || total <= -TOTAL_LIMIT) return false;
  const nearest = Number(total);
  column[slot] = nearest;
  rests[slot] = Number(total - BigInt(nearest));
  return true;
}

/** Adds ms + rest to the covered time. */
export function addCovered(table: StatsTable, slot: number, ms: number, rest: number): void {
  addMs(table.coveredMs, table.coveredRest, slot, ms, rest);
}

/** The whole covered time in ms. */
export function coveredTotal(table: StatsTable, slot: number): bigint {
  return totalMs(table.coveredMs, table.coveredRest, slot);
}

/** Sets the covered time; false, and nothing changed, where it is beyond what the two columns hold. */
export function setCovered(table: StatsTable, slot: number, total: bigint): boolean {
  return setMs(table.coveredMs, table.coveredRest, slot, total);
}
