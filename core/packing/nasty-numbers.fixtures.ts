import fc from 'fast-check';

/** Safe integers where mistakes live: borders, powers of two and their neighbours, small and arbitrary ones. */
export const nastyInteger: fc.Arbitrary<number> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 0, 1, -1) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.nat(52), fc.integer({ min: -1, max: 1 }), fc.boolean())
      .map(([power, beside, negative]) => (negative ? -1 : 1) * (2 ** power + beside) || 0),
  },
  { weight: 2, arbitrary: fc.maxSafeInteger() },
  { weight: 4, arbitrary: fc.integer({ min: -200, max: 200 }) },
);

/** Columns of narrow numbers in which some are wild, with full blocks and without. */
export const outlierColumn: fc.Arbitrary<number[]> = fc
  .record({
    length: fc.oneof(fc.nat(10), fc.constantFrom(127, 128, 129, 256, 300)),
    spread: fc.nat(40),
    seed: fc.nat(0xffff),
    wild: fc.array(fc.tuple(fc.nat(299), nastyInteger), { maxLength: 8 }),
  })
  .map(({ length, spread, seed, wild }) => {
    let state = seed;
    const values = Array.from({ length }, () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((state / 2_147_483_648 - 0.5) * 2 ** spread) || 0;
    });
    for (const [at, value] of wild) if (at < length) values[at] = value;
    return values;
  });
