import { philox, WORDS } from '#simulators/random/philox.ts';

/**
 * Random draws for one purpose of one world, in order. A purpose has a sequence of its own, so what one part of a world
 * draws more or less of doesn't change what another draws: that is what makes a shrunk world resemble its first one.
 */
export class Draws {
  readonly #key: number;
  #index = 0;

  constructor(seed: number, purpose: string) {
    let key = philox(seed % WORDS, Math.floor(seed / WORDS), purpose.length);
    for (let i = 0; i < purpose.length; i++) key = philox(key, purpose.charCodeAt(i), i);
    this.#key = key;
  }

  /** An integer from 0 to 2^32 − 1. */
  word(): number {
    return philox(this.#index++, 0, this.#key);
  }

  /** From 0 up to but not including 1. */
  unit(): number {
    return this.word() / WORDS;
  }

  /** An integer from 0 to `size` − 1. */
  below(size: number): number {
    return Math.floor(this.unit() * size);
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  /** `length` random bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}
