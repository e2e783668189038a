import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ArchiveDamaged } from './archive-errors.ts';
import { packRecords } from './pack-records.ts';
import { COMPACTED_FORMAT, HEADER_ROOM, readSegmentHeader } from './segment-format.ts';
import { unpackRecords } from './unpack-records.ts';

/**
 * A compacted segment, little endian: the records of a sealed one, byte for byte, in packed blocks of some megabytes. Where a
 * record stands is said as of the segment that was compacted, so that who noted a place finds it in both.
 *
 * ```
 *   …   header          as of a segment (segment-format.ts), with format version 2
 *   4   bytes           u32, of the table that follows
 *   4   checksum        u32, CRC-32 over the table
 *       table:
 *   8   last position   f64
 *   4   end             u32: where the records ended
 *   4   entries e       u32
 *  4·e  index           u32 each: where every INDEX_EVERY-th record began
 *   4   blocks b        u32
 *  16·b blocks          u32 each: where its records began, where it stands behind the table, its bytes, their CRC-32
 *   …   blocks: one byte for the way, and
 *         0  the records with their heads, as they were
 *         1  the same, in zstd (RFC 8878)
 *         2  their columns (record-columns.ts), in zstd
 * ```
 */
const AS_IT_WAS = 0;
const ZSTD = 1;
const COLUMNS = 2;

/** Bytes of records in a block, but for the last, which has fewer, and where one record has more. */
export const BLOCK_BYTES = 4 * 1024 * 1024;

/** What columns have to save of the other ways: they take longer to read. */
const COLUMNS_SHARE_MAX = 0.75;
const ZSTD_SHARE_MAX = 0.9;

/** Of a table before it: its bytes and their checksum. */
const TABLE_HEAD_BYTES = 8;

export interface SegmentBlock {
  /** Where its records began and ended. */
  readonly begin: number;
  readonly end: number;
  /** Where it stands in the file. */
  readonly at: number;
  readonly bytes: number;
  readonly checksum: number;
}

export interface SegmentBlocks {
  readonly last: number;
  readonly end: number;
  readonly index: Uint32Array;
  readonly blocks: readonly SegmentBlock[];
}

/** The records of a block, packed the way that pays. */
export function packBlock(raw: Uint8Array): Uint8Array {
  const plain = zstdCompressSync(raw);
  const columns = zstdCompressSync(packRecords(raw));
  if (columns.length <= COLUMNS_SHARE_MAX * Math.min(plain.length, raw.length) && isUnpackedAs(columns, raw))
    return withWay(COLUMNS, columns);
  return plain.length <= ZSTD_SHARE_MAX * raw.length ? withWay(ZSTD, plain) : withWay(AS_IT_WAS, raw);
}

/** What is read wrongly is not written: there is no other copy of it. */
function isUnpackedAs(columns: Uint8Array, raw: Uint8Array): boolean {
  const unpacked = unpackRecords(zstdDecompressSync(columns));
  return unpacked !== undefined && Buffer.compare(unpacked, raw) === 0;
}

function withWay(way: number, packed: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + packed.length);
  bytes[0] = way;
  bytes.set(packed, 1);
  return bytes;
}

/** The records of a block with their heads. Throws ArchiveDamaged. */
export function unpackBlock(bytes: Uint8Array, block: SegmentBlock, path: string): Uint8Array {
  if (bytes.length !== block.bytes || crc32(bytes) !== block.checksum)
    throw new ArchiveDamaged(path, `the checksum of the block at ${block.at} is wrong`);
  const packed = bytes.subarray(1);
  const raw = bytes[0] === AS_IT_WAS ? packed : zstdDecompressSync(packed);
  const records = bytes[0] === COLUMNS ? unpackRecords(raw) : raw;
  if (records?.length !== block.end - block.begin)
    throw new ArchiveDamaged(path, `the block at ${block.at} is none of records`);
  return records;
}

/** The table, with its head. Blocks stand one behind the other. */
export function encodeBlockTable(
  of: Omit<SegmentBlocks, 'blocks'>,
  blocks: readonly { readonly begin: number; readonly packed: Uint8Array }[],
): Uint8Array {
  const { last, end, index } = of;
  const table = new Uint8Array(20 + 4 * index.length + 16 * blocks.length);
  const view = new DataView(table.buffer);
  view.setFloat64(0, last, true);
  view.setUint32(8, end, true);
  view.setUint32(12, index.length, true);
  index.forEach((place, i) => view.setUint32(16 + 4 * i, place, true));
  let at = 16 + 4 * index.length;
  view.setUint32(at, blocks.length, true);
  at += 4;
  let place = 0;
  for (const { begin, packed } of blocks) {
    [begin, place, packed.length, crc32(packed)].forEach((number, i) => view.setUint32(at + 4 * i, number, true));
    at += 16;
    place += packed.length;
  }
  const bytes = new Uint8Array(TABLE_HEAD_BYTES + table.length);
  const head = new DataView(bytes.buffer);
  head.setUint32(0, table.length, true);
  head.setUint32(4, crc32(table), true);
  bytes.set(table, TABLE_HEAD_BYTES);
  return bytes;
}

/** Reads bytes of a file; fewer where it ends before. */
type ReadPart = (at: number, length: number) => Promise<Uint8Array>;

/** The blocks of a compacted segment. Throws ArchiveDamaged, NewerFormat. */
export async function readBlocksOf(read: ReadPart, path: string): Promise<SegmentBlocks> {
  const walk = blocksIn(path);
  let step = walk.next();
  while (step.done !== true) step = walk.next(await read(step.value.at, step.value.length));
  return compacted(step.value, path);
}

/** The same of a file that is read at once; undefined where it is no compacted segment. */
export function readBlocksNow(read: (at: number, length: number) => Uint8Array, path: string) {
  const walk = blocksIn(path);
  let step = walk.next();
  while (step.done !== true) step = walk.next(read(step.value.at, step.value.length));
  return step.value;
}

function compacted(blocks: SegmentBlocks | undefined, path: string): SegmentBlocks {
  if (blocks === undefined) throw new ArchiveDamaged(path, 'it is no compacted segment any more');
  return blocks;
}

function* blocksIn(
  path: string,
): Generator<{ readonly at: number; readonly length: number }, SegmentBlocks | undefined, Uint8Array> {
  const start = yield { at: 0, length: HEADER_ROOM };
  const header = readSegmentHeader(start, path);
  if (header?.format !== COMPACTED_FORMAT) return undefined;
  const head = yield { at: header.bytes, length: TABLE_HEAD_BYTES };
  if (head.length < TABLE_HEAD_BYTES) throw new ArchiveDamaged(path, 'it ends before its table does');
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const at = header.bytes + TABLE_HEAD_BYTES;
  const table = yield { at, length: view.getUint32(0, true) };
  if (table.length !== view.getUint32(0, true) || crc32(table) !== view.getUint32(4, true))
    throw new ArchiveDamaged(path, 'the checksum of its table is wrong');
  return decodeTable(table, at + table.length);
}

function decodeTable(table: Uint8Array, blocksAt: number): SegmentBlocks {
  const view = new DataView(table.buffer, table.byteOffset, table.length);
  const end = view.getUint32(8, true);
  const entries = view.getUint32(12, true);
  const index = Uint32Array.from({ length: entries }, (_, i) => view.getUint32(16 + 4 * i, true));
  const count = view.getUint32(16 + 4 * entries, true);
  const numberAt = (block: number, field: number): number =>
    view.getUint32(20 + 4 * entries + 16 * block + 4 * field, true);
  const blocks = Array.from({ length: count }, (_, i): SegmentBlock => ({
    begin: numberAt(i, 0),
    end: i + 1 < count ? numberAt(i + 1, 0) : end,
    at: blocksAt + numberAt(i, 1),
    bytes: numberAt(i, 2),
    checksum: numberAt(i, 3),
  }));
  return { last: view.getFloat64(0, true), end, index, blocks };
}

/** The block that holds the records at a place. */
export function blockAt(blocks: readonly SegmentBlock[], place: number): SegmentBlock | undefined {
  return blocks.findLast(({ begin, end }) => begin <= place && place < end);
}
