import { BATCH_REFUSALS_MAX } from '../batch-columns.ts';
import { addTallies, type ReadingBatch } from '../source.ts';

/** A batch but for what is known only when the agent is given it: checkpoint, watermark, acknowledgement. */
export type LiveBatch = Pick<ReadingBatch, 'count' | 'entry' | 'timeMs' | 'value' | 'refusals' | 'tallies'> & {
  /** The highest event time in it; −∞ where it has no reading. */
  readonly highestMs: number;
};

/** Batches, at least one, as one: their readings one behind the other. Of refusals BATCH_REFUSALS_MAX are told, all counted. */
export function joinBatches(batches: readonly LiveBatch[]): LiveBatch {
  if (batches.length === 1) return batches[0]!;
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  const entry = new Int32Array(count);
  const timeMs = new Float64Array(count);
  const value = new Float64Array(count);
  let at = 0;
  for (const batch of batches) {
    entry.set(batch.entry, at);
    timeMs.set(batch.timeMs, at);
    value.set(batch.value, at);
    at += batch.count;
  }
  return {
    count,
    entry,
    timeMs,
    value,
    refusals: batches.flatMap(({ refusals }) => refusals).slice(0, BATCH_REFUSALS_MAX),
    tallies: batches.map(({ tallies }) => tallies).reduce(addTallies),
    highestMs: Math.max(...batches.map(({ highestMs }) => highestMs)),
  };
}

/** What a live source's batch has for a checkpoint: nothing can be opened again. */
export const LIVE_CHECKPOINT = { live: true } as const;

/** Behind which event time a live source expects no more: so far behind the newest reading that was given out. */
export class LiveWatermark {
  readonly #latenessMs: number;
  readonly #nowMs: () => number;
  #highestMs = Number.NEGATIVE_INFINITY;

  constructor(latenessMs: number, nowMs: () => number) {
    this.#latenessMs = latenessMs;
    this.#nowMs = nowMs;
  }

  reach(highestMs: number): void {
    this.#highestMs = Math.max(this.#highestMs, highestMs);
  }

  /** Null before the first reading. One dated ahead of the clock must not declare time to have passed that has not. */
  get ms(): number | null {
    if (!Number.isFinite(this.#highestMs)) return null;
    return Math.min(this.#highestMs, this.#nowMs()) - this.#latenessMs;
  }
}

/** What a live source is asked for while it runs. */
export interface LiveRun {
  /** The next batch; null once it is stopped. */
  readonly next: () => Promise<ReadingBatch | null>;
  /** Takes nothing more. May be called again. */
  readonly stop: () => void;
  /** Waits for what is still to be acknowledged, and takes leave. */
  readonly end: () => Promise<void>;
}

/** The batches of a live source, from when it runs until the signal, or until nobody asks for more: then it stops and ends. */
export async function* liveBatches(
  { next, stop, end }: LiveRun,
  signal: AbortSignal,
): AsyncGenerator<ReadingBatch, void, undefined> {
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    for (let batch = await next(); batch !== null; batch = await next()) yield batch;
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
    await end();
  }
}
