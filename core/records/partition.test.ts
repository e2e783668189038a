import { describe, expect, it } from 'vitest';
import { partitionOf, stableHash } from './partition.ts';

/** FNV-1a and MurmurHash3's finalizer with whole numbers of any size, cut to 32 bits after each step. */
function slowHash(text: string): number {
  const cut = (n: bigint): bigint => n & 0xffff_ffffn;
  let hash = 2_166_136_261n;
  for (const byte of Buffer.from(text, 'utf8')) hash = cut((hash ^ BigInt(byte)) * 16_777_619n);
  hash = cut((hash ^ (hash >> 16n)) * 2_246_822_507n);
  hash = cut((hash ^ (hash >> 13n)) * 3_266_489_909n);
  return Number(hash ^ (hash >> 16n));
}

describe('the partition of an agent', () => {
  it('is the one that every log until now was written with', () => {
    const agents = ['roof-1', 'roof-2', 'a', 'plant.north_7', 'x'.repeat(64)];
    expect(agents.map((agent) => partitionOf(agent, 4))).toStrictEqual(LOCKED_4);
    expect(agents.map((agent) => partitionOf(agent, 256))).toStrictEqual(LOCKED_256);
  });

  it('rests on the hash that its comment describes', () => {
    for (const text of ['', 'a', 'roof-1', 'Zähler', '電力', '\u{1f50c}'])
      expect(stableHash(text)).toBe(slowHash(text));
  });

  it('spreads agents that are only counted through', () => {
    for (const partitions of [2, 3, 4, 16]) {
      const counts = Array.from({ length: partitions }, () => 0);
      for (let i = 0; i < 4000; i++) counts[partitionOf(`agent-${i}`, partitions)]!++;
      for (const count of counts) expect(Math.abs(count - 4000 / partitions)).toBeLessThan(0.2 * (4000 / partitions));
    }
  });
});

const LOCKED_4 = [3, 3, 3, 0, 3];
const LOCKED_256 = [7, 239, 179, 4, 179];
