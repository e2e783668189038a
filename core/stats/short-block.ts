/**
 * Up to 16 rows of stats, of slices that follow one another, as short columns (short-column.ts): of rows that say one value
 * six times little is left, and what isn't asked for is stepped over.
 *
 * ```
 *   u16    a bit for each row that has min, max, first and last, low byte first
 *   count; unchecked
 *   min; max, firstValue, lastValue, each less min; firstMs; lastMs less firstMs      a row that has none repeats the row before
 *   accounted time; covered time
 *   sum less count · min; squares less min · (2 · sum − count · min), which leaves the sum of (v − min)²
 *   increase; integral less the covered time · lastValue of the row before, in the first row · min
 *   u8 1 and the histograms of all rows as in row-codec.ts, or u8 0 where no row has one
 * ```
 *
 * Every number, difference and product is a safe integer. Rows of which some isn't have no short block.
 */
import { strict as assert } from 'node:assert';
import { addProduct, addWide, clearWide, makeWide, readNear, SQUARE_LIMBS, writeSafe } from '../numbers/wide.ts';
import type { ByteReader, ByteWriter } from '../packing/bytes.ts';
import { Histogram } from './histogram.ts';
import type { MergedParts } from './merge-run.ts';
import { hasSelected, readHistogram, writeHistogram } from './row-codec.ts';
import { readShortColumn, SHORT_COLUMN_MAX, skipShortColumn, writeShortColumn } from './short-column.ts';
import type { StatsTable } from './stats-table.ts';

export const SHORT_BLOCK_MAX = SHORT_COLUMN_MAX;

const NO_BUCKETS = new Histogram();
const column = (): Float64Array => new Float64Array(SHORT_BLOCK_MAX);

/** Columns of the block that is written or read, whose numbers others are told less. */
const [values, counts, lows, lasts, times, covered, sums] = Array.from({ length: 7 }, column) as [
  Float64Array,
  Float64Array,
  Float64Array,
  Float64Array,
  Float64Array,
  Float64Array,
  Float64Array,
];
const squares = makeWide(SQUARE_LIMBS, 1);

/**
 * Appends the stats of `slots[0]` up to `slots[count − 1]`, of which there is one at least. False where they have no short block;
 * what was appended then means nothing.
 */
export function writeShortBlock(out: ByteWriter, table: StatsTable, slots: Int32Array, count: number): boolean {
  assert(count >= 1 && count <= SHORT_BLOCK_MAX, `a short block has 1 to ${SHORT_BLOCK_MAX} rows, not ${count}`);
  const selected = selectedOf(table, slots, count);
  out.byte(selected & 0xff);
  out.byte(selected >>> 8);
  pick(counts, table.count, slots, count);
  pick(values, table.unchecked, slots, count);
  return (
    writeSafeColumn(out, counts, count) &&
    writeSafeColumn(out, values, count) &&
    writeSelected(out, table, slots, count, selected) &&
    writeTimes(out, table, slots, count) &&
    writeSums(out, table, slots, count) &&
    writeHeld(out, table, slots, count) &&
    writeHistograms(out, table, slots, count)
  );
}

function selectedOf(table: StatsTable, slots: Int32Array, count: number): number {
  let selected = 0;
  for (let i = 0; i < count; i++) if (hasSelected(table, slots[i]!)) selected |= 1 << i;
  return selected;
}

/** Leaves min and last value of each row in `lows` and `lasts`. */
function writeSelected(
  out: ByteWriter,
  table: StatsTable,
  slots: Int32Array,
  count: number,
  selected: number,
): boolean {
  pickSelected(lows, table.min, slots, count, selected);
  if (!writeSafeColumn(out, lows, count)) return false;
  pickSelected(values, table.max, slots, count, selected);
  if (!writeLess(out, values, lows, count)) return false;
  pickSelected(values, table.firstValue, slots, count, selected);
  if (!writeLess(out, values, lows, count)) return false;
  pickSelected(lasts, table.lastValue, slots, count, selected);
  values.set(lasts);
  if (!writeLess(out, values, lows, count)) return false;
  pickSelected(times, table.firstMs, slots, count, selected);
  if (!writeSafeColumn(out, times, count)) return false;
  pickSelected(values, table.lastMs, slots, count, selected);
  return writeLess(out, values, times, count);
}

/** Leaves the covered time of each row in `covered`. */
function writeTimes(out: ByteWriter, table: StatsTable, slots: Int32Array, count: number): boolean {
  pick(values, table.accountedMs, slots, count);
  pick(covered, table.coveredMs, slots, count);
  for (let i = 0; i < count; i++)
    if (table.accountedRest.at(slots[i]!) !== 0 || table.coveredRest.at(slots[i]!) !== 0) return false;
  return writeSafeColumn(out, values, count) && writeSafeColumn(out, covered, count);
}

function writeSums(out: ByteWriter, table: StatsTable, slots: Int32Array, count: number): boolean {
  for (let i = 0; i < count; i++) {
    const low = counts[i]! * lows[i]!;
    sums[i] = readNear(table.sum, slots[i]!);
    values[i] = sums[i]! - low;
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(sums[i])) return false;
  }
  if (!writeSafeColumn(out, values, count)) return false;
  for (let i = 0; i < count; i++) {
    const twice = 2 * sums[i]! - counts[i]! * lows[i]!;
    if (!Number.isSafeInteger(twice)) return false;
    clearWide(squares, 0);
    addWide(squares, 0, table.squares, slots[i]!);
    addProduct(squares, 0, -lows[i]!, twice);
    values[i] = readNear(squares, 0);
  }
  return writeSafeColumn(out, values, count);
}

function writeHeld(out: ByteWriter, table: StatsTable, slots: Int32Array, count: number): boolean {
  for (let i = 0; i < count; i++) values[i] = readNear(table.increase, slots[i]!);
  if (!writeSafeColumn(out, values, count)) return false;
  let held = lows[0]!;
  for (let i = 0; i < count; i++) {
    const integral = readNear(table.integral, slots[i]!);
    const expected = covered[i]! * held;
    if (!Number.isSafeInteger(integral) || !Number.isSafeInteger(expected)) return false;
    values[i] = integral - expected;
    held = lasts[i]!;
  }
  return writeSafeColumn(out, values, count);
}

function writeHistograms(out: ByteWriter, table: StatsTable, slots: Int32Array, count: number): boolean {
  const { histograms } = table;
  let some = false;
  for (let i = 0; i < count && !some; i++) some = (histograms[slots[i]!]?.length ?? 0) > 0;
  out.byte(some ? 1 : 0);
  for (let i = 0; i < count && some; i++) writeHistogram(out, histograms[slots[i]!] ?? NO_BUCKETS);
  return true;
}

function pick(into: Float64Array, from: Float64Array, slots: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) into[i] = from[slots[i]!]!;
}

/** A row that has none repeats the row before, so that it costs nothing. */
function pickSelected(
  into: Float64Array,
  from: Float64Array,
  slots: Int32Array,
  count: number,
  selected: number,
): void {
  let before = 0;
  for (let i = 0; i < count; i++) {
    if ((selected & (1 << i)) !== 0) before = from[slots[i]!]!;
    into[i] = before;
  }
}

function writeLess(out: ByteWriter, from: Float64Array, bases: Float64Array, count: number): boolean {
  for (let i = 0; i < count; i++) from[i]! -= bases[i]!;
  return writeSafeColumn(out, from, count);
}

function writeSafeColumn(out: ByteWriter, from: Float64Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (!Number.isSafeInteger(from[i])) return false;
  writeShortColumn(out, from, count);
  return true;
}

/**
 * Reads a block of `count` rows into the slots from 0 on of a table, over those of the block before, of which the same parts
 * were read: the others are those of the identity. False where it is none; the slots mean nothing then.
 */
export function readShortBlock(reader: ByteReader, table: StatsTable, count: number, parts: MergedParts): boolean {
  const selected = reader.byte() | (reader.byte() << 8);
  if (table.histograms.length > 0) table.histograms = [];
  readShortColumn(reader, counts, count);
  copy(table.count, counts, count);
  readShortColumn(reader, values, count);
  copy(table.unchecked, values, count);
  const isWhole =
    selected >>> count === 0 && readSelected(reader, table, count, parts) && readMsColumns(reader, table, count, parts);
  if (!isWhole) return false;
  readSums(reader, table, count, parts);
  readHeld(reader, table, count, parts);
  const areMore = reader.byte();
  if (areMore > 1 || (areMore === 1 && parts.histogram && !readHistograms(reader, table, count))) return false;
  if (areMore === 1 && !parts.histogram) reader.at = reader.end;
  if (selected + 1 !== 1 << count) clearAbsent(table, count, selected, parts);
  return !reader.failed;
}

function readSelected(reader: ByteReader, table: StatsTable, count: number, parts: MergedParts): boolean {
  readShortColumn(reader, lows, count);
  if (parts.range) copy(table.min, lows, count);
  if (!readMore(reader, parts.range, lows, count)) return false;
  if (parts.range) copy(table.max, values, count);
  if (!readMore(reader, parts.first, lows, count)) return false;
  if (parts.first) copy(table.firstValue, values, count);
  const asksLast = parts.last || parts.integral;
  if (!readMore(reader, asksLast, lows, count)) return false;
  if (asksLast) copy(lasts, values, count);
  if (parts.last) copy(table.lastValue, lasts, count);
  if (parts.first || parts.last) readShortColumn(reader, times, count);
  else skipShortColumn(reader);
  if (parts.first) copy(table.firstMs, times, count);
  if (!readMore(reader, parts.last, times, count)) return false;
  if (parts.last) copy(table.lastMs, values, count);
  return true;
}

/** Reads numbers that were told less others, which none is below, into `values`; or steps over them. */
function readMore(reader: ByteReader, isAsked: boolean, bases: Float64Array, count: number): boolean {
  if (!isAsked) {
    skipShortColumn(reader);
    return true;
  }
  readShortColumn(reader, values, count);
  for (let i = 0; i < count; i++) {
    if (values[i]! < 0) return false;
    values[i]! += bases[i]!;
    if (!Number.isSafeInteger(values[i])) return false;
  }
  return true;
}

function readMsColumns(reader: ByteReader, table: StatsTable, count: number, parts: MergedParts): boolean {
  table.accountedRest.clear(0, count);
  readShortColumn(reader, values, count);
  copy(table.accountedMs, values, count);
  if (parts.coveredMs || parts.integral) readShortColumn(reader, covered, count);
  else skipShortColumn(reader);
  if (parts.coveredMs) {
    table.coveredRest.clear(0, count);
    copy(table.coveredMs, covered, count);
  }
  return !reader.failed;
}

function readSums(reader: ByteReader, table: StatsTable, count: number, parts: MergedParts): void {
  if (!parts.sum && !parts.squares) {
    skipShortColumn(reader);
    skipShortColumn(reader);
    return;
  }
  readShortColumn(reader, values, count);
  for (let i = 0; i < count; i++) {
    sums[i] = safe(reader, values[i]! + safe(reader, counts[i]! * lows[i]!));
    if (parts.sum) writeSafe(table.sum, i, sums[i]!);
  }
  if (!parts.squares) return skipShortColumn(reader);
  readShortColumn(reader, values, count);
  for (let i = 0; i < count; i++) {
    writeSafe(table.squares, i, values[i]!);
    addProduct(table.squares, i, lows[i]!, safe(reader, 2 * sums[i]! - counts[i]! * lows[i]!));
  }
}

function readHeld(reader: ByteReader, table: StatsTable, count: number, parts: MergedParts): void {
  if (parts.increase) {
    readShortColumn(reader, values, count);
    for (let i = 0; i < count; i++) writeSafe(table.increase, i, values[i]!);
  } else skipShortColumn(reader);
  if (!parts.integral) return skipShortColumn(reader);
  readShortColumn(reader, values, count);
  let held = lows[0]!;
  for (let i = 0; i < count; i++) {
    writeSafe(table.integral, i, safe(reader, values[i]! + safe(reader, covered[i]! * held)));
    held = lasts[i]!;
  }
}

function readHistograms(reader: ByteReader, table: StatsTable, count: number): boolean {
  for (let i = 0; i < count; i++) if (!readHistogram(reader, table, i)) return false;
  return true;
}

/** The number where it is safe; else the reader fails. */
function safe(reader: ByteReader, value: number): number {
  if (Number.isSafeInteger(value)) return value;
  reader.failed = true;
  return 0;
}

function copy(into: Float64Array, from: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) into[i] = from[i]!;
}

function clearAbsent(table: StatsTable, count: number, selected: number, parts: MergedParts): void {
  for (let i = 0; i < count; i++) {
    if ((selected & (1 << i)) !== 0) continue;
    if (parts.range) {
      table.min[i] = Number.POSITIVE_INFINITY;
      table.max[i] = Number.NEGATIVE_INFINITY;
    }
    if (parts.first) {
      table.firstMs[i] = Number.POSITIVE_INFINITY;
      table.firstValue[i] = 0;
    }
    if (parts.last) {
      table.lastMs[i] = Number.NEGATIVE_INFINITY;
      table.lastValue[i] = 0;
    }
  }
}
