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
 * When live readings leave. One that finds nothing on its way leaves at once. Where they come more often than frames may,
 * more and more of them share a frame, up to those of a second: the pause after a frame doubles as long as that goes on, as
 * the timer of an algorithm like Nagle's (RFC 896) would that also bounds how often. Readings that come less often are never
 * held back for longer than what is on its way, whatever once delayed one of them.
 */
export class FramePace {
  readonly #sending: Sending;
  readonly #come = new Waiters();
  #pauseMs = FRAME_PAUSE_MS;
  #sealedAtMs = Number.NEGATIVE_INFINITY;
  /** When the first reading came that was not looked at for a frame yet, and the first that may be in an open pane. */
  #waitingSinceMs: number | undefined;
  #openSinceMs: number | undefined;
  /** How often readings came that wait. */
  #waiting = 0;

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
    this.#waiting++;
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
        return this.#seal('complete', nowMs, this.#pauseAfter(nowMs));
      if (nowMs < freeAtMs) await within(Math.min(freeAtMs, lastMs) - nowMs, signal, aborted);
      else await within(lastMs - nowMs, signal, (end) => this.#sending.whenDrained(end));
    }
  }

  /** How long to pause after a frame of readings that have waited. */
  #pauseAfter(nowMs: number): number {
    const isOften = this.#waiting * FRAME_PAUSE_MS > nowMs - this.#sealedAtMs;
    return isOften ? Math.min(2 * this.#pauseMs, FRAME_WAIT_MS) : FRAME_PAUSE_MS;
  }

  #seal<E extends SealExtent>(extent: E, atMs: number, pauseMs: number): E {
    this.#sealedAtMs = atMs;
    this.#pauseMs = pauseMs;
    this.#waitingSinceMs = undefined;
    this.#waiting = 0;
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
