/**
 * A sparse histogram over logarithmic buckets: ascending bucket numbers beside their counts.
 *
 * It is additive: counts may be subtracted, and a correction on its own may hold negative counts. A bucket whose count
 * is 0 is not kept, so equal histograms have equal arrays.
 */
import { strict as assert } from 'node:assert';
import { BUCKET_MAX } from '../numbers/log-buckets.ts';
import type { BucketCounts } from '../numbers/log-buckets.ts';

/** One bucket per number in [-BUCKET_MAX, BUCKET_MAX]: a histogram cannot hold more, and decoders admit no more. */
export const HISTOGRAM_BUCKETS_MAX = 2 * BUCKET_MAX + 1;

const CAPACITY_FIRST = 8;

export class Histogram {
  #buckets = new Int32Array(CAPACITY_FIRST);
  #counts = new Float64Array(CAPACITY_FIRST);
  #length = 0;
  /** Where the last bucket was found: neighbouring readings mostly fall into the same one. */
  #recent = 0;

  /** How many buckets are in use. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that it takes in memory, about: an object, and a number and a count per bucket. */
  get bytes(): number {
    return 100 + 12 * this.#buckets.length;
  }

  bucketAt(index: number): number {
    return this.#buckets[index]!;
  }

  countAt(index: number): number {
    return this.#counts[index]!;
  }

  /** Adds `count`, which may be negative, to one bucket. */
  add(bucket: number, count: number): void {
    const index = this.#place(bucket);
    this.#recent = index;
    if (index < this.#length && this.#buckets[index] === bucket) {
      const sum = this.#counts[index]! + count;
      if (sum === 0) this.#remove(index);
      else this.#counts[index] = sum;
    } else if (count !== 0) this.#insert(index, bucket, count);
  }

  /** Adds `sign` times every count of another histogram. */
  addAll(other: Histogram, sign: 1 | -1): void {
    if (this.#length === 0 && sign === 1) {
      this.#buckets = other.#buckets.slice();
      this.#counts = other.#counts.slice();
      this.#length = other.#length;
      return;
    }
    for (let i = 0; i < other.#length; i++) this.add(other.#buckets[i]!, sign * other.#counts[i]!);
  }

  /** Appends a bucket above all others; for decoders. */
  append(bucket: number, count: number): void {
    assert(this.#length === 0 || this.#buckets[this.#length - 1]! < bucket, 'buckets are appended in ascending order');
    this.#insert(this.#length, bucket, count);
  }

  equals(other: Histogram): boolean {
    if (this.#length !== other.#length) return false;
    for (let i = 0; i < this.#length; i++) {
      if (this.#buckets[i] !== other.#buckets[i] || this.#counts[i] !== other.#counts[i]) return false;
    }
    return true;
  }

  /** The buckets in ascending order with their counts. */
  entries(): BucketCounts {
    return Array.from({ length: this.#length }, (_, i) => [this.#buckets[i]!, this.#counts[i]!] as const);
  }

  /** The index of the bucket, or where it would have to be inserted. */
  #place(bucket: number): number {
    const recent = this.#recent;
    if (recent < this.#length && this.#buckets[recent] === bucket) return recent;
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#buckets[middle]! < bucket) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(index: number, bucket: number, count: number): void {
    if (this.#length === this.#buckets.length) {
      const buckets = new Int32Array(2 * this.#length);
      const counts = new Float64Array(2 * this.#length);
      buckets.set(this.#buckets);
      counts.set(this.#counts);
      this.#buckets = buckets;
      this.#counts = counts;
    }
    this.#buckets.copyWithin(index + 1, index, this.#length);
    this.#counts.copyWithin(index + 1, index, this.#length);
    this.#buckets[index] = bucket;
    this.#counts[index] = count;
    this.#length++;
  }

  #remove(index: number): void {
    this.#buckets.copyWithin(index, index + 1, this.#length);
    this.#counts.copyWithin(index, index + 1, this.#length);
    this.#length--;
  }
}
