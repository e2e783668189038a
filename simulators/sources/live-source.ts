import { setTimeout as sleep } from 'node:timers/promises';
import { DeliveryColumns } from '../deliveries/delivery-columns.ts';
import type { SimulatedSpan, Simulation } from '../scenarios/scenario.ts';
import {
  BATCH_READINGS,
  batchOf,
  parseCheckpoint,
  type SeriesRegistry,
  type SimulatedSource,
  type SimulationCheckpoint,
} from './simulated-source.ts';

/** Time for a live source, handed in. */
export interface SimulationClock {
  nowMs(): number;
  /** Settles when the clock shows `atMs`, or at once when the signal is aborted. It never rejects for the signal. */
  reach(atMs: number, signal: AbortSignal): Promise<void>;
}

/** No timer is set for longer, so that a clock that is set forward is noticed within this time. */
const NAP_MS_MAX = 1_000;

/** The machine's clock. */
export const wallClock: SimulationClock = {
  nowMs: () => Date.now(),
  async reach(atMs, signal) {
    while (!signal.aborted) {
      const restMs = atMs - Date.now();
      if (restMs <= 0) return;
      try {
        await sleep(Math.min(restMs, NAP_MS_MAX), undefined, { signal });
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  },
};

export interface LiveOptions {
  /**
   * How much of the past the meters tell first, and how much they catch up on after a pause; what lies further back is
   * left out, so that a demonstration that slept for a month does not fill the disk when it wakes.
   */
  readonly backfillMs: number;
}

/** Six hours: a dashboard has a morning to show, and two hundred meters tell it in about a second. */
export const BACKFILL_MS_DEFAULT = 6 * 3_600_000;

/** Seconds are handed over when they have passed. */
const TICK_MS = 1_000;

/**
 * A fleet that lives by the clock it is handed: first the past of `backfillMs` as fast as it is asked for, then each
 * second when it has passed, until the signal. Opened at a checkpoint it goes on there.
 */
export function liveSource(
  simulation: Simulation,
  clock: SimulationClock,
  registry: SeriesRegistry,
  options: LiveOptions = { backfillMs: BACKFILL_MS_DEFAULT },
): SimulatedSource {
  return {
    name: `simulate:${simulation.scenario.name}`,
    nature: 'live',
    async *batches(from, signal) {
      const numbers = Int32Array.from(simulation.series, (series) => registry.intern(series));
      let checkpoint = checkpointAt(from === null ? null : parseCheckpoint(from), clock.nowMs(), options.backfillMs);
      let run = simulation.run(openEnd(checkpoint), checkpoint.nextMs);
      let isCaughtUp = false;
      while (!signal.aborted && !run.isOver) {
        await clock.reach(checkpoint.nextMs + TICK_MS, signal);
        if (signal.aborted) return;
        const nowMs = clock.nowMs();
        const resumed = checkpointAt(checkpoint, nowMs, options.backfillMs);
        // Only a machine that slept leaves out: a receiver that is slow to take the past gets all of it.
        if (isCaughtUp && resumed.nextMs !== checkpoint.nextMs) {
          checkpoint = resumed;
          run = simulation.run(openEnd(checkpoint), checkpoint.nextMs);
        }
        const nowS = Math.floor(nowMs / TICK_MS);
        const deliveries = new DeliveryColumns(simulation.series.length);
        run.advance(nowS, BATCH_READINGS, deliveries);
        isCaughtUp = run.nextS >= nowS;
        checkpoint = { sinceMs: checkpoint.sinceMs, nextMs: run.nextS * 1_000 };
        if (deliveries.count > 0) yield batchOf(deliveries, numbers, checkpoint);
      }
    },
  };
}

function openEnd(checkpoint: SimulationCheckpoint): SimulatedSpan {
  return { fromMs: checkpoint.sinceMs, toMs: Number.POSITIVE_INFINITY };
}

/** Where to go on: at the checkpoint, or `backfillMs` before now where there is none, or where it lies further back. */
export function checkpointAt(
  checkpoint: SimulationCheckpoint | null,
  nowMs: number,
  backfillMs: number,
): SimulationCheckpoint {
  const earliestMs = Math.ceil((nowMs - backfillMs) / TICK_MS) * TICK_MS;
  if (checkpoint === null) return { sinceMs: earliestMs, nextMs: earliestMs };
  return checkpoint.nextMs >= earliestMs ? checkpoint : { sinceMs: checkpoint.sinceMs, nextMs: earliestMs };
}
