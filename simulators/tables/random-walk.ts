import { strict as assert } from 'node:assert';
import { philox } from '../random/philox.ts';

/** Values use 31 bits: 0 to 2^31 − 1. */
export const WALK_VALUE_MAX = 0x7fff_ffff;

/** A step lies between −STEP_MAX and STEP_MAX − 1: eleven bits. */
const STEP_BITS = 11;
const STEP_MAX = 1 << (STEP_BITS - 1);

/**
 * Many independent random walks that step together, for measurements: cheap, and with differences as wide as those of
 * a busy meter. Steps come from one xorshift generator per walk (Marsaglia, "Xorshift RNGs", Journal of Statistical
 * Software 8, 2003, triple 13 17 5). The same seed gives the same walks.
 */
export class RandomWalks {
  /** The walks' present values; `step` changes them in place. */
  readonly values: Int32Array;
  readonly #states: Int32Array;

  constructor(seed: number, walks: number) {
    assert(walks >= 1, 'there is a walk');
    this.values = new Int32Array(walks);
    this.#states = new Int32Array(walks);
    for (let i = 0; i < walks; i++) {
      this.values[i] = philox(i, 0, seed) >>> 1;
      // The generator stays at 0 for ever when it starts there.
      this.#states[i] = philox(i, 1, seed) | 1;
    }
  }

  /** Moves every walk by one step. At the borders a walk turns back. */
  step(): void {
    const { values } = this;
    const states = this.#states;
    for (let i = 0; i < values.length; i++) {
      let state = states[i]!;
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      states[i] = state;
      const change = (state >>> (32 - STEP_BITS)) - STEP_MAX;
      const value = values[i]! + change;
      values[i] = value < 0 || value > WALK_VALUE_MAX ? values[i]! - change : value;
    }
  }
}
