/**
 * The shape in which a simulation is offered to an agent: that of an agent's source, declared here because parts meet
 * by their shapes and do not import one another. The agent's contract for sources says what each field means.
 */

import { DeliveryColumns } from '../deliveries/delivery-columns.ts';
import type { MeterSeries } from '../fleet/fleet.ts';
import { type SimulatedSpan, type Simulation, SimulationCheckpointError } from '../scenarios/scenario.ts';

/** Gives each distinct series a dense number from 0. */
export interface SeriesRegistry {
  intern(series: MeterSeries): number;
}

export interface SimulatedTallies {
  readonly rows: number;
  readonly readings: number;
  readonly missing: 0;
  readonly quarantined: 0;
  readonly ambiguousTimes: 0;
  readonly truncatedTimes: 0;
}

/** Readings in the order of their delivery. The arrays are the receiver's for good. */
export interface SimulatedBatch {
  readonly count: number;
  readonly entry: Int32Array;
  readonly timeMs: Float64Array;
  readonly value: Float64Array;
  readonly refusals: readonly never[];
  readonly tallies: SimulatedTallies;
  readonly checkpoint: Readonly<Record<string, unknown>>;
  readonly watermarkMs: number;
}

export interface SimulatedSource {
  readonly name: string;
  readonly nature: 'file' | 'live';
  batches(from: Readonly<Record<string, unknown>> | null, signal: AbortSignal): AsyncIterable<SimulatedBatch>;
}

/** A batch ends with the second in which it reaches so many readings: some 300 kB, which a receiver syncs at once. */
export const BATCH_READINGS = 16_384;

/**
 * Where a source is opened again. The start of the readings belongs to it, because what is still under way at a second,
 * and what registers show, depend on it.
 */
export interface SimulationCheckpoint {
  readonly sinceMs: number;
  readonly nextMs: number;
}

/** The batch of what was handed over before `checkpoint.nextMs`; `numbers` holds the registry's number of each series. */
export function batchOf(
  deliveries: DeliveryColumns,
  numbers: Int32Array,
  checkpoint: SimulationCheckpoint,
): SimulatedBatch {
  const { count } = deliveries;
  const entry = new Int32Array(count);
  for (let i = 0; i < count; i++) entry[i] = numbers[deliveries.series[i]!]!;
  return {
    count,
    entry,
    timeMs: deliveries.timeMs.slice(0, count),
    value: deliveries.value.slice(0, count),
    refusals: [],
    tallies: { rows: count, readings: count, missing: 0, quarantined: 0, ambiguousTimes: 0, truncatedTimes: 0 },
    checkpoint: { sinceMs: checkpoint.sinceMs, nextMs: checkpoint.nextMs },
    watermarkMs: checkpoint.nextMs,
  };
}

/** Reads a checkpoint that one of our batches carried. Throws SimulationCheckpointError for anything else. */
export function parseCheckpoint(checkpoint: Readonly<Record<string, unknown>>): SimulationCheckpoint {
  const { sinceMs, nextMs } = checkpoint;
  if (isSecond(sinceMs) && isSecond(nextMs) && sinceMs <= nextMs) return { sinceMs, nextMs };
  throw new SimulationCheckpointError(checkpoint);
}

function isSecond(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) % 1_000 === 0;
}

/**
 * A span of a simulation as fast as it is asked for, to its end: also what is delivered after the span's end comes. No
 * clock takes part. The batches after a checkpoint are those that followed it, reading for reading.
 *
 * Throws SimulationOptionError where the span leaves the simulated world.
 */
export function replaySource(simulation: Simulation, span: SimulatedSpan, registry: SeriesRegistry): SimulatedSource {
  const sinceMs = Math.ceil(span.fromMs / 1_000) * 1_000;
  return {
    name: `simulate:${simulation.scenario.name}`,
    nature: 'file',
    async *batches(from, signal) {
      const checkpoint = from === null ? { sinceMs, nextMs: sinceMs } : parseCheckpoint(from);
      const numbers = Int32Array.from(simulation.series, (series) => registry.intern(series));
      const run = simulation.run({ fromMs: checkpoint.sinceMs, toMs: span.toMs }, checkpoint.nextMs);
      while (!run.isOver && !signal.aborted) {
        const deliveries = new DeliveryColumns(BATCH_READINGS + simulation.series.length);
        run.advance(Number.POSITIVE_INFINITY, BATCH_READINGS, deliveries);
        yield batchOf(deliveries, numbers, { sinceMs: checkpoint.sinceMs, nextMs: run.nextS * 1_000 });
      }
    },
  };
}
