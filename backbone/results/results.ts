import { strict as assert } from 'node:assert';
import { SPAN_SLICES } from '#core/slices/slice-span.ts';
import type { StatsPart } from '#core/stats/statistics.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';
import type { ResultRef } from '../manifests/manifest.ts';

/**
 * A block of a batch result: rows of one partition in the order of `compareRows`, each slice of a group at most once. Row
 * i is the slice `slice[i]`; its stats stand in `table` at slot `firstSlot + i`. The columns may be longer than `count`.
 */
export interface ResultBlock {
  readonly partition: number;
  readonly count: number;
  /** Of each stretch of rows of one group: the group, and the row behind its last one. */
  readonly groups: readonly string[];
  readonly ends: ArrayLike<number>;
  readonly slice: Float64Array;
  readonly revision: Float64Array;
  /** Bits of core/slices/merge-rows.ts: a row that RESETS replaces min, max, first and last of all earlier results. */
  readonly flags: Uint8Array;
  readonly table: StatsTable;
  readonly firstSlot: number;
}

/** The rows of a block that one group has side by side, in ascending order of slices. */
export interface GroupRows extends Omit<ResultBlock, 'groups' | 'ends'> {
  readonly group: string;
}

/** The stretches of a block, one after the other. */
export function* groupRows(block: ResultBlock): Iterable<GroupRows> {
  const { partition, groups, ends, slice, revision, flags, table, firstSlot } = block;
  for (let stretch = 0, from = 0; stretch < groups.length; stretch++) {
    const end = ends[stretch]!;
    yield {
      partition,
      group: groups[stretch]!,
      count: end - from,
      slice: slice.subarray(from, end),
      revision: revision.subarray(from, end),
      flags: flags.subarray(from, end),
      table,
      firstSlot: firstSlot + from,
    };
    from = end;
  }
}

/** Reads batch results. A result is immutable: what was read once may be kept. */
export interface ResultReader {
  /** The groups that a result has rows of. */
  groups(result: ResultRef): Promise<readonly string[]>;
  /** Slices [from, to) outside of which the result has none; undefined where it has no rows. */
  extent(result: ResultRef): Promise<readonly [number, number] | undefined>;
  /** The first slice from `slice` on that the result may have of any group; undefined where it has none. It may be too early. */
  heldFrom(result: ResultRef, slice: number): Promise<number | undefined>;
  /**
   * Rows of blocks that overlap the group's slices [fromSlice, toSlice), every partition; some may lie beyond it. They hold until
   * the next ones are asked for.
   */
  blocks(result: ResultRef, group: string, fromSlice: number, toSlice: number): AsyncIterable<GroupRows>;
  /**
   * Blocks that overlap the slices [fromSlice, toSlice) of whatever group, of which only the given parts of stats are read; the
   * others are those of no reading. A block holds until the next one is asked for.
   */
  scan(
    result: ResultRef,
    fromSlice: number,
    toSlice: number,
    parts: ReadonlySet<StatsPart>,
  ): AsyncIterable<ResultBlock>;
}

/**
 * Slices of a band, the unit of time by which results are ordered: short enough that a question for a day reads little
 * beside it, and long enough that a question for one group's year doesn't read a block for each of its rows.
 */
export const BAND_SLICES = 128;

assert(BAND_SLICES % SPAN_SLICES === 0, 'a band is a whole number of spans of rows');

/** The number of the band that a slice lies in. */
export function bandOf(slice: number): number {
  return Math.floor(slice / BAND_SLICES);
}

/** What names a row of a result. */
export interface RowName {
  readonly partition: number;
  readonly group: string;
  readonly slice: number;
}

/**
 * The order of the rows of a result: by partition, then band by band, in a band by group and slice. So a stretch of time
 * of all groups lies together, in it the rows of a group, and what a log tells in the order of time is written in order.
 */
export function compareRows(a: RowName, b: RowName): number {
  return a.partition - b.partition || compareInPartition(a.group, a.slice, b.group, b.slice);
}

/** The same within a partition. */
export function compareInPartition(group: string, slice: number, otherGroup: string, otherSlice: number): number {
  const bands = bandOf(slice) - bandOf(otherSlice);
  if (bands !== 0) return bands;
  if (group !== otherGroup) return group < otherGroup ? -1 : 1;
  return slice - otherSlice;
}
