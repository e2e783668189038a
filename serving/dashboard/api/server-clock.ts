import { useEffect, useState } from 'preact/hooks';

/** A clock that differs by less is taken to be right: the Date header has whole seconds, and travels. */
const DIFFERENCE_MS_MIN = 3_000;

/**
 * The server's wall clock as the page knows it: the viewer's own until an answer says how far that one is off, lest
 * the ages and days shown are nonsense.
 */
export class ServerClock {
  readonly #viewerMs: () => number;
  readonly #listeners = new Set<() => void>();
  #aheadMs = 0;

  /** `viewerMs` gives the viewer's wall clock in ms. */
  constructor(viewerMs: () => number) {
    this.#viewerMs = viewerMs;
  }

  /** Learns from the Date header of an answer (RFC 9110, 6.6.1). One that is no date teaches nothing. */
  learn(dateHeader: string | null): void {
    const serverMs = dateHeader === null ? Number.NaN : Date.parse(dateHeader);
    if (Number.isNaN(serverMs)) return;
    const differenceMs = serverMs - this.#viewerMs();
    const aheadMs = Math.abs(differenceMs) < DIFFERENCE_MS_MIN ? 0 : differenceMs;
    if (Math.abs(aheadMs - this.#aheadMs) < DIFFERENCE_MS_MIN) return;
    this.#aheadMs = aheadMs;
    for (const listener of this.#listeners) listener();
  }

  nowMs(): number {
    return this.#viewerMs() + this.#aheadMs;
  }

  /** Calls `listener` whenever the clock has been put right. Gives what ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** The clock of the server that this page came from. */
export const serverClock = new ServerClock(() => Date.now());

/** The server's wall clock in ms, renewed every `everyMs`, so that ages grow while they are looked at. */
export function useServerNow(everyMs: number): number {
  const [nowMs, setNowMs] = useState(() => serverClock.nowMs());
  useEffect(() => {
    const renew = (): void => setNowMs(serverClock.nowMs());
    const beat = setInterval(renew, everyMs);
    const unsubscribe = serverClock.subscribe(renew);
    return () => {
      clearInterval(beat);
      unsubscribe();
    };
  }, [everyMs]);
  return nowMs;
}
