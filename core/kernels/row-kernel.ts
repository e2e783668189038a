import { strict as assert } from 'node:assert';
import { MODULE_BASE64 } from './row-module-bytes.ts';
import { compileModule, type Instantiate } from './wasm-module.ts';

/** Text that is taken apart at a time, with the readings that come of it: small enough for a processor's own memory. */
export const TEXT_BYTES = 262_144;
export const READINGS_MAX = 16_384;

/** Rows of more columns, or of more values, or whose keys have more fields, have no kernel. */
export const COLUMNS_MAX = 1_024;
export const VALUES_MAX = 64;
export const KEY_FIELDS_MAX = 16;

/** Keys that are known at most: of further ones rows are taken as if there were no kernel. */
export const KEYS_MAX = 131_072;
/** The longest key that is known, with a byte behind each field. */
export const KEY_BYTES_MAX = 256;

const KEYS_FIRST = 512;
const KEY_BYTES_FIRST = 32;

const PAGE_BYTES = 65_536;
const VECTOR_BYTES = 16;
const SLOT_BYTES = 16;
/** What the module itself has in its memory lies before. */
const FIRST_AT = 4_096;

/** What a column is for: nothing, the time, a part of the key, or the value of that number. */
export type ColumnUse = 'none' | 'time' | 'key' | number;

const USES = { none: -3, key: -2, time: -1 } as const;

/** How times are written: digits that become milliseconds by a factor or a divisor, or ISO 8601 whose local time is UTC. */
export type PlainTimes =
  | { readonly kind: 'number'; readonly digitsMax: number; readonly factor: number; readonly divisor: number }
  | { readonly kind: 'iso' };

/** What a value is like: its bounds are scaled integers, and what has more decimals is rounded or else not plain. */
export interface PlainValue {
  readonly decimals: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: boolean;
}

/** What plain rows are like. */
export interface PlainRowForm {
  readonly columns: readonly ColumnUse[];
  /** A byte that stands in no number and in no time. */
  readonly delimiter: number;
  /** What no row begins with; a line end where there is no such byte. */
  readonly commentByte: number;
  readonly rowBytesMax: number;
  readonly values: readonly PlainValue[];
  readonly times: PlainTimes;
  /** What is added to each time, and the earliest and latest that may come of it, in ms. */
  readonly shiftMs: number;
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** Why `take` went no further: it was through with text or room, at a row that isn't plain, or at one of an unknown key. */
export type StoppedBy = 'end' | 'unusual' | 'unknown-key';

const STOPPED_BY: readonly StoppedBy[] = ['end', 'unusual', 'unknown-key'];

const LF = 0x0a;
const FIELD_END = 0xff;

/** The functions of `assembly/rows.ts`. */
interface RowFunctions {
  readonly memory: { readonly buffer: ArrayBuffer; readonly grow: (pages: number) => number };
  readonly stoppedAt: { readonly value: number };
  readonly stoppedBy: { readonly value: number };
  readonly highestMs: { readonly value: number };
  readonly describeRows: (...facts: readonly number[]) => void;
  readonly describeTimes: (areNumbers: number, digitsMax: number, factor: number, divisor: number) => void;
  readonly describeBounds: (shiftMs: number, earliestMs: number) => void;
  readonly describeReadings: (times: number, values: number, entries: number) => void;
  readonly describeKeys: (slots: number, mask: number, entries: number) => void;
  readonly learnKey: (bytes: number, length: number, key: number) => void;
  readonly takeRows: (text: number, end: number, rowsMax: number, latestMs: number) => number;
}

/** Compiled for the first source that wants it; null where it can't be. */
let instantiate: Instantiate | null | undefined;

/**
 * Takes plain rows apart, many at a time, into columns of readings: rows whose fields are not quoted, whose time and values
 * are written as nearly everyone writes them, and whose key was learnt. It stops at any other row, and has no opinion on it.
 */
export class RowKernel {
  readonly #functions: RowFunctions;
  readonly #valueCount: number;
  readonly #latestMs: number;
  #nextAt = FIRST_AT;
  readonly #textAt: number;
  readonly #timesAt: number;
  readonly #valuesAt: number;
  readonly #entriesAt: number;
  #keys = { capacity: 0, bytesMax: 0, slotsAt: 0, bytesAt: 0, entriesAt: 0 };
  #keyCount = 0;
  #keyBytes = 0;
  /** Where the bytes of each key end. */
  #keyEnds = new Int32Array(0);
  #text = new Uint8Array(0);
  #times = new Float64Array(0);
  #values = new Float64Array(0);
  #entries = new Int32Array(0);
  /** Where the text ends that was loaded, and where the next row begins in it. */
  #textEnd = 0;
  #index = 0;
  /** Readings that the last `take` gave, and the latest of their times. */
  count = 0;
  highestMs = Number.NEGATIVE_INFINITY;
  stoppedBy: StoppedBy = 'end';

  private constructor(functions: RowFunctions, form: PlainRowForm) {
    this.#functions = functions;
    this.#valueCount = form.values.length;
    this.#latestMs = form.latestMs;
    const usesAt = this.#take(4 * form.columns.length);
    const factsAt = this.#take(32 * form.values.length);
    const piecesAt = this.#take(8 * KEY_FIELDS_MAX);
    // Room for the line end that stands behind the text.
    this.#textAt = this.#take(TEXT_BYTES + 1);
    this.#timesAt = this.#take(8 * READINGS_MAX);
    this.#valuesAt = this.#take(8 * READINGS_MAX);
    this.#entriesAt = this.#take(4 * READINGS_MAX);
    this.#view();
    const { buffer } = functions.memory;
    const uses = form.columns.map((use) => (typeof use === 'number' ? use : USES[use]));
    new Int32Array(buffer, usesAt, uses.length).set(uses);
    const facts = form.values.flatMap(({ decimals, min, max, rounds }) => [decimals, min, max, rounds ? 1 : 0]);
    new Float64Array(buffer, factsAt, facts.length).set(facts);
    const { delimiter, commentByte, rowBytesMax, times, shiftMs, earliestMs } = form;
    functions.describeRows(
      uses.length,
      usesAt,
      delimiter,
      commentByte,
      rowBytesMax,
      form.values.length,
      factsAt,
      piecesAt,
    );
    const { digitsMax, factor, divisor } = times.kind === 'number' ? times : { digitsMax: 0, factor: 1, divisor: 1 };
    functions.describeTimes(times.kind === 'number' ? 1 : 0, digitsMax, factor, divisor);
    functions.describeBounds(shiftMs, earliestMs);
    functions.describeReadings(this.#timesAt, this.#valuesAt, this.#entriesAt);
    this.#makeKeys(KEYS_FIRST, KEYS_FIRST * KEY_BYTES_FIRST);
  }

  /** A kernel for rows of a form; undefined where the form is none that it takes, or the runtime has no WebAssembly. */
  static open(form: PlainRowForm): RowKernel | undefined {
    const { columns, values } = form;
    if (columns.length > COLUMNS_MAX || values.length === 0 || values.length > VALUES_MAX) return undefined;
    if (columns.filter((use) => use === 'key').length > KEY_FIELDS_MAX) return undefined;
    instantiate ??= compileModule(MODULE_BASE64) ?? null;
    return instantiate === null ? undefined : new RowKernel(instantiate() as RowFunctions, form);
  }

  /** Loads the lines that end before `to`, as far as there is room; gives how many bytes they have. */
  load(bytes: Uint8Array, from: number, to: number): number {
    const limit = Math.min(to, from + TEXT_BYTES);
    const length = Math.max(0, bytes.lastIndexOf(LF, limit - 1) + 1 - from);
    this.#text.set(bytes.subarray(from, from + length));
    this.#text[length] = LF;
    this.#textEnd = length;
    this.#index = 0;
    return length;
  }

  /** Where in the loaded text the next row begins. */
  get index(): number {
    return this.#index;
  }

  /** Goes on at a place in the loaded text where a row begins. */
  seek(index: number): void {
    assert(index >= this.#index && index <= this.#textEnd, 'rows are taken in their order');
    this.#index = index;
  }

  /** Takes up to `rowsMax` rows, none of which is later than `latestMs`; gives how many. Their readings are `copyTo`'s. */
  take(rowsMax: number, latestMs: number): number {
    const { takeRows, stoppedAt, stoppedBy, highestMs } = this.#functions;
    const max = Math.min(rowsMax, Math.floor(READINGS_MAX / this.#valueCount));
    const rows = takeRows(
      this.#textAt + this.#index,
      this.#textAt + this.#textEnd,
      max,
      Math.min(latestMs, this.#latestMs),
    );
    this.#index = stoppedAt.value - this.#textAt;
    this.stoppedBy = STOPPED_BY[stoppedBy.value]!;
    this.highestMs = highestMs.value;
    this.count = rows * this.#valueCount;
    return rows;
  }

  /** Copies the readings of the last `take` to `at` in columns: those of a row side by side, in the order of its values. */
  copyTo(entry: Int32Array, timeMs: Float64Array, value: Float64Array, at: number): void {
    entry.set(this.#entries.subarray(0, this.count), at);
    timeMs.set(this.#times.subarray(0, this.count), at);
    value.set(this.#values.subarray(0, this.count), at);
  }

  /**
   * Learns which entries rows have whose key is that of `fields` of a row, each `bytes[start, end)`, in the order of their
   * columns: one entry for each value. False where there is no room for it. No key may be learnt twice.
   */
  learn(
    bytes: Uint8Array,
    fields: readonly (readonly [start: number, end: number])[],
    entries: readonly number[],
  ): boolean {
    assert(entries.length === this.#valueCount, 'each value has its entry');
    const length = fields.reduce((sum, [start, end]) => sum + end - start + 1, 0);
    if (this.#keyCount === KEYS_MAX || length > KEY_BYTES_MAX) return false;
    const { capacity, bytesMax } = this.#keys;
    if (this.#keyCount === capacity || this.#keyBytes + length > bytesMax) {
      this.#makeKeys(
        this.#keyCount === capacity ? capacity * 2 : capacity,
        this.#keyBytes + length > bytesMax ? bytesMax * 2 : bytesMax,
      );
    }
    const { bytesAt, entriesAt } = this.#keys;
    const { buffer } = this.#functions.memory;
    const kept = new Uint8Array(buffer, bytesAt + this.#keyBytes, length);
    let at = 0;
    for (const [start, end] of fields) {
      kept.set(bytes.subarray(start, end), at);
      at += end - start;
      kept[at++] = FIELD_END;
    }
    new Int32Array(buffer, entriesAt, this.#keys.capacity * this.#valueCount).set(
      entries,
      this.#keyCount * this.#valueCount,
    );
    this.#functions.learnKey(bytesAt + this.#keyBytes, length, this.#keyCount);
    this.#keyBytes += length;
    this.#keyEnds[this.#keyCount++] = this.#keyBytes;
    return true;
  }

  /** Makes the table of keys anew, for more of them. What the old one had stays unused: it is less than the new one has. */
  #makeKeys(capacity: number, bytesMax: number): void {
    const old = this.#keys;
    // Half full at most.
    const slots = capacity * 2;
    const slotsAt = this.#take(slots * SLOT_BYTES);
    const bytesAt = this.#take(bytesMax);
    const entriesAt = this.#take(4 * capacity * this.#valueCount);
    this.#keys = { capacity, bytesMax, slotsAt, bytesAt, entriesAt };
    this.#view();
    const { memory, describeKeys, learnKey } = this.#functions;
    const all = new Uint8Array(memory.buffer);
    all.copyWithin(bytesAt, old.bytesAt, old.bytesAt + this.#keyBytes);
    all.copyWithin(entriesAt, old.entriesAt, old.entriesAt + 4 * this.#keyCount * this.#valueCount);
    const ends = new Int32Array(capacity);
    ends.set(this.#keyEnds);
    this.#keyEnds = ends;
    describeKeys(slotsAt, slots - 1, entriesAt);
    for (let key = 0, from = 0; key < this.#keyCount; key++) {
      learnKey(bytesAt + from, ends[key]! - from, key);
      from = ends[key]!;
    }
  }

  #take(bytes: number): number {
    const at = this.#nextAt;
    this.#nextAt += Math.ceil(bytes / VECTOR_BYTES) * VECTOR_BYTES;
    return at;
  }

  /** Adds the pages that are lacking, and takes the views anew: those of a smaller memory mean nothing any more. */
  #view(): void {
    const { memory } = this.#functions;
    const lacking = Math.ceil((this.#nextAt - memory.buffer.byteLength) / PAGE_BYTES);
    if (lacking > 0) memory.grow(lacking);
    const { buffer } = memory;
    this.#text = new Uint8Array(buffer, this.#textAt, TEXT_BYTES + 1);
    this.#times = new Float64Array(buffer, this.#timesAt, READINGS_MAX);
    this.#values = new Float64Array(buffer, this.#valuesAt, READINGS_MAX);
    this.#entries = new Int32Array(buffer, this.#entriesAt, READINGS_MAX);
  }
}
