import { NO_FAULTS, TROUBLE, type FaultRates } from '../faults/fault-rates.ts';
import { UnknownScenarioError } from './scenario-errors.ts';

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
