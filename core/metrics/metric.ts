import type { ExcessRule } from '../numbers/scaled.ts';

/** How a metric's readings leave the edge: as stats of short panes, as every reading, or whichever the uplink allows. */
export type SendPolicy = 'panes' | 'readings' | 'adaptive';

/** Which of two different values for one (series, time) counts: the one accepted last, or the one accepted first. */
export type ConflictRule = 'last' | 'first';

/** What a metric's readings are: a level that holds until the next reading, or an ever growing total. */
export type MetricKind = 'gauge' | 'counter';

/**
 * A declared metric, parsed once from the configuration; every part trusts it from there on.
 *
 * `intervalMs` is what a series promises: one reading per interval. `rolloverScaled` is the highest value that a
 * counter shows before it starts again at 0, as a scaled integer, or null where it never rolls over. `repeatHorizonMs`
 * is how far behind the newest reading of a series its agent tells repeats, in event time; null: as far as it has room.
 */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly decimals: number;
  readonly kind: MetricKind;
  readonly intervalMs: number;
  readonly rolloverScaled: number | null;
  readonly quantiles: boolean;
  readonly paneMs: number;
  readonly send: SendPolicy;
  readonly excess: ExcessRule;
  readonly conflict: ConflictRule;
  readonly repeatHorizonMs: number | null;
  /** Readings dated before it, or with a value outside the two, can't be and are refused; infinite where not declared. */
  readonly earliestMs: number;
  readonly minScaled: number;
  readonly maxScaled: number;
}

/** What a metric declares that takes everything for possible. */
export const UNBOUNDED = {
  earliestMs: Number.NEGATIVE_INFINITY,
  minScaled: Number.NEGATIVE_INFINITY,
  maxScaled: Number.POSITIVE_INFINITY,
} as const satisfies Partial<Metric>;

/** Readings from before this are told from those of clocks that stand at zero, unless a metric says otherwise. */
export const EARLIEST_DEFAULT = '2000-01-01';

/** What decides the integers that are stored of a metric's readings, in the order in which fingerprints tell it. */
export const STORED_KEYS = [
  'unit',
  'decimals',
  'kind',
  'intervalMs',
  'rolloverScaled',
  'quantiles',
  'paneMs',
] as const satisfies readonly (keyof Metric)[];

/** A metric as far as it decides what is stored. */
export type StoredMetric = Pick<Metric, (typeof STORED_KEYS)[number]>;

export function storedMetric(metric: StoredMetric): StoredMetric {
  const { unit, decimals, kind, intervalMs, rolloverScaled, quantiles, paneMs } = metric;
  return { unit, decimals, kind, intervalMs, rolloverScaled, quantiles, paneMs };
}

/** What a stored integer means: where one of these changes, what is stored would be read as something else. */
export const MEANING_KEYS = ['unit', 'decimals', 'kind'] as const satisfies readonly (keyof StoredMetric)[];

/**
 * A gauge holds its value until its next reading, but no longer than this many of its intervals
 * (docs/design.md#an-interval-belongs-to-its-later-reading).
 */
export const HOLD_INTERVALS_MAX = 3;
