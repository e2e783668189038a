import { WeirError } from '#core/errors.ts';
import { nearestNames } from '#core/time/nearest-name.ts';
import { type FaultRates, NO_FAULTS, TROUBLE } from '../faults/fault-rates.ts';

/** A world by name: who is in it, and what goes wrong. */
export interface Scenario {
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
