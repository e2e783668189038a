/**
 * Covered time: an exact sum of milliseconds as a double and the rest that it could not hold.
 *
 * coveredMs is the double nearest to the total and coveredRest the total less that, which is one form for each total.
 * Both are integers; together they hold up to some 2^105 ms.
 */
import type { StatsTable } from './stats-table.ts';

/** The rest is at most half a unit in the last place of coveredMs, and must itself be a safe integer. */
const TOTAL_LIMIT = 1n << 105n;

/** Adds ms + rest, by Knuth's and Dekker's error-free transformations: TwoSum, then FastTwoSum. */
export function addCovered(table: StatsTable, slot: number, ms: number, rest: number): void {
  const before = table.coveredMs[slot]!;
  const rounded = before + ms;
  const restBefore = table.coveredRest[slot]! + rest;
  if (restBefore === 0 && rounded <= Number.MAX_SAFE_INTEGER && rounded >= -Number.MAX_SAFE_INTEGER) {
    table.coveredMs[slot] = rounded;
    table.coveredRest[slot] = 0;
    return;
  }
  const added = rounded - before;
  const error = before - (rounded - added) + (ms - added);
  const low = restBefore + error;
  const high = rounded + low;
  table.coveredMs[slot] = high;
  table.coveredRest[slot] = low - (high - rounded);
}

/** The whole covered time in ms. */
export function coveredTotal(table: StatsTable, slot: number): bigint {
  return BigInt(table.coveredMs[slot]!) + BigInt(table.coveredRest[slot]!);
}

/** Sets the covered time; false, and nothing changed, where it is beyond what the two columns hold. */
export function setCovered(table: StatsTable, slot: number, totalMs: bigint): boolean {
  if (totalMs >= TOTAL_LIMIT || totalMs <= -TOTAL_LIMIT) return false;
  const nearest = Number(totalMs);
  table.coveredMs[slot] = nearest;
  table.coveredRest[slot] = Number(totalMs - BigInt(nearest));
  return true;
}
