/** What tests of sources share: metrics, sources opened as a configuration would open them, and all they deliver. */
import { z } from 'zod';
import type { Metric } from '#core/metrics/metric.ts';
import { SourceError } from './source-error.ts';
import type { DeclaredSource, SourceOptions } from './source-kind.ts';
import { SOURCE_KINDS, sourcesSchema } from './source-kinds.ts';
import {
  addTallies,
  NO_TALLIES,
  type ReadingBatch,
  type Refusal,
  type SeriesList,
  type Source,
  type SourceCheckpoint,
  type SourceTallies,
} from './source.ts';

/** A clock by which no time is in the future. */
export const FAR_FUTURE_MS = Number.MAX_SAFE_INTEGER;

export function metricsOf(...metrics: readonly Metric[]): ReadonlyMap<string, Metric> {
  return new Map(metrics.map((metric) => [metric.name, metric]));
}

/** A section as the configuration holds it, parsed. Throws ZodError. */
export function declaredSource(section: unknown): DeclaredSource {
  return sourcesSchema(SOURCE_KINDS).parse({ rows: section })['rows']!;
}

/** What zod says of a section and of its keys, empty where nothing is wrong with it. */
export function issuesOf(section: unknown): string {
  const result = sourcesSchema(SOURCE_KINDS).safeParse({ rows: section });
  if (result.success) return '';
  const ofKeys = result.error.issues.flatMap((issue) => (issue.code === 'invalid_key' ? issue.issues : []));
  return [z.prettifyError(result.error), ...ofKeys.map(({ message }) => message)].join('\n');
}

/** Opens the source that a section describes: standard input is this process's, and no time is in the future. */
export function openSection(
  section: Readonly<Record<string, unknown>>,
  options: Pick<SourceOptions, 'metrics' | 'registry' | 'folder'> & Partial<SourceOptions>,
): Source {
  return declaredSource(section).open('rows', {
    stdin: () => process.stdin,
    nowMs: () => FAR_FUTURE_MS,
    ...options,
  });
}

/** A section that reads the power of devices from `rows.csv`. */
export const CSV_ROWS = {
  kind: 'csv',
  file: 'rows.csv',
  time: { columns: ['ts'] },
  series: [{ metric: 'power', value: 'value', device: '{device}' }],
};

/** One reading with its series written out. */
export interface CollectedReading {
  readonly metric: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly timeMs: number;
  readonly value: number;
}

export interface Collected {
  readonly readings: CollectedReading[];
  readonly refusals: Refusal[];
  readonly tallies: SourceTallies;
  readonly checkpoints: SourceCheckpoint[];
  readonly watermarks: (number | null)[];
}

/** All that a source delivers from a checkpoint on, or its first `batchesMax` batches. */
export async function collect(
  source: Source,
  registry: SeriesList,
  from: SourceCheckpoint | null = null,
  batchesMax = Number.POSITIVE_INFINITY,
): Promise<Collected> {
  const batches: ReadingBatch[] = [];
  const readings: CollectedReading[] = [];
  for await (const batch of source.batches(from, new AbortController().signal)) {
    // A batch's arrays are lent, so they are read before the next is asked for.
    for (let i = 0; i < batch.count; i++) {
      const { metric, tags } = registry.descriptions[batch.entry[i]!]!;
      readings.push({ metric, tags, timeMs: batch.timeMs[i]!, value: batch.value[i]! });
    }
    batches.push(batch);
    if (batches.length >= batchesMax) break;
  }
  return {
    readings,
    refusals: batches.flatMap(({ refusals }) => refusals),
    tallies: batches.reduce((total, { tallies }) => addTallies(total, tallies), NO_TALLIES),
    checkpoints: batches.map(({ checkpoint }) => checkpoint),
    watermarks: batches.map(({ watermarkMs }) => watermarkMs),
  };
}

/** What a source failed with; throws where it did not fail, or with something that is none of its errors. */
export async function failure(reading: Promise<unknown>): Promise<SourceError> {
  try {
    await reading;
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
  throw new Error('the source was read to its end');
}
