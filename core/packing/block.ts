import type { Kernels } from '../kernels/kernels.ts';
import { readField, wordsFor, writeField } from './bits.ts';

/**
 * One block: up to 128 signed numbers, all in fields of one width.
 *
 * A full block of a width up to 32 lies in four lanes: number i = 4·j + lane is the j-th field of its lane, and the
 * words of the lanes alternate, so that one shift and one word index serve four numbers:
 *
 * ```
 *   word   0        1        2        3        4        …       4·width − 1
 *   lane   0        1        2        3        0                3
 *   holds  0,4,8,…  1,5,9,…  2,6,…    3,7,…    (continues)
 * ```
 *
 * A width above 32 is two such planes: all low words, then the bits above them. A block that is not full (only the
 * last one of a column) has one lane, so that few numbers take few words.
 *
 * After D. Lemire, L. Boytsov, "Decoding billions of integers per second through vectorization" (2015), section 4,
 * with four lanes of scalar code in the place of SIMD registers.
 */
export const BLOCK_VALUES = 128;

const LANES = 4;
const ROWS = BLOCK_VALUES / LANES;

/** Words that a block of `count` numbers of `width` bits takes. */
export function blockWords(count: number, width: number): number {
  if (width > 32) return blockWords(count, 32) + blockWords(count, width - 32);
  return count === BLOCK_VALUES ? LANES * width : wordsFor(count, width);
}

/**
 * Packs `count` numbers, low and high words apart, into `words` from `at` on; bits above `width` are left out.
 * The words must be zero before.
 */
export function packBlock(
  low: Int32Array,
  high: Int32Array,
  count: number,
  width: number,
  words: Int32Array,
  at: number,
): void {
  packPlane(low, count, Math.min(width, 32), words, at);
  if (width > 32) packPlane(high, count, width - 32, words, at + blockWords(count, 32));
}

function packPlane(fields: Int32Array, count: number, width: number, words: Int32Array, at: number): void {
  if (width === 0) return;
  if (count === BLOCK_VALUES) {
    for (let lane = 0; lane < LANES; lane++) packLane(fields, lane, width, words, at);
  } else {
    for (let i = 0; i < count; i++) writeField(words, at, 1, i * width, width, fields[i]!);
  }
}

/** Packs the fields of a lane of a full block; a word is put together before it is stored. */
function packLane(fields: Int32Array, lane: number, width: number, words: Int32Array, at: number): void {
  const mask = width === 32 ? -1 : (1 << width) - 1;
  let next = at + lane;
  let word = 0;
  let shift = 0;
  for (let i = lane; i < BLOCK_VALUES; i += LANES) {
    const field = fields[i]! & mask;
    word |= field << shift;
    shift += width;
    if (shift < 32) continue;
    words[next] = word;
    next += LANES;
    shift -= 32;
    // A shift by 32 would be one by 0.
    word = shift === 0 ? 0 : field >>> (width - shift);
  }
}

/** Unpacks a block that {@link packBlock} wrote into signed numbers at `out[from]` and after. */
export function unpackBlock(
  words: Int32Array,
  at: number,
  count: number,
  width: number,
  out: Float64Array,
  from: number,
): void {
  if (width === 0) out.fill(0, from, from + count);
  else if (width > 32) unpackWide(words, at, count, width, out, from);
  else if (count !== BLOCK_VALUES) unpackRow(words, at, count, width, out, from);
  else if (width === 8) unpackBytes(words, at, out, from);
  else if (width === 16) unpackHalves(words, at, out, from);
  else unpackLanes(words, at, width, out, from);
}

/**
 * As `unpackBlock`, of fields of up to 32 bits, into numbers of 32 bits in a room of the kernels; `outAt` is the address of
 * `out[from]`.
 */
export function unpackNarrow(
  kernels: Kernels,
  words: Int32Array,
  at: number,
  count: number,
  width: number,
  out: Int32Array,
  from: number,
  outAt: number,
): void {
  if (width === 0) out.fill(0, from, from + count);
  else if (count === BLOCK_VALUES) {
    const { desk, functions } = kernels;
    const deskWords = desk.words;
    for (let i = 0, end = LANES * width; i < end; i++) deskWords[i] = words[at + i]!;
    functions.unpackFull(desk.wordsAt, width, outAt);
  } else {
    for (let i = 0; i < count; i++) out[from + i] = readField(words, at, 1, i * width, width);
  }
}

/** The hot loop: four words are held, and each round takes one field of each. */
function unpackLanes(words: Int32Array, at: number, width: number, out: Float64Array, from: number): void {
  const blank = 32 - width;
  let next = at + LANES;
  let shift = 0;
  let word0 = words[at]!;
  let word1 = words[at + 1]!;
  let word2 = words[at + 2]!;
  let word3 = words[at + 3]!;
  for (let row = 0, o = from; row < ROWS; row++, o += LANES) {
    let a = word0 >>> shift;
    let b = word1 >>> shift;
    let c = word2 >>> shift;
    let d = word3 >>> shift;
    shift += width;
    if (shift >= 32) {
      shift -= 32;
      // The last round reads past the block, at most four words: the buffer is that much longer than its content.
      word0 = words[next]!;
      word1 = words[next + 1]!;
      word2 = words[next + 2]!;
      word3 = words[next + 3]!;
      next += LANES;
      if (shift > 0) {
        const up = width - shift;
        a |= word0 << up;
        b |= word1 << up;
        c |= word2 << up;
        d |= word3 << up;
      }
    }
    out[o] = (a << blank) >> blank;
    out[o + 1] = (b << blank) >> blank;
    out[o + 2] = (c << blank) >> blank;
    out[o + 3] = (d << blank) >> blank;
  }
}

/**
 * As `unpackLanes`, for fields of one byte: none runs over into the next word, and every shift is known beforehand. The
 * differences of many meters are that wide, and it takes two thirds of the time.
 */
function unpackBytes(words: Int32Array, at: number, out: Float64Array, from: number): void {
  let next = at;
  for (let o = from; o < from + BLOCK_VALUES; o += 4 * LANES) {
    for (let lane = 0; lane < LANES; lane++) {
      const word = words[next++]!;
      out[o + lane] = (word << 24) >> 24;
      out[o + lane + LANES] = (word << 16) >> 24;
      out[o + lane + 2 * LANES] = (word << 8) >> 24;
      out[o + lane + 3 * LANES] = word >> 24;
    }
  }
}

/** As `unpackBytes`, for fields of two bytes. */
function unpackHalves(words: Int32Array, at: number, out: Float64Array, from: number): void {
  let next = at;
  for (let o = from; o < from + BLOCK_VALUES; o += 2 * LANES) {
    for (let lane = 0; lane < LANES; lane++) {
      const word = words[next++]!;
      out[o + lane] = (word << 16) >> 16;
      out[o + lane + LANES] = word >> 16;
    }
  }
}

function unpackRow(words: Int32Array, at: number, count: number, width: number, out: Float64Array, from: number): void {
  for (let i = 0; i < count; i++) {
    out[from + i] = readField(words, at, 1, i * width, width);
  }
}

function unpackWide(
  words: Int32Array,
  at: number,
  count: number,
  width: number,
  out: Float64Array,
  from: number,
): void {
  const full = count === BLOCK_VALUES;
  const stride = full ? LANES : 1;
  const above = at + blockWords(count, 32);
  for (let i = 0; i < count; i++) {
    const lane = full ? i & 3 : 0;
    const row = full ? i >>> 2 : i;
    const low = readField(words, at + lane, stride, row * 32, 32);
    const high = readField(words, above + lane, stride, row * (width - 32), width - 32);
    out[from + i] = high * 0x1_0000_0000 + (low >>> 0);
  }
}

/** Words by which a buffer of packed blocks must be longer than its content. */
export const BLOCK_OVERREAD_WORDS = LANES;
