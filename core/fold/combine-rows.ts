import { mergeAdditive } from '../stats/additive.ts';
import { mergeInto } from '../stats/merge.ts';
import { copySelective } from '../stats/selective.ts';
import type { StatsTable } from '../stats/stats-table.ts';
import { RESETS } from './slice-slots.ts';

/**
 * Takes the next row of a slice into the slot that holds the combination of all rows before it, whose flags are
 * `flags`; gives the flags of the combination.
 *
 * The rows of one slice and partition are taken in order: base, deltas, then rows of changes by (epoch, part). Additive
 * parts add up. A row that RESETS brings min, max, first and last of all history up to its end, so they replace those
 * of the rows before it, and what was pending there is settled. Combining is associative: rows that follow each other
 * may be combined first, and the result taken as one row.
 */
export function combineRow(
  table: StatsTable,
  slot: number,
  flags: number,
  from: StatsTable,
  fromSlot: number,
  fromFlags: number,
): number {
  if ((fromFlags & RESETS) === 0) {
    mergeInto(table, slot, from, fromSlot);
    return flags | fromFlags;
  }
  mergeAdditive(table, slot, from, fromSlot);
  copySelective(table, slot, from, fromSlot);
  return fromFlags;
}
