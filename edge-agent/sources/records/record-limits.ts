import { strict as assert } from 'node:assert';
import { BATCH_READINGS_MAX } from '../batch-columns.ts';

/** How much of a file is held at a time. Tests hold less, so that everything is torn. */
export interface RecordLimits {
  /** Bytes read at a time: the next are read while these are taken apart, and a batch holds no more than these. */
  readonly chunkBytes: number;
  /** The longest record of a file, and the longest line. */
  readonly lineBytesMax: number;
  readonly batchReadingsMax: number;
}

/** A row of 16,384 columns fits into a line; what is longer is no row. */
export const RECORD_LIMITS: RecordLimits = {
  chunkBytes: 4_194_304,
  lineBytesMax: 1_048_576,
  batchReadingsMax: BATCH_READINGS_MAX,
};

/**
 * A buffer is room for what the last chunk left unfinished, a chunk, and room behind them for formats to write to: as
 * much again, and the sentinel.
 */
export function bufferBytes({ chunkBytes, lineBytesMax }: RecordLimits): number {
  return 2 * (lineBytesMax + chunkBytes) + 1;
}

/** Checks that a row's readings fit into a batch, whatever came before it. */
export function assertRelated({ batchReadingsMax }: RecordLimits, rowReadingsMax: number): void {
  assert(rowReadingsMax <= batchReadingsMax, 'the readings of one row fit into a batch');
}
