import { strict as assert } from 'node:assert';
import { holdMsOf, type Metric } from '../metrics/metric.ts';

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
