import { strict as assert } from 'node:assert';
import { z } from 'zod';
import type { Metric } from '#core/metrics/metric.ts';
import { nameField } from '#edge-agent/sources/section-fields.ts';
import type { SourceKindDefinition, SourceOptions } from '#edge-agent/sources/source-kind.ts';
import type { SeriesDescription, Source } from '#edge-agent/sources/source.ts';
import { metricsOfScenario, startSimulator } from '#simulators/simulators.ts';
import { UserError } from '../failure.ts';

const schema = z.strictObject({
  kind: z.literal('simulate').meta({
    description:
      'A simulated fleet that lives by the clock of the machine. Its metrics have to be declared as it reads them.',
    examples: ['simulate'],
  }),
  scenario: nameField.meta({ description: 'The fleet that is simulated.', examples: ['denmark'] }),
  seed: z
    .int()
    .min(0)
    .meta({ description: 'From what its chance is drawn. Always the same unless given.', examples: [7] })
    .optional(),
});

type SimulateSection = z.output<typeof schema>;

/** A simulated fleet that lives by this machine's clock, as a source of readings. */
export const SIMULATE: SourceKindDefinition<SimulateSection> = {
  schema,
  supports: () => ({ nature: 'live', resumes: true }),
  describe: ({ scenario }) => `simulates ${scenario}`,
  faults: () => [],
  makes: () => undefined,
  open: openSimulatedSource,
};

/**
 * The metrics that the fleet reads have to be declared as it reads them; those that aren't declared it leaves out. Throws
 * UserError.
 */
function openSimulatedSource(
  name: string,
  { scenario, seed }: SimulateSection,
  { metrics, registry }: SourceOptions,
): Source {
  const read = metricsOfScenario(scenario);
  const declared = read.filter((metric) => metrics.has(metric.name));
  if (declared.length === 0) {
    throw new UserError(
      `source ${name} simulates ${read.map((metric) => metric.name).join(' and ')}, and neither is declared; declare one under "metrics"`,
    );
  }
  for (const metric of declared) checkDeclaration(name, metrics.get(metric.name)!, metric);
  const simulator = startSimulator({ scenario, seed, metrics: declared.map((metric) => metric.name) });
  const named = {
    intern(series: SeriesDescription): number {
      const number = registry.intern(series);
      assert(typeof number === 'number', 'a simulated meter has a name that a frame can carry');
      return number;
    },
  };
  return { ...simulator.source(named), name };
}

type Simulated = Pick<Metric, 'name' | 'unit' | 'decimals' | 'kind'>;

/** The fleet's values are scaled already, so what is declared has to be what it reads. */
function checkDeclaration(source: string, declared: Metric, read: Simulated): void {
  for (const key of ['unit', 'decimals', 'kind'] as const) {
    if (declared[key] === read[key]) continue;
    throw new UserError(
      `source ${source} simulates metric ${read.name} with ${key} ${read[key]}, but it is declared with ${declared[key]}; declare ${read[key]}, or give yours another name`,
    );
  }
}
