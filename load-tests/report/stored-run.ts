import { readFile } from 'node:fs/promises';
import type { Figure } from '../measure.ts';
import type { Comparison } from '../peers/compare.ts';

/** What is measured together, by one command. */
export const RUN_NAMES = ['bench', 'year', 'line-protocol', 'mqtt', 'sparkplug', 'load', 'growth'] as const;

export type RunName = (typeof RUN_NAMES)[number];

/** A run as it is kept in `load-tests/results`. */
export interface StoredRun {
  readonly machine: string;
  readonly figures: readonly Figure[];
  /** What was not kept of what has to be, or of what is wanted. */
  readonly complaints: readonly string[];
}

export const RESULTS = new URL('../results/', import.meta.url);

/** The command that a run is repeated by, from a checkout. */
export const COMMANDS: Readonly<Record<RunName | 'compare', string>> = {
  bench: 'npx weir bench --json',
  year: 'npx weir bench year --json',
  'line-protocol': 'npx node load-tests/pieces/line-protocol.bench.ts',
  mqtt: 'npx node load-tests/pieces/mqtt.bench.ts',
  sparkplug: 'npx node load-tests/pieces/sparkplug.bench.ts',
  load: 'npm run -s load -- --json',
  growth: 'npm run -s growth -- --json --pictures docs/images',
  compare: 'npm run -s compare -- --out load-tests/results/compare.json',
};

/** All that is kept. What was never measured is not there. */
export interface StoredResults {
  readonly runs: ReadonlyMap<RunName, StoredRun>;
  readonly comparison: Comparison | undefined;
}

export async function readResults(): Promise<StoredResults> {
  const runs = new Map<RunName, StoredRun>();
  for (const name of RUN_NAMES) {
    const run = await readStored<StoredRun>(name);
    if (run !== undefined) runs.set(name, run);
  }
  return { runs, comparison: await readStored<Comparison>('compare') };
}

async function readStored<T>(name: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(new URL(`${name}.json`, RESULTS), 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
