import { strict as assert } from 'node:assert';
import { crc32 } from 'node:zlib';
import { RECORD_BYTES_MAX } from '#backbone/log/log.ts';
import { NewerFormat } from '#backbone/storage-errors.ts';
import { ArchiveDamaged } from './archive-errors.ts';

/**
 * A segment of the archive, little endian: records of one partition, byte for byte as the log held them.
 *
 * ```
 *   at  size
 *    0   4   magic           57 53 45 47 ("WSEG")
 *    4   1   format version  1
 *    5   1   g               bytes of the log's generation
 *    6   2   0
 *    8   4   partition       u32
 *   12   8   first position  f64
 *   20   g   generation      UTF-8
 *   20+g 4   checksum        u32, CRC-32 over what stands before it
 *
 *   records, positions ascending by one:
 *        4   length          u32, 1 … RECORD_BYTES_MAX
 *        4   checksum        u32, CRC-32 over position and record
 *        8   position        f64
 *        …   record
 *
 *   footer, once the segment is sealed:
 *        4   0               where a record would have its length
 *        4   checksum        u32, CRC-32 over the rest of the footer
 *        8   last position   f64
 *        4   entries  e      u32
 *       4·e  index           u32: where every INDEX_EVERY-th record begins, the first among them
 *        4   footer bytes    u32
 *        4   magic           57 45 4e 44 ("WEND")
 * ```
 *
 * Magic and version keep their place in every later format.
 */
export const SEGMENT_FORMAT = 1;

/** The format of a segment that was compacted, drawn in `segment-blocks.ts`; its header is the same. */
export const COMPACTED_FORMAT = 2;

/** Bytes after which a segment is sealed: large enough to be read in one stride, small enough for an object store. */
export const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;

/** Records between two entries of the index: a reader steps over at most so many heads to find its first. */
export const INDEX_EVERY = 64;

/** The largest header of a segment. */
export const HEADER_ROOM = 512;

/** Bytes before the record itself. */
export const RECORD_HEAD_BYTES = 16;

const MAGIC = 0x4745_5357;
const END_MAGIC = 0x444e_4557;
const FIXED_HEADER_BYTES = 20;
const FOOTER_FIXED_BYTES = 28;
const GENERATION_BYTES_MAX = 255;
const utf8 = new TextEncoder();

assert(SEGMENT_BYTES_MAX + RECORD_BYTES_MAX < 2 ** 32, 'places in a segment fit the index');

export interface SegmentHeader {
  readonly format: number;
  readonly generation: string;
  readonly partition: number;
  readonly first: number;
  /** Where the first record begins. */
  readonly bytes: number;
}

export function encodeSegmentHeader(
  header: Omit<SegmentHeader, 'bytes' | 'format'>,
  format: typeof SEGMENT_FORMAT | typeof COMPACTED_FORMAT = SEGMENT_FORMAT,
): Uint8Array {
  const generation = utf8.encode(header.generation);
  assert(generation.length <= GENERATION_BYTES_MAX, 'the generation of a log is a short text');
  const bytes = new Uint8Array(FIXED_HEADER_BYTES + generation.length + 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, format);
  view.setUint8(5, generation.length);
  view.setUint32(8, header.partition, true);
  view.setFloat64(12, header.first, true);
  bytes.set(generation, FIXED_HEADER_BYTES);
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, -4)), true);
  return bytes;
}

/** The header at the start of a segment; undefined where the bytes end before it does. Throws NewerFormat, ArchiveDamaged. */
export function readSegmentHeader(bytes: Uint8Array, path: string): SegmentHeader | undefined {
  if (bytes.length < FIXED_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== MAGIC) throw new ArchiveDamaged(path, 'it does not begin like a segment');
  const version = view.getUint8(4);
  if (version > COMPACTED_FORMAT) throw new NewerFormat('archive segment', path, version, COMPACTED_FORMAT);
  const end = FIXED_HEADER_BYTES + view.getUint8(5) + 4;
  if (bytes.length < end) return undefined;
  if (crc32(bytes.subarray(0, end - 4)) !== view.getUint32(end - 4, true)) {
    throw new ArchiveDamaged(path, 'the checksum of its header is wrong');
  }
  const generation = new TextDecoder().decode(bytes.subarray(FIXED_HEADER_BYTES, end - 4));
  return {
    format: version,
    generation,
    partition: view.getUint32(8, true),
    first: view.getFloat64(12, true),
    bytes: end,
  };
}

/** Writes a record with its head at `at`; gives where the next one goes. */
export function writeRecord(into: Uint8Array, at: number, position: number, record: Uint8Array): number {
  assert(record.length >= 1 && record.length <= RECORD_BYTES_MAX, 'a record of the log has a length within its limit');
  const view = new DataView(into.buffer, into.byteOffset, into.length);
  view.setUint32(at, record.length, true);
  view.setFloat64(at + 8, position, true);
  into.set(record, at + RECORD_HEAD_BYTES);
  const end = at + RECORD_HEAD_BYTES + record.length;
  view.setUint32(at + 4, crc32(into.subarray(at + 8, end)), true);
  return end;
}

/** What stands at a place in a segment: a whole record, the footer, or nothing whole (torn, or damaged). */
export type SegmentItem =
  | { readonly kind: 'record'; readonly position: number; readonly start: number; readonly end: number }
  | { readonly kind: 'footer' }
  | { readonly kind: 'torn' };

const TORN: SegmentItem = { kind: 'torn' };
const FOOTER: SegmentItem = { kind: 'footer' };

/** The item at `at`; `start` and `end` of a record are those of its bytes without the head. */
export function readItem(bytes: Uint8Array, view: DataView, at: number): SegmentItem {
  if (at + RECORD_HEAD_BYTES > bytes.length) return TORN;
  const length = view.getUint32(at, true);
  if (length === 0) return FOOTER;
  const start = at + RECORD_HEAD_BYTES;
  const end = start + length;
  if (length > RECORD_BYTES_MAX || end > bytes.length) return TORN;
  if (crc32(bytes.subarray(at + 8, end)) !== view.getUint32(at + 4, true)) return TORN;
  return { kind: 'record', position: view.getFloat64(at + 8, true), start, end };
}

export interface SegmentFooter {
  readonly last: number;
  readonly index: Uint32Array;
  /** Bytes of the footer itself. */
  readonly bytes: number;
}

export function encodeSegmentFooter(last: number, index: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(FOOTER_FIXED_BYTES + 4 * index.length);
  const view = new DataView(bytes.buffer);
  view.setFloat64(8, last, true);
  view.setUint32(16, index.length, true);
  index.forEach((at, i) => view.setUint32(20 + 4 * i, at, true));
  view.setUint32(bytes.length - 8, bytes.length, true);
  view.setUint32(bytes.length - 4, END_MAGIC, true);
  view.setUint32(4, crc32(bytes.subarray(8)), true);
  return bytes;
}

/** Bytes at the end of a segment that say how long its footer is. */
export const FOOTER_TAIL_BYTES = 8;

/** The length of the footer that ends in these bytes; undefined where none does. */
export function footerBytesOf(tail: Uint8Array): number | undefined {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.length);
  if (tail.length < FOOTER_TAIL_BYTES || view.getUint32(tail.length - 4, true) !== END_MAGIC) return undefined;
  return view.getUint32(tail.length - 8, true);
}

/** The footer that `bytes` are, or undefined where they are none. */
export function readSegmentFooter(bytes: Uint8Array): SegmentFooter | undefined {
  if (bytes.length < FOOTER_FIXED_BYTES || footerBytesOf(bytes) !== bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries = view.getUint32(16, true);
  if (view.getUint32(0, true) !== 0 || bytes.length !== FOOTER_FIXED_BYTES + 4 * entries) return undefined;
  if (crc32(bytes.subarray(8)) !== view.getUint32(4, true)) return undefined;
  const index = Uint32Array.from({ length: entries }, (_, i) => view.getUint32(20 + 4 * i, true));
  return { last: view.getFloat64(8, true), index, bytes: bytes.length };
}
