import { philox, WORDS } from './philox.ts';

/** What a stream of random words is for. A number is never given to another purpose: that would change old worlds. */
export const PURPOSE = {
  dwelling: 1,
  errands: 2,
  errandTimes: 3,
  fastNoise: 4,
  slowNoise: 5,
  fronts: 6,
  offline: 16,
  silence: 17,
  wrongClock: 18,
  reset: 19,
  late: 20,
  outOfOrder: 21,
  repeated: 22,
  conflicting: 23,
  rollover: 24,
  consumption: 32,
  publishing: 33,
  correction: 34,
  service: 35,
} as const;

export type Purpose = (typeof PURPOSE)[keyof typeof PURPOSE];

/**
 * An endless sequence of random words, open at every place, for one purpose of one member (a meter, a region) of the
 * world of one seed. It has no state: asking twice gives the same.
 */
export class RandomStream {
  readonly #key: number;

  constructor(seed: number, member: number, purpose: Purpose) {
    this.#key = philox(member, purpose, seed);
  }

  /** The word at a place, 0 to 2^32 − 1. `lane` tells apart several words of one index. Both are integers. */
  word(index: number, lane = 0): number {
    // Indices beyond 32 bits go on in the upper counter word, so that seconds of any year have a place of their own.
    return philox(index, Math.floor(index / WORDS) * LANES + lane, this.#key);
  }

  /** An integer from 0 to `size` − 1; `size` is at most 2^21, so that the product is exact. */
  below(size: number, index: number, lane = 0): number {
    return Math.floor((this.word(index, lane) * size) / WORDS);
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number, index: number, lane = 0): number {
    return low + this.below(high - low + 1, index, lane);
  }

  /** True in a share `rate` (0 to 1) of all places. */
  chance(rate: number, index: number, lane = 0): boolean {
    return this.word(index, lane) < rate * WORDS;
  }
}

/** Lanes of one index. They share the upper counter word with the index, which has 16 bits left: indices below 2^48. */
const LANES = 0x1_0000;
