import { DeliveryColumns } from '../deliveries/delivery-columns.ts';
import type { SimulatedSpan, Simulation } from '../scenarios/simulation.ts';
import {
  batchOf,
  BATCH_READINGS,
  parseCheckpoint,
  type SeriesRegistry,
  type SimulatedSource,
} from './simulated-source.ts';

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
