/**
 * ⊕ over whole stats: a commutative monoid whose identity is a fresh slot.
 *
 *   a ⊕ b = b ⊕ a        (a ⊕ b) ⊕ c = a ⊕ (b ⊕ c)        a ⊕ 0 = a        fold(x ++ y) = fold(x) ⊕ fold(y)
 *
 * All of them bit by bit, because all of it is integer arithmetic without rounding.
 */
import { addValue, mergeAdditive } from './additive.ts';
import type { StatsTable } from './stats-table.ts';

/** table[slot] ⊕= from[fromSlot]. `from` may be the same table, and the same slot. */
export function mergeInto(table: StatsTable, slot: number, from: StatsTable, fromSlot: number): void {
  mergeAdditive(table, slot, from, fromSlot);
  mergeSelective(table, slot, from, fromSlot);
}

/** One reading, without its neighbours: those contribute by `addLink`. `buckets` keeps the histogram too. */
export function addReading(table: StatsTable, slot: number, timeMs: number, value: number, buckets: boolean): void {
  addValue(table, slot, value, 1, buckets);
  includeRange(table, slot, value, value);
  includeFirst(table, slot, timeMs, value);
  includeLast(table, slot, timeMs, value);
}

/** Whether two stats are the same, bit by bit. */
export function equalSlots(a: StatsTable, i: number, b: StatsTable, j: number): boolean {
  return (
    a.count[i] === b.count[j] &&
    equalWide(a.sum, i, b.sum, j) &&
    equalWide(a.squares, i, b.squares, j) &&
    equalWide(a.increase, i, b.increase, j) &&
    equalWide(a.integral, i, b.integral, j) &&
    a.coveredMs[i] === b.coveredMs[j] &&
    a.coveredRest.at(i) === b.coveredRest.at(j) &&
    a.accountedMs[i] === b.accountedMs[j] &&
    a.accountedRest.at(i) === b.accountedRest.at(j) &&
    a.unchecked[i] === b.unchecked[j] &&
    a.min[i] === b.min[j] &&
    a.max[i] === b.max[j] &&
    a.firstMs[i] === b.firstMs[j] &&
    a.firstValue[i] === b.firstValue[j] &&
    a.lastMs[i] === b.lastMs[j] &&
    a.lastValue[i] === b.lastValue[j] &&
    equalHistograms(a, i, b, j)
  );
}

function equalWide(a: readonly Float64Array[], i: number, b: readonly Float64Array[], j: number): boolean {
  for (let k = 0; k < a.length; k++) if (a[k]![i] !== b[k]![j]) return false;
  return true;
}

function equalHistograms(a: StatsTable, i: number, b: StatsTable, j: number): boolean {
  const left = a.histograms[i];
  const right = b.histograms[j];
  if (left === undefined || right === undefined) return (left?.length ?? 0) === (right?.length ?? 0);
  return left.equals(right);
}

/**
 * The selective part of stats: min, max, first, last.
 *
 * Laws: a semilattice. Merging is commutative, associative and idempotent, and it can't be undone. The first reading is
 * the one of the smallest time, of equal times the one of the smaller value; the last is the one of the largest time,
 * of equal times the one of the larger value.
 */

/** table[slot] ⊕= from[fromSlot], in the selective part only. */
export function mergeSelective(table: StatsTable, slot: number, from: StatsTable, fromSlot: number): void {
  includeRange(table, slot, from.min[fromSlot]!, from.max[fromSlot]!);
  includeFirst(table, slot, from.firstMs[fromSlot]!, from.firstValue[fromSlot]!);
  includeLast(table, slot, from.lastMs[fromSlot]!, from.lastValue[fromSlot]!);
}

/** Replaces the selective part of table[slot] by that of from[fromSlot]. */
export function copySelective(table: StatsTable, slot: number, from: StatsTable, fromSlot: number): void {
  table.min[slot] = from.min[fromSlot]!;
  table.max[slot] = from.max[fromSlot]!;
  table.firstMs[slot] = from.firstMs[fromSlot]!;
  table.firstValue[slot] = from.firstValue[fromSlot]!;
  table.lastMs[slot] = from.lastMs[fromSlot]!;
  table.lastValue[slot] = from.lastValue[fromSlot]!;
}

/** Widens [min, max] so that it holds [low, high]. */
export function includeRange(table: StatsTable, slot: number, low: number, high: number): void {
  if (low < table.min[slot]!) table.min[slot] = low;
  if (high > table.max[slot]!) table.max[slot] = high;
}

/** Takes the reading as the first, where it is. */
export function includeFirst(table: StatsTable, slot: number, timeMs: number, value: number): void {
  const firstMs = table.firstMs[slot]!;
  if (timeMs < firstMs || (timeMs === firstMs && value < table.firstValue[slot]!)) {
    table.firstMs[slot] = timeMs;
    table.firstValue[slot] = value;
  }
}

/** Takes the reading as the last, where it is. */
export function includeLast(table: StatsTable, slot: number, timeMs: number, value: number): void {
  const lastMs = table.lastMs[slot]!;
  if (timeMs > lastMs || (timeMs === lastMs && value > table.lastValue[slot]!)) {
    table.lastMs[slot] = timeMs;
    table.lastValue[slot] = value;
  }
}
