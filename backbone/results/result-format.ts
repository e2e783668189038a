import { strict as assert } from 'node:assert';
import { crc32 } from 'node:zlib';
import { WIDE_RUN_MAX } from '#core/numbers/wide.ts';
import { BLOCK_VALUES } from '#core/packing/block.ts';
import { COLUMN_ROOM, PackReader } from '#core/packing/pack-reader.ts';
import { PackWriter } from '#core/packing/pack-writer.ts';
import { BlockTarget, decodeBlock, encodeBlock, hasWindows, type RowWindow } from '#core/stats/block-codec.ts';
import type { BlockGrid } from '#core/stats/foretold.ts';
import { STATS_PARTS, type StatsPart } from '#core/stats/statistics.ts';
import { type LimbsUsed, StatsTable } from '#core/stats/stats-table.ts';
import { slotsOf, spreadTails, type Tails, tailsFrom, tailsRoom } from '#core/stats/tails.ts';
import { ObjectDamaged } from '../objects/objects.ts';
import { NewerFormat } from '../storage-errors.ts';
import { decodeBlockOne } from './format-one.ts';
import { type GroupRows, groupRows, type ResultBlock } from './results.ts';
import {
  readSlices,
  readTailRevisions,
  readTailShapes,
  sliceBehind,
  spreadEnds,
  type SpreadRows,
  spreadRoom,
  spreadRows,
  writeSlices,
  writeTailRevisions,
  writeTailShapes,
} from './row-columns.ts';

/**
 * A block of a batch result: rows of one partition, of one group or of many, in the order of results.ts, little endian. What a row
 * says of the slices behind it, in which nothing but its value was held, is its tail (core/stats/tails.ts); a reader is given
 * rows of these too.
 *
 * ```
 *   at  size
 *    0   1   format version  5, or 4 where no row has a tail
 *    1   1   0
 *    2   2   rows            1 … 1024; with their tails 4096 slices at most
 *    4   4   checksum        u32, CRC-32 over everything behind it
 *    8   4   partition       u32
 *   12   4   text bytes t    u32
 *   16   4   column bytes c  u32
 *   20   t   groups          JSON array of the keys of the groups, UTF-8: one for each stretch of rows of one group
 *        c   columns         pack: varint ms of a slice, 0 where it isn't known; rows of each stretch; then of each row, in format 5, the
 *                            slices of its tail; slice, revision, flags (see core/packing/pack-writer.ts); in format 5, the
 *                            revision of its tail less its own, and that of the marked slice less that of the tail.
 *                            Slices: u8 1 and their distances from what is foretold of them (writeSlices), or u8 0 and
 *                            as they are where a distance is no safe integer
 *        …   stats           of the rows (see core/stats/block-codec.ts), whose grid is that of the slices and tails
 * ```
 *
 * The version keeps its place in every later format. Format 3 has slices as they are; format 2 also has no ms of a slice and a
 * grid of zeros; blocks of format 1 hold one group (format-one.ts).
 */
export const RESULT_BLOCK_FORMAT = 5;

/** Those before it, which are read still. */
const FORMAT_WITHOUT_GRID = 2;
const FORMAT_OF_PLAIN_SLICES = 3;
const FORMAT_WITHOUT_TAILS = 4;

/**
 * The most rows of a block: what is read and unpacked for one row of it. Enough that a block's own bytes and the turns that
 * it takes are small beside its rows.
 */
export const RESULT_BLOCK_ROWS_MAX = 1024;

/** The most slices of a block, those of tails included: what it takes in memory once it is unpacked. */
export const RESULT_BLOCK_SLICES_MAX = 4096;

assert(RESULT_BLOCK_SLICES_MAX <= WIDE_RUN_MAX, 'the slices of a block can be added up in one go');
assert(RESULT_BLOCK_SLICES_MAX >= RESULT_BLOCK_ROWS_MAX, 'a block has room for rows without tails');

const HEAD_BYTES = 20;
const SAFE = Number.MAX_SAFE_INTEGER;
const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();
const reader = new PackReader();
const pack = new PackWriter();
const startMs = new Float64Array(RESULT_BLOCK_ROWS_MAX);
const counted = new Float64Array(RESULT_BLOCK_ROWS_MAX);
const EVERY_PART: ReadonlySet<StatsPart> = new Set(STATS_PARTS);

/** How many rows a block has, of its bytes; those of tails are no rows of their own there. */
export function rowsOfBlock(bytes: Uint8Array): number {
  return viewOf(bytes).getUint16(2, true);
}

/** Rows to be written as one block: row i is at `slots[i]` of the table. */
export interface BlockRows {
  readonly partition: number;
  /** How long the slices are, 0 where that isn't known: with it the rows take fewer bytes. */
  readonly sliceMs: number;
  /** Of each stretch of rows of one group: the group, and the row behind its last one. */
  readonly groups: readonly string[];
  readonly ends: ArrayLike<number>;
  readonly slices: Float64Array;
  readonly revisions: Float64Array;
  readonly flags: Uint8Array;
  readonly table: StatsTable;
  readonly slots: Int32Array;
  /** Where a row has one. */
  readonly tails?: Tails | undefined;
  /** Of the table, where that is known. */
  readonly limbs?: LimbsUsed | undefined;
}

/** The bytes of a block of 1 to RESULT_BLOCK_ROWS_MAX rows. */
export function encodeResultBlock(rows: BlockRows): Uint8Array {
  const count = rows.slots.length;
  assert(count >= 1 && count <= RESULT_BLOCK_ROWS_MAX, `a block has 1 to ${RESULT_BLOCK_ROWS_MAX} rows, not ${count}`);
  const { groups, ends, tails } = rows;
  const text = utf8.encode(JSON.stringify(groups));
  const grid = gridOf(rows.slices, count, rows.sliceMs, tails);
  pack.reset();
  pack.bytes.varint(grid.sliceMs);
  // All columns are of doubles: the packer is as fast as it is because it sees one kind.
  for (let i = 0; i < groups.length; i++) counted[i] = ends[i]! - (i === 0 ? 0 : ends[i - 1]!);
  pack.column(counted, groups.length);
  if (tails !== undefined) writeTailShapes(pack, tails, count);
  writeSlices(pack, rows.slices, ends, groups.length, tails);
  pack.column(rows.revisions, count);
  for (let i = 0; i < count; i++) counted[i] = rows.flags[i]!;
  pack.column(counted, count);
  if (tails !== undefined) writeTailRevisions(pack, tails, rows.revisions, count);
  const columns = pack.finish(0);
  const stats = encodeBlock(rows.table, rows.slots, grid, rows.limbs);
  const bytes = new Uint8Array(HEAD_BYTES + text.length + columns.length + stats.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, tails === undefined ? FORMAT_WITHOUT_TAILS : RESULT_BLOCK_FORMAT);
  view.setUint16(2, count, true);
  view.setUint32(8, rows.partition, true);
  view.setUint32(12, text.length, true);
  view.setUint32(16, columns.length, true);
  bytes.set(text, HEAD_BYTES);
  bytes.set(columns, HEAD_BYTES + text.length);
  bytes.set(stats, HEAD_BYTES + text.length + columns.length);
  view.setUint32(4, crc32(bytes.subarray(8)), true);
  return bytes;
}

/** Holds until the next one is asked for. */
function gridOf(slices: Float64Array, count: number, sliceMs: number, tails: Tails | undefined): BlockGrid {
  let isKnown = true;
  for (let i = 0; i < count; i++) {
    startMs[i] = slices[i]! * sliceMs;
    isKnown &&= Number.isSafeInteger(startMs[i]);
  }
  if (!isKnown) startMs.fill(0, 0, count);
  return { startMs, sliceMs: isKnown ? sliceMs : 0, tails };
}

/** Where the rows of one block after the other are read to: each is valid until the next is read. */
export class ResultBlockTarget {
  readonly stats: BlockTarget;
  readonly ends = new Float64Array(RESULT_BLOCK_ROWS_MAX + COLUMN_ROOM);
  readonly slice = new Float64Array(RESULT_BLOCK_ROWS_MAX + COLUMN_ROOM);
  readonly revision = new Float64Array(RESULT_BLOCK_ROWS_MAX + COLUMN_ROOM);
  readonly flagColumn = new Float64Array(RESULT_BLOCK_ROWS_MAX + COLUMN_ROOM);
  readonly flags = new Uint8Array(RESULT_BLOCK_ROWS_MAX);
  #tails: Tails | undefined;
  #spread: SpreadRows | undefined;

  /** Of stats only these parts are read. */
  constructor(parts: ReadonlySet<StatsPart>) {
    this.stats = new BlockTarget(RESULT_BLOCK_ROWS_MAX, parts);
  }

  get tails(): Tails {
    return (this.#tails ??= tailsRoom(RESULT_BLOCK_ROWS_MAX));
  }

  /** For the rows of a block that has tails, and what these make of them. */
  get spread(): SpreadRows {
    return (this.#spread ??= spreadRoom(RESULT_BLOCK_SLICES_MAX));
  }
}

/**
 * The rows of a block, those of tails among them; of a target only what it asks for. Throws NewerFormat, or ObjectDamaged with the
 * name of the object and its place.
 */
export function decodeResultBlock(
  bytes: Uint8Array,
  object: string,
  place: string,
  target?: ResultBlockTarget,
): ResultBlock {
  const damaged = (what: string): ObjectDamaged => new ObjectDamaged(object, place, what);
  const version = checkedVersion(bytes, object, damaged);
  if (version < FORMAT_WITHOUT_GRID) return decodeBlockOne(bytes, damaged);
  const front = readFront(bytes, version, damaged, target);
  const { count, partition, groups, ends, slice, revision, flags, tails } = front;
  const read = readStats(front, gridOf(slice, count, front.sliceMs, tails), target, damaged);
  if (tails === undefined) return { partition, count, groups, ends, slice, revision, flags, ...read };
  const slices = slotsOf(tails, count);
  if (target !== undefined) target.stats.spread(0, count, tails);
  else {
    read.table.allocateMany(slices - count);
    spreadTails(read.table, read.firstSlot, count, tails, EVERY_PART);
  }
  const rows = spreadRows(front, tails, 0, count, target?.spread ?? spreadRoom(slices));
  return { partition, groups, ends: spreadEnds(ends, groups.length, tails), ...rows, ...read };
}

/**
 * The rows of one group of a block, stretch by stretch, each valid until the next is asked for: of the stats little more than these
 * rows are unpacked. Throws as decodeResultBlock does.
 */
export function* decodeRowsOfGroup(
  bytes: Uint8Array,
  object: string,
  place: string,
  group: string,
  target: ResultBlockTarget,
): Iterable<GroupRows> {
  const damaged = (what: string): ObjectDamaged => new ObjectDamaged(object, place, what);
  const version = checkedVersion(bytes, object, damaged);
  if (version < FORMAT_WITHOUT_GRID) {
    for (const rows of groupRows(decodeBlockOne(bytes, damaged))) if (rows.group === group) yield rows;
    return;
  }
  const front = readFront(bytes, version, damaged, target);
  const { sliceMs, stats, groups, ends, count, partition, slice, revision, flags, tails } = front;
  for (let stretch = 0, from = 0; stretch < groups.length; from = ends[stretch++]!) {
    if (groups[stretch] !== group) continue;
    const end = ends[stretch]!;
    const window = hasWindows(stats) ? windowOf(front, from, end) : { from: 0, to: count };
    // Other blocks may have been read since the stretch before.
    const fault = target.stats.readWindow(stats, count, window, gridOf(slice, count, sliceMs, tails));
    if (fault !== undefined) throw damaged(fault.message);
    const firstSlot = from - window.from;
    const { table } = target.stats;
    if (tails === undefined) {
      const rows = {
        count: end - from,
        slice: slice.subarray(from, end),
        revision: revision.subarray(from, end),
        flags: flags.subarray(from, end),
      };
      yield { partition, group, ...rows, table, firstSlot };
    } else {
      target.stats.spread(firstSlot, end - from, tailsFrom(tails, from));
      const rows = spreadRows(front, tails, from, end, target.spread);
      yield { partition, group, ...rows, slice: rows.slice.subarray(0, rows.count), table, firstSlot };
    }
  }
}

/** The packed blocks of stats that rows [from, end) lie in; and the one before, where the first of them is foretold by its last. */
function windowOf({ slice, tails, count }: BlockFront, from: number, end: number): RowWindow {
  let first = Math.floor(from / BLOCK_VALUES) * BLOCK_VALUES;
  if (first === from && from > 0 && sliceBehind(slice, tails, from - 1) === slice[from]) first -= BLOCK_VALUES;
  return { from: first, to: Math.min(Math.ceil(end / BLOCK_VALUES) * BLOCK_VALUES, count) };
}

function checkedVersion(bytes: Uint8Array, object: string, damaged: (what: string) => ObjectDamaged): number {
  if (bytes.length < HEAD_BYTES) throw damaged(`a block has ${bytes.length} bytes`);
  const version = bytes[0]!;
  if (version > RESULT_BLOCK_FORMAT) throw new NewerFormat('block of a result', object, version, RESULT_BLOCK_FORMAT);
  if (crc32(bytes.subarray(8)) !== viewOf(bytes).getUint32(4, true)) throw damaged('the checksum of a block is wrong');
  return version;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** What stands in a block before its stats, and these. */
interface BlockFront extends Omit<ResultBlock, 'table' | 'firstSlot'> {
  readonly sliceMs: number;
  readonly stats: Uint8Array;
  /** Where a row has one. */
  readonly tails: Tails | undefined;
}

/** Reads what isn't stats of a block of format 2 or later. */
function readFront(
  bytes: Uint8Array,
  version: number,
  damaged: (what: string) => ObjectDamaged,
  target: ResultBlockTarget | undefined,
): BlockFront {
  const view = viewOf(bytes);
  const count = view.getUint16(2, true);
  const columnsAt = HEAD_BYTES + view.getUint32(12, true);
  const statsAt = columnsAt + view.getUint32(16, true);
  if (statsAt > bytes.length) throw damaged('a block ends within its columns');
  const groups = JSON.parse(utf8Decoder.decode(bytes.subarray(HEAD_BYTES, columnsAt))) as string[];
  if (count > RESULT_BLOCK_ROWS_MAX || groups.length > count) throw damaged(`a block has ${count} rows`);
  const { ends, slice, revision, flagColumn, flags } = target ?? columnsFor(count, groups.length);
  const unpacked = (isUnpacked: boolean): void => {
    if (!isUnpacked) throw damaged('the columns of a block can not be unpacked');
  };
  const isOpen = reader.open(bytes.subarray(0, statsAt), columnsAt);
  const sliceMs = version === FORMAT_WITHOUT_GRID ? 0 : reader.bytes.varint();
  unpacked(isOpen && reader.column(ends, groups.length, 1, count));
  for (let i = 1; i < groups.length; i++) ends[i]! += ends[i - 1]!;
  if (ends[groups.length - 1] !== count) throw damaged('the groups of a block have other rows than it has');
  const tails = version <= FORMAT_WITHOUT_TAILS ? undefined : (target?.tails ?? tailsRoom(count));
  if (tails !== undefined) unpacked(readTailShapes(reader, tails, count, RESULT_BLOCK_SLICES_MAX));
  unpacked(
    (version <= FORMAT_OF_PLAIN_SLICES
      ? reader.column(slice, count, -SAFE, SAFE)
      : readSlices(reader, slice, ends, groups.length, count, tails)) &&
      reader.column(revision, count, 0, SAFE) &&
      reader.column(flagColumn, count, 0, 0xff) &&
      (tails === undefined || readTailRevisions(reader, tails, revision, count)) &&
      reader.finished(),
  );
  for (let i = 0; i < count; i++) flags[i] = flagColumn[i]!;
  const stats = bytes.subarray(statsAt);
  return { partition: view.getUint32(8, true), count, groups, ends, slice, revision, flags, tails, sliceMs, stats };
}

/** Reads the stats of the rows, without those of their tails. */
function readStats(
  { stats: bytes, count }: BlockFront,
  grid: BlockGrid,
  target: ResultBlockTarget | undefined,
  damaged: (what: string) => ObjectDamaged,
): Pick<ResultBlock, 'table' | 'firstSlot'> {
  if (target !== undefined) {
    const fault = target.stats.read(bytes, count, grid);
    if (fault !== undefined) throw damaged(fault.message);
    return { table: target.stats.table, firstSlot: 0 };
  }
  const table = new StatsTable(Math.max(1, count));
  const firstSlot = decodeBlock(bytes, table, undefined, grid);
  if (typeof firstSlot !== 'number') throw damaged(firstSlot.message);
  if (table.size !== count) throw damaged(`a block of ${count} rows has ${table.size} stats`);
  return { table, firstSlot };
}

function columnsFor(
  count: number,
  groupCount: number,
): Pick<ResultBlockTarget, 'ends' | 'slice' | 'revision' | 'flagColumn' | 'flags'> {
  const column = (length: number) => new Float64Array(length + COLUMN_ROOM);
  return {
    ends: column(groupCount),
    slice: column(count),
    revision: column(count),
    flagColumn: column(count),
    flags: new Uint8Array(count),
  };
}
