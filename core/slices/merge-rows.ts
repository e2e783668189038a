/**
 * How one slice of one group is made of the rows that are stored of it, for all readers (docs/design.md#a-cut-ends-an-epoch).
 *
 * A *row* is a row of a batch result or a row of the table of changes. The rows of one partition have an order: the
 * results of the manifest as they stand there (base, then deltas), then the changes by (epoch, part).
 *
 *   additive part    the sum of all rows
 *   selective part   merged from the last row that RESETS on (its own included), or of all where none does
 *   pending          a row from there on is PENDING: one that resets may have been amended again since
 *   revision         the sum of the revisions of all rows
 *
 * Then the partitions are merged by ⊕. Laws: the order in which rows are stored or arrive changes no bit; a state of a
 * row replaces its earlier one; rows that follow each other may be merged first, and the result taken as one row, so
 * rows up to a cut may be replaced by the result that covers them.
 *
 * Everything but the rule of RESETS commutes, so rows are taken from the newest to the oldest: all that has to be known
 * of a partition's newer rows is their flags, and the slot that is added to may serve all partitions.
 */
import { mergeAdditive } from '../stats/additive.ts';
import { mergeSelective } from '../stats/merge.ts';
import type { StatsTable } from '../stats/stats-table.ts';

/** The row still holds what an amend took away: its min, max, first and last wait for a refold. */
export const PENDING = 1;
/** The row's min, max, first and last were refolded from all history: they replace those of every earlier row. */
export const RESETS = 2;

/** The place of a row of changes in the order of its partition. */
export interface RowPlace {
  readonly partition: number;
  readonly epoch: number;
  readonly part: number;
}

/** Sorts rows of changes so that, within a partition, the newest comes first. */
export function newestFirst(a: RowPlace, b: RowPlace): number {
  return a.partition - b.partition || b.epoch - a.epoch || b.part - a.part;
}

/** The flags of older and newer rows of one slice and partition, taken together. */
export function joinFlags(older: number, newer: number): number {
  return (newer & RESETS) === 0 ? older | newer : newer;
}

/**
 * Takes the next older row of a slice and partition into the slot. `newer` are the flags of all its newer rows taken
 * together, 0 before the newest; gives the same with this row.
 */
export function takeOlderRow(
  table: StatsTable,
  slot: number,
  newer: number,
  from: StatsTable,
  fromSlot: number,
  flags: number,
): number {
  mergeAdditive(table, slot, from, fromSlot);
  if ((newer & RESETS) === 0) mergeSelective(table, slot, from, fromSlot);
  return joinFlags(flags, newer);
}
