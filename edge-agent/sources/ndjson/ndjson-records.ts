import type { RecordFormat } from '../records/record-format.ts';
import type { FieldTable } from '../rows/key-table.ts';
import { ObjectFields, type ObjectFieldsOptions } from '../rows/object-fields.ts';
import { isJsonObject, type JsonObject, type JsonText, parseJsonText, PAYLOAD, valueAtPath } from './json-fields.ts';
import { JsonTextCutter } from './json-text-cutter.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What else is known of the lines of a file. */
export interface NdjsonOptions extends ObjectFieldsOptions {
  /** The path of the array of rows that an object holds; where it isn't said, the object is the row. */
  readonly rows?: string | undefined;
  /** Whether its objects aren't one a line. */
  readonly isOverLines?: boolean;
}

/**
 * NDJSON: one JSON object a line, or an array of objects, which are records each; or objects over lines, in an array or not. A
 * record is a row, or holds an array of rows, whose fields come before its own.
 */
export class NdjsonRecords implements RecordFormat {
  blank = false;
  rows = 1;
  readonly fault = '';
  readonly brokenAt = 0;
  readonly #cutter: JsonTextCutter;
  readonly #fields: ObjectFields;
  readonly #rowsPath: string | undefined;
  #lines = 0;
  #hasRows = false;
  #record: JsonObject = {};
  /** The rows that the record holds, where it isn't the row itself, and which of them is the present one. */
  #elements: readonly JsonText[] | undefined;
  #element = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #scratchAt = 0;

  constructor(paths: readonly string[], options: NdjsonOptions = {}) {
    this.#cutter = new JsonTextCutter(options.isOverLines === true);
    this.#fields = new ObjectFields(paths, options);
    this.#rowsPath = options.rows;
  }

  get fields(): FieldTable {
    return this.#fields.table;
  }

  next(bytes: Uint8Array, from: number, to: number, atEnd: boolean): number {
    const end = this.#cutter.next(bytes, from, to, atEnd);
    if (end >= 0) this.#take(bytes, to);
    return end;
  }

  nextRow(): void {
    const row = this.#elements?.[this.#element++];
    this.fields.fault =
      row === undefined
        ? this.#fields.fill(this.#record, undefined, this.#bytes, this.#scratchAt)
        : this.#fields.fill(isJsonObject(row) ? row : { [PAYLOAD]: row }, this.#record, this.#bytes, this.#scratchAt);
  }

  get textEnd(): number {
    return this.#cutter.textEnd;
  }

  get lineEnds(): number {
    return this.#cutter.lineEnds;
  }

  remarks(): readonly string[] {
    if (this.#lines === 0) return [];
    const where = this.#lines === 1 ? 'the one line' : `any of ${this.#lines} lines`;
    if (this.#rowsPath === undefined || this.#hasRows) return this.#fields.remarks(where);
    return [`field ${JSON.stringify(this.#rowsPath)} that \`rows\` names was not in ${where}`];
  }

  #take(bytes: Uint8Array, scratchAt: number): void {
    const { textStart, textEnd } = this.#cutter;
    const text = decode(bytes.subarray(textStart, textEnd));
    this.blank = text?.trim() === '';
    if (this.blank) return;
    this.rows = 1;
    this.#bytes = bytes;
    this.#scratchAt = scratchAt;
    this.#elements = undefined;
    const fault = this.#parse(text);
    if (fault === null) this.#findRows();
    else this.fields.fault = fault;
  }

  /** Takes up the record of a line; gives why it can't, or null. */
  #parse(text: string | undefined): string | null {
    if (text === undefined) return 'the line is not UTF-8 text';
    const object = parseJsonText(text, this.#fields.textOf);
    if (object === undefined) return 'the line is not JSON; write one object a line';
    if (!isJsonObject(object)) return 'the line is JSON but no object; write one object a line, or an array of objects';
    this.#lines++;
    this.#record = object;
    return null;
  }

  /** Begins with the first row of the record. One that doesn't have the array of rows has none. */
  #findRows(): void {
    if (this.#rowsPath !== undefined) {
      const rows = valueAtPath(this.#record, this.#rowsPath) ?? [];
      this.#elements = Array.isArray(rows) ? (rows as readonly JsonText[]) : [rows];
      this.#element = 0;
      this.rows = this.#elements.length;
      this.#hasRows ||= this.rows > 0;
    }
    if (this.rows > 0) this.nextRow();
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
