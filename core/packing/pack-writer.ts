import { strict as assert } from 'node:assert';
import { halfOfWidth, widthOf, WIDTH_MAX } from './bits.ts';
import { BLOCK_VALUES, blockWords, packBlock } from './block.ts';
import { ByteWriter } from './bytes.ts';

/**
 * A *pack* is a sequence of columns of signed safe integers, with single bytes and varints between them:
 *
 * ```
 *   u32   number of words
 *   u32…  words: the packed blocks of all columns, one after another
 *   u8…   bytes: of each column its mode, its block heads, its patches; and whatever else was written between columns
 *
 *   column  mode      u8       0 all values are zero, nothing follows; 1 the values; 2 their differences
 *           heads     u8 each  per block of 128 values: bits 0–5 width, bit 7 the block has patches
 *           patches            per block that has them: u8 count, then each u8 place in the block (ascending),
 *                              zigzag varint upper part ≠ 0: number = field + upper part · 2^width
 * ```
 *
 * The number of values isn't written: who reads a column knows it. Words lie in front, so that they are aligned.
 */
export const COLUMN_ZERO = 0;
export const COLUMN_PLAIN = 1;
export const COLUMN_DELTA = 2;

export const HEAD_WIDTH = 0x3f;
export const HEAD_PATCHED = 0x80;

/** What columns are made of. */
export type Integers = Float64Array | Int32Array | Uint8Array | Int8Array;

/** Room for the columns that are made while one is written, kept from one to the next. */
let differences = new Float64Array(4096);
let distances = new Float64Array(4096);
/** Of the block that is written: the width of each number, and how many are of each width. */
const widths = new Uint8Array(BLOCK_VALUES);
const tally = new Uint8Array(WIDTH_MAX + 1);

export class PackWriter {
  readonly bytes = new ByteWriter();
  #words = new Int32Array(1024);
  #wordCount = 0;
  readonly #low = new Int32Array(BLOCK_VALUES);
  readonly #high = new Int32Array(BLOCK_VALUES);
  readonly #patches = new ByteWriter();

  /** Appends the first `count` of `values`: as they are or as differences, whichever takes fewer bits. */
  column(values: Integers, count: number): void {
    if (differences.length < count) differences = new Float64Array(count);
    if (count > 1 && isConstant(values, count)) return this.#constantColumn(values[0]!, count);
    let plainBits = 0;
    let deltaBits = 0;
    let before = 0;
    for (let i = 0; i < count; i++) {
      const value = values[i]!;
      const delta = value - before;
      differences[i] = delta;
      plainBits += widthOf(value);
      deltaBits += Number.isSafeInteger(delta) ? widthOf(delta) : Infinity;
      before = value;
    }
    if (deltaBits < plainBits) this.#column(differences, count, COLUMN_DELTA);
    else this.plainColumn(values, count);
  }

  /** Appends the first `count` of `values` as they are; one that is all zeros takes one byte. */
  plainColumn(values: Integers, count: number): void {
    let zero = true;
    for (let i = 0; i < count && zero; i++) zero = values[i] === 0;
    if (zero) this.bytes.byte(COLUMN_ZERO);
    else this.#column(values, count, COLUMN_PLAIN);
  }

  /**
   * Appends `values` as their distances from `bases`, preceded by a byte 1; or as they are, preceded by a byte 0, if
   * some distance is no safe integer.
   */
  relativeColumn(values: Integers, bases: Integers, count: number): void {
    if (distances.length < count) distances = new Float64Array(count);
    let largest = 0;
    for (let i = 0; i < count; i++) {
      const distance = values[i]! - bases[i]!;
      distances[i] = distance;
      const magnitude = Math.abs(distance);
      if (magnitude > largest) largest = magnitude;
    }
    // Of two safe integers a distance is one, or lies beyond them.
    const isSafe = largest <= Number.MAX_SAFE_INTEGER;
    this.bytes.byte(isSafe ? 1 : 0);
    if (largest === 0) this.bytes.byte(COLUMN_ZERO);
    else this.column(isSafe ? distances : values, count);
  }

  #constantColumn(value: number, count: number): void {
    if (value === 0) return this.bytes.byte(COLUMN_ZERO);
    differences.fill(0, 0, count);
    differences[0] = value;
    this.#column(differences, count, COLUMN_DELTA);
  }

  /** Begins anew, and keeps the memory. */
  reset(): void {
    this.bytes.length = 0;
    // Fields are added to words, which are zero before.
    this.#words.fill(0, 0, this.#wordCount);
    this.#wordCount = 0;
  }

  /** Everything written, as one array, with `room` bytes free in front. */
  finish(room: number): Uint8Array {
    const words = new Uint8Array(this.#words.buffer, 0, this.#wordCount * 4);
    const out = new Uint8Array(room + 4 + words.length + this.bytes.length);
    new DataView(out.buffer).setUint32(room, this.#wordCount, true);
    out.set(words, room + 4);
    out.set(this.bytes.written(), room + 4 + words.length);
    return out;
  }

  #column(values: Integers, count: number, mode: number): void {
    this.bytes.byte(mode);
    this.#patches.length = 0;
    for (let from = 0; from < count; from += BLOCK_VALUES) {
      this.#block(values, from, Math.min(BLOCK_VALUES, count - from));
    }
    this.bytes.append(this.#patches.written());
  }

  #block(values: Integers, from: number, count: number): void {
    let zeros = 0;
    while (zeros < count && values[from + zeros] === 0) zeros++;
    if (zeros === count) {
      this.bytes.byte(0);
      return;
    }
    const low = this.#low;
    const high = this.#high;
    tally.fill(0);
    for (let i = 0; i < count; i++) {
      const value = values[from + i]!;
      // Asked apart, since the text of an assertion is made for each value, also where it holds.
      if (!Number.isSafeInteger(value)) assert.fail(`a column holds safe integers, not ${value}`);
      // An integer that enters an Int32Array is taken modulo 2^32 (ECMA-262, ToInt32): its low word, exactly.
      low[i] = value;
      const bits = widthOf(value);
      widths[i] = bits;
      tally[bits] = tally[bits]! + 1;
    }
    const width = chooseWidth(count);
    if (width > 32) for (let i = 0; i < count; i++) high[i] = Math.floor(values[from + i]! / 0x1_0000_0000);
    const patched = this.#patch(values, from, count, width);
    this.bytes.byte(width | (patched ? HEAD_PATCHED : 0));
    const words = blockWords(count, width);
    this.#reserve(words);
    packBlock(low, high, count, width, this.#words, this.#wordCount);
    this.#wordCount += words;
  }

  #patch(values: Integers, from: number, count: number, width: number): boolean {
    let patches = 0;
    for (let bits = width + 1; bits <= WIDTH_MAX; bits++) patches += tally[bits]!;
    if (patches === 0) return false;
    this.#patches.byte(patches);
    const half = halfOfWidth(width);
    for (let i = 0; i < count; i++) {
      if (widths[i]! <= width) continue;
      const value = values[from + i]!;
      // Halves round up here and a field of no bits holds nothing, so the rest is from −half to half − 1.
      const upper = width === 0 ? value : Math.floor(value / (2 * half) + 0.5);
      this.#patches.byte(i);
      this.#patches.varint(upper < 0 ? -2 * upper - 1 : 2 * upper);
    }
    return true;
  }

  #reserve(words: number): void {
    if (this.#wordCount + words <= this.#words.length) return;
    const wider = new Int32Array(Math.max(this.#words.length * 2, this.#wordCount + words));
    wider.set(this.#words);
    this.#words = wider;
  }
}

function isConstant(values: Integers, count: number): boolean {
  let i = 1;
  while (i < count && values[i] === values[0]) i++;
  return i === count;
}

/** A patch must save this many bytes more than it takes, for the time that it costs the reader. */
const PATCH_TOLL_BYTES = 0.5;

/** Bytes of a patch whose upper part has `bits` bits: its place, and a varint of seven bits a byte. */
function patchBytes(bits: number): number {
  return 1 + Math.ceil(bits / 7);
}

/**
 * Which width a block gets. Numbers wider than it are *patched*: their upper bits lie apart, so that one outlier does
 * not widen 127 others. After M. Zukowski et al., "Super-Scalar RAM-CPU Cache Compression" (2006), patched coding.
 *
 * This is the cheapest width for a block of `count` numbers, of which `tally[b]` (found just before) need a field of b bits. The zigzag of an upper
 * part must stay a safe integer, so beside a number of 54 bits no field is narrower than two.
 */
function chooseWidth(count: number): number {
  let widest = WIDTH_MAX;
  while (widest > 0 && tally[widest] === 0) widest--;
  const narrowest = widest === WIDTH_MAX ? 2 : 0;
  let best = widest;
  let bestCost = 4 * blockWords(count, widest);
  for (let width = widest - 1; width >= narrowest; width--) {
    let cost = 1 + 4 * blockWords(count, width);
    for (let bits = width + 1; bits <= widest && cost < bestCost; bits++) {
      cost += tally[bits]! * (patchBytes(bits - width) + PATCH_TOLL_BYTES);
    }
    if (cost < bestCost) {
      best = width;
      bestCost = cost;
    }
  }
  return best;
}
