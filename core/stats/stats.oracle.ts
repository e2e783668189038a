/**
 * The slow, obvious stats for tests: readings in arrays, arithmetic in bigint, neighbours found by sorting. It shares no
 * code with the tables it judges, but the numbering of the histogram's buckets.
 */
import { bucketOf } from '../numbers/log-buckets.ts';
import type { LinkRule, Rollover } from './link.ts';
import type { Stats } from './stats.ts';

export interface Reading {
  readonly ms: number;
  readonly value: number;
}

/** What one link adds to one slice. */
export interface Contribution {
  increase: bigint;
  integral: bigint;
  coveredMs: bigint;
  /** By accounted.oracle.ts, where it is looked at. */
  accountedMs?: bigint;
}

/** Everything that the links between readings of one series (ascending in time) add, by slice. */
export function linksOf(readings: readonly Reading[], rule: LinkRule, sliceMs: number): Map<number, Contribution> {
  const slices = new Map<number, Contribution>();
  const at = (ms: bigint): Contribution => {
    const size = BigInt(sliceMs);
    const index = Number(ms >= 0n ? ms / size : -((-ms + size - 1n) / size));
    let found = slices.get(index);
    if (found === undefined) slices.set(index, (found = { increase: 0n, integral: 0n, coveredMs: 0n }));
    return found;
  };
  for (let i = 1; i < readings.length; i++) {
    const [from, to] = [readings[i - 1]!, readings[i]!];
    if (rule.kind === 'counter') {
      at(BigInt(to.ms)).increase += increaseOf(rule.rollover, BigInt(from.value), BigInt(to.value));
      continue;
    }
    if (rule.kind === 'delta') continue;
    if (rule.kind === 'total') {
      at(BigInt(to.ms)).increase += BigInt(to.value) - BigInt(from.value);
      continue;
    }
    const endMs = BigInt(Math.min(to.ms, from.ms + rule.holdMsMax));
    // Held time is cut by walking from edge to edge, each found anew from the time reached.
    for (let ms = BigInt(from.ms); ms < endMs;) {
      const size = BigInt(sliceMs);
      const intoSlice = ((ms % size) + size) % size;
      const until = ms + size - intoSlice < endMs ? ms + size - intoSlice : endMs;
      const slice = at(ms);
      slice.integral += BigInt(from.value) * (until - ms);
      slice.coveredMs += until - ms;
      ms = until;
    }
  }
  return slices;
}

function increaseOf(rollover: Rollover | null, from: bigint, to: bigint): bigint {
  if (to >= from) return to - from;
  if (to < 0n) return 0n;
  if (to > 0n && 10n * to >= 9n * from) return to - from;
  if (rollover !== null) {
    // The register counts round and round, as many values as lie below this.
    const around = BigInt(rollover.highest) + BigInt(rollover.step);
    if (10n * from >= 9n * BigInt(rollover.highest) && from < around) return to - from + around;
  }
  return to;
}

/** The stats of a set of readings, and of what the links added to their slice. */
export function statsOf(readings: readonly Reading[], buckets: boolean, links?: Contribution): Stats {
  const values = readings.map(({ value }) => BigInt(value));
  const byTime = readings.toSorted((a, b) => a.ms - b.ms || a.value - b.value);
  const ascending = readings.map(({ value }) => value).toSorted((a, b) => a - b);
  const counts = new Map<number, number>();
  for (const { value } of readings) counts.set(bucketOf(value), (counts.get(bucketOf(value)) ?? 0) + 1);
  const [first, last] = [byTime.at(0), byTime.at(-1)];
  return {
    count: readings.length,
    sum: values.reduce((sum, value) => sum + value, 0n),
    squares: values.reduce((sum, value) => sum + value * value, 0n),
    increase: links?.increase ?? 0n,
    integral: links?.integral ?? 0n,
    coveredMs: links?.coveredMs ?? 0n,
    accountedMs: links?.accountedMs ?? 0n,
    unchecked: 0,
    min: ascending.at(0) ?? null,
    max: ascending.at(-1) ?? null,
    first: first === undefined ? null : { ms: first.ms, value: first.value },
    last: last === undefined ? null : { ms: last.ms, value: last.value },
    histogram: buckets && readings.length > 0 ? [...counts].toSorted(([a], [b]) => a - b) : null,
  };
}
