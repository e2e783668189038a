/**
 * Philox2x32-10: random words by their place (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2,
 * 3", SC 2011, §3.3). A word is a pure function of a key and a counter, so any moment of any meter's life can be
 * computed without what came before it.
 */

const MULTIPLIER = 0xd256_d193;
const WEYL = 0x9e37_79b9;
const ROUNDS = 10;

const MULTIPLIER_HIGH = MULTIPLIER >>> 16;
const MULTIPLIER_LOW = MULTIPLIER & 0xffff;

/** 2^32: one more than the largest word. */
export const WORDS = 0x1_0000_0000;

let second = 0;

/** The first of the two words (0 to 2^32 − 1) for a counter of two words under a key of one; `secondWord` has the other. */
export function philox(counter0: number, counter1: number, key: number): number {
  let left = counter0 | 0;
  let right = counter1 | 0;
  let roundKey = key | 0;
  for (let round = 0; round < ROUNDS; round++) {
    // The upper half of the 64-bit product, from products of 16 bits that doubles hold exactly.
    const high = left >>> 16;
    const low = left & 0xffff;
    const lowLow = low * MULTIPLIER_LOW;
    const middle = high * MULTIPLIER_LOW + (lowLow >>> 16);
    const carried = low * MULTIPLIER_HIGH + (middle % 0x1_0000);
    const productHigh = (high * MULTIPLIER_HIGH + Math.floor(middle / 0x1_0000) + Math.floor(carried / 0x1_0000)) | 0;
    const productLow = Math.imul(left, MULTIPLIER);
    left = productHigh ^ roundKey ^ right;
    right = productLow;
    roundKey = (roundKey + WEYL) | 0;
  }
  second = right >>> 0;
  return left >>> 0;
}

/** The second word of the latest call of `philox`. */
export function secondWord(): number {
  return second;
}
