/**
 * How rows of one slice merge, the slow, obvious way: readings as lists, the rule word by word. Shares no code with the
 * readers it judges.
 */
import { type Reading, statsOf } from '../stats/stats.oracle.ts';
import type { Stats } from '../stats/stats.ts';
import type { NotedRow } from './merge-rows.fixtures.ts';

/** A slice as it is to be read. */
export interface MergedSlice {
  readonly stats: Stats;
  readonly revision: number;
  readonly pending: boolean;
}

/** The slices that rows make, by number; each partition's rows in their order. */
export function mergedSlices(partitions: readonly (readonly NotedRow[])[]): ReadonlyMap<number, MergedSlice> {
  const slices = new Set(partitions.flatMap((rows) => rows.map(({ slice }) => slice)));
  return new Map([...slices].sort((a, b) => a - b).map((slice) => [slice, mergedSlice(partitions, slice)]));
}

function mergedSlice(partitions: readonly (readonly NotedRow[])[], slice: number): MergedSlice {
  const ofSlice = partitions.map((rows) => rows.filter((row) => row.slice === slice));
  const current = ofSlice.flatMap((rows) => {
    const reset = rows.findLastIndex(({ resets }) => resets);
    return reset < 0 ? rows : rows.slice(reset);
  });
  const { min, max, first, last } = statsOf(
    current.flatMap(({ selected }) => selected),
    false,
  );
  const additive = countedStats(ofSlice.flatMap((rows) => rows.flatMap(({ counted }) => counted)));
  return {
    stats: { ...additive, min, max, first, last },
    revision: ofSlice.flat().reduce((sum, { revision }) => sum + revision, 0),
    pending: current.some(({ isPending }) => isPending),
  };
}

/** The stats of what rows count, as the fixtures build them: each reading accounts for a time of its own. */
export function countedStats(readings: readonly Reading[]): Stats {
  const accountedMs = readings.reduce((sum, { ms }) => sum + BigInt(ms), 0n);
  return statsOf(readings, true, { increase: 0n, integral: 0n, coveredMs: 0n, accountedMs });
}
