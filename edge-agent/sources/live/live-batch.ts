import type { ReadingBatch } from '../source.ts';

/** A batch but for what is known only when the agent is given it: checkpoint, watermark, acknowledgement. */
export type LiveBatch = Pick<ReadingBatch, 'count' | 'entry' | 'timeMs' | 'value' | 'refusals' | 'tallies'> & {
  /** The highest event time in it; −∞ where it has no reading. */
  readonly highestMs: number;
};

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
