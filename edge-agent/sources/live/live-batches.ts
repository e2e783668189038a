import type { ReadingBatch } from '../source.ts';

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
