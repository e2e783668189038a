import { LOWER_T, UPPER_T } from '../ascii.ts';
import { ABSENT, FieldTable } from '../rows/key-table.ts';
import { equalBytes } from '../rows/value-text.ts';
import { type MeasurementRules, TIME_POSITION } from './line-rules.ts';
import { LINE_BYTES_MAX, type LineListener, type ValueKind } from './line-scanner.ts';
import { type Precision, TIME_TEXT_BYTES_MAX, writeNanoseconds, writeText } from './write-request.ts';

/** What stands before the lines in their buffer: the texts of booleans, two times, and what was unescaped. */
const BOOLEANS = 'truefalse10';
const RECEIVED_AT = BOOLEANS.length;
const TIME_AT = RECEIVED_AT + TIME_TEXT_BYTES_MAX;
export const SCRATCH_AT = TIME_AT + TIME_TEXT_BYTES_MAX;
export const LINES_AT = SCRATCH_AT + LINE_BYTES_MAX;

/** Where a boolean's text lies: as a name, and as a value. */
const TRUE = { name: [0, 4], value: [9, 10] } as const;
const FALSE = { name: [4, 9], value: [10, 11] } as const;

/** What makes nanoseconds of milliseconds. */
const MS_ZEROS = '000000';

/** A measurement that rules read, and the row that each of its lines becomes. */
export class MeasuredRow {
  readonly fields: FieldTable;
  readonly tagNames: NameTable;
  readonly fieldNames: NameTable;
  /** By position: 1 for a column that is a value. */
  readonly #values: Uint8Array;
  readonly #columns: readonly string[];
  /** By position: 1 where a line had that value. */
  readonly found: Uint8Array;

  constructor({ columns, tags, fields, values }: MeasurementRules) {
    this.fields = new FieldTable(columns.length);
    this.fields.count = columns.length;
    this.tagNames = new NameTable(tags);
    this.fieldNames = new NameTable(fields);
    this.#columns = columns;
    this.found = new Uint8Array(columns.length);
    this.#values = Uint8Array.from(columns, (_, position) => (values.has(position) ? 1 : 0));
  }

  /** The values that lines have had. */
  foundValues(): readonly string[] {
    return this.#columns.filter((_, position) => this.found[position] === 1);
  }

  isValue(position: number): boolean {
    return this.#values[position] === 1;
  }
}

/** Puts what is told of a line into the row of its measurement: what no rule reads is passed over. */
export class ScannedLine<Row extends MeasuredRow> implements LineListener {
  readonly #rows: readonly Row[];
  readonly #measurements: NameTable;
  #bytes: Uint8Array = new Uint8Array(0);
  #precision: Precision = 'ns';
  #receivedEnd = RECEIVED_AT;
  #position = NOT_NAMED;
  /** The row of the last line; undefined where no rule reads its measurement. */
  row: Row | undefined;
  /** Whether a rule reads a field of it. */
  hasValue = false;

  constructor(rows: ReadonlyMap<string, Row>) {
    this.#rows = [...rows.values()];
    this.#measurements = new NameTable(new Map(Array.from(rows.keys(), (name, i) => [name, i])));
  }

  /** The values that any line has had. */
  foundValues(): ReadonlySet<string> {
    return new Set(this.#rows.flatMap((row) => row.foundValues()));
  }

  /** Begins with the lines of a request, which lie in `bytes` from LINES_AT on. */
  begin(bytes: Uint8Array, precision: Precision, receivedMs: number): void {
    this.#bytes = bytes;
    this.#precision = precision;
    writeText(bytes, BOOLEANS, 0);
    this.#receivedEnd = writeText(bytes, `${receivedMs}${MS_ZEROS}`, RECEIVED_AT);
  }

  measurement(bytes: Uint8Array, start: number, end: number): void {
    const index = this.#measurements.find(bytes, start, end);
    this.row = this.#rows[index];
    this.hasValue = false;
    if (this.row === undefined) return;
    const { starts, ends } = this.row.fields;
    // A row has few columns, which a loop clears faster than a call does.
    for (let i = 0; i < starts.length; i++) starts[i] = ends[i] = ABSENT;
    starts[TIME_POSITION] = RECEIVED_AT;
    ends[TIME_POSITION] = this.#receivedEnd;
  }

  tagKey(bytes: Uint8Array, start: number, end: number): boolean {
    const { row } = this;
    if (row === undefined) return true;
    this.#position = row.tagNames.find(bytes, start, end);
    return this.#position === NOT_NAMED || row.fields.starts[this.#position] === ABSENT;
  }

  tagValue(start: number, end: number): void {
    if (this.row !== undefined && this.#position !== NOT_NAMED) this.#set(this.row, this.#position, start, end);
  }

  fieldKey(bytes: Uint8Array, start: number, end: number): void {
    if (this.row !== undefined) this.#position = this.row.fieldNames.find(bytes, start, end);
  }

  fieldValue(kind: ValueKind, start: number, end: number): void {
    const { row } = this;
    if (row === undefined || this.#position === NOT_NAMED) return;
    if (row.isValue(this.#position)) {
      this.hasValue = true;
      row.found[this.#position] = 1;
    }
    if (kind !== 'boolean') {
      this.#set(row, this.#position, start, end);
      return;
    }
    const first = this.#bytes[start];
    const texts = first === LOWER_T || first === UPPER_T ? TRUE : FALSE;
    const [textStart, textEnd] = row.isValue(this.#position) ? texts.value : texts.name;
    this.#set(row, this.#position, textStart, textEnd);
  }

  time(start: number, end: number): void {
    if (this.row === undefined) return;
    if (this.#precision === 'ns') this.#set(this.row, TIME_POSITION, start, end);
    else
      this.#set(this.row, TIME_POSITION, TIME_AT, writeNanoseconds(this.#bytes, start, end, this.#precision, TIME_AT));
  }

  #set({ fields }: Row, position: number, start: number, end: number): void {
    fields.starts[position] = start;
    fields.ends[position] = end;
  }
}

/** What `find` gives for a name that is not there. */
const NOT_NAMED = -1;

/** Names that are known beforehand and what stands for each, found by their bytes: no string is made to look one up. */
class NameTable {
  readonly #names: readonly Uint8Array[];
  readonly #values: Int32Array;
  /** Indices of names by a mix of length and bytes, half full at most; the next place where one is taken. */
  readonly #slots: Int32Array;

  /** The values are not negative. */
  constructor(names: ReadonlyMap<string, number>) {
    const encoder = new TextEncoder();
    this.#names = Array.from(names.keys(), (name) => encoder.encode(name));
    this.#values = Int32Array.from(names.values());
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * names.size + 2))).fill(NOT_NAMED);
    this.#names.forEach((name, index) => {
      let slot = this.#slotOf(name, 0, name.length);
      while (this.#slots[slot] !== NOT_NAMED) slot = (slot + 1) & (this.#slots.length - 1);
      this.#slots[slot] = index;
    });
  }

  /** What stands for the name in `bytes[start, end)`, or NOT_NAMED. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let slot = this.#slotOf(bytes, start, end);
    for (;;) {
      const index = this.#slots[slot]!;
      if (index === NOT_NAMED) return NOT_NAMED;
      if (equalBytes(this.#names[index]!, bytes, start, end)) return this.#values[index]!;
      slot = (slot + 1) & (this.#slots.length - 1);
    }
  }

  #slotOf(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length === 0) return 0;
    const mix = Math.imul(length, 31) + Math.imul(bytes[start + (length >> 1)]!, 7) + bytes[end - 1]!;
    return mix & (this.#slots.length - 1);
  }
}
