import { strict as assert } from 'node:assert';
import { BLOCK_OVERREAD_WORDS, BLOCK_VALUES } from './block.ts';
import { ByteReader } from './bytes.ts';
import { ColumnCursor } from './column-cursor.ts';

// Words are read in place, so the machine must hold them as the pack does: the low byte first.
assert.equal(new Uint8Array(Uint32Array.of(1).buffer)[0], 1, 'packs are read on little-endian machines only');

/** An array for column values must be this much longer than the column: blocks are written whole. */
export const COLUMN_ROOM = BLOCK_VALUES;

/** Which of the values of columns are read: all columns have so many `values`, and those before a block of them are stepped over. */
export interface ColumnWindow {
  readonly values: number;
  readonly firstBlock: number;
}

/**
 * Reads the packs that a PackWriter wrote, one after another, from one buffer of its own, which grows to the largest
 * pack and is filled by one copy. Like its {@link ByteReader} it doesn't throw: `failed` turns true and stays.
 */
export class PackReader {
  readonly bytes = new ByteReader();
  #buffer = new Uint8Array(4096);
  #words = new Int32Array(this.#buffer.buffer);
  #wordsAt = 0;
  #wordsEnd = 0;
  #failed = false;
  readonly #cursor = new ColumnCursor();
  #window: ColumnWindow | undefined;
  readonly #skipped = new Float64Array(COLUMN_ROOM);

  get failed(): boolean {
    return this.#failed || this.bytes.failed;
  }

  /** Copies the pack in `bytes` from `from` to its end, and stands at its first column. */
  open(bytes: Uint8Array, from: number): boolean {
    const size = bytes.length - from;
    if (size + 4 * BLOCK_OVERREAD_WORDS > this.#buffer.length) {
      this.#buffer = new Uint8Array(Math.ceil((size * 1.25) / 4 + BLOCK_OVERREAD_WORDS) * 4);
      this.#words = new Int32Array(this.#buffer.buffer);
    }
    this.#buffer.set(from === 0 ? bytes : bytes.subarray(from));
    this.#window = undefined;
    this.#wordsAt = 1;
    this.#wordsEnd = 1 + (size < 4 ? 0 : this.#words[0]! >>> 0);
    this.#failed = size < 4 || this.#wordsEnd * 4 > size;
    this.bytes.open(this.#buffer, Math.min(this.#wordsEnd * 4, size), size);
    return !this.#failed;
  }

  /**
   * From here on columns have more values than are asked for: `count` are those from a whole block on, up to the end of one. What
   * lies beyond is not looked at but for heads and patches. Undefined ends it.
   */
  set window(window: ColumnWindow | undefined) {
    this.#window = window;
  }

  get window(): ColumnWindow | undefined {
    return this.#window;
  }

  /** True if nothing failed, and every word and byte of the pack was read. */
  finished(): boolean {
    return !this.failed && this.#wordsAt === this.#wordsEnd && this.bytes.at === this.bytes.end;
  }

  /** Opens `cursor` on the next column, of `count` values, and steps over it. */
  cursor(cursor: ColumnCursor, count: number): boolean {
    if (this.failed) return false;
    const values = this.#window === undefined ? count : this.#window.values;
    if (!cursor.open(this.bytes, this.#words, this.#wordsAt, this.#wordsEnd, values)) {
      this.#failed = true;
      return false;
    }
    this.#wordsAt += cursor.wordCount;
    return true;
  }

  /** Steps over a column of `count` values, whose heads and patches are looked at and whose values are not. */
  skip(count: number): boolean {
    return this.cursor(this.#cursor, count);
  }

  /** The same over a column that was written relative to others. */
  skipRelative(count: number): boolean {
    if (this.bytes.byte() > 1) this.#failed = true;
    return this.skip(count);
  }

  /** Steps over all that is left, which is not looked at. */
  stepOverRest(): boolean {
    this.#wordsAt = this.#wordsEnd;
    this.bytes.at = this.bytes.end;
    return !this.failed;
  }

  /**
   * Reads a column of `count` values into `out`, which must have {@link COLUMN_ROOM} more places. A value below `min`
   * or above `max` (both safe) is a failure.
   */
  column(out: Float64Array, count: number, min: number, max: number): boolean {
    const cursor = this.#cursor;
    if (!this.cursor(cursor, count)) return false;
    const before = this.#window === undefined ? 0 : cursor.skipBlocks(this.#window.firstBlock, this.#skipped);
    for (let from = 0; from < count; from += BLOCK_VALUES) cursor.block(out, from);
    const within = cursor.delta
      ? sumUp(out, count, before, min, max)
      : cursor.bound <= Math.min(max, -min) || areWithin(out, count, min, max);
    if (!within) this.#failed = true;
    return within;
  }

  /** The same in an array of its own, which means nothing where it fails. */
  newColumn(count: number, min: number, max: number): Float64Array {
    const out = new Float64Array(count + COLUMN_ROOM);
    this.column(out, count, min, max);
    return out.subarray(0, count);
  }

  /** A relative column of values up to ±`max`, likewise. */
  newRelativeColumn(bases: Float64Array, max: number): Float64Array {
    const count = bases.length;
    const out = new Float64Array(count + COLUMN_ROOM);
    this.relativeColumn(out, bases, count, -max, max);
    return out.subarray(0, count);
  }

  /** Reads a column that was written relative to `bases`; values must be safe integers from `min` to `max`. */
  relativeColumn(out: Float64Array, bases: Float64Array, count: number, min: number, max: number): boolean {
    const relative = this.bytes.byte();
    if (relative > 1) this.#failed = true;
    if (relative === 0) return this.column(out, count, min, max);
    if (!this.column(out, count, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) return false;
    for (let i = 0; i < count; i++) out[i] = out[i]! + bases[i]!;
    // Beyond the safe integers a sum may be rounded, but it stays beyond them, and is refused here.
    if (areWithin(out, count, min, max)) return true;
    this.#failed = true;
    return false;
  }
}

function areWithin(values: Float64Array, count: number, min: number, max: number): boolean {
  let within = true;
  for (let i = 0; i < count; i++) within &&= values[i]! >= min && values[i]! <= max;
  return within;
}

/** Turns differences into values, in place, behind the value `before`; false at the first that isn't from `min` to `max`, which are safe. */
function sumUp(values: Float64Array, count: number, before: number, min: number, max: number): boolean {
  let value = before;
  for (let i = 0; i < count; i++) {
    value += values[i]!;
    values[i] = value;
    if (value < min || value > max) return false;
  }
  return true;
}
