import type { RandomStream } from '../random/stream.ts';

/**
 * Noise that adds nothing in the long run: each step is the difference of two neighbouring random heights, so that all
 * steps up to a time add up to one difference.
 *
 * Law: `sum(t + 1) − sum(t) = level(t)` for every second t. A level lies strictly between −height and height.
 */
export class LevelNoise {
  readonly #stream: RandomStream;
  readonly #stepS: number;
  readonly #height: number;
  #index = Number.NaN;
  #from = 0;
  #to = 0;

  /** `height` is an integer below 2^21. */
  constructor(stream: RandomStream, stepS: number, height: number) {
    this.#stream = stream;
    this.#stepS = stepS;
    this.#height = height;
  }

  level(atS: number): number {
    this.#reach(Math.floor(atS / this.#stepS));
    return this.#to - this.#from;
  }

  sum(atS: number): number {
    const index = Math.floor(atS / this.#stepS);
    this.#reach(index);
    return this.#stepS * this.#from + (atS - index * this.#stepS) * (this.#to - this.#from);
  }

  #reach(index: number): void {
    if (index === this.#index) return;
    this.#from = index === this.#index + 1 ? this.#to : this.#stream.below(this.#height, index);
    this.#to = this.#stream.below(this.#height, index + 1);
    this.#index = index;
  }
}
