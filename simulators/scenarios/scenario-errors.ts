import { WeirError } from '#core/errors.ts';
import { nearestNames } from '#core/time/nearest-name.ts';

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
