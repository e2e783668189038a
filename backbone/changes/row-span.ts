import { WeirError } from '#core/errors.ts';
import { ByteReader, ByteWriter } from '#core/packing/bytes.ts';
import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';
import type { ChangedSpan, RowSpan, SliceRow } from './changes.ts';

/**
 * The bytes of a span of rows, which the table of changes keeps under the span's name:
 *
 * ```
 *   u8       format version (1)
 *   u8       all flags of its rows together
 *   per row, in ascending order of slices:
 *   u8       place of the slice in the span, 0 … 15
 *   u8       flags
 *   varint   revision
 *   varint   part − part of the span
 *   varint   bytes of the stats, then these (core/stats/row-codec.ts)
 * ```
 */
export const ROW_SPAN_FORMAT = 1;

const HEAD_BYTES = 2;

/** The bytes of a span are none: the disk has lost what was written. */
export class RowSpanDamaged extends WeirError {
  readonly kind = 'changes-damaged';

  constructor({ view, group, opener }: Pick<RowSpan, 'view' | 'group' | 'opener'>, reason: string) {
    super(
      `The table of changes is damaged: rows of view "${view}", group ${group}, from slice ${opener} on, ${reason}. ` +
        'Take the directory "speed" of the data directory away and start again: it is made anew from the log.',
      { fault: 'data' },
    );
  }
}

/** Writes one span after the other. */
export class SpanWriter {
  readonly #writer = new ByteWriter();
  #part = 0;
  /** Rows and flags of the span that is written. */
  rows = 0;
  flags = 0;

  begin(part: number): void {
    this.#writer.length = 0;
    this.#writer.byte(ROW_SPAN_FORMAT);
    this.#writer.byte(0);
    this.#part = part;
    this.rows = 0;
    this.flags = 0;
  }

  /** Adds a row; slices come in ascending order. */
  add(slice: number, part: number, revision: number, flags: number, stats: Uint8Array): void {
    const writer = this.#writer;
    writer.byte(slice - spanOf(slice) * SPAN_SLICES);
    writer.byte(flags);
    writer.varint(revision);
    writer.varint(part - this.#part);
    writer.varint(stats.length);
    writer.append(stats);
    this.rows++;
    this.flags |= flags;
  }

  finish(): Uint8Array {
    const bytes = this.#writer.written().slice();
    bytes[1] = this.flags;
    return bytes;
  }
}

/** All flags of the rows of a span together, read from its bytes. */
export function flagsOfSpan(bytes: Uint8Array): number {
  return bytes[1]!;
}

/** What the rows of a span are read with: its opener, and the part that it is named by. */
type SpanNames = Pick<RowSpan, 'view' | 'group' | 'opener' | 'part'>;

/** Reads the rows of one span after the other, in ascending order of slices, without an object for any. */
export class SpanCursor {
  /** Of the row that was read; its stats lie in [statsAt, statsEnd) of the bytes. */
  slice = 0;
  part = 0;
  revision = 0;
  flags = 0;
  statsAt = 0;
  statsEnd = 0;
  readonly #reader = new ByteReader();
  #span!: SpanNames;
  #end = 0;
  #placeMin = 0;
  #flagsOfAll = 0;
  #flagsSaid = 0;

  /** Begins with a span whose bytes are those in [from, end). Throws RowSpanDamaged, as `next` does. */
  open(span: SpanNames, bytes: Uint8Array, from = 0, end = bytes.length): void {
    const format = from < end ? bytes[from] : undefined;
    if (end - from < HEAD_BYTES || format !== ROW_SPAN_FORMAT)
      throw new RowSpanDamaged(span, `have format ${format}, which this program does not know`);
    if (end - from === HEAD_BYTES) throw new RowSpanDamaged(span, 'are missing');
    this.#span = span;
    this.#end = end;
    this.#placeMin = 0;
    this.#flagsOfAll = 0;
    this.#flagsSaid = bytes[from + 1]!;
    this.#reader.open(bytes, from + HEAD_BYTES, end);
  }

  /** Reads the next row; false behind the last. */
  next(): boolean {
    const reader = this.#reader;
    const span = this.#span;
    if (reader.at >= this.#end) {
      if (this.#flagsOfAll !== this.#flagsSaid) throw new RowSpanDamaged(span, 'have other flags than it says');
      return false;
    }
    const place = reader.byte();
    if (place < this.#placeMin || place >= SPAN_SLICES)
      throw new RowSpanDamaged(span, 'lie outside of it or in no order');
    this.#placeMin = place + 1;
    this.slice = spanOf(span.opener) * SPAN_SLICES + place;
    this.flags = reader.byte();
    this.revision = reader.varint();
    this.part = span.part + reader.varint();
    const length = reader.varint();
    this.statsAt = reader.at;
    this.statsEnd = reader.at + length;
    if (reader.failed || this.statsEnd > this.#end) throw new RowSpanDamaged(span, 'end too early');
    if (!Number.isSafeInteger(this.part)) throw new RowSpanDamaged(span, 'were opened by no record that can be');
    this.#flagsOfAll |= this.flags;
    reader.at = this.statsEnd;
    return true;
  }
}

/** The rows of a span, in ascending order of slices; their stats are views of its bytes. Throws RowSpanDamaged. */
export function rowsOfSpan(span: RowSpan): SliceRow[] {
  const { view, version, group, partition, epoch, bytes } = span;
  const cursor = new SpanCursor();
  cursor.open(span, bytes);
  const rows: SliceRow[] = [];
  while (cursor.next()) {
    const { slice, part, revision, flags, statsAt, statsEnd } = cursor;
    const stats = bytes.subarray(statsAt, statsEnd);
    rows.push({ view, version, group, slice, partition, epoch, part, revision, flags, stats });
  }
  return rows;
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
  const writer = new SpanWriter();
  writer.begin(part);
  let changed = 0;
  for (const row of sorted) {
    writer.add(row.slice, row.part, row.revision, row.flags, row.stats);
    changed |= 1 << (row.slice - spanOf(row.slice) * SPAN_SLICES);
  }
  return { view, version, group, opener, partition, epoch, part, flags: writer.flags, bytes: writer.finish(), changed };
}
