import { DAY_S } from '../climate/civil-clock.ts';
import type { RandomStream } from '../random/stream.ts';

/** Lanes of a day's draws: whether at all, from when, for how long, and two for what the fault is like. */
const LANE = { happens: 0, duration: 1, start: 2, character: 3, size: 4 };

const DURATION_S_MIN = 3_600;

/** Troubles last twelve hours at most and end with their UTC day, so that no two of one kind meet. */
export const DURATION_S_MAX = 12 * 3_600;

/** Hours of trouble of one kind in the life of one meter: on a share of its days, one span each. */
export class DaySpans {
  readonly #stream: RandomStream;
  readonly #rate: number;
  #day = Number.NaN;
  #fromS = 0;
  #toS = 0;

  constructor(stream: RandomStream, rate: number) {
    this.#stream = stream;
    this.#rate = rate;
  }

  /** The second at which the trouble that holds at `atS` ends; `atS` itself where none does. */
  endS(atS: number): number {
    this.#reach(Math.floor(atS / DAY_S));
    return atS >= this.#fromS && atS < this.#toS ? this.#toS : atS;
  }

  /** Which of `kinds` the trouble of the day is: 0 to kinds − 1. */
  character(atS: number, kinds: number): number {
    return this.#stream.below(kinds, Math.floor(atS / DAY_S), LANE.character);
  }

  /** How bad the trouble of the day is: 0 to sizes − 1. */
  size(atS: number, sizes: number): number {
    return this.#stream.below(sizes, Math.floor(atS / DAY_S), LANE.size);
  }

  #reach(day: number): void {
    if (day === this.#day) return;
    this.#day = day;
    if (!this.#stream.chance(this.#rate, day, LANE.happens)) {
      this.#fromS = 0;
      this.#toS = 0;
      return;
    }
    const durationS = this.#stream.between(DURATION_S_MIN, DURATION_S_MAX, day, LANE.duration);
    this.#fromS = day * DAY_S + this.#stream.below(DAY_S - durationS + 1, day, LANE.start);
    this.#toS = this.#fromS + durationS;
  }
}
