import { COLUMN_ROOM } from '../packing/pack-reader.ts';

/** Few enough that a column stays in the processor's first-level cache, and enough to fill packed blocks. */
export const BLOCK_ROWS_MAX = 4096;

/** Room for one column of a block while it is written or read. */
export function columnRoom(): Float64Array {
  return new Float64Array(BLOCK_ROWS_MAX + COLUMN_ROOM);
}
