import { strict as assert } from 'node:assert';
import { SPAN_SLICES } from '#core/slices/slice-span.ts';

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
