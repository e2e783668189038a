import { type Metric, UNBOUNDED } from './metric.ts';

/** A gauge with three decimals, once a minute, or what is given instead. */
export function metricNamed(name: string, given: Partial<Metric> = {}): Metric {
  return {
    name,
    unit: 'kW',
    decimals: 3,
    kind: 'gauge',
    intervalMs: 60_000,
    rolloverScaled: null,
    quantiles: false,
    paneMs: 10_000,
    send: 'readings',
    excess: 'round',
    conflict: 'last',
    repeatHorizonMs: 604_800_000,
    ...UNBOUNDED,
    ...given,
  };
}
