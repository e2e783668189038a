import { DAY_S } from '../climate/civil-clock.ts';
import type { RandomStream } from '../random/stream.ts';

const LANE = { happens: 0, second: 1 };

/** The days on which a meter is exchanged, and the second of each: at most one on a UTC day, none before `sinceS`. */
export class ResetDays {
  readonly #stream: RandomStream;
  readonly #rate: number;
  readonly #sinceS: number;
  #day = Number.NaN;
  #today: number | null = null;
  #before: number | null = null;

  constructor(stream: RandomStream, rate: number, sinceS: number) {
    this.#stream = stream;
    this.#rate = rate;
    this.#sinceS = sinceS;
  }

  /** The latest reset that is not after `atS`, or null. */
  latestS(atS: number): number | null {
    if (this.#rate === 0) return null;
    const day = Math.floor(atS / DAY_S);
    if (day !== this.#day) this.#reach(day);
    return this.#today !== null && this.#today <= atS ? this.#today : this.#before;
  }

  #reach(day: number): void {
    this.#before = day === this.#day + 1 ? (this.#today ?? this.#before) : this.#latestBefore(day);
    this.#today = this.#resetOn(day);
    this.#day = day;
  }

  #latestBefore(day: number): number | null {
    const firstDay = Math.floor(this.#sinceS / DAY_S);
    for (let earlier = day - 1; earlier >= firstDay; earlier--) {
      const reset = this.#resetOn(earlier);
      if (reset !== null) return reset;
    }
    return null;
  }

  #resetOn(day: number): number | null {
    if (!this.#stream.chance(this.#rate, day, LANE.happens)) return null;
    const atS = day * DAY_S + this.#stream.below(DAY_S, day, LANE.second);
    return atS >= this.#sinceS ? atS : null;
  }
}
