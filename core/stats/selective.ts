/**
 * The selective part of stats: min, max, first, last.
 *
 * Laws: a semilattice. Merging is commutative, associative and idempotent, and it can't be undone. The first reading is
 * the one of the smallest time, of equal times the one of the smaller value; the last is the one of the largest time,
 * of equal times the one of the larger value.
 */
import type { StatsTable } from './stats-table.ts';

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
