import type { Figure } from '../measure.ts';
import type { K6Run } from './k6-run.ts';

/** A load on a system of its own. */
export interface Scenario {
  readonly name: string;
  /** One sentence for people who choose. */
  readonly summary: string;
  /** Starts the system, runs the load, and checks what is there in the end. */
  readonly run: (size: LoadSize) => Promise<LoadResult>;
}

/** `tiny` is for a test of the scenario itself. */
export type LoadSize = 'tiny' | 'short' | 'full';

export interface LoadResult {
  readonly figures: readonly Figure[];
  /** What was not as it has to be, a sentence each. */
  readonly faults: readonly string[];
  /** Bounds of time that were not kept. */
  readonly missed: readonly string[];
}

/** A figure of what k6 has measured: `stat` is one of its summary, such as `p(99)` or `count`. */
export function k6Figure(name: string, { metrics }: K6Run, metric: string, stat: string, unit: string): Figure {
  const value = metrics[metric]?.values[stat];
  if (value === undefined) throw new Error(`k6 has measured no ${stat} of ${metric}`);
  return { name, value: Number(value.toFixed(1)), unit, runs: 1 };
}

/** The middle and the 99th percentile of durations. */
export function k6Percentiles(name: string, run: K6Run, metric: string): readonly Figure[] {
  return [k6Figure(`${name}-p50`, run, metric, 'med', 'ms'), k6Figure(`${name}-p99`, run, metric, 'p(99)', 'ms')];
}

/** The server's memory as a figure, where the system tells it. */
export function memoryFigure(scenario: string, bytes: number | undefined): readonly Figure[] {
  if (bytes === undefined) return [];
  return [{ name: `${scenario}-memory`, value: Math.round(bytes / 1e6), unit: 'MB', runs: 1 }];
}

/** What the system has in the end, against what it answered for. */
export interface Stored {
  /** Readings. */
  readonly lost: number;
  readonly twice: number;
  /** Slices that a full recompute finds different. */
  readonly differences: number;
  /** Windows whose sums are not those of what was sent, where that is known of each. */
  readonly wrong?: number;
}

/** By the number of all readings: of those that are lost and others that are counted twice it tells the difference. */
export function storedOf(accepted: number, counted: number, differences: number): Stored {
  return { lost: Math.max(0, accepted - counted), twice: Math.max(0, counted - accepted), differences };
}

/** What came of a scenario: what k6 found broken, what is stored, and the figures of both. */
export function loadResult(
  scenario: string,
  run: K6Run,
  stored: Stored,
  { figures, missed = [], faults = [] }: Partial<LoadResult> & Pick<LoadResult, 'figures'>,
): LoadResult {
  const kept = [
    { name: 'lost', unit: 'readings', value: stored.lost, fault: 'readings were accepted, and are not counted' },
    { name: 'twice', unit: 'readings', value: stored.twice, fault: 'readings are counted that were not accepted' },
    { name: 'verify', unit: 'slices', value: stored.differences, fault: 'slices differ from a full recompute' },
    { name: 'wrong', unit: 'windows', value: stored.wrong, fault: 'windows are not what was sent' },
  ].flatMap(({ value, ...one }) => (value === undefined ? [] : [{ ...one, value }]));
  return {
    figures: [
      ...figures,
      ...kept.map(({ name, unit, value }) => ({ name: `${scenario}-${name}`, value, unit, runs: 1 })),
    ],
    faults: [
      ...run.broken.map((one) => `not kept: ${one}`),
      ...kept.filter(({ value }) => value > 0).map(({ value, fault }) => `${value} ${fault}`),
      ...faults,
    ],
    missed: [...run.missed, ...missed],
  };
}
