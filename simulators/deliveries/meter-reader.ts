import { type Fate, type FaultRates, MeterFaults } from '../faults/meter-faults.ts';
import { type Fleet, type Meter, METER_METRICS } from '../fleet/fleet.ts';
import { REGISTER_WH } from '../household/dwelling.ts';
import { PURPOSE, RandomStream } from '../random/stream.ts';

/** One metric of all meters of a fleet: which meters are due at a second, and what each reads. */
export interface MeterReader {
  /** The indices of the meters that read at a second. */
  dueAt(atS: number): readonly number[];
  seriesOf(meter: number): number;
  /** Scaled. */
  value(meter: number, atS: number): number;
  /** Another value that the metric may have, for a reading that is delivered twice and differently. */
  differing(value: number, delta: number): number;
  decide(meter: number, atS: number, fate: Fate): void;
}

/** One reader per metric, in the order of the fleet's metrics. Registers are reset and roll over after `sinceS` only. */
export function meterReaders(fleet: Fleet, seed: number, rates: FaultRates, sinceS: number): readonly MeterReader[] {
  const faults = fleet.meters.map((meter) => new MeterFaults(seed, meter.number, rates, sinceS));
  return fleet.metrics.map((metric, number) => {
    // Its number among all metrics, so that its faults are the same whichever metrics are read with it.
    const lane = METER_METRICS.indexOf(metric);
    const due = dueTable(fleet.meters, metric.intervalMs / 1_000);
    const register = metric.kind === 'counter' ? registers(fleet.meters, faults, seed, rates, sinceS) : null;
    return {
      dueAt: (atS) => due[atS % due.length]!,
      seriesOf: (meter) => meter * fleet.metrics.length + number,
      value: (meter, atS) => (register === null ? fleet.meters[meter]!.household.usage(atS) : register(meter, atS)),
      differing: (value, delta) => (register === null ? value + delta : (value + delta) % REGISTER_WH),
      decide: (meter, atS, fate) => faults[meter]!.decide(atS, lane, fate),
    };
  });
}

/** For each second of an interval the meters that read in it. */
function dueTable(meters: readonly Meter[], intervalS: number): readonly (readonly number[])[] {
  const due: number[][] = Array.from({ length: intervalS }, () => []);
  for (const [index, meter] of meters.entries()) due[meter.phaseS % intervalS]!.push(index);
  return due;
}

/** How close before its highest value the register of a meter that is to roll over stands at the start: up to 3 kWh. */
const ROLLOVER_WITHIN_WH = 3_000;

function registers(
  meters: readonly Meter[],
  faults: readonly MeterFaults[],
  seed: number,
  rates: FaultRates,
  sinceS: number,
): (meter: number, atS: number) => number {
  const moved = meters.map((meter) => {
    const stream = new RandomStream(seed, meter.number, PURPOSE.rollover);
    if (!stream.chance(rates.rollover, 0)) return 0;
    const startWh = REGISTER_WH - 1 - stream.below(ROLLOVER_WITHIN_WH, 1);
    return (startWh - meter.household.register(sinceS) + REGISTER_WH) % REGISTER_WH;
  });
  // What had gone through a meter when it was exchanged, kept for its latest exchange.
  const exchangedS = meters.map(() => Number.NaN);
  const exchangedWh = meters.map(() => 0);
  return (meter, atS) => {
    const { household } = meters[meter]!;
    const resetS = faults[meter]!.latestResetS(atS);
    if (resetS === null) return (household.register(atS) + moved[meter]!) % REGISTER_WH;
    if (exchangedS[meter] !== resetS) {
      exchangedWh[meter] = household.wattHours(resetS);
      exchangedS[meter] = resetS;
    }
    return (household.wattHours(atS) - exchangedWh[meter]!) % REGISTER_WH;
  };
}
