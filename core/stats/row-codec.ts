/**
 * One stats as a few bytes that explain themselves, for tables of state.
 *
 * ```
 *   u8        format version (2)
 *   u8        parts, a bit for each that is there
 *   bit 0     count, sum, squares        signed, wide, wide
 *   bit 1     min, max, first, last      min signed, varint max − min, varint firstValue − min, varint lastValue − min,
 *                                        firstMs signed, varint lastMs − firstMs
 *   bit 2     the same, far apart        six signed numbers: min, max, firstValue, lastValue, firstMs, lastMs
 *   bit 3     increase                   wide
 *   bit 4     integral, covered time     wide, wide
 *   bit 5     unchecked                  signed
 *   bit 6     histogram                  varint buckets; each: its bucket less the
 *                                        one before (varint; the first: signed), signed count
 *   bit 7     accounted time             wide, less the time to be expected by the other parts
 * ```
 *
 * `signed` and `wide` are zigzag varints, of safe integers and of any size. Absent parts are the identity. Bit 2 stands
 * in place of bit 1 where a distance is no safe integer. Every stats has one form only. Version 1 had no accounted time.
 */
import { strict as assert } from 'node:assert';
import { BUCKET_MAX } from '../numbers/log-buckets.ts';
import { isZeroWide, type WideColumns } from '../numbers/wide.ts';
import { ByteReader, ByteWriter } from '../packing/bytes.ts';
import { type AdditiveParts, histogramOf } from './additive.ts';
import { HISTOGRAM_BUCKETS_MAX } from './histogram.ts';
import type { Histogram } from './histogram.ts';
import { StatsDataFault } from './stats-errors.ts';
import type { StatsTable } from './stats-table.ts';
import { readMs, readSigned, readWideAt, writeMs, writeSigned, writeUnsigned, writeWideAt } from './wide-varint.ts';

export const ROW_VERSION = 2;
/** The one before it, which is read still. */
const ROW_VERSION_UNACCOUNTED = 1;

const VALUES = 1;
const SELECTED = 2;
const SELECTED_FAR = 4;
const INCREASE = 8;
const HELD = 16;
const UNCHECKED = 32;
const HISTOGRAM = 64;
const ACCOUNTED = 128;

const writer = new ByteWriter();
const reader = new ByteReader();

/** The bytes of a stats. */
export function encodeRow(table: StatsTable, slot: number): Uint8Array {
  return writeRow(table, slot).slice();
}

/** The bytes of a stats, valid until the next one is written. */
export function writeRow(table: StatsTable, slot: number): Uint8Array {
  const parts = partsOf(table, slot);
  writer.length = 0;
  writer.byte(ROW_VERSION);
  writer.byte(parts);
  if (parts & VALUES) {
    writeSigned(writer, table.count[slot]!);
    writeWideAt(writer, table.sum, slot);
    writeWideAt(writer, table.squares, slot);
  }
  if (parts & SELECTED) writeSelected(table, slot);
  if (parts & SELECTED_FAR) for (const column of selectedColumns(table)) writeSigned(writer, column[slot]!);
  if (parts & INCREASE) writeWideAt(writer, table.increase, slot);
  if (parts & HELD) {
    writeWideAt(writer, table.integral, slot);
    writeMs(writer, table.coveredMs, table.coveredRest, slot, 0);
  }
  if (parts & UNCHECKED) writeSigned(writer, table.unchecked[slot]!);
  if (parts & HISTOGRAM) writeHistogram(writer, table.histograms[slot]!);
  if (parts & ACCOUNTED) writeMs(writer, table.accountedMs, table.accountedRest, slot, expectedMs(table, slot));
  return writer.written();
}

/**
 * Reads a row that begins at `bytes[at]` into the slot, whatever that held. Gives the number of bytes it took; or the
 * fault, after which the slot holds the identity.
 */
export function decodeRow(bytes: Uint8Array, table: StatsTable, slot: number, at = 0): number | StatsDataFault {
  return decodeRowParts(bytes, table, slot, at, bytes.length, ALL_PARTS);
}

const ALL_PARTS: AdditiveParts = {
  sum: true,
  squares: true,
  increase: true,
  integral: true,
  coveredMs: true,
  histogram: true,
};

/** The same of a row that ends before `end`. Sums, squares, increase, integral and histogram are read where they are asked for, else stepped over. */
export function decodeRowParts(
  bytes: Uint8Array,
  table: StatsTable,
  slot: number,
  at: number,
  end: number,
  asked: AdditiveParts,
): number | StatsDataFault {
  table.reset(slot);
  reader.open(bytes, at, end);
  const version = reader.byte();
  const parts = reader.byte();
  if (reader.failed) return new StatsDataFault('truncated', at, 'stats row ends before its version and parts');
  if (version !== ROW_VERSION && version !== ROW_VERSION_UNACCOUNTED)
    return versionFault('row', version, ROW_VERSION, at);
  const whole = readParts(table, slot, parts, version, asked);
  if (whole && !reader.failed) return reader.at - at;
  table.reset(slot);
  return reader.at >= end
    ? new StatsDataFault('truncated', reader.at, `stats row of ${end - at} bytes ends before its last part`)
    : new StatsDataFault('invalid', reader.at, `stats row holds no valid part at byte ${reader.at - at}`);
}

/** The fault of a format that this program doesn't know, for rows and blocks. */
export function versionFault(what: string, version: number, known: number, at: number): StatsDataFault {
  return version > known
    ? new StatsDataFault(
        'newer-version',
        at,
        `stats ${what} has format version ${version}, newer than ${known}; read it with the program that wrote it, or a later one`,
      )
    : new StatsDataFault('unknown-version', at, `stats ${what} has format version ${version}, which never was`);
}

function partsOf(table: StatsTable, slot: number): number {
  let parts = 0;
  if (table.count[slot] !== 0 || !isZeroWide(table.sum, slot) || !isZeroWide(table.squares, slot)) parts |= VALUES;
  if (hasSelected(table, slot)) parts |= isNear(table, slot) ? SELECTED : SELECTED_FAR;
  if (!isZeroWide(table.increase, slot)) parts |= INCREASE;
  if (table.coveredMs[slot] !== 0 || !isZeroWide(table.integral, slot)) parts |= HELD;
  if (table.unchecked[slot] !== 0) parts |= UNCHECKED;
  if ((table.histograms[slot]?.length ?? 0) > 0) parts |= HISTOGRAM;
  if (table.accountedRest.at(slot) !== 0 || table.accountedMs[slot] !== expectedMs(table, slot)) parts |= ACCOUNTED;
  return parts;
}

/**
 * What a row accounts for where nothing is missing, so that nothing has to be written: the time that is covered, or, of
 * values that cover none, that of one series at even distances.
 */
function expectedMs(table: StatsTable, slot: number): number {
  const count = table.count[slot]!;
  const coveredMs = table.coveredMs[slot]!;
  if (count <= 0 || !Number.isSafeInteger(coveredMs)) return 0;
  if (coveredMs !== 0) return coveredMs;
  const spanMs = table.lastMs[slot]! - table.firstMs[slot]!;
  return count > 1 && spanMs > 0 && Number.isSafeInteger(count * spanMs)
    ? Math.floor((count * spanMs) / (count - 1))
    : 0;
}

/** Whether a reading was ever selected; the four are there together or not at all. */
export function hasSelected(table: StatsTable, slot: number): boolean {
  return isSelected(table.min[slot]!, table.firstMs[slot]!, table.lastMs[slot]!);
}

/** The same by these three. */
export function isSelected(min: number, firstMs: number, lastMs: number): boolean {
  const selected = Number.isFinite(firstMs);
  assert(
    selected === Number.isFinite(min) && selected === Number.isFinite(lastMs),
    'min, max, first and last stand together: a run without times has no row',
  );
  return selected;
}

function isNear(table: StatsTable, slot: number): boolean {
  // First and last value lie between min and max, so their distances are no larger.
  const span = table.max[slot]! - table.min[slot]!;
  const spanMs = table.lastMs[slot]! - table.firstMs[slot]!;
  return Number.isSafeInteger(span) && Number.isSafeInteger(spanMs);
}

function selectedColumns(table: StatsTable): readonly Float64Array[] {
  return [table.min, table.max, table.firstValue, table.lastValue, table.firstMs, table.lastMs];
}

function writeSelected(table: StatsTable, slot: number): void {
  const min = table.min[slot]!;
  writeSigned(writer, min);
  writeUnsigned(writer, table.max[slot]! - min);
  writeUnsigned(writer, table.firstValue[slot]! - min);
  writeUnsigned(writer, table.lastValue[slot]! - min);
  writeSigned(writer, table.firstMs[slot]!);
  writeUnsigned(writer, table.lastMs[slot]! - table.firstMs[slot]!);
}

/** Whether the parts named are there and make sense; `reader.failed` tells the rest. */
function readParts(table: StatsTable, slot: number, parts: number, version: number, asked: AdditiveParts): boolean {
  if (parts & SELECTED && parts & SELECTED_FAR) return false;
  if (version === ROW_VERSION_UNACCOUNTED && parts & ACCOUNTED) return false;
  if (parts & VALUES) {
    table.count[slot] = readSigned(reader);
    readWideIf(asked.sum, table.sum, slot);
    readWideIf(asked.squares, table.squares, slot);
  }
  if (parts & SELECTED) readSelected(table, slot);
  if (parts & SELECTED_FAR) for (const column of selectedColumns(table)) column[slot] = readSigned(reader);
  if (parts & (SELECTED | SELECTED_FAR) && !isOrdered(table, slot)) return false;
  if (parts & INCREASE) readWideIf(asked.increase, table.increase, slot);
  if (parts & HELD) {
    readWideIf(asked.integral, table.integral, slot);
    readMs(reader, table.coveredMs, table.coveredRest, slot, 0);
  }
  if (parts & UNCHECKED) table.unchecked[slot] = readSigned(reader);
  if (parts & HISTOGRAM && !(asked.histogram ? readHistogram(reader, table, slot) : skipHistogram())) return false;
  if (parts & ACCOUNTED) readMs(reader, table.accountedMs, table.accountedRest, slot, expectedMs(table, slot));
  else if (version === ROW_VERSION) table.accountedMs[slot] = expectedMs(table, slot);
  if (asked !== ALL_PARTS) return true;
  // Each stats has one form: a part that holds nothing is not written.
  const told = version === ROW_VERSION ? partsOf(table, slot) : partsOf(table, slot) & ~ACCOUNTED;
  return reader.failed || told === parts;
}

function readWideIf(asked: boolean, columns: WideColumns, slot: number): void {
  if (asked) readWideAt(reader, columns, slot);
  else reader.skipWide();
}

function readSelected(table: StatsTable, slot: number): void {
  const min = readSigned(reader);
  table.min[slot] = min;
  table.max[slot] = min + reader.varint();
  table.firstValue[slot] = min + reader.varint();
  table.lastValue[slot] = min + reader.varint();
  table.firstMs[slot] = readSigned(reader);
  table.lastMs[slot] = table.firstMs[slot]! + reader.varint();
}

/** Whether min ≤ first, last ≤ max, and first is not after last: what every fold leaves. */
function isOrdered(table: StatsTable, slot: number): boolean {
  const min = table.min[slot]!;
  const max = table.max[slot]!;
  const firstValue = table.firstValue[slot]!;
  const lastValue = table.lastValue[slot]!;
  const lastMs = table.lastMs[slot]!;
  return (
    min <= Math.min(firstValue, lastValue) &&
    Math.max(firstValue, lastValue) <= max &&
    table.firstMs[slot]! <= lastMs &&
    Number.isSafeInteger(max) &&
    Number.isSafeInteger(lastMs)
  );
}

/** Writes the buckets of a histogram in ascending order. */
export function writeHistogram(into: ByteWriter, histogram: Histogram): void {
  writeUnsigned(into, histogram.length);
  let before = 0;
  for (let i = 0; i < histogram.length; i++) {
    const bucket = histogram.bucketAt(i);
    if (i === 0) writeSigned(into, bucket);
    else writeUnsigned(into, bucket - before);
    writeSigned(into, histogram.countAt(i));
    before = bucket;
  }
}

/** Steps over what `writeHistogram` wrote. */
function skipHistogram(): boolean {
  const bucketCount = reader.varint();
  if (bucketCount > HISTOGRAM_BUCKETS_MAX) return false;
  for (let i = 0; i < 2 * bucketCount && !reader.failed; i++) reader.skipWide();
  return true;
}

/** Reads what `writeHistogram` wrote; false where it is no histogram. Its size is bounded by the bytes there are. */
export function readHistogram(from: ByteReader, table: StatsTable, slot: number): boolean {
  const bucketCount = from.varint();
  if (bucketCount === 0) return true;
  if (bucketCount > HISTOGRAM_BUCKETS_MAX) return false;
  const histogram = histogramOf(table, slot);
  let before = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < bucketCount; i++) {
    const bucket = i === 0 ? readSigned(from) : before + from.varint();
    const count = readSigned(from);
    if (from.failed) return true;
    if (bucket <= before || bucket > BUCKET_MAX || bucket < -BUCKET_MAX || count === 0) return false;
    histogram.append(bucket, count);
    before = bucket;
  }
  return true;
}
