/**
 * Links: what the interval between two neighbouring readings of one series contributes.
 *
 * A link belongs to its later reading. A gauge's value is held from the earlier reading on, so its integral and covered
 * time are cut at the edges of slices; a register's increase goes whole to the slice of the later reading. A reading that
 * falls between two neighbours takes back their link (sign -1) and adds the two new ones: links are additive.
 */
import { strict as assert } from 'node:assert';
import { holdMsOf, type Metric } from '../metrics/metric.ts';
import { addSafe } from '../numbers/wide.ts';
import { addHeld } from './additive.ts';
import type { StatsTable } from './stats-table.ts';

/** Where the contributions to slices go. `slotOf` may allocate in the table, which is read anew after each call. */
export interface SliceSink {
  readonly table: StatsTable;
  /** The slot of the slice [sliceIndex · sliceMs, (sliceIndex + 1) · sliceMs). */
  slotOf(sliceIndex: number): number;
}

/** The index of the slice that holds a time; slices are aligned to the epoch, and times before it have negative ones. */
export function sliceIndexOf(timeMs: number, sliceMs: number): number {
  // The quotient rounds to an integer it doesn't reach only where timeMs is beyond 2^53.
  return Math.floor(timeMs / sliceMs);
}

/**
 * Adds the link (fromMs, toMs], or with sign -1 takes it back. Times in ms, `fromMs < toMs`; values are scaled.
 *
 * A gauge visits each slice that its held time touches, in ascending order, and a slice that it leaves at once not at
 * all. A counter, or a total, visits the slice of `toMs`, and none where there was no increase. A delta visits none.
 */
export function addLink(
  sink: SliceSink,
  rule: LinkRule,
  sliceMs: number,
  sign: 1 | -1,
  fromMs: number,
  fromValue: number,
  toMs: number,
  toValue: number,
): void {
  assert(fromMs < toMs, 'a link leads from an earlier reading to a later one');
  if (rule.kind === 'delta') return;
  if (rule.kind !== 'gauge') {
    if (fromValue === toValue) return;
    const slot = sink.slotOf(sliceIndexOf(toMs, sliceMs));
    addIncrease(sink.table, slot, rule, sign, fromValue, toValue);
    return;
  }
  const gapMs = toMs - fromMs;
  const endMs = gapMs > rule.holdMsMax ? fromMs + rule.holdMsMax : toMs;
  let slice = sliceIndexOf(fromMs, sliceMs);
  for (let atMs = fromMs; atMs < endMs; slice++) {
    const edgeMs = (slice + 1) * sliceMs;
    const untilMs = edgeMs < endMs ? edgeMs : endMs;
    const slot = sink.slotOf(slice);
    addHeld(sink.table, slot, fromValue, sign * (untilMs - atMs));
    atMs = untilMs;
  }
}

/** Adds `sign` times a register's increase between neighbours. The terms are added apart: their sum may reach 2^54. */
export function addIncrease(
  table: StatsTable,
  slot: number,
  rule: CounterRule | TotalRule,
  sign: 1 | -1,
  fromValue: number,
  toValue: number,
): void {
  const increase = table.increase;
  if (toValue >= fromValue || rule.kind === 'total' || dips(fromValue, toValue)) {
    addSafe(increase, slot, sign * toValue);
    addSafe(increase, slot, -sign * fromValue);
  } else if (rule.rollover !== null && rollsOver(rule.rollover, fromValue, toValue)) {
    addSafe(increase, slot, sign * (rule.rollover.highest - fromValue));
    addSafe(increase, slot, sign * toValue);
    addSafe(increase, slot, sign * rule.rollover.step);
  } else if (toValue > 0) addSafe(increase, slot, sign * toValue);
}

/**
 * Whether a counter that shows less than before merely dips, by a jitter of its last digit or a correction: it falls by a
 * tenth of what it showed at most. Its increase is then negative, so that coming back counts nothing. Home Assistant's
 * recorder draws the line at the same place: it takes less than nine tenths for a reset.
 */
export function dips(fromValue: number, toValue: number): boolean {
  // new ≥ 0.9 · old ⟺ old − new ≤ ⌊old / 10⌋, without leaving the safe integers.
  return toValue > 0 && toValue < fromValue && fromValue - toValue <= (fromValue - (fromValue % 10)) / 10;
}

/**
 * Whether a smaller value means that the counter passed its highest value: the old one lay in the top tenth of what it
 * can show. Otherwise it was reset and counts from 0; there a value that is not positive adds nothing, because a
 * counter that was set below zero has not grown. Old values a step or more above the highest, and new ones below 0,
 * contradict the declaration, so they count as resets too.
 */
export function rollsOver({ highest, step }: Rollover, fromValue: number, toValue: number): boolean {
  // old ≥ 0.9 · highest ⟺ old ≥ highest − ⌊highest / 10⌋, without leaving the safe integers.
  const topTenth = highest - (highest - (highest % 10)) / 10;
  return toValue >= 0 && toValue < fromValue && fromValue >= topTenth && fromValue - highest < step;
}

/** A level: the earlier reading's value holds until the later one, but no longer than `holdMsMax`. */
export interface GaugeRule {
  readonly kind: 'gauge';
  readonly holdMsMax: number;
  readonly quantiles: boolean;
}

/** The highest scaled value that a counter shows before it starts again at 0, and the step that leads from one to the other. */
export interface Rollover {
  readonly highest: number;
  readonly step: number;
}

/** A register that grows. Where it shows less, it dips, rolls over, or was reset. */
export interface CounterRule {
  readonly kind: 'counter';
  readonly rollover: Rollover | null;
  readonly quantiles: boolean;
}

/** A register that runs both ways: less is less. */
export interface TotalRule {
  readonly kind: 'total';
  readonly quantiles: boolean;
}

/** Amounts, each of an interval of its own: whatever lies between two of them, a link adds nothing. */
export interface DeltaRule {
  readonly kind: 'delta';
  readonly quantiles: boolean;
}

/** What two neighbouring readings of a series add to its stats, and whether its values are counted in buckets. */
export type LinkRule = GaugeRule | CounterRule | TotalRule | DeltaRule;

type RuledMetric = Pick<Metric, 'kind' | 'intervalMs' | 'holdMs' | 'rolloverScaled' | 'rolloverStep' | 'quantiles'>;

/** The rule of a declared metric. */
export function linkRuleOf(metric: RuledMetric): LinkRule {
  const { kind, rolloverScaled, rolloverStep, quantiles } = metric;
  switch (kind) {
    case 'gauge':
      return { kind, holdMsMax: holdMsOf(metric), quantiles };
    case 'counter': {
      const rollover = rolloverScaled === null ? null : { highest: rolloverScaled, step: rolloverStep ?? 1 };
      return { kind, rollover, quantiles };
    }
    case 'total':
    case 'delta':
      return { kind, quantiles };
    default:
      return assert.fail(`a metric is ${kind satisfies never}`);
  }
}
