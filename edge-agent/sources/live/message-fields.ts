import { ABSENT, FieldTable } from '../rows/key-table.ts';
import type { RowReader } from '../rows/row-reader.ts';
import { neededColumns } from '../rows/row-references.ts';
import type { RowsSection } from '../rows/rows-section.ts';
import { REFUSED_TEXT_CHARS_MAX } from '../source.ts';
import { timeIn } from '../time/time-section.ts';

/** The column that holds when a message came in, in ms: no rule can name it, since names are not empty. */
export const RECEIVED_COLUMN = '';

/** What a section that says nothing of `time` means: the time of receipt. */
export const RECEIVED_TIME: RowsSection['time'] = timeIn(RECEIVED_COLUMN, 'unix-ms');

/** Bytes that a message's fields, and what of it is quoted where it is refused, may have. More is no reading. */
export const MESSAGE_FIELD_BYTES_MAX = 65_536;

const QUOTED_BYTES_MAX = 4 * REFUSED_TEXT_CHARS_MAX;

const encoder = new TextEncoder();

/**
 * One message as a row: whatever a live source is sent becomes named fields, and the row reader that files have makes
 * readings of them. The columns are those that the rules name; a field that isn't set is absent.
 *
 * To be used so: `begin`, `set` for each field, `read`.
 */
export class MessageFields {
  /** The columns by position, as the row reader is to be opened with. */
  readonly columns: readonly string[];
  readonly #positions: ReadonlyMap<string, number>;
  readonly #fields: FieldTable;
  readonly #bytes = new Uint8Array(QUOTED_BYTES_MAX + MESSAGE_FIELD_BYTES_MAX);
  #quotedEnd = 0;
  #at = 0;

  constructor(section: Pick<RowsSection, 'time' | 'series'>) {
    this.columns = neededColumns(section).map(({ column }) => column);
    this.#positions = new Map(this.columns.map((column, i) => [column, i]));
    this.#fields = new FieldTable(this.columns.length);
  }

  /** The position of a column, undefined where no rule needs it. */
  positionOf(column: string): number | undefined {
    return this.#positions.get(column);
  }

  /** Begins a message; the text stands for it where it is refused. */
  begin(quoted: string): void {
    const { starts, ends } = this.#fields;
    starts.fill(ABSENT);
    ends.fill(ABSENT);
    this.#fields.count = this.columns.length;
    this.#fields.fault = null;
    this.#quotedEnd = encoder.encodeInto(quoted, this.#bytes.subarray(0, QUOTED_BYTES_MAX)).written;
    this.#at = this.#quotedEnd;
  }

  /** Sets the field of a column; the text is trimmed of spaces as every field is. */
  set(position: number, text: string): void {
    const field = text.trim();
    const { read, written } = encoder.encodeInto(field, this.#bytes.subarray(this.#at));
    if (read < field.length)
      this.refuse(`the fields that are read of it have more than ${MESSAGE_FIELD_BYTES_MAX} bytes`);
    this.#fields.starts[position] = this.#at;
    this.#at += written;
    this.#fields.ends[position] = this.#at;
  }

  /** Says that the message, or a field of it, can't be read. */
  refuse(reason: string): void {
    this.#fields.fault ??= reason;
  }

  /** Hands the row to its reader. `line` is the number of the message, from 1. */
  read(reader: RowReader, line: number): void {
    reader.row(this.#bytes, this.#fields, line, 0, this.#quotedEnd);
  }
}
