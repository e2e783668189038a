/**
 * Signed and wide integers in the bytes of a row: zigzag varints of any length, on a fast path where they are short.
 *
 * Both paths write the same bytes; the short one only avoids bigint.
 */
import { strict as assert } from 'node:assert';
import { addSafe, clearWide, readNear, readWide, type WideColumns, writeWide } from '../numbers/wide.ts';
import type { ByteReader, ByteWriter } from '../packing/bytes.ts';
import { type Rests, setMs, totalMs } from './exact-ms.ts';

/** Magnitudes below this take at most seven bytes as zigzag varint, and everything about them is exact in doubles. */
const SHORT_LIMIT = 2 ** 48;
const SHORT_BYTES = 7;
const CONTINUES = 0x80;

/** Four groups of seven bits: what is below is split by integer operations alone. */
const GROUPS_LIMIT = 2 ** 28;

/** Writes a safe integer from 0 on as varint, the same bytes as `writer.varint`. */
export function writeUnsigned(writer: ByteWriter, value: number): void {
  assert(value >= 0 && value <= Number.MAX_SAFE_INTEGER, 'a varint is a safe integer from 0 on');
  let rest = value;
  if (value >= GROUPS_LIMIT) {
    rest = Math.floor(value / GROUPS_LIMIT);
    const low = value - rest * GROUPS_LIMIT;
    for (let shift = 0; shift < 28; shift += 7) writer.byte(((low >>> shift) & 0x7f) | CONTINUES);
  }
  for (; rest >= CONTINUES; rest >>>= 7) writer.byte((rest & 0x7f) | CONTINUES);
  writer.byte(rest);
}

/** Writes a safe integer. */
export function writeSigned(writer: ByteWriter, value: number): void {
  if (value < SHORT_LIMIT && value > -SHORT_LIMIT) writeUnsigned(writer, value < 0 ? -2 * value - 1 : 2 * value);
  else writer.wide(BigInt(value));
}

/** Reads a safe integer; anything else fails the reader. */
export function readSigned(reader: ByteReader): number {
  if (isShort(reader)) return readShort(reader);
  const value = Number(reader.wide());
  if (!Number.isSafeInteger(value)) reader.failed = true;
  return value;
}

/** Writes the wide number at `index`. */
export function writeWideAt(writer: ByteWriter, columns: WideColumns, index: number): void {
  const nearest = readNear(columns, index);
  if (nearest < SHORT_LIMIT && nearest > -SHORT_LIMIT) writeSigned(writer, nearest);
  else writer.wide(readWide(columns, index));
}

/** Reads a wide number into `index`; one that the columns have no room for fails the reader. */
export function readWideAt(reader: ByteReader, columns: WideColumns, index: number): void {
  clearWide(columns, index);
  if (isShort(reader)) {
    addSafe(columns, index, readShort(reader));
    return;
  }
  const value = reader.wide();
  // The last limb is a safe integer and the others are from 0 on, so downwards there is room for one unit of it less.
  const unit = 1n << BigInt(40 * (columns.length - 1));
  const limit = unit << 53n;
  if (value < limit && value >= unit - limit) writeWide(columns, index, value);
  else reader.failed = true;
}

/** Writes a sum of milliseconds (exact-ms.ts), less `base`, as a wide number. */
export function writeMs(writer: ByteWriter, column: Float64Array, rests: Rests, slot: number, base: number): void {
  const nearest = column[slot]!;
  const difference = nearest - base;
  if (Number.isSafeInteger(nearest) && Number.isSafeInteger(difference)) writeSigned(writer, difference);
  else writer.wide(totalMs(column, rests, slot) - BigInt(base));
}

/** Reads what `writeMs` wrote; a sum beyond what the columns hold fails the reader. */
export function readMs(reader: ByteReader, column: Float64Array, rests: Rests, slot: number, base: number): void {
  const difference = isShort(reader) ? readShort(reader) : reader.wide();
  const sum = typeof difference === 'number' ? difference + base : Number.NaN;
  if (Number.isSafeInteger(sum)) {
    column[slot] = sum;
    rests.set(slot, 0);
  } else if (reader.failed || !setMs(column, rests, slot, BigInt(difference) + BigInt(base))) reader.failed = true;
}

function isShort(reader: ByteReader): boolean {
  const last = Math.min(reader.at + SHORT_BYTES, reader.end);
  for (let at = reader.at; at < last; at++) if (reader.bytes[at]! < CONTINUES) return true;
  return false;
}

function readShort(reader: ByteReader): number {
  const zigzag = reader.varint();
  return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
}
