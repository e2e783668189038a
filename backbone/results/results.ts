import type { StatsPart } from '#core/stats/statistics.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';
import type { ResultRef } from '../manifests/manifest.ts';

/**
 * A block of a batch result: rows of one partition in the order of row-order.ts, each slice of a group at most once. Row
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
  /** Rows of blocks that overlap the group's slices [fromSlice, toSlice), every partition; some may lie beyond it. */
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
