/**
 * Runs of readings of one series into one slot: the hot path of every fold.
 *
 * A run equals its readings and inner links added one by one, bit by bit; what joins the run to its neighbours is
 * `addLink`'s. Values are safe integers, and a run lies within one slice.
 */
import { strict as assert } from 'node:assert';
import { addProduct, addSafe } from '../numbers/wide.ts';
import { addBuckets, addCovered, addHeld } from './additive.ts';
import { addIncrease, type CounterRule, type LinkRule, type TotalRule } from './link.ts';
import { includeFirst, includeLast } from './merge.ts';
import { addMeasured, addPieces } from './piece.ts';
import type { StatsTable } from './stats-table.ts';

/**
 * Adds the readings `values[start, end)` at startMs, startMs + stepMs, … and the links between them.
 *
 * The value of every reading but the last is held for one step: integral += step · (Σv − v_last).
 */
export function addRegularRun(
  table: StatsTable,
  slot: number,
  values: Float64Array,
  start: number,
  end: number,
  startMs: number,
  stepMs: number,
  rule: LinkRule,
): void {
  if (start >= end) return;
  const links = end - start - 1;
  assert(stepMs > 0 || links === 0, 'the times of a run ascend');
  if (rule.kind === 'gauge') {
    const heldMs = links === 0 ? 0 : Math.min(stepMs, rule.holdMsMax);
    addPieces(table, slot, values, start, end, heldMs);
    if (links > 0) addCovered(table, slot, links * heldMs, 0);
  } else {
    addPieces(table, slot, values, start, end, 0);
    if (rule.kind !== 'delta') addIncreases(table, slot, values, start, end, rule);
  }
  includeFirst(table, slot, startMs, values[start]!);
  includeLast(table, slot, startMs + links * stepMs, values[end - 1]!);
  if (rule.quantiles) addBuckets(table, slot, values, start, end);
}

/**
 * Adds a regular run of a gauge, as `addRegularRun` does, and with it the parts of its two outer links that lie in the
 * run's slice: `headValue` was held for `headMs` up to the first reading, and the last one is held for `tailMs`. Pieces of
 * a long run that is cut at slice edges come this way, because links one by one would cost as much as the piece.
 */
export function addHeldRun(
  table: StatsTable,
  slot: number,
  values: Float64Array,
  start: number,
  end: number,
  startMs: number,
  stepMs: number,
  headValue: number,
  headMs: number,
  tailMs: number,
  quantiles: boolean,
  measured: number,
): void {
  const links = end - start - 1;
  const first = values[start]!;
  const last = values[end - 1]!;
  const head = headValue * headMs;
  const tail = last * tailMs;
  const isPlain = Math.abs(head) + Math.abs(tail) <= Number.MAX_SAFE_INTEGER;
  addMeasured(table, slot, values, start, end, links === 0 ? 0 : stepMs, isPlain ? head + tail : 0, measured);
  if (!isPlain) {
    addProduct(table.integral, slot, headValue, headMs);
    addProduct(table.integral, slot, last, tailMs);
  }
  addCovered(table, slot, headMs + links * stepMs + tailMs, 0);
  includeFirst(table, slot, startMs, first);
  includeLast(table, slot, startMs + links * stepMs, last);
  if (quantiles) addBuckets(table, slot, values, start, end);
}

/** Adds the readings `values[start, end)` at `times[start, end)`, strictly ascending, and the links between them. */
export function addTimedRun(
  table: StatsTable,
  slot: number,
  values: Float64Array,
  times: Float64Array,
  start: number,
  end: number,
  rule: LinkRule,
): void {
  if (start >= end) return;
  addPieces(table, slot, values, start, end, 0);
  if (rule.kind === 'gauge') addHeldTimes(table, slot, values, times, start, end, rule.holdMsMax);
  else if (rule.kind !== 'delta') addIncreases(table, slot, values, start, end, rule);
  includeFirst(table, slot, times[start]!, values[start]!);
  includeLast(table, slot, times[end - 1]!, values[end - 1]!);
  if (rule.quantiles) addBuckets(table, slot, values, start, end);
}

/** The integral and covered time of the inner links of a run of irregular times. */
function addHeldTimes(
  table: StatsTable,
  slot: number,
  values: Float64Array,
  times: Float64Array,
  start: number,
  end: number,
  holdMsMax: number,
): void {
  const last = end - 1;
  let integral = 0;
  let magnitude = 0;
  let coveredMs = 0;
  let fromMs = times[start]!;
  for (let i = start; i < last; i++) {
    const toMs = times[i + 1]!;
    const gapMs = toMs - fromMs;
    const heldMs = gapMs < holdMsMax ? gapMs : holdMsMax;
    const product = values[i]! * heldMs;
    integral += product;
    magnitude += Math.abs(product);
    coveredMs += heldMs;
    fromMs = toMs;
  }
  // Magnitudes only grow, and rounding is monotone: a total within the safe integers was never rounded on its way.
  if (magnitude <= Number.MAX_SAFE_INTEGER) {
    addSafe(table.integral, slot, integral);
    addCovered(table, slot, coveredMs, 0);
    return;
  }
  for (let i = start; i < last; i++) addHeld(table, slot, values[i]!, Math.min(times[i + 1]! - times[i]!, holdMsMax));
}

/**
 * The increases between the readings of a register's run. As long as it does not fall they telescope, so only falls of a
 * counter are looked at one by one; those of a total are increases like others.
 */
function addIncreases(
  table: StatsTable,
  slot: number,
  values: Float64Array,
  start: number,
  end: number,
  rule: CounterRule | TotalRule,
): void {
  let base = values[start]!;
  if (rule.kind === 'total') {
    addIncrease(table, slot, rule, 1, base, values[end - 1]!);
    return;
  }
  let before = base;
  for (let i = start + 1; i < end; i++) {
    const value = values[i]!;
    if (value < before) {
      addIncrease(table, slot, rule, 1, base, before);
      addIncrease(table, slot, rule, 1, before, value);
      base = value;
    }
    before = value;
  }
  addIncrease(table, slot, rule, 1, base, before);
}
