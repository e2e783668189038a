import type { FieldTable } from '../rows/key-table.ts';
import type { PlainLines } from '../rows/plain-form.ts';
import type { RowHabits } from '../rows/row-reader.ts';

/** `next` needs more bytes before it can tell where the record ends. */
export const INCOMPLETE = -1;
/** The record can't be taken apart: `fault` says why and `brokenAt` where. */
export const BROKEN = -2;
/** The record names the columns anew, and others: what follows can't be read by those that are known. `fault` says how. */
export const OTHER_HEADING = -3;

/**
 * Takes one record of a file apart.
 *
 * Laws: what `next` gives depends on the record's bytes, not on how they are spread over buffers; it writes nothing
 * but what lies behind `to`, where there is room for a byte more than the record has.
 */
export interface RecordFormat {
  /**
   * The index after the record that begins at `from`, its line end included, or INCOMPLETE, BROKEN or OTHER_HEADING.
   *
   * `bytes[from, to)` is all that is loaded; `atEnd` says that nothing follows it. With `oneLine` a record may not go on
   * after a line end.
   */
  next(bytes: Uint8Array, from: number, to: number, atEnd: boolean, oneLine: boolean): number;
  /** The fields of the last record, or of the present one of its rows. */
  readonly fields: FieldTable;
  /** How many rows the last record holds: one where nothing is said. Of several `nextRow` goes on to the second, and so on. */
  readonly rows?: number;
  nextRow?(): void;
  /** Where the text of the last record ends, without its line end. */
  readonly textEnd: number;
  /** Line ends in the last record. */
  readonly lineEnds: number;
  /** Whether the last record is a line with nothing on it, which is no row. */
  readonly blank: boolean;
  /** Why the record is BROKEN, or how it is an OTHER_HEADING. */
  readonly fault: string;
  readonly brokenAt: number;
  /** How its plain rows are written, one a line; left out where none are. */
  readonly plain?: PlainLines | undefined;
  /** What there is to say of the records so far, as Source.remarks does. */
  remarks?(): readonly string[];
}

/** What the beginning of a file says of the rest. */
export interface RecordFileOpening {
  readonly columns: readonly string[];
  readonly format: RecordFormat;
  readonly habits?: RowHabits;
  /** Where the first record begins, from the start of the file, and on which line. */
  readonly dataAt: number;
  readonly dataLine: number;
}

/** What makes a file of records a CSV, or an NDJSON: reads how it begins. */
export interface RecordFileOpener {
  /**
   * Reads the beginning `bytes[from, to)` of a file; null where more of it is needed. Throws SourceError where it is no
   * file of this kind or lacks a column.
   */
  open(bytes: Uint8Array, from: number, to: number, atEnd: boolean): RecordFileOpening | null;
}

/** The length of the UTF-8 byte order mark at `from`, or 0. */
export function byteOrderMarkBytes(bytes: Uint8Array, from: number, to: number): number {
  return to - from >= 3 && bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf ? 3 : 0;
}
