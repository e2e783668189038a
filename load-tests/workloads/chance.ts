/** Marsaglia's xorshift, 32 bits (2003): the same numbers from 0 to 2^32 − 1 in every run. */
export function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
