const PASSES = 1_000;
const STEPS = 4_000;

/**
 * Work that never changes, to measure other work against: steps of Marsaglia's xorshift, each of which needs the one before. It
 * touches no memory, since what the compiler makes of that depends on what else the process has done. Passes are short, so
 * that their function is compiled whole. Gives a number, so that none of it can be left out.
 */
export function runFixedLoop(): number {
  let state = 1;
  for (let pass = 0; pass < PASSES; pass++) state = stepped(state);
  return state;
}

function stepped(from: number): number {
  let state = from | 0;
  for (let i = 0; i < STEPS; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state;
}
