import { strict as assert } from 'node:assert';
import { crc32 } from 'node:zlib';
import { type FrameFault, frameFault, FrameTooLarge } from './fault.ts';
import { DICTIONARY_ENTRIES_MAX, FRAME_BYTES_MAX, HEADER_BYTES, TIME_MS_MAX } from './limits.ts';

/**
 * The header of a frame, 64 bytes, little endian:
 *
 * ```
 *   at  size
 *    0   4   magic            57 45 49 52 ("WEIR")
 *    4   1   format version   1, or 2 of panes that tell what they account for (see core/frames/panes-codec.ts) and of a
 *                             birth that needs it (see core/frames/birth.ts)
 *    5   1   kind             1 readings, 2 panes, 3 birth, 4 amend
 *    6   1   flags            bit 0: there is a watermark; other bits are 0
 *    7   1   0
 *    8   4   incarnation      u32
 *   12   4   dictionaryVersion  u32, number of dictionary entries that a reader must know
 *   16   8   sequence         i64, 1 … 2^53 − 1
 *   24   8   watermarkMs      i64, 0 if there is none
 *   32   8   earliestMs       i64, 0 where the frame has no event times
 *   40   8   latestMs         i64, likewise
 *   48   8   count            i64, readings counted, entries, or amends
 *   56   4   bodyBytes        u32
 *   60   4   checksum         u32, CRC-32 (ISO 3309, as in gzip) over bytes 0–59 and the body
 *   64   …   body
 * ```
 *
 * Magic, version and checksum keep their places and meanings in every later format, so a newer one can be named, and told
 * from one that is damaged. Bodies are packs (see `core/packing/pack-writer.ts`), drawn where they are written; that of a
 * birth is JSON.
 */
export const FORMAT_VERSION = 2;

const MAGIC = 0x5249_4557;
const KINDS = ['readings', 'panes', 'birth', 'amend'] as const;
const CHECKSUM_AT = 60;

export type FrameKind = (typeof KINDS)[number];

export type FrameFormat = 1 | 2;

/** What a writer says about a frame; the rest of the header follows from the content. */
export interface FrameMeta {
  /** Number of the agent's start, from 0 on. */
  readonly incarnation: number;
  /** Number of the frame in its incarnation, from 1 on, without gaps. */
  readonly sequence: number;
  /** Number of dictionary entries that a reader must know. */
  readonly dictionaryVersion: number;
  /** Event time before which the agent expects no more readings; null while it can't say. */
  readonly watermarkMs: number | null;
}

export interface FrameHeader extends FrameMeta {
  readonly kind: FrameKind;
  readonly format: FrameFormat;
  /** Event times of the first and last thing counted; both 0 where there is none (count 0, births). */
  readonly earliestMs: number;
  readonly latestMs: number;
  /** Readings that the frame counts; entries of a birth; amends of an amend. */
  readonly count: number;
  readonly bodyBytes: number;
  readonly checksum: number;
}

/** What the content says about a frame. */
export interface FrameExtent {
  readonly kind: FrameKind;
  /** 1 where it isn't said. */
  readonly format?: FrameFormat;
  readonly earliestMs: number;
  readonly latestMs: number;
  readonly count: number;
}

/** Fills the first 64 bytes of `frame`, whose body stands already, and gives it back. Throws {@link FrameTooLarge}. */
export function sealFrame(frame: Uint8Array, meta: FrameMeta, extent: FrameExtent): Uint8Array {
  if (frame.length > FRAME_BYTES_MAX) throw new FrameTooLarge('bytes', frame.length, FRAME_BYTES_MAX);
  const wrong = misfit(meta, extent);
  assert(wrong === null, `frame header: ${wrong?.message}`);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, extent.format ?? 1);
  view.setUint8(5, KINDS.indexOf(extent.kind) + 1);
  view.setUint8(6, meta.watermarkMs === null ? 0 : 1);
  view.setUint32(8, meta.incarnation, true);
  view.setUint32(12, meta.dictionaryVersion, true);
  setInteger(view, 16, meta.sequence);
  setInteger(view, 24, meta.watermarkMs ?? 0);
  setInteger(view, 32, extent.earliestMs);
  setInteger(view, 40, extent.latestMs);
  setInteger(view, 48, extent.count);
  view.setUint32(56, frame.length - HEADER_BYTES, true);
  view.setUint32(CHECKSUM_AT, checksumOf(frame), true);
  return frame;
}

/**
 * Reads and checks the header: length, magic, format version, checksum over header and body, and every field. What the
 * body holds is checked by who opens it.
 */
export function readHeader(bytes: Uint8Array): FrameHeader | FrameFault {
  return sizeFault(bytes) ?? checksumFault(bytes) ?? readFields(bytes);
}

/**
 * The same without the checksum, for a frame that was accepted by it once, and whose bytes another checksum has just
 * proved unchanged: that of the archived record around it.
 */
export function readProvenHeader(bytes: Uint8Array): FrameHeader | FrameFault {
  return sizeFault(bytes) ?? readFields(bytes);
}

/** The format version that the bytes of a frame say, 0 where they are too few; nothing else of them is looked at. */
export function formatOf(bytes: Uint8Array): number {
  return bytes[4] ?? 0;
}

function sizeFault(bytes: Uint8Array): FrameFault | null {
  const outer = envelopeFault(bytes);
  if (outer !== null) return outer;
  const bodyBytes = viewOf(bytes).getUint32(56, true);
  if (bytes.length === HEADER_BYTES + bodyBytes) return null;
  const code = bytes.length < HEADER_BYTES + bodyBytes ? 'too-short' : 'length';
  return frameFault(code, `frame has ${bytes.length - HEADER_BYTES} bytes of body, its header says ${bodyBytes}`);
}

function checksumFault(bytes: Uint8Array): FrameFault | null {
  const checksum = viewOf(bytes).getUint32(CHECKSUM_AT, true);
  const actual = checksumOf(bytes);
  if (checksum === actual) return null;
  return frameFault('checksum', `frame checksum is ${checksum}, its bytes give ${actual}`);
}

function readFields(bytes: Uint8Array): FrameHeader | FrameFault {
  const view = viewOf(bytes);
  const checksum = view.getUint32(CHECKSUM_AT, true);
  const kind = KINDS[view.getUint8(5) - 1];
  if (kind === undefined) return frameFault('unknown-kind', `frame kind ${view.getUint8(5)} is not one of 1 to 4`);
  const format = view.getUint8(4) === 1 ? 1 : FORMAT_VERSION;
  if (format > 1 && kind !== 'birth' && kind !== 'panes')
    return frameFault('range', `frame of ${kind} has format ${format}, only births and panes do`);
  const flags = view.getUint8(6);
  const watermarkMs = getInteger(view, 24);
  if (flags > 1 || view.getUint8(7) !== 0 || (flags === 0 && watermarkMs !== 0)) {
    return frameFault('range', `frame flags are ${flags}, ${view.getUint8(7)} with watermark ${watermarkMs}`);
  }
  const header: FrameHeader = {
    kind,
    incarnation: view.getUint32(8, true),
    sequence: getInteger(view, 16),
    dictionaryVersion: view.getUint32(12, true),
    watermarkMs: flags === 1 ? watermarkMs : null,
    earliestMs: getInteger(view, 32),
    latestMs: getInteger(view, 40),
    count: getInteger(view, 48),
    bodyBytes: view.getUint32(56, true),
    checksum,
    format,
  };
  return misfit(header, header) ?? header;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** What can be said before any field is trusted. */
function envelopeFault(bytes: Uint8Array): FrameFault | null {
  if (bytes.length < 5) return frameFault('too-short', `frame has ${bytes.length} bytes, a header has ${HEADER_BYTES}`);
  const magic = (bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24)) >>> 0;
  if (magic !== MAGIC) return frameFault('not-a-frame', `frame begins with ${magic.toString(16)}, not with "WEIR"`);
  const version = bytes[4]!;
  if (version < 1) return frameFault('not-a-frame', `frame has format ${version}, which never was`);
  if (bytes.length < HEADER_BYTES) {
    return frameFault('too-short', `frame has ${bytes.length} bytes, a header has ${HEADER_BYTES}`);
  }
  if (version > FORMAT_VERSION) return checksumFault(bytes) ?? newerFault(version);
  if (bytes.length > FRAME_BYTES_MAX) {
    return frameFault('too-long', `frame has ${bytes.length} bytes, the limit is ${FRAME_BYTES_MAX}`);
  }
  return null;
}

function newerFault(version: number): FrameFault {
  const known = `this reader knows up to ${FORMAT_VERSION}`;
  return frameFault('newer-format', `frame has format ${version}, ${known}: update it`);
}

/** The first field that is out of its range; the same rule for writers and readers. */
function misfit(meta: FrameMeta, extent: FrameExtent): FrameFault | null {
  const { incarnation, sequence, dictionaryVersion, watermarkMs } = meta;
  const { earliestMs, latestMs, count } = extent;
  if (!isWithin(incarnation, 0, 0xffff_ffff)) return frameFault('range', `incarnation ${incarnation} is no u32`);
  if (!isWithin(sequence, 1, Number.MAX_SAFE_INTEGER)) return frameFault('range', `sequence ${sequence} is below 1`);
  if (!isWithin(dictionaryVersion, 0, DICTIONARY_ENTRIES_MAX)) {
    return frameFault('range', `dictionary version ${dictionaryVersion} is above ${DICTIONARY_ENTRIES_MAX}`);
  }
  for (const atMs of [watermarkMs ?? 0, earliestMs, latestMs]) {
    if (!isWithin(atMs, -TIME_MS_MAX, TIME_MS_MAX)) return frameFault('range', `time ${atMs} is not within the limits`);
  }
  if (earliestMs > latestMs) return frameFault('order', `earliest time ${earliestMs} is after latest ${latestMs}`);
  if (!isWithin(count, 0, Number.MAX_SAFE_INTEGER)) return frameFault('count', `count ${count} is negative`);
  return null;
}

/** True for an integer from `min` to `max`, which are safe. */
export function isWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

function checksumOf(frame: Uint8Array): number {
  return crc32(frame.subarray(HEADER_BYTES), crc32(frame.subarray(0, CHECKSUM_AT)));
}

function setInteger(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  view.setUint32(at, value - high * 0x1_0000_0000, true);
  view.setInt32(at + 4, high, true);
}

/** Outside the safe integers the answer may be rounded, but stays outside, and out of every field's range. */
function getInteger(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
}
