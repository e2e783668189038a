import type { BucketCounts } from '../numbers/log-buckets.ts';
import { readWide } from '../numbers/wide.ts';
import { accountedTotal } from './accounted.ts';
import { coveredTotal } from './additive.ts';
import type { StatsTable } from './stats-table.ts';

/** A reading by its event time in ms and its scaled value. */
export interface TimedValue {
  readonly ms: number;
  readonly value: number;
}

/** One stats as a plain value, all numbers exact; null where there was nothing to select or to count in buckets. */
export interface Stats {
  readonly count: number;
  readonly sum: bigint;
  readonly squares: bigint;
  readonly increase: bigint;
  /** In value · ms. */
  readonly integral: bigint;
  readonly coveredMs: bigint;
  readonly accountedMs: bigint;
  readonly unchecked: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly first: TimedValue | null;
  readonly last: TimedValue | null;
  readonly histogram: BucketCounts | null;
}

/** The stats of a slot; later changes of the table do not touch it. */
export function readStats(table: StatsTable, slot: number): Stats {
  const min = table.min[slot]!;
  const max = table.max[slot]!;
  const histogram = table.histograms[slot];
  return {
    count: table.count[slot]!,
    sum: readWide(table.sum, slot),
    squares: readWide(table.squares, slot),
    increase: readWide(table.increase, slot),
    integral: readWide(table.integral, slot),
    coveredMs: coveredTotal(table, slot),
    accountedMs: accountedTotal(table, slot),
    unchecked: table.unchecked[slot]!,
    min: min === Number.POSITIVE_INFINITY ? null : min,
    max: max === Number.NEGATIVE_INFINITY ? null : max,
    first: timedValue(table.firstMs[slot]!, table.firstValue[slot]!),
    last: timedValue(table.lastMs[slot]!, table.lastValue[slot]!),
    histogram: histogram === undefined || histogram.length === 0 ? null : histogram.entries(),
  };
}

function timedValue(ms: number, value: number): TimedValue | null {
  return Number.isFinite(ms) ? { ms, value } : null;
}
