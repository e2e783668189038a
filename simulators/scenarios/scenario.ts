import { WeirError } from '#core/errors.ts';
import { nearestNames } from '#core/time/nearest-name.ts';
import { WORLD_END_MS, WORLD_FIRST_MS } from '../climate/civil-clock.ts';
import { DeliveryRun } from '../deliveries/delivery-run.ts';
import { meterReaders } from '../deliveries/meter-reader.ts';
import { type FaultRates, NO_FAULTS, TROUBLE } from '../faults/meter-faults.ts';
import { METER_METRICS, METERS_MAX, type MeterSeries, openFleet, type SimulatedMetric } from '../fleet/fleet.ts';

/** A world by name: who is in it, and what goes wrong. */
interface Scenario {
  readonly name: string;
  /** One sentence for people who choose. */
  readonly summary: string;
  readonly meters: number;
  readonly faults: FaultRates;
}

/** The scenarios there are. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'denmark',
    summary: 'two hundred smart meters of the Danish price areas DK1 and DK2, and nothing goes wrong',
    meters: 200,
    faults: NO_FAULTS,
  },
  {
    name: 'denmark-in-trouble',
    summary: 'the same meters, late, repeated, out of order, offline, silent, exchanged and with wrong clocks',
    meters: 200,
    faults: TROUBLE,
  },
];

/** The scenario of a name. Throws UnknownScenarioError, which names the nearest known ones. */
export function findScenario(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const known = SCENARIOS.map((scenario) => scenario.name);
  throw new UnknownScenarioError(name, known);
}

/** A scenario name that nobody declared. */
export class UnknownScenarioError extends WeirError {
  readonly kind = 'unknown-scenario';
  readonly scenario: string;

  constructor(scenario: string, known: readonly string[]) {
    const nearest = nearestNames(scenario, known);
    const remedy = nearest.length > 0 ? `did you mean ${nearest.join(' or ')}?` : `choose one of ${known.join(', ')}`;
    super(`scenario ${JSON.stringify(scenario.slice(0, 64))} is not known; ${remedy}`, { fault: 'asked' });
    this.scenario = scenario;
  }
}

/** An option of a simulation that is out of its range. */
export class SimulationOptionError extends WeirError {
  readonly kind = 'simulation-option';
  readonly option: string;

  constructor(option: string, value: unknown, remedy: string) {
    super(`simulation ${option} ${JSON.stringify(value) ?? String(value)} is not possible; ${remedy}`, {
      fault: 'asked',
    });
    this.option = option;
  }
}

/** A checkpoint in a simulation that none of our sources has written. */
export class SimulationCheckpointError extends WeirError {
  readonly kind = 'simulation-checkpoint';

  constructor(checkpoint: Readonly<Record<string, unknown>>) {
    super(
      `simulation checkpoint ${JSON.stringify(checkpoint).slice(0, 200)} has no sinceMs and nextMs in whole seconds; ` +
        'start the source without a checkpoint, or give each source a name of its own',
      { fault: 'data' },
    );
  }
}

/** What can be asked of a scenario; what is not named is as the scenario has it. */
export interface SimulationOptions {
  readonly meters?: number | undefined;
  /** 0 to 2^32 − 1; SEED_DEFAULT where it isn't named. */
  readonly seed?: number | undefined;
  readonly faults?: Partial<FaultRates> | undefined;
  /** Names of the metrics that are read; all where it isn't named. A metric's readings don't depend on the others. */
  readonly metrics?: readonly string[] | undefined;
}

/** A span of simulated time, half-open. `toMs` is Infinity for a world without end. */
export interface SimulatedSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

export const SEED_DEFAULT = 1;

/** A scenario with its options settled: a fleet, and what it hands over. */
export interface Simulation {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly faults: FaultRates;
  readonly metrics: readonly SimulatedMetric[];
  /** Deliveries name their series by its index here. */
  readonly series: readonly MeterSeries[];
  /** Everything that is read within the span, from `nextMs` (by default its start) on. */
  run(span: SimulatedSpan, nextMs?: number): DeliveryRun;
}

/**
 * Opens a scenario. The same (scenario, options) give the same deliveries on every machine, byte for byte.
 * Throws SimulationOptionError where an option is out of its range.
 */
export function openSimulation(scenario: Scenario, options: SimulationOptions = {}): Simulation {
  const meters = options.meters ?? scenario.meters;
  const seed = options.seed ?? SEED_DEFAULT;
  const faults = settledFaults(scenario.faults, options.faults ?? {});
  checkInteger('meters', meters, 1, METERS_MAX);
  checkInteger('seed', seed, 0, 0xffff_ffff);
  const fleet = openFleet(seed, meters, chosenMetrics(options.metrics));
  const isFaulty = Object.values(faults).some((rate) => rate > 0);
  return {
    scenario,
    seed,
    faults,
    metrics: fleet.metrics,
    series: fleet.series,
    run(span, nextMs = span.fromMs) {
      const sinceS = secondOf('start', span.fromMs);
      const untilS = span.toMs === Number.POSITIVE_INFINITY ? WORLD_END_MS / 1_000 : secondOf('end', span.toMs);
      const readers = meterReaders(fleet, seed, faults, sinceS);
      return new DeliveryRun(readers, { sinceS, untilS, nextS: Math.ceil(nextMs / 1_000) }, isFaulty);
    },
  };
}

function chosenMetrics(names: readonly string[] | undefined): readonly SimulatedMetric[] {
  if (names === undefined) return METER_METRICS;
  const known = METER_METRICS.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined || names.length === 0) {
    throw new SimulationOptionError('metric', unknown ?? names, `choose among ${known.join(', ')}`);
  }
  return METER_METRICS.filter(({ name }) => names.includes(name));
}

function settledFaults(defaults: FaultRates, chosen: Partial<FaultRates>): FaultRates {
  for (const [fault, rate] of Object.entries(chosen)) {
    if (!(fault in defaults)) {
      throw new SimulationOptionError('fault', fault, `choose among ${Object.keys(defaults).join(', ')}`);
    }
    if (!(rate >= 0 && rate <= 1))
      throw new SimulationOptionError(`fault ${fault}`, rate, 'a rate lies between 0 and 1');
  }
  return { ...defaults, ...chosen };
}

function checkInteger(option: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new SimulationOptionError(option, value, `choose a whole number from ${low} to ${high}`);
}

/** The first whole second at or after an instant. */
function secondOf(option: string, atMs: number): number {
  if (atMs >= WORLD_FIRST_MS && atMs <= WORLD_END_MS) return Math.ceil(atMs / 1_000);
  const first = new Date(WORLD_FIRST_MS).toISOString();
  const end = new Date(WORLD_END_MS).toISOString();
  throw new SimulationOptionError(option, atMs, `the simulated world lasts from ${first} to ${end}`);
}
