import { setTimeout as sleep } from 'node:timers/promises';

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
