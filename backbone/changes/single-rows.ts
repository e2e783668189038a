import { ByteReader, type ByteWriter } from '#core/packing/bytes.ts';
import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';
import type { SliceRow } from './changes.ts';
import { RowSpanDamaged, type SpanNames } from './row-span-damaged.ts';

/**
 * A span of rows one by one, for rows that have no short block (row-span.ts), and those that an older program wrote:
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
export const SINGLE_ROWS_FORMAT = 1;

const HEAD_BYTES = 2;

/** What a row says beside the names of its span. */
export type SpanRow = Pick<SliceRow, 'slice' | 'part' | 'revision' | 'flags' | 'stats'>;

/** Writes a span named by `part`; slices come in ascending order. */
export function writeSingleRows(writer: ByteWriter, part: number, rows: Iterable<SpanRow>): Uint8Array {
  writer.length = 0;
  writer.byte(SINGLE_ROWS_FORMAT);
  writer.byte(0);
  let flags = 0;
  for (const row of rows) {
    writer.byte(row.slice - spanOf(row.slice) * SPAN_SLICES);
    writer.byte(row.flags);
    writer.varint(row.revision);
    writer.varint(row.part - part);
    writer.varint(row.stats.length);
    writer.append(row.stats);
    flags |= row.flags;
  }
  const bytes = writer.written().slice();
  bytes[1] = flags;
  return bytes;
}

/** Reads the rows of one span after the other, in ascending order of slices, without an object for any. */
export class SingleRowCursor {
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
