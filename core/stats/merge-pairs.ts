/**
 * Many merges at once, column by column: what a query does with the rows of its slices.
 *
 * It gives the bits that `mergeInto` gives pair by pair. It is several times as fast, since each column's array is
 * looked up once for all pairs.
 */
import { strict as assert } from 'node:assert';
import { WIDE_BASE } from '../numbers/wide.ts';
import type { WideColumns } from '../numbers/wide.ts';
import { histogramOf } from './additive.ts';
import { addCovered } from './covered.ts';
import type { StatsTable } from './stats-table.ts';

/**
 * table[slots[i]] ⊕= from[fromSlots[i]] for every i. Slots may occur any number of times; `from` is another table,
 * because within one a slot could be read before or after it is changed.
 */
export function mergePairs(table: StatsTable, slots: Int32Array, from: StatsTable, fromSlots: Int32Array): void {
  assert(table !== from, 'pairs are merged from one table into another');
  assert(slots.length === fromSlots.length, 'every slot has its pair');
  addColumn(table.count, slots, from.count, fromSlots);
  addColumn(table.unchecked, slots, from.unchecked, fromSlots);
  addThreeLimbs(table.sum, slots, from.sum, fromSlots);
  addFourLimbs(table.squares, slots, from.squares, fromSlots);
  addThreeLimbs(table.increase, slots, from.increase, fromSlots);
  addThreeLimbs(table.integral, slots, from.integral, fromSlots);
  addCoveredPairs(table, slots, from, fromSlots);
  addHistograms(table, slots, from, fromSlots);
  includeRanges(table, slots, from, fromSlots);
  includeFirsts(table, slots, from, fromSlots);
  includeLasts(table, slots, from, fromSlots);
}

function addColumn(into: Float64Array, slots: Int32Array, from: Float64Array, fromSlots: Int32Array): void {
  for (let i = 0; i < slots.length; i++) into[slots[i]!]! += from[fromSlots[i]!]!;
}

const INVERSE_BASE = 1 / WIDE_BASE;

/** What a limb carries is 0 or 1, as good as random: rounding down costs less than a mispredicted branch. */
function addThreeLimbs(into: WideColumns, slots: Int32Array, from: WideColumns, fromSlots: Int32Array): void {
  const [into0, into1, into2] = [into[0]!, into[1]!, into[2]!];
  const [from0, from1, from2] = [from[0]!, from[1]!, from[2]!];
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]!;
    const fromSlot = fromSlots[i]!;
    const sum0 = into0[slot]! + from0[fromSlot]!;
    const carry0 = Math.floor(sum0 * INVERSE_BASE);
    into0[slot] = sum0 - carry0 * WIDE_BASE;
    const sum1 = into1[slot]! + from1[fromSlot]! + carry0;
    const carry1 = Math.floor(sum1 * INVERSE_BASE);
    into1[slot] = sum1 - carry1 * WIDE_BASE;
    into2[slot] = into2[slot]! + from2[fromSlot]! + carry1;
  }
}

function addFourLimbs(into: WideColumns, slots: Int32Array, from: WideColumns, fromSlots: Int32Array): void {
  const [into0, into1, into2, into3] = [into[0]!, into[1]!, into[2]!, into[3]!];
  const [from0, from1, from2, from3] = [from[0]!, from[1]!, from[2]!, from[3]!];
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]!;
    const fromSlot = fromSlots[i]!;
    const sum0 = into0[slot]! + from0[fromSlot]!;
    const carry0 = Math.floor(sum0 * INVERSE_BASE);
    into0[slot] = sum0 - carry0 * WIDE_BASE;
    const sum1 = into1[slot]! + from1[fromSlot]! + carry0;
    const carry1 = Math.floor(sum1 * INVERSE_BASE);
    into1[slot] = sum1 - carry1 * WIDE_BASE;
    const sum2 = into2[slot]! + from2[fromSlot]! + carry1;
    const carry2 = Math.floor(sum2 * INVERSE_BASE);
    into2[slot] = sum2 - carry2 * WIDE_BASE;
    into3[slot] = into3[slot]! + from3[fromSlot]! + carry2;
  }
}

function addCoveredPairs(table: StatsTable, slots: Int32Array, from: StatsTable, fromSlots: Int32Array): void {
  const { coveredMs, coveredRest } = table;
  const fromMs = from.coveredMs;
  const fromRest = from.coveredRest;
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]!;
    const fromSlot = fromSlots[i]!;
    const sum = coveredMs[slot]! + fromMs[fromSlot]!;
    const safe = sum <= Number.MAX_SAFE_INTEGER && sum >= -Number.MAX_SAFE_INTEGER;
    if (safe && coveredRest[slot] === 0 && fromRest[fromSlot] === 0) coveredMs[slot] = sum;
    else addCovered(table, slot, fromMs[fromSlot]!, fromRest[fromSlot]!);
  }
}

function addHistograms(table: StatsTable, slots: Int32Array, from: StatsTable, fromSlots: Int32Array): void {
  if (from.histograms.length === 0) return;
  for (let i = 0; i < slots.length; i++) {
    const histogram = from.histograms[fromSlots[i]!];
    if (histogram !== undefined) histogramOf(table, slots[i]!).addAll(histogram, 1);
  }
}

function includeRanges(table: StatsTable, slots: Int32Array, from: StatsTable, fromSlots: Int32Array): void {
  const { min, max } = table;
  const fromMin = from.min;
  const fromMax = from.max;
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]!;
    const low = fromMin[fromSlots[i]!]!;
    const high = fromMax[fromSlots[i]!]!;
    if (low < min[slot]!) min[slot] = low;
    if (high > max[slot]!) max[slot] = high;
  }
}

function includeFirsts(table: StatsTable, slots: Int32Array, from: StatsTable, fromSlots: Int32Array): void {
  const { firstMs, firstValue } = table;
  const fromMs = from.firstMs;
  const fromValue = from.firstValue;
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]!;
    const fromSlot = fromSlots[i]!;
    const ms = fromMs[fromSlot]!;
    if (ms > firstMs[slot]! || (ms === firstMs[slot]! && fromValue[fromSlot]! >= firstValue[slot]!)) continue;
    firstMs[slot] = ms;
    firstValue[slot] = fromValue[fromSlot]!;
  }
}

function includeLasts(table: StatsTable, slots: Int32Array, from: StatsTable, fromSlots: Int32Array): void {
  const { lastMs, lastValue } = table;
  const fromMs = from.lastMs;
  const fromValue = from.lastValue;
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]!;
    const fromSlot = fromSlots[i]!;
    const ms = fromMs[fromSlot]!;
    if (ms < lastMs[slot]! || (ms === lastMs[slot]! && fromValue[fromSlot]! <= lastValue[slot]!)) continue;
    lastMs[slot] = ms;
    lastValue[slot] = fromValue[fromSlot]!;
  }
}
