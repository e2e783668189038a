import { describe, expect, it } from 'vitest';
import { philox, secondWord, WORDS } from './philox.ts';
import { PURPOSE, RandomStream } from './stream.ts';

/** The generator as its paper writes it, in arithmetic without limits. */
function philoxSlowly(counter0: bigint, counter1: bigint, key: bigint): readonly [number, number] {
  const mask = (1n << 32n) - 1n;
  let [left, right, roundKey] = [counter0, counter1, key];
  for (let round = 0; round < 10; round++) {
    const product = left * 0xd256d193n;
    [left, right] = [(product >> 32n) ^ roundKey ^ right, product & mask];
    roundKey = (roundKey + 0x9e3779b9n) & mask;
  }
  return [Number(left), Number(right)];
}

describe('philox', () => {
  it('gives the known answers published with Random123', () => {
    expect([philox(0, 0, 0), secondWord()]).toEqual([0xff1dae59, 0x6cd10df2]);
    expect([philox(0xffffffff, 0xffffffff, 0xffffffff), secondWord()]).toEqual([0x2c3f628b, 0xab4fd7ad]);
    expect([philox(0x243f6a88, 0x85a308d3, 0x13198a2e), secondWord()]).toEqual([0xdd7ce038, 0xf62a4c12]);
  });

  it('equals the same rounds done with BigInt', () => {
    for (let i = 0; i < 2_000; i++) {
      const counter0 = philox(i, 0, 7);
      const counter1 = secondWord();
      const key = philox(i, 1, 7);
      const slowly = philoxSlowly(BigInt(counter0), BigInt(counter1), BigInt(key));
      expect([philox(counter0, counter1, key), secondWord()]).toEqual(slowly);
    }
  });
});

describe('a random stream', () => {
  it('gives the same word whenever it is asked, and another one for each seed, member, purpose, index and lane', () => {
    const words = [
      new RandomStream(1, 2, PURPOSE.late).word(3, 4),
      new RandomStream(9, 2, PURPOSE.late).word(3, 4),
      new RandomStream(1, 9, PURPOSE.late).word(3, 4),
      new RandomStream(1, 2, PURPOSE.reset).word(3, 4),
      new RandomStream(1, 2, PURPOSE.late).word(9, 4),
      new RandomStream(1, 2, PURPOSE.late).word(3, 9),
      new RandomStream(1, 2, PURPOSE.late).word(3 + WORDS, 4),
    ];
    expect(new Set(words).size).toBe(words.length);
    expect(new RandomStream(1, 2, PURPOSE.late).word(3, 4)).toBe(words[0]);
  });

  it('spreads its draws evenly over their range', () => {
    const stream = new RandomStream(5, 0, PURPOSE.dwelling);
    const seen = Array.from({ length: 10 }, () => 0);
    const draws = 100_000;
    for (let i = 0; i < draws; i++) seen[stream.between(20, 29, i) - 20]!++;
    // The 99.99 % point of chi square with nine degrees of freedom.
    const chiSquare = seen.reduce((sum, n) => sum + (n - draws / 10) ** 2 / (draws / 10), 0);
    expect(chiSquare).toBeLessThan(33.7);
  });
});
