import { strict as assert } from 'node:assert';
import { crc32 } from 'node:zlib';
import { BLOCK_VALUES } from '#core/packing/block.ts';
import { COLUMN_ROOM, PackReader } from '#core/packing/pack-reader.ts';
import { PackWriter } from '#core/packing/pack-writer.ts';
import {
  BlockTarget,
  BLOCK_VERSION as STATS_BLOCK_VERSION,
  decodeBlock,
  encodeBlock,
  type RowWindow,
} from '#core/stats/block-codec.ts';
import type { BlockGrid } from '#core/stats/foretold.ts';
import type { StatsPart } from '#core/stats/statistics.ts';
import { type LimbsUsed, StatsTable } from '#core/stats/stats-table.ts';
import { ObjectDamaged } from '../objects/objects.ts';
import { NewerFormat } from '../storage-errors.ts';
import { decodeBlockOne } from './format-one.ts';
import { type GroupRows, groupRows, type ResultBlock } from './results.ts';

/**
 * A block of a batch result: rows of one partition, of one group or of many, in the order of results.ts, little endian.
 *
 * ```
 *   at  size
 *    0   1   format version  4
 *    1   1   0
 *    2   2   rows            1 … 1024
 *    4   4   checksum        u32, CRC-32 over everything behind it
 *    8   4   partition       u32
 *   12   4   text bytes t    u32
 *   16   4   column bytes c  u32
 *   20   t   groups          JSON array of the keys of the groups, UTF-8: one for each stretch of rows of one group
 *        c   columns         pack: varint ms of a slice, 0 where it isn't known; rows of each stretch; then of each row slice,
 *                            revision, flags (see core/packing/pack-writer.ts). Slices: u8 1 and their distances from what is
 *                            foretold of them (writeSlices), or u8 0 and as they are where a distance is no safe integer
 *        …   stats           of the rows (see core/stats/block-codec.ts), whose grid is that of the slices
 * ```
 *
 * The version keeps its place in every later format. Format 3 has slices as they are; format 2 also has no ms of a slice and a
 * grid of zeros; blocks of format 1 hold one group (format-one.ts).
 */
export const RESULT_BLOCK_FORMAT = 4;

/** Those before it, which are read still. */
const FORMAT_WITHOUT_GRID = 2;
const FORMAT_OF_PLAIN_SLICES = 3;

/**
 * The most rows of a block: what is read and unpacked for one row of it. Enough that a block's own bytes and the turns that
 * it takes are small beside its rows.
 */
export const RESULT_BLOCK_ROWS_MAX = 1024;

const HEAD_BYTES = 20;
const SAFE = Number.MAX_SAFE_INTEGER;
const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();
const reader = new PackReader();
const pack = new PackWriter();
const startMs = new Float64Array(RESULT_BLOCK_ROWS_MAX);
const counted = new Float64Array(RESULT_BLOCK_ROWS_MAX);

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
  /** Of the table, where that is known. */
  readonly limbs?: LimbsUsed | undefined;
}

/** The bytes of a block of 1 to RESULT_BLOCK_ROWS_MAX rows. */
export function encodeResultBlock(rows: BlockRows): Uint8Array {
  const count = rows.slots.length;
  assert(count >= 1 && count <= RESULT_BLOCK_ROWS_MAX, `a block has 1 to ${RESULT_BLOCK_ROWS_MAX} rows, not ${count}`);
  const { groups, ends } = rows;
  const text = utf8.encode(JSON.stringify(groups));
  const grid = gridOf(rows.slices, count, rows.sliceMs);
  pack.reset();
  pack.bytes.varint(grid.sliceMs);
  // All columns are of doubles: the packer is as fast as it is because it sees one kind.
  for (let i = 0; i < groups.length; i++) counted[i] = ends[i]! - (i === 0 ? 0 : ends[i - 1]!);
  pack.column(counted, groups.length);
  writeSlices(rows.slices, ends, groups.length);
  pack.column(rows.revisions, count);
  for (let i = 0; i < count; i++) counted[i] = rows.flags[i]!;
  pack.column(counted, count);
  const columns = pack.finish(0);
  const stats = encodeBlock(rows.table, rows.slots, grid, rows.limbs);
  const bytes = new Uint8Array(HEAD_BYTES + text.length + columns.length + stats.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, RESULT_BLOCK_FORMAT);
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

/**
 * Writes the slices of rows as their distances from what is foretold: the slice behind that of the row before, and for the
 * first row of a stretch the slice that the stretch before began with.
 */
function writeSlices(slices: Float64Array, ends: ArrayLike<number>, stretches: number): void {
  let count = 0;
  let start = 0;
  let areSafe = true;
  for (let stretch = 0; stretch < stretches; stretch++) {
    counted[count] = slices[count]! - start;
    start = slices[count]!;
    while (++count < ends[stretch]!) counted[count] = slices[count]! - slices[count - 1]! - 1;
  }
  for (let i = 0; i < count; i++) areSafe &&= Number.isSafeInteger(counted[i]);
  pack.bytes.byte(areSafe ? 1 : 0);
  pack.column(areSafe ? counted : slices, count);
}

/** Reads what {@link writeSlices} wrote for stretches of rows with these ends, `count` rows in all. */
function readSlices(slices: Float64Array, ends: Float64Array, stretches: number, count: number): boolean {
  const form = reader.bytes.byte();
  if (!reader.column(slices, count, -SAFE, SAFE)) return false;
  if (form !== 1) return form === 0;
  let at = 0;
  let start = 0;
  for (let stretch = 0; stretch < stretches; stretch++) {
    slices[at] = start += slices[at]!;
    while (++at < ends[stretch]!) slices[at] = slices[at]! + slices[at - 1]! + 1;
  }
  // A sum beyond the safe integers may be rounded, and stays beyond them.
  let areSafe = true;
  for (let i = 0; i < count; i++) areSafe &&= Number.isSafeInteger(slices[i]);
  return areSafe;
}

/** Holds until the next one is asked for. */
function gridOf(slices: Float64Array, count: number, sliceMs: number): BlockGrid {
  let isKnown = true;
  for (let i = 0; i < count; i++) {
    startMs[i] = slices[i]! * sliceMs;
    isKnown &&= Number.isSafeInteger(startMs[i]);
  }
  if (!isKnown) startMs.fill(0, 0, count);
  return { startMs, sliceMs: isKnown ? sliceMs : 0 };
}

/** Where the rows of one block after the other are read to: each is valid until the next is read. */
export class ResultBlockTarget {
  readonly stats: BlockTarget;
  readonly ends = new Float64Array(RESULT_BLOCK_ROWS_MAX + COLUMN_ROOM);
  readonly slice = new Float64Array(RESULT_BLOCK_ROWS_MAX + COLUMN_ROOM);
  readonly revision = new Float64Array(RESULT_BLOCK_ROWS_MAX + COLUMN_ROOM);
  readonly flagColumn = new Float64Array(RESULT_BLOCK_ROWS_MAX + COLUMN_ROOM);
  readonly flags = new Uint8Array(RESULT_BLOCK_ROWS_MAX);

  /** Of stats only these parts are read. */
  constructor(parts: ReadonlySet<StatsPart>) {
    this.stats = new BlockTarget(RESULT_BLOCK_ROWS_MAX, parts);
  }
}

/**
 * The rows of a block; of a target only what it asks for. Throws NewerFormat, or ObjectDamaged with the name of the object
 * and its place.
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
  const { sliceMs, stats, ...front } = readFront(bytes, version, damaged, target);
  const grid = gridOf(front.slice, front.count, sliceMs);
  return { ...front, ...readStats(stats, grid, front.count, target, damaged) };
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
  const { sliceMs, stats, groups, ends, count, partition, slice, revision, flags } = readFront(
    bytes,
    version,
    damaged,
    target,
  );
  for (let stretch = 0, from = 0; stretch < groups.length; from = ends[stretch++]!) {
    if (groups[stretch] !== group) continue;
    const end = ends[stretch]!;
    const window = stats[0] === STATS_BLOCK_VERSION ? windowOf(slice, from, end, count) : { from: 0, to: count };
    // Other blocks may have been read since the stretch before.
    const fault = target.stats.readWindow(stats, count, window, gridOf(slice, count, sliceMs));
    if (fault !== undefined) throw damaged(fault.message);
    yield {
      partition,
      group,
      count: end - from,
      slice: slice.subarray(from, end),
      revision: revision.subarray(from, end),
      flags: flags.subarray(from, end),
      table: target.stats.table,
      firstSlot: from - window.from,
    };
  }
}

/** The packed blocks of stats that rows [from, end) lie in; and the one before, where the first of them is foretold by its last. */
function windowOf(slice: Float64Array, from: number, end: number, count: number): RowWindow {
  let first = Math.floor(from / BLOCK_VALUES) * BLOCK_VALUES;
  if (first === from && from > 0 && slice[from]! - slice[from - 1]! === 1) first -= BLOCK_VALUES;
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
  unpacked(
    (version <= FORMAT_OF_PLAIN_SLICES
      ? reader.column(slice, count, -SAFE, SAFE)
      : readSlices(slice, ends, groups.length, count)) &&
      reader.column(revision, count, 0, SAFE) &&
      reader.column(flagColumn, count, 0, 0xff) &&
      reader.finished(),
  );
  for (let i = 0; i < count; i++) flags[i] = flagColumn[i]!;
  const stats = bytes.subarray(statsAt);
  return { partition: view.getUint32(8, true), count, groups, ends, slice, revision, flags, sliceMs, stats };
}

function readStats(
  bytes: Uint8Array,
  grid: BlockGrid,
  count: number,
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
