import { BytePool } from '#core/packing/byte-pool.ts';
import { ByteReader, ByteWriter } from '#core/packing/bytes.ts';
import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';
import { type MergedParts, mergedParts } from '#core/stats/merge-run.ts';
import { decodeRowParts, encodeRow } from '#core/stats/row-codec.ts';
import { readShortBlock, SHORT_BLOCK_MAX, writeShortBlock } from '#core/stats/short-block.ts';
import { readShortColumn, writeShortColumn } from '#core/stats/short-column.ts';
import { STATS_PARTS } from '#core/stats/statistics.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import type { ChangedSpan, RowSpan, SliceRow } from './changes.ts';
import { RowSpanDamaged, type SpanNames } from './row-span-damaged.ts';
import { SINGLE_ROWS_FORMAT, SingleRowCursor, type SpanRow, writeSingleRows } from './single-rows.ts';

/**
 * The bytes of a span of rows, which the table of changes keeps under the span's name:
 *
 * ```
 *   u8            format version (2)
 *   u8            all flags of its rows together
 *   u16           a bit for each slice of the span that has a row, low byte first
 *   short columns part − part of the span; revision; flags (core/stats/short-column.ts)
 *   short block   stats of the rows (core/stats/short-block.ts)
 * ```
 *
 * Of rows that have no short block it is format 1 (single-rows.ts). Format and flags keep their place.
 */
export const ROW_SPAN_FORMAT = 2;

const EVERY_PART = mergedParts(new Set(STATS_PARTS));

/** Writes one span after the other. Their bytes lie in blocks that many share (BytePool). */
export class SpanWriter {
  readonly #pool = new BytePool();
  readonly #writer = new ByteWriter();
  readonly #slices = new Int32Array(SPAN_SLICES);
  readonly #slots = new Int32Array(SPAN_SLICES);
  readonly #parts = new Float64Array(SPAN_SLICES);
  readonly #revisions = new Float64Array(SPAN_SLICES);
  readonly #flags = new Float64Array(SPAN_SLICES);
  #firstSlice = 0;
  #part = 0;
  /** Rows and flags of the span that is written. */
  rows = 0;
  flags = 0;

  /** Begins a span that holds `slice`, named by `part`, which no row of it is below. */
  begin(slice: number, part: number): void {
    this.#firstSlice = spanOf(slice) * SPAN_SLICES;
    this.#part = part;
    this.rows = 0;
    this.flags = 0;
  }

  /** Adds a row, whose stats stand in a slot of the table that `finish` is given; slices come in ascending order. */
  add(slice: number, part: number, revision: number, flags: number, slot: number): void {
    const row = this.rows++;
    this.#slices[row] = slice - this.#firstSlice;
    this.#parts[row] = part - this.#part;
    this.#revisions[row] = revision;
    this.#flags[row] = flags;
    this.#slots[row] = slot;
    this.flags |= flags;
  }

  finish(table: StatsTable): Uint8Array {
    const writer = this.#writer;
    const { rows } = this;
    let places = 0;
    for (let i = 0; i < rows; i++) places |= 1 << this.#slices[i]!;
    writer.length = 0;
    writer.byte(ROW_SPAN_FORMAT);
    writer.byte(this.flags);
    writer.byte(places & 0xff);
    writer.byte(places >>> 8);
    writeShortColumn(writer, this.#parts, rows);
    writeShortColumn(writer, this.#revisions, rows);
    writeShortColumn(writer, this.#flags, rows);
    return writeShortBlock(writer, table, this.#slots, rows)
      ? this.#pool.copy(writer.written())
      : writeSingleRows(writer, this.#part, this.#singleRows(table));
  }

  *#singleRows(table: StatsTable): Iterable<SpanRow> {
    for (let i = 0; i < this.rows; i++) {
      yield {
        slice: this.#firstSlice + this.#slices[i]!,
        part: this.#part + this.#parts[i]!,
        revision: this.#revisions[i]!,
        flags: this.#flags[i]!,
        stats: encodeRow(table, this.#slots[i]!),
      };
    }
  }
}

/** All flags of the rows of a span together, read from its bytes. */
export function flagsOfSpan(bytes: Uint8Array): number {
  return bytes[1]!;
}

/**
 * The rows of one span after the other, in ascending order of slices, as columns; row i has its stats in slot i. Of stats only
 * some parts are read, what is accounted for, count and unchecked; the others mean nothing.
 */
export class SpanRows {
  count = 0;
  readonly slice = new Float64Array(SPAN_SLICES);
  readonly part = new Float64Array(SPAN_SLICES);
  readonly revision = new Float64Array(SPAN_SLICES);
  readonly flags = new Uint8Array(SPAN_SLICES);
  readonly table = new StatsTable(SPAN_SLICES);
  readonly firstSlot = 0;
  readonly #parts: MergedParts;
  readonly #reader = new ByteReader();
  readonly #column = new Float64Array(SHORT_BLOCK_MAX);

  constructor(parts: MergedParts = EVERY_PART) {
    this.#parts = parts;
    this.table.allocateMany(SPAN_SLICES);
  }

  /** Reads the span whose bytes are those in [from, end). Throws RowSpanDamaged. */
  read(span: SpanNames, bytes: Uint8Array, from = 0, end = bytes.length): void {
    const format = from < end ? bytes[from] : undefined;
    if (format === ROW_SPAN_FORMAT) this.#readColumns(span, bytes, from, end);
    else if (format === SINGLE_ROWS_FORMAT) this.#readSingle(span, bytes, from, end);
    else throw unknownFormat(span, format);
  }

  #readColumns(span: SpanNames, bytes: Uint8Array, from: number, end: number): void {
    const reader = this.#reader;
    reader.open(bytes, from + 1, end);
    const flagsSaid = reader.byte();
    const places = reader.byte() | (reader.byte() << 8);
    const firstSlice = spanOf(span.opener) * SPAN_SLICES;
    let count = 0;
    for (let place = 0; place < SPAN_SLICES; place++)
      if ((places & (1 << place)) !== 0) this.slice[count++] = firstSlice + place;
    this.count = count;
    if (count === 0) throw new RowSpanDamaged(span, 'are missing');
    readShortColumn(reader, this.part, count);
    readShortColumn(reader, this.revision, count);
    readShortColumn(reader, this.#column, count);
    const isRead = readShortBlock(reader, this.table, count, this.#parts) && reader.at === end;
    if (!isRead || reader.failed) throw new RowSpanDamaged(span, 'end too early, or are none');
    let flags = 0;
    for (let i = 0; i < count; i++) {
      this.part[i]! += span.part;
      if (!(this.part[i]! >= span.part) || !Number.isSafeInteger(this.part[i]) || this.revision[i]! < 0)
        throw new RowSpanDamaged(span, 'were opened by no record that can be');
      this.flags[i] = this.#column[i]!;
      flags |= this.#column[i]!;
    }
    if (flags !== flagsSaid) throw new RowSpanDamaged(span, 'have other flags than it says');
  }

  #readSingle(span: SpanNames, bytes: Uint8Array, from: number, end: number): void {
    const cursor = singleRows;
    cursor.open(span, bytes, from, end);
    this.count = 0;
    while (cursor.next()) {
      const row = this.count++;
      this.slice[row] = cursor.slice;
      this.part[row] = cursor.part;
      this.revision[row] = cursor.revision;
      this.flags[row] = cursor.flags;
      const read = decodeRowParts(bytes, this.table, row, cursor.statsAt, cursor.statsEnd, this.#parts);
      if (typeof read !== 'number') throw new RowSpanDamaged(span, `can not be read: ${read.message}`);
    }
  }
}

const singleRows = new SingleRowCursor();
const everyRow = new SpanRows();
const slicesRead = new SpanRows(mergedParts(new Set()));

function unknownFormat(span: SpanNames, format: number | undefined): RowSpanDamaged {
  return new RowSpanDamaged(span, `have format ${format}, which this program does not know`);
}

/** The rows of a span, in ascending order of slices, each encoded by itself. Throws RowSpanDamaged. */
export function rowsOfSpan(span: RowSpan): SliceRow[] {
  const { view, version, group, partition, epoch, bytes } = span;
  const names = { view, version, group, partition, epoch };
  const rows: SliceRow[] = [];
  if (bytes[0] === SINGLE_ROWS_FORMAT) {
    const cursor = singleRows;
    cursor.open(span, bytes);
    while (cursor.next()) {
      const { slice, part, revision, flags, statsAt, statsEnd } = cursor;
      rows.push({ ...names, slice, part, revision, flags, stats: bytes.subarray(statsAt, statsEnd) });
    }
    return rows;
  }
  everyRow.read(span, bytes);
  const { slice, part, revision, flags, table } = everyRow;
  for (let i = 0; i < everyRow.count; i++) {
    const place = { slice: slice[i]!, part: part[i]!, revision: revision[i]!, flags: flags[i]! };
    rows.push({ ...names, ...place, stats: encodeRow(table, i) });
  }
  return rows;
}

/** The slices of a span that have rows, ascending. Throws RowSpanDamaged. */
export function slicesOfSpan(span: Pick<RowSpan, 'view' | 'group' | 'opener' | 'part' | 'bytes'>): readonly number[] {
  slicesRead.read(span, span.bytes);
  return [...slicesRead.slice.subarray(0, slicesRead.count)];
}

/** Rows as spans: those of one span of slices, partition, epoch and part together. For rows that no fold holds. */
export function spansOfRows(rows: Iterable<SliceRow>): ChangedSpan[] {
  const names = new Map<string, SliceRow[]>();
  for (const row of rows) {
    const { view, version, group, partition, epoch, part } = row;
    const name = JSON.stringify([view, version, group, spanOf(row.slice), partition, epoch, part]);
    const same = names.get(name);
    if (same === undefined) names.set(name, [row]);
    else same.push(row);
  }
  return [...names.values()].map((same) => spanOfRows(same, same[0]!.part));
}

/** Rows of different slices as one span, named by a part that none of them is below. */
export function spanOfRows(rows: readonly SliceRow[], part: number): ChangedSpan {
  const sorted = rows.toSorted((a, b) => a.slice - b.slice);
  const { view, version, group, slice: opener, partition, epoch } = sorted[0]!;
  const bytes = writeSingleRows(new ByteWriter(), part, sorted);
  let changed = 0;
  for (const row of sorted) changed |= 1 << (row.slice - spanOf(row.slice) * SPAN_SLICES);
  return { view, version, group, opener, partition, epoch, part, flags: flagsOfSpan(bytes), bytes, changed };
}
