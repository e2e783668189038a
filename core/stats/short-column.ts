import type { ByteReader, ByteWriter } from '../packing/bytes.ts';
import { readSigned, writeSigned } from './wide-varint.ts';

/**
 * A column of at most 16 safe integers in few bytes, which can be stepped over:
 *
 * ```
 *   u8 0          all are 0
 *   u8 1          all are the same: it, signed
 *   u8 2          all are at one distance: the first, signed; the distance, signed
 *   u8 3 + n      n bytes: of each number the zigzag varint of its distance from the one before, of the first from 0
 *   u8 255, u8 n  n bytes: of each number itself, signed (distances of 2^47 and more)
 * ```
 *
 * `signed` is that of wide-varint.ts. How many numbers there are, whoever reads it knows.
 */
export const SHORT_COLUMN_MAX = 16;

const ZERO = 0;
const SAME = 1;
const STEADY = 2;
const DISTANCES = 3;
const PLAIN = 255;

/** The zigzag of smaller distances takes seven bytes at most, and is exact in doubles. */
const DISTANCE_LIMIT = 2 ** 47;
const ZIGZAG_LIMIT = 2 * DISTANCE_LIMIT;
const DISTANCES_BYTES_MAX = 7 * SHORT_COLUMN_MAX;
/** What is below is split by integer operations. */
const BITS_LIMIT = 2 ** 28;

const zigzags = new Float64Array(SHORT_COLUMN_MAX);

/** Appends the first `count` values, of which there is one at least. */
export function writeShortColumn(out: ByteWriter, values: Float64Array, count: number): void {
  const first = values[0]!;
  const step = count > 1 ? values[1]! - first : 0;
  let before = 0;
  let isSteady = true;
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    const distance = value - before;
    if (i > 0) isSteady &&= distance === step;
    const zigzag = distance < 0 ? -2 * distance - 1 : 2 * distance;
    zigzags[i] = zigzag;
    bytes += distance < DISTANCE_LIMIT && distance > -DISTANCE_LIMIT ? varintBytes(zigzag) : Number.POSITIVE_INFINITY;
    before = value;
  }
  if (isSteady && Number.isSafeInteger(step)) writeSteady(out, first, step);
  else if (bytes <= DISTANCES_BYTES_MAX) {
    out.byte(DISTANCES + bytes);
    for (let i = 0; i < count; i++) writeZigzag(out, zigzags[i]!);
  } else {
    out.byte(PLAIN);
    const lengthAt = out.length;
    out.byte(0);
    for (let i = 0; i < count; i++) writeSigned(out, values[i]!);
    out.written()[lengthAt] = out.length - lengthAt - 1;
  }
}

function writeSteady(out: ByteWriter, first: number, step: number): void {
  if (step !== 0) {
    out.byte(STEADY);
    writeSigned(out, first);
    writeSigned(out, step);
  } else if (first === 0) out.byte(ZERO);
  else {
    out.byte(SAME);
    writeSigned(out, first);
  }
}

/** Reads a column of `count` values. What is none fails the reader. */
export function readShortColumn(reader: ByteReader, values: Float64Array, count: number): void {
  const head = reader.byte();
  if (head === ZERO) values.fill(0, 0, count);
  else if (head === SAME) values.fill(readSigned(reader), 0, count);
  else if (head === STEADY) readSteady(reader, values, count);
  else if (head === PLAIN) {
    const end = reader.byte() + reader.at;
    for (let i = 0; i < count; i++) values[i] = readSigned(reader);
    if (reader.at !== end) reader.failed = true;
  } else readDistances(reader, values, count, head - DISTANCES);
}

/** Steps over a column. */
export function skipShortColumn(reader: ByteReader): void {
  const head = reader.byte();
  if (head === PLAIN) step(reader, reader.byte());
  else if (head >= DISTANCES) step(reader, head - DISTANCES);
  else for (let i = 0; i < head; i++) reader.skipWide();
}

function step(reader: ByteReader, bytes: number): void {
  reader.at += bytes;
  if (reader.at > reader.end) reader.failed = true;
}

function readSteady(reader: ByteReader, values: Float64Array, count: number): void {
  const first = readSigned(reader);
  const distance = readSigned(reader);
  for (let i = 0; i < count; i++) values[i] = first + i * distance;
  if (!Number.isSafeInteger(first + (count - 1) * distance)) reader.failed = true;
}

function readDistances(reader: ByteReader, values: Float64Array, count: number, length: number): void {
  const { bytes } = reader;
  const end = reader.at + length;
  if (reader.failed || end > reader.end || length > DISTANCES_BYTES_MAX) {
    reader.failed = true;
    return;
  }
  let at = reader.at;
  let value = 0;
  for (let i = 0; i < count && at < end; i++) {
    let byte = bytes[at++]!;
    let zigzag = byte & 0x7f;
    let shift = 7;
    for (; byte >= 0x80 && shift < 28 && at < end; shift += 7) {
      byte = bytes[at++]!;
      zigzag |= (byte & 0x7f) << shift;
    }
    if (byte < 0x80) {
      value += (zigzag >>> 1) ^ -(zigzag & 1);
    } else {
      for (let scale = BITS_LIMIT; byte >= 0x80 && scale < ZIGZAG_LIMIT && at < end; scale *= 0x80) {
        byte = bytes[at++]!;
        zigzag += (byte & 0x7f) * scale;
      }
      if (byte >= 0x80 || zigzag >= ZIGZAG_LIMIT) break;
      value += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    }
    values[i] = value;
    if (i < count - 1 || at !== end) continue;
    reader.at = end;
    return;
  }
  reader.failed = true;
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < BITS_LIMIT) return value < 0x20_0000 ? 3 : 4;
  let bytes = 4;
  for (let limit = BITS_LIMIT; value >= limit; limit *= 0x80) bytes++;
  return bytes;
}

function writeZigzag(out: ByteWriter, zigzag: number): void {
  let rest = zigzag;
  while (rest >= BITS_LIMIT) {
    out.byte((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  for (; rest >= 0x80; rest >>>= 7) out.byte((rest & 0x7f) | 0x80);
  out.byte(rest);
}
