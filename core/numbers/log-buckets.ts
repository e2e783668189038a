/**
 * Logarithmic histogram buckets for integers, by integer operations only.
 *
 * A magnitude below 128 has a bucket of its own. Above, a bucket is named by the exponent and the six bits after the
 * leading one, as in HdrHistogram; no logarithm is taken, so every machine finds the same bucket. Zero is bucket 0,
 * negative values have the negated number of their magnitude's bucket: buckets are ordered as their values are.
 *
 *   magnitude m ≥ 64 with 2^e ≤ m < 2^(e+1):  bucket = (e − 6) · 64 + ⌊m / 2^(e−6)⌋
 *
 * Relative error. Let w = 2^(e−6) be the bucket's width. It holds the integers low … low + w − 1, and its middle is
 * low + ⌊w / 2⌋, at most w / 2 from any of them. Every magnitude in it is at least low ≥ 2^e = 64 · w, so the error of
 * the middle, relative to the value, is at most (w / 2) / (64 · w) = 1 / 128 < 1 %.
 */
import { strict as assert } from 'node:assert';
import { DECIMALS_MAX, SCALED_MAX, scaledFromNumber } from './scaled.ts';

const SUB_BITS = 6;
const SUB_BUCKETS = 1 << SUB_BITS;
const EXACT_BELOW = 2 * SUB_BUCKETS;

/** The bucket of SCALED_MAX: bucket numbers lie in [−BUCKET_MAX, BUCKET_MAX]. */
export const BUCKET_MAX = (52 - SUB_BITS) * SUB_BUCKETS + EXACT_BELOW - 1;

const TWO_TO_32 = 2 ** 32;

/** 2^−shift for every shift there is, so that a bucket costs a multiplication (exact, by a power of two). */
const SHIFTS = Float64Array.from({ length: 53 - SUB_BITS }, (_, shift) => 2 ** -shift);

/** A histogram in use: buckets in ascending order, each with its positive count. */
export type BucketCounts = readonly (readonly [bucket: number, count: number])[];

/** The bucket of a safe integer. */
export function bucketOf(value: number): number {
  const magnitude = value < 0 ? -value : value;
  if (magnitude < EXACT_BELOW) return value;
  const exponent =
    magnitude < TWO_TO_32 ? 31 - Math.clz32(magnitude) : 63 - Math.clz32(Math.floor(magnitude / TWO_TO_32));
  const shift = exponent - SUB_BITS;
  const bucket = shift * SUB_BUCKETS + Math.floor(magnitude * SHIFTS[shift]!);
  return value < 0 ? -bucket : bucket;
}

/** The smallest value of a bucket. */
export function bucketLow(bucket: number): number {
  return bucket < 0 ? -innermost(-bucket) - widthOf(-bucket) + 1 : innermost(bucket);
}

/** The largest value of a bucket. */
export function bucketHigh(bucket: number): number {
  return bucket < 0 ? -innermost(-bucket) : innermost(bucket) + widthOf(bucket) - 1;
}

/** The value that stands for a bucket: within 1/128 of every value in it. */
export function bucketMiddle(bucket: number): number {
  const magnitude = Math.abs(bucket);
  const middle = innermost(magnitude) + Math.floor(widthOf(magnitude) / 2);
  return bucket < 0 ? -middle : middle;
}

/** The smallest magnitude of a bucket that is not negative. */
function innermost(bucket: number): number {
  if (bucket < EXACT_BELOW) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  return (bucket - shift * SUB_BUCKETS) * 2 ** shift;
}

function widthOf(bucket: number): number {
  assert(bucket >= 0 && bucket <= BUCKET_MAX && Number.isInteger(bucket), 'a bucket number is in range');
  return bucket < EXACT_BELOW ? 1 : 2 ** (Math.floor(bucket / SUB_BUCKETS) - 1);
}

/** Quantiles are named with at most this many decimals: `p99.9` is 0.999. */
const QUANTILE_DECIMALS = DECIMALS_MAX;
const QUANTILE_UNIT = 10 ** QUANTILE_DECIMALS;

/**
 * The rank of quantile `q` among `count` values, by the nearest-rank rule: the least integer r ≥ q · count, and at
 * least 1. `q` in [0, 1] is taken as the decimal that it is written as, and the product is exact.
 */
export function quantileRank(q: number, count: number): number {
  const parts = scaledFromNumber(q, QUANTILE_DECIMALS, 'refuse');
  assert(parts >= 0 && parts <= QUANTILE_UNIT, 'a quantile is a decimal between 0 and 1');
  assert(Number.isSafeInteger(count) && count > 0, 'a quantile is asked of at least one value');
  const unit = BigInt(QUANTILE_UNIT);
  const rank = Number((BigInt(parts) * BigInt(count) + unit - 1n) / unit);
  return Math.max(rank, 1);
}

/**
 * The estimate of quantile `q`: the middle of the bucket that holds the value of that rank, hence within
 * 1/128 of it. `undefined` for an empty histogram.
 */
export function quantileFromBuckets(buckets: BucketCounts, q: number): number | undefined {
  let total = 0;
  for (const [, count] of buckets) total += count;
  assert(total <= SCALED_MAX, 'a count is a safe integer');
  if (total === 0) return undefined;
  const rank = quantileRank(q, total);
  let seen = 0;
  for (const [bucket, count] of buckets) {
    seen += count;
    if (seen >= rank) return bucketMiddle(bucket);
  }
  return assert.fail('a rank lies within the count');
}
