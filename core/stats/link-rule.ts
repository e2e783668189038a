import { HOLD_INTERVALS_MAX } from '../metrics/metric.ts';
import type { Metric } from '../metrics/metric.ts';

/** A level: the earlier reading's value holds until the later one, but no longer than `holdMsMax`. */
export interface GaugeRule {
  readonly kind: 'gauge';
  readonly holdMsMax: number;
  readonly quantiles: boolean;
}

/** A growing total. `rollover` is the highest scaled value it shows before it starts again at 0, or null. */
export interface CounterRule {
  readonly kind: 'counter';
  readonly rollover: number | null;
  readonly quantiles: boolean;
}

/** What two neighbouring readings of a series add to its stats, and whether its values are counted in buckets. */
export type LinkRule = GaugeRule | CounterRule;

/** The rule of a declared metric: a gauge holds for three of its intervals at most. */
export function linkRuleOf(metric: Pick<Metric, 'kind' | 'intervalMs' | 'rolloverScaled' | 'quantiles'>): LinkRule {
  const { quantiles } = metric;
  return metric.kind === 'gauge'
    ? { kind: 'gauge', holdMsMax: HOLD_INTERVALS_MAX * metric.intervalMs, quantiles }
    : { kind: 'counter', rollover: metric.rolloverScaled, quantiles };
}
