import type { StatsTable } from '#core/stats/stats-table.ts';
import type { ResultRef } from '../manifests/manifest.ts';

/**
 * Rows of one group and partition of a batch result, in ascending order of slices, each slice at most once. Row i is the
 * slice `slice[i]`; its stats stand in `table` at slot `firstSlot + i`. The columns may be longer than `count`.
 */
export interface ResultBlock {
  readonly partition: number;
  readonly group: string;
  readonly count: number;
  readonly slice: Float64Array;
  readonly revision: Float64Array;
  /** Bits of core/slices/merge-rows.ts: a row that RESETS replaces min, max, first and last of all earlier results. */
  readonly flags: Uint8Array;
  readonly table: StatsTable;
  readonly firstSlot: number;
}

/** Reads batch results. A result is immutable: what was read once may be kept. */
export interface ResultReader {
  /** The groups that a result has rows of. */
  groups(result: ResultRef): Promise<readonly string[]>;
  /** Blocks that overlap the group's slices [fromSlice, toSlice), every partition; they may hold slices beyond it. */
  blocks(result: ResultRef, group: string, fromSlice: number, toSlice: number): AsyncIterable<ResultBlock>;
}
