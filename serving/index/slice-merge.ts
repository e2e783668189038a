/**
 * How one slice of one group is made of what is stored of it (docs/design.md#a-cut-ends-an-epoch).
 *
 * A *contribution* is a row of a batch result or a row of changes. Per partition the contributions have an order: the
 * results of the manifest as they stand there (base, then deltas), then the rows of changes by (epoch, part).
 *
 *   additive part    the sum of all contributions
 *   selective part   merged from the last contribution that RESETS on (its own included), or of all where none does
 *   pending          a contribution from there on is PENDING: one that resets may have been amended again since
 *   revision         the sum of the revisions of all contributions
 *
 * Then the partitions are merged by ⊕. Laws: the order in which contributions are stored or arrive changes no bit; a
 * state of a row replaces its earlier one; rows up to a cut may be replaced by the result that covers them.
 *
 * Everything but the rule of RESETS commutes, so contributions are taken from the newest to the oldest, and all that is
 * kept of a partition is whether a newer one has reset: then an older one gives its additive part only.
 */
import { PENDING, RESETS } from '#core/fold/slice-slots.ts';
import { mergeAdditive } from '#core/stats/additive.ts';
import { mergeSelective } from '#core/stats/selective.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';

/** What belongs to a slice or a window beside its stats. */
export interface Tally {
  /** How many log records contributed. */
  revision: number;
  /** Whether min, max, first and last may still hold what an amend took away. */
  pending: boolean;
}

/** A sum of slices: of a run, of a window, of a session. */
export interface Sum extends Tally {
  readonly table: StatsTable;
  readonly slot: number;
}

/** The place of a row of changes in the order of its partition. */
export interface RowPlace {
  readonly partition: number;
  readonly epoch: number;
  readonly part: number;
}

/** Sorts rows so that, within a partition, the newest comes first. */
export function newestFirst(a: RowPlace, b: RowPlace): number {
  return a.partition - b.partition || b.epoch - a.epoch || b.part - a.part;
}

/**
 * Merges a contribution into table[slot]. `isReset` says that a newer contribution of its partition resets; the answer
 * is the same for the next older one.
 */
export function takeContribution(
  table: StatsTable,
  slot: number,
  tally: Tally,
  from: StatsTable,
  fromSlot: number,
  revision: number,
  flags: number,
  isReset: boolean,
): boolean {
  mergeAdditive(table, slot, from, fromSlot);
  tally.revision += revision;
  if (isReset) return true;
  mergeSelective(table, slot, from, fromSlot);
  if ((flags & PENDING) !== 0) tally.pending = true;
  return (flags & RESETS) !== 0;
}
