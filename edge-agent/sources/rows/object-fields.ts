import { nearestNames } from '#core/time/nearest-name.ts';
import { type JsonObject, textOfValue, valueAtPath } from '../ndjson/json-fields.ts';
import { ABSENT, FieldTable } from './key-table.ts';

const encoder = new TextEncoder();

export interface ObjectFieldsOptions {
  /** Paths that the first records have, to name those near one that leads nowhere. */
  readonly knownPaths?: readonly string[];
  /** The decimal mark of texts, which numbers of JSON get too where a path of `numbers` leads to them. */
  readonly decimal?: string;
  readonly numbers?: readonly string[];
  /** Paths that lead to values in which true is 1 and false is 0. */
  readonly truths?: readonly string[];
}

/** Paths that are told where one leads nowhere and none is near. */
const LISTED_MAX = 12;

const EDGE_SPACES = /^ +| +$/g;

/**
 * Writes the fields of objects that rules name as text behind the data of a file, where they are like those of any row.
 * Numbers keep the digits they were written with; strings stand for themselves; `null` and a field that is not there are
 * absent. Objects and arrays are no values, and damage their row.
 */
export class ObjectFields {
  readonly table: FieldTable;
  readonly #paths: readonly string[];
  readonly #knownPaths: readonly string[];
  readonly #decimal: string;
  /** Whether each path is one of a number that needs another mark than JSON's own, and the last names of those paths. */
  readonly #isNumber: readonly boolean[];
  readonly #isTruth: readonly boolean[];
  readonly #numberNames: ReadonlySet<string>;
  readonly #isFound: Uint8Array;

  constructor(paths: readonly string[], options: ObjectFieldsOptions = {}) {
    const { decimal = '.', numbers = [], truths = [], knownPaths = [] } = options;
    this.#paths = paths;
    this.#knownPaths = knownPaths;
    this.#decimal = decimal;
    this.#isTruth = paths.map((path) => truths.includes(path));
    const others = decimal === '.' ? [] : numbers;
    this.#isNumber = paths.map((path) => others.includes(path));
    this.#numberNames = new Set(others.map((path) => path.slice(path.lastIndexOf('.') + 1)));
    this.#isFound = new Uint8Array(paths.length);
    this.table = new FieldTable(paths.length);
    this.table.count = paths.length;
  }

  /** How a number that becomes text is written, by the name of its field; undefined where its own text will do. */
  get textOf(): ((source: string, name: string) => string) | undefined {
    return this.#numberNames.size === 0 ? undefined : this.#textOf;
  }

  /**
   * Writes the fields of a row to `bytes` from `at` on; those that it doesn't have are looked for in what it lies in. Gives
   * why it can't, or null.
   */
  fill(row: JsonObject, around: JsonObject | undefined, bytes: Uint8Array, at: number): string | null {
    const { starts, ends } = this.table;
    for (let i = 0; i < this.#paths.length; i++) {
      const path = this.#paths[i]!;
      const own = valueAtPath(row, path);
      const value = own === undefined && around !== undefined ? valueAtPath(around, path) : own;
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

  /** The paths that led nowhere in all of `where`, such as "any of 3 lines", each with the nearest that led somewhere. */
  remarks(where: string): readonly string[] {
    return this.#paths.flatMap((path, i) => {
      if (this.#isFound[i] === 1) return [];
      const nearest = nearestNames(path, this.#knownPaths);
      const remedy =
        nearest.length > 0
          ? `did you mean ${nearest.join(' or ')}?`
          : `they have ${this.#knownPaths.slice(0, LISTED_MAX).join(', ')}`;
      return [`field ${JSON.stringify(path)} was not in ${where}; ${remedy}`];
    });
  }

  /** A number of JSON with the decimal mark that the texts beside it have. */
  #marked(number: string): string {
    return number.replace('.', this.#decimal);
  }

  readonly #textOf = (source: string, name: string): string =>
    this.#numberNames.has(name) ? this.#marked(source) : source;
}
