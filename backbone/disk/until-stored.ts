import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '#core/errors.ts';

/** Between what failed and its next try: a disk that is full is seldom not so a moment later. */
const STORE_RETRY_MS = 1000;

export interface StoringOptions {
  /** Ends the trying: what has failed by then, or fails next, is thrown. */
  readonly signal: AbortSignal;
  /** Told of each failure that is followed by another try. */
  readonly failed: (failure: WeirError) => void;
  /** STORE_RETRY_MS when left out. */
  readonly pauseMs?: number;
}

/**
 * Does `act` until it succeeds, where its failure is one that may pass (a full disk, a store that doesn't answer); any
 * other one is thrown. Doing it again has to be harmless: a write that failed may have been done.
 */
export async function untilStored(act: () => Promise<void>, options: StoringOptions): Promise<void> {
  const { signal, failed, pauseMs = STORE_RETRY_MS } = options;
  for (;;) {
    try {
      await act();
      return;
    } catch (error) {
      if (signal.aborted || !(error instanceof WeirError) || !error.retryable) throw error;
      failed(error);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
