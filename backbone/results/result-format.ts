import { strict as assert } from 'node:assert';
import { crc32 } from 'node:zlib';
import { COLUMN_ROOM, PackReader } from '#core/packing/pack-reader.ts';
import { PackWriter } from '#core/packing/pack-writer.ts';
import { decodeBlock, encodeBlock } from '#core/stats/block-codec.ts';
import { BLOCK_ROWS_MAX } from '#core/stats/block-columns.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { ObjectDamaged } from '../objects/objects.ts';
import { NewerFormat } from '../storage-errors.ts';
import type { ResultBlock } from './results.ts';

/**
 * A block of a batch result: rows of one group and partition in ascending order of slices, little endian.
 *
 * ```
 *   at  size
 *    0   1   format version  1
 *    1   1   0
 *    2   2   rows            1 … 4096
 *    4   4   checksum        u32, CRC-32 over everything behind it
 *    8   4   partition       u32
 *   12   4   group bytes g   u32
 *   16   4   column bytes c  u32
 *   20   g   group           UTF-8
 *        c   columns         pack: slice, revision, flags (see core/packing/pack-writer.ts)
 *        …   stats           of the rows (see core/stats/block-codec.ts)
 * ```
 *
 * The version keeps its place in every later format.
 */
export const RESULT_BLOCK_FORMAT = 1;

const HEAD_BYTES = 20;
const SAFE = Number.MAX_SAFE_INTEGER;
const utf8 = new TextEncoder();
const reader = new PackReader();
const pack = new PackWriter();

/** Rows to be written as one block: row i is at `slots[i]` of the table. */
export interface BlockRows {
  readonly partition: number;
  readonly group: string;
  /** Strictly ascending. */
  readonly slices: Float64Array;
  readonly revisions: Float64Array;
  readonly flags: Uint8Array;
  readonly table: StatsTable;
  readonly slots: Int32Array;
}

/** The bytes of a block of 1 to BLOCK_ROWS_MAX rows. */
export function encodeResultBlock(rows: BlockRows): Uint8Array {
  const count = rows.slots.length;
  assert(count >= 1 && count <= BLOCK_ROWS_MAX, `a block holds 1 to ${BLOCK_ROWS_MAX} rows, not ${count}`);
  const group = utf8.encode(rows.group);
  pack.reset();
  pack.column(rows.slices, count);
  pack.column(rows.revisions, count);
  pack.column(rows.flags, count);
  const columns = pack.finish(0);
  const stats = encodeBlock(rows.table, rows.slots);
  const bytes = new Uint8Array(HEAD_BYTES + group.length + columns.length + stats.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, RESULT_BLOCK_FORMAT);
  view.setUint16(2, count, true);
  view.setUint32(8, rows.partition, true);
  view.setUint32(12, group.length, true);
  view.setUint32(16, columns.length, true);
  bytes.set(group, HEAD_BYTES);
  bytes.set(columns, HEAD_BYTES + group.length);
  bytes.set(stats, HEAD_BYTES + group.length + columns.length);
  view.setUint32(4, crc32(bytes.subarray(8)), true);
  return bytes;
}

/** The rows of a block. Throws NewerFormat, or ObjectDamaged with the name of the object and its place. */
export function decodeResultBlock(bytes: Uint8Array, object: string, place: string): ResultBlock {
  if (bytes.length < HEAD_BYTES) throw new ObjectDamaged(object, place, `a block has ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint8(0);
  if (version > RESULT_BLOCK_FORMAT) throw new NewerFormat('block of a result', object, version, RESULT_BLOCK_FORMAT);
  if (crc32(bytes.subarray(8)) !== view.getUint32(4, true)) {
    throw new ObjectDamaged(object, place, 'the checksum of a block is wrong');
  }
  const count = view.getUint16(2, true);
  const columnsAt = HEAD_BYTES + view.getUint32(12, true);
  const statsAt = columnsAt + view.getUint32(16, true);
  const slice = new Float64Array(count + COLUMN_ROOM);
  const revision = new Float64Array(count + COLUMN_ROOM);
  const flagColumn = new Float64Array(count + COLUMN_ROOM);
  const whole =
    reader.open(bytes.subarray(0, statsAt), columnsAt) &&
    reader.column(slice, count, -SAFE, SAFE) &&
    reader.column(revision, count, 0, SAFE) &&
    reader.column(flagColumn, count, 0, 0xff) &&
    reader.finished();
  if (!whole) throw new ObjectDamaged(object, place, 'the columns of a block can not be unpacked');
  const table = new StatsTable(count);
  const firstSlot = decodeBlock(bytes.subarray(statsAt), table);
  if (typeof firstSlot !== 'number') throw new ObjectDamaged(object, place, firstSlot.message);
  if (table.size !== count) throw new ObjectDamaged(object, place, `a block of ${count} rows has ${table.size} stats`);
  const group = new TextDecoder().decode(bytes.subarray(HEAD_BYTES, columnsAt));
  const flags = Uint8Array.from(flagColumn.subarray(0, count));
  return { partition: view.getUint32(8, true), group, count, slice, revision, flags, table, firstSlot };
}
