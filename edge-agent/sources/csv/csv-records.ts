import { CR, LF, QUOTE, SPACE } from '../ascii.ts';
import { BROKEN, byteOrderMarkBytes, INCOMPLETE, OTHER_HEADING, type RecordFormat } from '../records/record-format.ts';
import { FieldTable } from '../rows/key-table.ts';
import type { PlainLines } from '../rows/plain-form.ts';
import { equalBytes } from '../rows/value-text.ts';

const MARK_START = 0xef;
const NONE = -1;

/** What else is known of the rows of a file. */
export interface CsvOptions {
  /** The fields of its heading: a row that has just these is the heading again, and no row. */
  readonly heading?: readonly Uint8Array[];
  /** Which of its columns are read, and which of these tell the time. */
  readonly read?: { readonly columns: readonly number[]; readonly time: readonly number[] } | undefined;
  /** Whether the last column is one that no row needs to have. */
  readonly lastIsOptional?: boolean;
  /** What a line begins with that is no row. */
  readonly comment?: string | undefined;
}

const LENGTHS_TOLD_APART = 32;

/** One number for fields that begin alike and are as long. */
function looksOf(start: number, length: number): number {
  return (length % LENGTHS_TOLD_APART) * 256 + start;
}

/**
 * CSV as in RFC 4180, and what people write in its place: LF without CR, spaces around fields and around quotes (both
 * trimmed), quotes inside a field that doesn't begin with one (kept), lines with nothing on them but delimiters (no rows),
 * a delimiter at the end of rows (no field follows it), be it of the rows or of the heading alone, and, where files were
 * put together, the byte order mark and the heading of a later one (no row). A later heading under which a column that is
 * read stands elsewhere, or not at all, is an OTHER_HEADING.
 *
 * The inner loop has no bounds check: a line end is written after the data as a sentinel.
 */
export class CsvRecords implements RecordFormat {
  readonly fields: FieldTable;
  textEnd = 0;
  lineEnds = 0;
  blank = false;
  fault = '';
  brokenAt = 0;
  readonly #delimiter: number;
  /** Where a field with doubled quotes is written, free from here on. */
  #scratchAt = 0;
  #fieldStart = 0;
  #fieldEnd = 0;
  /** The length of the last field, whether there is a column for it or not. */
  #lastLength = 0;
  readonly #heading: readonly Uint8Array[];
  readonly #lastIsOptional: boolean;
  readonly #comment: Uint8Array;
  readonly #commentStart: number;
  readonly #columnCount: number;
  readonly #read: NonNullable<CsvOptions['read']>;
  /** By how a field begins and how long it is, whether a name of the heading is alike. */
  readonly #looksNamed = new Uint8Array(LENGTHS_TOLD_APART * 256);

  constructor(delimiter: string, columnCount: number, options: CsvOptions = {}) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#heading = options.heading ?? [];
    this.#lastIsOptional = options.lastIsOptional ?? false;
    this.#read = options.read ?? { columns: [], time: [] };
    for (const { 0: start = 0, length } of this.#heading) this.#looksNamed[looksOf(start, length)] = 1;
    this.#comment = new TextEncoder().encode(options.comment);
    this.#commentStart = this.#comment[0] ?? NONE;
    this.#columnCount = columnCount;
    this.fields = new FieldTable(columnCount);
  }

  get plain(): PlainLines {
    const comment = this.#commentStart === NONE ? {} : { comment: this.#commentStart };
    return { delimiter: this.#delimiter, heading: this.#heading, ...comment };
  }

  next(bytes: Uint8Array, from: number, to: number, atEnd: boolean, oneLine: boolean): number {
    const delimiter = this.#delimiter;
    const { starts, ends } = this.fields;
    bytes[to] = LF;
    this.#scratchAt = to + 1;
    this.lineEnds = 0;
    let begin = from;
    const first = bytes[from];
    if (first === MARK_START || first === this.#commentStart) {
      begin += byteOrderMarkBytes(bytes, from, to);
      if (this.#isComment(bytes, begin)) return this.#skipLine(bytes, from, to, atEnd);
    }
    let at = begin;
    let count = 0;
    let start = 0;
    let end = 0;
    for (;;) {
      start = at;
      while (bytes[start] === SPACE && delimiter !== SPACE) start++;
      if (bytes[start] === QUOTE) {
        at = this.#quoted(bytes, start, to, atEnd, oneLine);
        if (at < 0) return at;
        start = this.#fieldStart;
        end = this.#fieldEnd;
      } else {
        at = start;
        let byte = bytes[at];
        while (byte !== delimiter && byte !== LF) byte = bytes[++at];
        end = at;
        if (byte === LF && end > start && bytes[end - 1] === CR) end--;
        while (end > start && bytes[end - 1] === SPACE) end--;
      }
      if (count < starts.length) {
        starts[count] = start;
        ends[count] = end;
      }
      count++;
      if (bytes[at] === LF) break;
      at++;
    }
    this.#lastLength = end - start;
    return this.#finish(bytes, begin, at, to, atEnd, count);
  }

  #finish(bytes: Uint8Array, from: number, lineEndAt: number, to: number, atEnd: boolean, count: number): number {
    const complete = lineEndAt < to;
    if (!complete && !atEnd) return INCOMPLETE;
    this.fields.count = count;
    this.textEnd = lineEndAt > from && bytes[lineEndAt - 1] === CR ? lineEndAt - 1 : lineEndAt;
    this.blank = false;
    const start = this.fields.starts[0]!;
    const length = this.fields.ends[0]! - start;
    // Nearly every row has the columns of its file, and begins with something that doesn't look like a name of the heading.
    if (count !== this.#columnCount || length === 0 || this.#looksNamed[looksOf(bytes[start]!, length)] === 1) {
      this.#settle(bytes, from, count);
      if (!this.blank && this.#isOtherHeading(bytes)) return OTHER_HEADING;
    }
    if (complete) this.lineEnds++;
    return complete ? lineEndAt + 1 : to;
  }

  /** Finds what else a row may be: one that a delimiter ends, a line of delimiters, or the heading once more. */
  #settle(bytes: Uint8Array, from: number, count: number): void {
    const { starts, ends } = this.fields;
    this.fields.count = this.#settledCount(count);
    this.blank = (starts[0] === ends[0] && this.#isBlank(bytes, from, this.textEnd)) || this.#isHeading(bytes);
  }

  /** How many fields a row has that seems to have one too many or too few. */
  #settledCount(count: number): number {
    const { starts, ends } = this.fields;
    const columns = starts.length;
    if (count === columns + 1 && this.#lastLength === 0) return columns;
    if (count !== columns - 1 || !this.#lastIsOptional) return count;
    starts[count] = ends[count] = ends[count - 1]!;
    return columns;
  }

  #isComment(bytes: Uint8Array, at: number): boolean {
    return this.#commentStart !== NONE && this.#comment.every((byte, i) => bytes[at + i] === byte);
  }

  /** Takes a line for no row, whatever stands on it. */
  #skipLine(bytes: Uint8Array, from: number, to: number, atEnd: boolean): number {
    const lineEnd = bytes.indexOf(LF, from);
    if (lineEnd === to && !atEnd) return INCOMPLETE;
    this.blank = true;
    this.fields.count = 0;
    this.textEnd = lineEnd;
    this.lineEnds = lineEnd < to ? 1 : 0;
    return lineEnd < to ? lineEnd + 1 : to;
  }

  #isHeading(bytes: Uint8Array): boolean {
    const { count, starts, ends } = this.fields;
    return (
      count > 0 &&
      count === this.#heading.length &&
      this.#heading.every((name, i) => equalBytes(name, bytes, starts[i]!, ends[i]!))
    );
  }

  /**
   * Whether a row is a heading that what is read doesn't stand in: it begins with the name of a column, has those of the times, and
   * at least half of its fields are names. A text in place of a time alone is a row that can't be read.
   */
  #isOtherHeading(bytes: Uint8Array): boolean {
    const { count, starts, ends } = this.fields;
    const { columns, time } = this.#read;
    const isNamed = (i: number, name: Uint8Array): boolean => equalBytes(name, bytes, starts[i]!, ends[i]!);
    if (time.length === 0 || count !== this.#heading.length) return false;
    const isName = (i: number): boolean => this.#heading.some((name) => isNamed(i, name));
    if (!isName(0)) return false;
    let names = 0;
    for (let i = 0; i < count; i++) if (isName(i)) names++;
    if (2 * names < count) return false;
    const placeOf = (column: number): number => {
      const name = this.#heading[column]!;
      if (isNamed(column, name)) return column;
      for (let i = 0; i < count; i++) if (isNamed(i, name)) return i;
      return NONE;
    };
    if (time.some((column) => placeOf(column) === NONE)) return false;
    const moved = columns.find((column) => placeOf(column) !== column);
    if (moved === undefined) return false;
    const place = placeOf(moved);
    const name = JSON.stringify(new TextDecoder().decode(this.#heading[moved]));
    this.fault = `names the columns anew, with ${place === NONE ? `no ${name}` : `${name} as number ${place + 1}, not ${moved + 1}`}`;
    return true;
  }

  #isBlank(bytes: Uint8Array, from: number, to: number): boolean {
    for (let at = from; at < to; at++) if (bytes[at] !== SPACE && bytes[at] !== this.#delimiter) return false;
    return true;
  }

  /**
   * Reads the quoted field that begins at `open`, and gives the index of the delimiter or line end after it, or
   * INCOMPLETE, or BROKEN.
   */
  #quoted(bytes: Uint8Array, open: number, to: number, atEnd: boolean, oneLine: boolean): number {
    let doubled = false;
    let at = open + 1;
    for (; ; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        if (bytes[at + 1] !== QUOTE) break;
        doubled = true;
        at++;
      } else if (byte === LF) {
        if (at >= to) return atEnd ? this.#break(to, 'a quoted field does not close before the file ends') : INCOMPLETE;
        if (oneLine) return this.#break(at, 'a quoted field does not close on its line');
        this.lineEnds++;
      }
    }
    const close = at;
    let after = close + 1;
    while (bytes[after] === SPACE && this.#delimiter !== SPACE) after++;
    if (bytes[after] === CR && bytes[after + 1] === LF) after++;
    if (bytes[after] !== this.#delimiter && bytes[after] !== LF) {
      return this.#break(after, 'text follows the closing quote of a field; write quotes inside a field twice');
    }
    this.#fieldStart = open + 1;
    this.#fieldEnd = close;
    if (doubled) this.#undouble(bytes, open + 1, close);
    while (this.#fieldStart < this.#fieldEnd && bytes[this.#fieldStart] === SPACE) this.#fieldStart++;
    while (this.#fieldStart < this.#fieldEnd && bytes[this.#fieldEnd - 1] === SPACE) this.#fieldEnd--;
    return after;
  }

  /** Writes the field with its quotes undoubled after the data, so that the record's own text stays as it was. */
  #undouble(bytes: Uint8Array, start: number, end: number): void {
    let writeAt = this.#scratchAt;
    this.#fieldStart = writeAt;
    for (let at = start; at < end; at++) {
      if (bytes[at] === QUOTE) at++;
      bytes[writeAt++] = bytes[at]!;
    }
    this.#fieldEnd = writeAt;
    this.#scratchAt = writeAt;
  }

  #break(at: number, fault: string): number {
    this.brokenAt = at;
    this.fault = fault;
    return BROKEN;
  }
}
