import { strict as assert } from 'node:assert';
import type { Metric } from '#core/metrics/metric.ts';
import { openRegion } from '../climate/region.ts';
import type { PriceArea } from '../climate/temperature.ts';
import { drawDwelling, REGISTER_WH } from '../household/dwelling.ts';
import { Household } from '../household/household.ts';

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

/** The most meters of one fleet: each takes some 20 kB, and their numbers stand in device names of four digits. */
export const METERS_MAX = 9_999;

/** Who a reading speaks of; the shape in which an agent's source names its series. */
export interface MeterSeries {
  readonly metric: string;
  readonly device: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface Meter {
  readonly number: number;
  readonly household: Household;
  /** Seconds by which its readings follow the whole interval: meters don't all speak at once. */
  readonly phaseS: number;
}

/** Meters, and their series in a fixed order: for each meter its metrics. */
export interface Fleet {
  readonly metrics: readonly SimulatedMetric[];
  readonly meters: readonly Meter[];
  readonly series: readonly MeterSeries[];
}

/** More people live west of the Great Belt. */
const AREAS: readonly PriceArea[] = ['DK1', 'DK1', 'DK2', 'DK1', 'DK2'];

/**
 * A fleet of smart meters of both price areas that read some metrics. The meters of a smaller fleet of the same seed are
 * its first ones.
 */
export function openFleet(
  seed: number,
  meterCount: number,
  metrics: readonly SimulatedMetric[] = METER_METRICS,
): Fleet {
  assert(Number.isInteger(meterCount) && meterCount >= 1 && meterCount <= METERS_MAX, 'a fleet has 1 to 9,999 meters');
  const regions = { DK1: openRegion(seed, 'DK1'), DK2: openRegion(seed, 'DK2') };
  const meters: Meter[] = [];
  const series: MeterSeries[] = [];
  for (let number = 0; number < meterCount; number++) {
    const area = AREAS[number % AREAS.length]!;
    const dwelling = drawDwelling(seed, number, area);
    const household = new Household(seed, number, dwelling, regions[area]);
    // A stride coprime to every interval spreads neighbours, and both areas, over all phases.
    meters.push({ number, household, phaseS: number * PHASE_STRIDE });
    const device = `${area.toLowerCase()}-${String(number + 1).padStart(4, '0')}`;
    const tags = { device, region: area, kind: dwelling.kind };
    for (const metric of metrics) series.push({ metric: metric.name, device, tags });
  }
  return { metrics, meters, series };
}

const PHASE_STRIDE = 7;
