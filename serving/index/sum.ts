import { mergeInto } from '#core/stats/merge.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';

/** A sum of slices: of a section, of a window, of a session. */
export interface Sum {
  readonly table: StatsTable;
  readonly slot: number;
  /** How many log records contributed. */
  revision: number;
  /** Whether min, max, first and last may still hold what an amend took away. */
  pending: boolean;
}

/** Adds stats, with the revision and the pending of what they stand for, to a sum. */
export function addToSum(sum: Sum, table: StatsTable, slot: number, revision: number, pending: boolean): void {
  mergeInto(sum.table, sum.slot, table, slot);
  sum.revision += revision;
  if (pending) sum.pending = true;
}

/** Adds a sum to another. */
export function addSum(sum: Sum, { table, slot, revision, pending }: Sum): void {
  addToSum(sum, table, slot, revision, pending);
}
