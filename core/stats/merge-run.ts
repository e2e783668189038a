import { strict as assert } from 'node:assert';
import { addLimbSums, WIDE_RUN_MAX, type WideColumns } from '../numbers/wide.ts';
import { type AdditiveParts, histogramOf } from './additive.ts';
import { mergeMs, type Rests } from './exact-ms.ts';
import { includeFirst, includeLast, includeRange } from './merge.ts';
import type { StatsPart } from './statistics.ts';
import type { StatsTable, TableParts } from './stats-table.ts';

/** Parts that a merge takes beside count, unchecked and what is accounted for. */
export interface MergedParts extends AdditiveParts, TableParts {}

export function mergedParts(parts: ReadonlySet<StatsPart>): MergedParts {
  return {
    sum: parts.has('sum'),
    squares: parts.has('squares'),
    increase: parts.has('increase'),
    integral: parts.has('integral'),
    coveredMs: parts.has('coveredMs'),
    histogram: parts.has('histogram'),
    range: parts.has('min') || parts.has('max'),
    first: parts.has('first'),
    last: parts.has('last'),
  };
}

/** The same less min, max, first and last. */
export function additiveOf(parts: MergedParts): MergedParts {
  return { ...parts, range: false, first: false, last: false };
}

/**
 * table[slot] ⊕= from[start] ⊕ … ⊕ from[end − 1] in some parts, column by column; the others stay as they are. The tables are
 * two.
 */
export function mergeRun(
  table: StatsTable,
  slot: number,
  from: StatsTable,
  start: number,
  end: number,
  parts: MergedParts,
): void {
  assert(end - start <= WIDE_RUN_MAX, 'a run is short enough for the sums of its limbs');
  table.count[slot]! += sumOf(from.count, start, end);
  table.unchecked[slot]! += sumOf(from.unchecked, start, end);
  if (parts.sum) addWideRun(table.sum, slot, from.sum, start, end);
  if (parts.squares) addWideRun(table.squares, slot, from.squares, start, end);
  if (parts.increase) addWideRun(table.increase, slot, from.increase, start, end);
  if (parts.integral) addWideRun(table.integral, slot, from.integral, start, end);
  if (parts.coveredMs)
    mergeMsRun(table.coveredMs, table.coveredRest, slot, from.coveredMs, from.coveredRest, start, end);
  mergeMsRun(table.accountedMs, table.accountedRest, slot, from.accountedMs, from.accountedRest, start, end);
  if (parts.histogram) {
    for (let i = start; i < end; i++) {
      const histogram = from.histograms[i];
      if (histogram !== undefined) histogramOf(table, slot).addAll(histogram, 1);
    }
  }
  if (parts.range) for (let i = start; i < end; i++) includeRange(table, slot, from.min[i]!, from.max[i]!);
  if (parts.first) for (let i = start; i < end; i++) includeFirst(table, slot, from.firstMs[i]!, from.firstValue[i]!);
  if (parts.last) for (let i = start; i < end; i++) includeLast(table, slot, from.lastMs[i]!, from.lastValue[i]!);
}

/** Of safe integers whose sum is one, as counts are. */
function sumOf(column: Float64Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += column[i]!;
  return sum;
}

function addWideRun(into: WideColumns, slot: number, from: WideColumns, start: number, end: number): void {
  let carried = 0;
  for (let k = 0; k < into.length; k++) carried = addLimbSums(into, k, slot, sumOf(from[k]!, start, end) + carried);
}

function mergeMsRun(
  column: Float64Array,
  rests: Rests,
  slot: number,
  from: Float64Array,
  fromRests: Rests,
  start: number,
  end: number,
): void {
  let sum = column[slot]!;
  let magnitude = Math.abs(sum);
  for (let i = start; i < end; i++) {
    sum += from[i]!;
    magnitude += Math.abs(from[i]!);
  }
  // Where all of them together are safe, so is every sum of some, and nothing has a rest.
  if (magnitude <= Number.MAX_SAFE_INTEGER) {
    column[slot] = sum;
    return;
  }
  for (let i = start; i < end; i++) mergeMs(column, rests, slot, from, fromRests, i, 1);
}
