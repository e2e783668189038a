import { Waiters } from '../spool/waiters.ts';

/** A frame leaves at most this long after its first reading (docs/design.md#a-frame-keeps-its-number). */
export const FRAME_WAIT_MS = 1000;
/** Between two frames at the least. */
export const FRAME_PAUSE_MS = 100;
/** A pane that no later reading ends is sent this long after its first reading has come. */
export const OPEN_PANE_WAIT_MS = 11_000;

/** Which readings are put into frames. */
export type SealExtent =
  /** All of metrics sent as readings; of those sent as panes, the panes that are over. */
  | 'complete'
  /** Everything: open panes too. */
  | 'everything'
  /** Nothing: they are journaled only, and sealed later. */
  | 'nothing';

/** What is on its way to the broker. */
interface Sending {
  readonly unreleasedCount: number;
  /** Resolves when all is acknowledged. Throws the signal's reason. */
  whenDrained(signal: AbortSignal): Promise<void>;
}

/**
 * When live readings leave. One that finds nothing on its way leaves at once. Where they come all the time, more and more
 * of them share a frame, up to those of a second: the pause after a frame doubles as long as readings wait for its end,
 * as the timer of an algorithm like Nagle's (RFC 896) would that also bounds how often.
 */
export class FramePace {
  readonly #sending: Sending;
  readonly #come = new Waiters();
  #pauseMs = FRAME_PAUSE_MS;
  #sealedAtMs = Number.NEGATIVE_INFINITY;
  /** When the first reading came that was not looked at for a frame yet, and the first that may be in an open pane. */
  #waitingSinceMs: number | undefined;
  #openSinceMs: number | undefined;

  constructor(sending: Sending) {
    this.#sending = sending;
  }

  /** Readings are being accepted: what of them is sealed with them. What isn't is due later. */
  accept(): SealExtent {
    const nowMs = performance.now();
    if (this.#openSinceMs === undefined) {
      this.#openSinceMs = nowMs;
      // Who waits for what is due has to hear of it, also where the reading itself leaves at once.
      this.#come.wake();
    }
    const isFree = nowMs >= this.#sealedAtMs + this.#pauseMs && this.#sending.unreleasedCount === 0;
    if (isFree && this.#waitingSinceMs === undefined) return this.#seal('complete', nowMs, FRAME_PAUSE_MS);
    this.#waitingSinceMs ??= nowMs;
    this.#come.wake();
    return 'nothing';
  }

  /** Resolves when something is due to be sealed, with what. Throws the signal's reason. */
  async whenDue(signal: AbortSignal): Promise<SealExtent> {
    for (;;) {
      signal.throwIfAborted();
      const nowMs = performance.now();
      const openSinceMs = this.#openSinceMs;
      const paneDueMs = (openSinceMs ?? Number.POSITIVE_INFINITY) + OPEN_PANE_WAIT_MS;
      if (nowMs >= paneDueMs) return this.#seal('everything', nowMs, this.#pauseMs);
      const waitingSinceMs = this.#waitingSinceMs;
      if (waitingSinceMs === undefined) {
        await within(paneDueMs - nowMs, signal, (end) =>
          this.#come.until(() => this.#waitingSinceMs !== undefined || this.#openSinceMs !== openSinceMs, end),
        );
        continue;
      }
      const freeAtMs = this.#sealedAtMs + this.#pauseMs;
      const lastMs = waitingSinceMs + FRAME_WAIT_MS;
      if (nowMs >= lastMs || (nowMs >= freeAtMs && this.#sending.unreleasedCount === 0))
        return this.#seal('complete', nowMs, Math.min(2 * this.#pauseMs, FRAME_WAIT_MS));
      if (nowMs < freeAtMs) await within(Math.min(freeAtMs, lastMs) - nowMs, signal, aborted);
      else await within(lastMs - nowMs, signal, (end) => this.#sending.whenDrained(end));
    }
  }

  #seal<E extends SealExtent>(extent: E, atMs: number, pauseMs: number): E {
    this.#sealedAtMs = atMs;
    this.#pauseMs = pauseMs;
    this.#waitingSinceMs = undefined;
    if (extent === 'everything') this.#openSinceMs = undefined;
    return extent;
  }
}

/** Waits for `wait` to resolve, and no longer than `ms`. Throws the signal's reason. */
async function within(ms: number, signal: AbortSignal, wait: (end: AbortSignal) => Promise<void>): Promise<void> {
  const over = new AbortController();
  const timer = Number.isFinite(ms) ? setTimeout(() => over.abort(), ms) : undefined;
  try {
    await wait(AbortSignal.any([signal, over.signal]));
  } catch (error) {
    if (!over.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}
