import { formatScaled } from '#core/numbers/scaled.ts';
import { formatDuration } from '#core/time/duration.ts';
import type { SimulatedMetric } from '../fleet/fleet.ts';

/** The sections `metrics` and `sources` of a configuration that reads a table, as plain data. */
export interface TableConfig {
  readonly metrics: Readonly<Record<string, MetricConfig>>;
  readonly source: Readonly<Record<string, unknown>>;
}

export interface MetricConfig {
  readonly unit: string;
  readonly decimals: number;
  readonly kind: string;
  readonly interval: string;
  readonly rollover?: number;
}

/** Metrics as a configuration declares them. */
export function metricConfigs(metrics: readonly SimulatedMetric[]): Readonly<Record<string, MetricConfig>> {
  return Object.fromEntries(
    metrics.map(({ name, unit, decimals, kind, intervalMs, rolloverScaled }) => {
      const interval = formatDuration({ kind: 'fixed', ms: intervalMs });
      const config: MetricConfig = { unit, decimals, kind, interval };
      if (rolloverScaled === null) return [name, config];
      return [name, { ...config, rollover: Number(formatScaled(rolloverScaled, decimals)) }];
    }),
  );
}
