/**
 * The additive part of stats: count, sum, squares, increase, integral, covered and accounted time, unchecked, histogram.
 *
 * Laws: an Abelian group. Order and grouping of additions change no bit, and subtracting what was added restores the
 * former state bit by bit.
 */
import { bucketOf } from '../numbers/log-buckets.ts';
import { addProduct, addSafe, addWide, subtractWide } from '../numbers/wide.ts';
import { addMs, mergeMs, setMs, totalMs } from './exact-ms.ts';
import { Histogram } from './histogram.ts';
import type { StatsTable } from './stats-table.ts';

/** table[slot] ⊕= from[fromSlot], in the additive part only. */
export function mergeAdditive(table: StatsTable, slot: number, from: StatsTable, fromSlot: number): void {
  table.count[slot]! += from.count[fromSlot]!;
  table.unchecked[slot]! += from.unchecked[fromSlot]!;
  addWide(table.sum, slot, from.sum, fromSlot);
  addWide(table.squares, slot, from.squares, fromSlot);
  addWide(table.increase, slot, from.increase, fromSlot);
  addWide(table.integral, slot, from.integral, fromSlot);
  mergeMs(table.coveredMs, table.coveredRest, slot, from.coveredMs, from.coveredRest, fromSlot, 1);
  mergeMs(table.accountedMs, table.accountedRest, slot, from.accountedMs, from.accountedRest, fromSlot, 1);
  const histogram = from.histograms[fromSlot];
  if (histogram !== undefined) histogramOf(table, slot).addAll(histogram, 1);
}

/** Parts of the additive part that a merge takes beside count, unchecked and what is accounted for. */
export type AdditiveParts = Readonly<
  Record<'sum' | 'squares' | 'increase' | 'integral' | 'coveredMs' | 'histogram', boolean>
>;

/** The inverse of `mergeAdditive`. */
export function subtractAdditive(table: StatsTable, slot: number, from: StatsTable, fromSlot: number): void {
  table.count[slot]! -= from.count[fromSlot]!;
  table.unchecked[slot]! -= from.unchecked[fromSlot]!;
  subtractWide(table.sum, slot, from.sum, fromSlot);
  subtractWide(table.squares, slot, from.squares, fromSlot);
  subtractWide(table.increase, slot, from.increase, fromSlot);
  subtractWide(table.integral, slot, from.integral, fromSlot);
  mergeMs(table.coveredMs, table.coveredRest, slot, from.coveredMs, from.coveredRest, fromSlot, -1);
  mergeMs(table.accountedMs, table.accountedRest, slot, from.accountedMs, from.accountedRest, fromSlot, -1);
  const histogram = from.histograms[fromSlot];
  if (histogram !== undefined) histogramOf(table, slot).addAll(histogram, -1);
}

/** Counts one value, or with sign -1 takes it back: count, sum, squares, and the histogram where `buckets` is set. */
export function addValue(table: StatsTable, slot: number, value: number, sign: 1 | -1, buckets: boolean): void {
  table.count[slot]! += sign;
  addSafe(table.sum, slot, sign * value);
  addProduct(table.squares, slot, sign * value, value);
  if (buckets) histogramOf(table, slot).add(bucketOf(value), sign);
}

/** Takes back one value in the additive part; whether it was the least, largest, first or last can't be undone. */
export function subtractReading(table: StatsTable, slot: number, value: number, buckets: boolean): void {
  addValue(table, slot, value, -1, buckets);
}

/** Counts `values[start, end)` in the slot's histogram. */
export function addBuckets(table: StatsTable, slot: number, values: Float64Array, start: number, end: number): void {
  const histogram = histogramOf(table, slot);
  for (let i = start; i < end; i++) histogram.add(bucketOf(values[i]!), 1);
}

/** A value that was held for `ms` milliseconds; negative `ms` takes that back. */
export function addHeld(table: StatsTable, slot: number, value: number, ms: number): void {
  addProduct(table.integral, slot, value, ms);
  addCovered(table, slot, ms, 0);
}

/** The slot's histogram, made where there is none. */
export function histogramOf(table: StatsTable, slot: number): Histogram {
  const histograms = table.histograms;
  const found = histograms[slot];
  if (found !== undefined) return found;
  while (histograms.length <= slot) histograms.push(undefined);
  const made = new Histogram();
  histograms[slot] = made;
  return made;
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
