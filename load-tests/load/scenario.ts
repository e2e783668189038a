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

/** The faults of a run: thresholds of k6, readings that are lost or counted twice, and slices that a recompute finds different. */
export function faultsOf(run: K6Run, accepted: number, counted: number, differences: number): readonly string[] {
  const faults = run.broken.map((one) => `not kept: ${one}`);
  if (counted !== accepted) faults.push(`${accepted} readings were accepted, and ${counted} are counted`);
  if (differences > 0) faults.push(`${differences} slices differ from a full recompute`);
  return faults;
}
