import { CR, INCOMPLETE, LF, type RecordFormat } from '../records/record-format.ts';
import { ABSENT, FieldTable } from '../rows/field-table.ts';
import { isJsonObject, parseJsonText, valueAtPath } from './json-fields.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * NDJSON (one JSON object a line): the fields that rules name are written as text behind the data, where they are like
 * those of any row. Numbers keep the digits they were written with; strings stand for themselves; `null` and a field
 * that is not there are absent. Objects and arrays are no values, and damage their row.
 */
export class NdjsonRecords implements RecordFormat {
  readonly fields: FieldTable;
  textEnd = 0;
  lineEnds = 0;
  blank = false;
  readonly fault = '';
  readonly brokenAt = 0;
  readonly #paths: readonly string[];

  constructor(paths: readonly string[]) {
    this.#paths = paths;
    this.fields = new FieldTable(paths.length);
    this.fields.count = paths.length;
  }

  next(bytes: Uint8Array, from: number, to: number, atEnd: boolean): number {
    bytes[to] = LF;
    const lineEnd = bytes.indexOf(LF, from);
    if (lineEnd === to && !atEnd) return INCOMPLETE;
    this.lineEnds = lineEnd < to ? 1 : 0;
    this.textEnd = lineEnd > from && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    this.#take(bytes, from, to + 1);
    return lineEnd < to ? lineEnd + 1 : to;
  }

  #take(bytes: Uint8Array, from: number, scratchAt: number): void {
    const text = decode(bytes.subarray(from, this.textEnd));
    this.blank = text?.trim() === '';
    this.fields.fault = this.blank ? null : this.#fill(text, bytes, scratchAt);
  }

  /** Writes the fields behind the data; gives why it can't, or null. */
  #fill(text: string | undefined, bytes: Uint8Array, scratchAt: number): string | null {
    if (text === undefined) return 'the line is not UTF-8 text';
    const object = parseJsonText(text);
    if (object === undefined) return 'the line is not JSON; write one object a line';
    if (!isJsonObject(object)) return 'the line is JSON but no object; write one object a line';
    const { starts, ends } = this.fields;
    let at = scratchAt;
    for (let i = 0; i < this.#paths.length; i++) {
      const path = this.#paths[i]!;
      const value = valueAtPath(object, path);
      if (value === undefined || value === null) {
        starts[i] = ends[i] = ABSENT;
        continue;
      }
      if (typeof value === 'object') {
        return `field ${JSON.stringify(path)} holds ${Array.isArray(value) ? 'an array' : 'an object'} where a value is wanted`;
      }
      const field = String(value).replaceAll(EDGE_SPACES, '');
      const { read, written } = encoder.encodeInto(field, bytes.subarray(at));
      if (read < field.length) return 'the fields of the line are longer than the line may be';
      starts[i] = at;
      at += written;
      ends[i] = at;
    }
    return null;
  }
}

const EDGE_SPACES = /^ +| +$/g;

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
