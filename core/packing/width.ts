import { WIDTH_MAX } from './bits.ts';
import { blockWords } from './block.ts';

/**
 * Which width a block gets. Numbers wider than it are *patched*: their upper bits lie apart, so that one outlier does
 * not widen 127 others. After M. Zukowski et al., "Super-Scalar RAM-CPU Cache Compression" (2006), patched coding.
 */

/** A patch must save this many bytes more than it takes, for the time that it costs the reader. */
const PATCH_TOLL_BYTES = 0.5;

/** Bytes of a patch whose upper part has `bits` bits: its place, and a varint of seven bits a byte. */
function patchBytes(bits: number): number {
  return 1 + Math.ceil(bits / 7);
}

/**
 * The cheapest width for a block of `count` numbers, of which `tally[b]` need a field of b bits. The zigzag of an upper
 * part must stay a safe integer, so beside a number of 54 bits no field is narrower than two.
 */
export function chooseWidth(tally: Uint8Array, count: number): number {
  let widest = WIDTH_MAX;
  while (widest > 0 && tally[widest] === 0) widest--;
  const narrowest = widest === WIDTH_MAX ? 2 : 0;
  let best = widest;
  let bestCost = 4 * blockWords(count, widest);
  for (let width = widest - 1; width >= narrowest; width--) {
    let cost = 1 + 4 * blockWords(count, width);
    for (let bits = width + 1; bits <= widest && cost < bestCost; bits++) {
      cost += tally[bits]! * (patchBytes(bits - width) + PATCH_TOLL_BYTES);
    }
    if (cost < bestCost) {
      best = width;
      bestCost = cost;
    }
  }
  return best;
}
