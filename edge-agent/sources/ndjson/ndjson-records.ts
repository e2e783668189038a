import { nearestNames } from '#core/time/nearest-name.ts';
import type { RecordFormat } from '../records/record-format.ts';
import { ABSENT, FieldTable } from '../rows/key-table.ts';
import { isJsonObject, parseJsonText, textOfValue, valueAtPath } from './json-fields.ts';
import { JsonTextCutter } from './json-text-cutter.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** What else is known of the lines of a file. */
export interface NdjsonOptions {
  /** Paths that the first lines have, to name those near one that leads nowhere. */
  readonly knownPaths?: readonly string[];
  /** The decimal mark of texts, which numbers of JSON get too where a path of `numbers` leads to them. */
  readonly decimal?: string;
  readonly numbers?: readonly string[];
  /** Paths that lead to values in which true is 1 and false is 0. */
  readonly truths?: readonly string[];
  /** Whether the file is one array that goes over lines. */
  readonly isOneArray?: boolean;
}

/**
 * NDJSON (one JSON object a line, or an array of objects, which are records each; or a file that is one array): the fields that rules name are written as text behind the data, where they are like
 * those of any row. Numbers keep the digits they were written with; strings stand for themselves; `null` and a field
 * that is not there are absent. Objects and arrays are no values, and damage their row.
 */
export class NdjsonRecords implements RecordFormat {
  readonly fields: FieldTable;
  blank = false;
  readonly fault = '';
  readonly brokenAt = 0;
  readonly #cutter: JsonTextCutter;
  readonly #paths: readonly string[];
  readonly #options: NdjsonOptions;
  /** Whether each path is one of a number, and the last names of those paths; empty where JSON's own mark will do. */
  readonly #isNumber: readonly boolean[];
  readonly #isTruth: readonly boolean[];
  readonly #numberNames: ReadonlySet<string>;
  /** Whether each path has led anywhere, and in how many lines it was looked for. */
  readonly #isFound: Uint8Array;
  #lines = 0;

  constructor(paths: readonly string[], options: NdjsonOptions = {}) {
    this.#paths = paths;
    this.#cutter = new JsonTextCutter(options.isOneArray === true);
    this.#options = options;
    const { decimal = '.', numbers = [], truths = [] } = options;
    this.#isTruth = paths.map((path) => truths.includes(path));
    const others = decimal === '.' ? [] : numbers;
    this.#isNumber = paths.map((path) => others.includes(path));
    this.#numberNames = new Set(others.map((path) => path.slice(path.lastIndexOf('.') + 1)));
    this.#isFound = new Uint8Array(paths.length);
    this.fields = new FieldTable(paths.length);
    this.fields.count = paths.length;
  }

  next(bytes: Uint8Array, from: number, to: number, atEnd: boolean): number {
    const end = this.#cutter.next(bytes, from, to, atEnd);
    if (end >= 0) this.#take(bytes, to);
    return end;
  }

  get textEnd(): number {
    return this.#cutter.textEnd;
  }

  get lineEnds(): number {
    return this.#cutter.lineEnds;
  }

  /** The paths that have led nowhere, each with the nearest that lead somewhere. */
  remarks(): readonly string[] {
    const { knownPaths = [] } = this.#options;
    if (this.#lines === 0) return [];
    return this.#paths.flatMap((path, i) => {
      if (this.#isFound[i] === 1) return [];
      const nearest = nearestNames(path, knownPaths);
      const remedy =
        nearest.length > 0
          ? `did you mean ${nearest.join(' or ')}?`
          : `they have ${knownPaths.slice(0, LISTED_MAX).join(', ')}`;
      const lines = this.#lines === 1 ? 'the one line' : `any of ${this.#lines} lines`;
      return [`field ${JSON.stringify(path)} was not in ${lines}; ${remedy}`];
    });
  }

  #take(bytes: Uint8Array, scratchAt: number): void {
    const { textStart, textEnd } = this.#cutter;
    const text = decode(bytes.subarray(textStart, textEnd));
    this.blank = text?.trim() === '';
    this.fields.fault = this.blank ? null : this.#fill(text, bytes, scratchAt);
  }

  /** A number of JSON with the decimal mark that the texts beside it have. */
  #marked(number: string): string {
    return number.replace('.', this.#options.decimal!);
  }

  readonly #textOf = (source: string, name: string): string =>
    this.#numberNames.has(name) ? this.#marked(source) : source;

  /** Writes the fields behind the data; gives why it can't, or null. */
  #fill(text: string | undefined, bytes: Uint8Array, scratchAt: number): string | null {
    if (text === undefined) return 'the line is not UTF-8 text';
    const object = parseJsonText(text, this.#numberNames.size === 0 ? undefined : this.#textOf);
    if (object === undefined) return 'the line is not JSON; write one object a line';
    if (!isJsonObject(object)) return 'the line is JSON but no object; write one object a line, or an array of objects';
    const { starts, ends } = this.fields;
    this.#lines++;
    let at = scratchAt;
    for (let i = 0; i < this.#paths.length; i++) {
      const path = this.#paths[i]!;
      const value = valueAtPath(object, path);
      if (value !== undefined) this.#isFound[i] = 1;
      if (value === undefined || value === null) {
        starts[i] = ends[i] = ABSENT;
        continue;
      }
      if (typeof value === 'object') {
        const held = Array.isArray(value) ? 'an array' : 'an object';
        const inside = Array.isArray(value) ? `${path}.0` : `${path}.${Object.keys(value)[0] ?? 'name'}`;
        return `field ${JSON.stringify(path)} holds ${held} where a value is wanted; name what is in it, like ${inside}`;
      }
      const isNumber = typeof value === 'number' && this.#isNumber[i]!;
      const field = isNumber
        ? this.#marked(String(value))
        : textOfValue(value, this.#isTruth[i]!).replaceAll(EDGE_SPACES, '');
      const { read, written } = encoder.encodeInto(field, bytes.subarray(at));
      if (read < field.length) return 'the fields of the line are longer than the line may be';
      starts[i] = at;
      at += written;
      ends[i] = at;
    }
    return null;
  }
}

/** Paths that are told where one leads nowhere and none is near. */
const LISTED_MAX = 12;

const EDGE_SPACES = /^ +| +$/g;

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
