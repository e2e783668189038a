/**
 * Results as they were written before their blocks held many groups: readers still give them, and the next batch run
 * makes them anew. Both heads are those of format 2 (result-format.ts, result-directory.ts), and checked before.
 *
 * ```
 *   block       rows of one group in ascending order of slices
 *   12   4      group bytes g   u32
 *   20   g      group           UTF-8
 *        …      columns         pack: slice, revision, flags; then the stats
 *
 *   directory   in the order of (partition, group, first slice)
 *        …      columns         pack, a row per block: partition, number of the group, first slice, last − first slice,
 *                               rows, number of the object, offset in it, bytes
 * ```
 */
import { COLUMN_ROOM, PackReader } from '#core/packing/pack-reader.ts';
import { decodeBlock } from '#core/stats/block-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import type { ResultBlock } from './results.ts';

const HEAD_BYTES = 20;
const SAFE = Number.MAX_SAFE_INTEGER;
const reader = new PackReader();

/** The rows of a block of format 1. Throws what `damaged` makes of a reason. */
export function decodeBlockOne(bytes: Uint8Array, damaged: (what: string) => Error): ResultBlock {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
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
  if (!whole) throw damaged('the columns of a block can not be unpacked');
  const table = new StatsTable(Math.max(1, count));
  const firstSlot = decodeBlock(bytes.subarray(statsAt), table);
  if (typeof firstSlot !== 'number') throw damaged(firstSlot.message);
  if (table.size !== count) throw damaged(`a block of ${count} rows has ${table.size} stats`);
  const groups = [new TextDecoder().decode(bytes.subarray(HEAD_BYTES, columnsAt))];
  const flags = Uint8Array.from(flagColumn.subarray(0, count));
  const partition = view.getUint32(8, true);
  return { partition, count, groups, ends: [count], slice, revision, flags, table, firstSlot };
}

/** The columns of a directory of format 1 as format 2 has them; undefined where they can't be unpacked. */
export function directoryColumnsOne(bytes: Uint8Array, columnsAt: number, count: number): Float64Array[] | undefined {
  let whole = reader.open(bytes, columnsAt);
  const columns = Array.from({ length: 8 }, () => {
    const column = new Float64Array(count + COLUMN_ROOM);
    whole &&= reader.column(column, count, -SAFE, SAFE);
    return column;
  });
  if (!whole || !reader.finished()) return undefined;
  const [partition, group, firstSlice, beyondFirst, rows, object, offset, size] = columns;
  const lastSlice = beyondFirst!.map((beyond, i) => firstSlice![i]! + beyond);
  return [partition!, group!, firstSlice!, group!, lastSlice, rows!, object!, offset!, size!];
}
