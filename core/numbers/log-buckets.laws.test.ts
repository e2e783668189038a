import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BUCKET_MAX,
  bucketHigh,
  bucketLow,
  bucketMiddle,
  bucketOf,
  quantileFromBuckets,
  quantileRank,
} from './log-buckets.ts';

const MAX = Number.MAX_SAFE_INTEGER;

const value = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -300, max: 300 }),
  fc
    .tuple(fc.integer({ min: 5, max: 52 }), fc.integer({ min: -2, max: 2 }), fc.constantFrom(1, -1))
    .map(([bits, beside, sign]) => sign * (2 ** bits + beside)),
  fc.constantFrom(0, MAX, -MAX, 2 ** 31, 2 ** 32, 2 ** 32 - 1),
);

describe('laws of logarithmic buckets', () => {
  it('a bucket holds its value, and its ends fall in it', () => {
    fc.assert(
      fc.property(value, (v) => {
        const bucket = bucketOf(v);
        expect(bucketLow(bucket) <= v && v <= bucketHigh(bucket)).toBe(true);
        expect(bucketOf(bucketLow(bucket))).toBe(bucket);
        expect(bucketOf(bucketMiddle(bucket))).toBe(bucket);
        expect(Math.abs(bucket)).toBeLessThanOrEqual(BUCKET_MAX);
      }),
      { numRuns: 2_000 },
    );
  });

  it('the middle is within 1/128 of every value, in exact arithmetic', () => {
    fc.assert(
      fc.property(value, (v) => {
        const error = BigInt(bucketMiddle(bucketOf(v))) - BigInt(v);
        const magnitude = error < 0n ? -error : error;
        expect(128n * magnitude <= BigInt(Math.abs(v))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('buckets join without gap or overlap over the whole range, mirrored at zero', () => {
    expect(bucketLow(0)).toBe(0);
    for (let bucket = 0; bucket <= BUCKET_MAX; bucket++) {
      expect(bucketOf(bucketHigh(bucket))).toBe(bucket);
      if (bucket < BUCKET_MAX) expect(bucketLow(bucket + 1)).toBe(bucketHigh(bucket) + 1);
      expect(bucketHigh(0 - bucket)).toBe(0 - bucketLow(bucket));
      expect(bucketLow(0 - bucket)).toBe(0 - bucketHigh(bucket));
    }
    expect(bucketHigh(BUCKET_MAX)).toBe(MAX);
    expect(bucketOf(-MAX)).toBe(-BUCKET_MAX);
  });

  it('a quantile is the bucket of the value of nearest rank', () => {
    const q = fc.oneof(
      fc.constantFrom(0, 0.01, 0.5, 0.9, 0.99, 0.999, 1),
      fc.integer({ min: 0, max: 1_000 }).map((n) => n / 1_000),
    );
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), q, (values, quantile) => {
        const sorted = values.toSorted((a, b) => a - b);
        const thousandths = BigInt(Math.round(quantile * 1_000));
        const rank = Math.max(1, Number((thousandths * BigInt(values.length) + 999n) / 1_000n));
        const counts = new Map<number, number>();
        for (const v of sorted) counts.set(bucketOf(v), (counts.get(bucketOf(v)) ?? 0) + 1);
        expect(quantileFromBuckets([...counts], quantile)).toBe(bucketMiddle(bucketOf(sorted[rank - 1]!)));
      }),
    );
  });
});

describe('ranks', () => {
  it.each([
    [0.999, 1_000, 999],
    [0.1, 10, 1],
    [0.7, 10, 7],
    [0.07, 100, 7],
    [0, 5, 1],
    [1, 5, 5],
    [0.5, 1, 1],
    [0.999, MAX, 8_998_192_055_486_251],
  ])('p%s of %i is rank %i, by exact decimals', (q, count, rank) => {
    expect(quantileRank(q, count)).toBe(rank);
  });

  it('an empty histogram has no quantile', () => {
    expect(quantileFromBuckets([], 0.5)).toBeUndefined();
  });
});
