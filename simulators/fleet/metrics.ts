import type { Metric } from '#core/metrics/metric.ts';
import { REGISTER_WH } from '../household/dwelling.ts';

/** What the simulators declare of a metric; everything else is as a configuration leaves it. */
export type SimulatedMetric = Pick<
  Metric,
  'name' | 'unit' | 'decimals' | 'kind' | 'intervalMs' | 'holdMs' | 'rolloverScaled' | 'rolloverStep' | 'conflict'
>;

/** What a household draws now. */
export const USAGE: SimulatedMetric = {
  name: 'usage',
  unit: 'kW',
  decimals: 3,
  kind: 'gauge',
  intervalMs: 5_000,
  rolloverScaled: null,
  conflict: 'last',
};

/** The register of a household's meter. */
export const ENERGY: SimulatedMetric = {
  name: 'energy',
  unit: 'kWh',
  decimals: 3,
  kind: 'counter',
  intervalMs: 60_000,
  rolloverScaled: REGISTER_WH - 1,
  conflict: 'last',
};

/** All metrics of a smart meter, in the order in which it reads them. */
export const METER_METRICS: readonly SimulatedMetric[] = [USAGE, ENERGY];
