/** What tests of sources share: a metric, a registry that remembers, and all that a source delivers in one list. */
import type { Metric } from '#core/metrics/metric.ts';
import type {
  EntryRegistry,
  ReadingBatch,
  Refusal,
  SeriesDescription,
  Source,
  SourceCheckpoint,
  SourceTallies,
} from '../source.ts';

/** A metric with three decimals, or what is given instead. */
export function metricNamed(name: string, given: Partial<Metric> = {}): Metric {
  return {
    name,
    unit: 'kW',
    decimals: 3,
    kind: 'gauge',
    intervalMs: 60_000,
    rolloverScaled: null,
    quantiles: false,
    paneMs: 10_000,
    send: 'readings',
    excess: 'round',
    conflict: 'last',
    repeatHorizonMs: 604_800_000,
    ...given,
  };
}

export function metricsOf(...metrics: readonly Metric[]): ReadonlyMap<string, Metric> {
  return new Map(metrics.map((metric) => [metric.name, metric]));
}

/** A registry whose descriptions can be looked at. */
export class RememberingRegistry implements EntryRegistry {
  readonly descriptions: SeriesDescription[] = [];
  readonly #entries = new Map<string, number>();

  intern(description: SeriesDescription): number {
    const tags = Object.entries(description.tags).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const id = JSON.stringify([description.metric, description.device, tags]);
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    this.#entries.set(id, this.descriptions.length);
    return this.descriptions.push(description) - 1;
  }
}

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

const NO_TALLIES: SourceTallies = {
  rows: 0,
  readings: 0,
  missing: 0,
  quarantined: 0,
  ambiguousTimes: 0,
  truncatedTimes: 0,
};

/** All that a source delivers from a checkpoint on, or its first `batchesMax` batches. */
export async function collect(
  source: Source,
  registry: RememberingRegistry,
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

export function addTallies(a: SourceTallies, b: SourceTallies): SourceTallies {
  return {
    rows: a.rows + b.rows,
    readings: a.readings + b.readings,
    missing: a.missing + b.missing,
    quarantined: a.quarantined + b.quarantined,
    ambiguousTimes: a.ambiguousTimes + b.ambiguousTimes,
    truncatedTimes: a.truncatedTimes + b.truncatedTimes,
  };
}
