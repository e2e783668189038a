import type { Kernels } from '../kernels/kernels.ts';
import { halfOfWidth, WIDTH_MAX } from './bits.ts';
import { BLOCK_VALUES, blockWords, unpackBlock, unpackNarrow } from './block.ts';
import { ByteReader } from './bytes.ts';
import { COLUMN_DELTA, COLUMN_PLAIN, COLUMN_ZERO, HEAD_PATCHED, HEAD_WIDTH } from './pack-writer.ts';

/**
 * Reads one column block by block. `open` walks over heads and patches, so it finds every fault that a column can
 * have, and the bound of its magnitudes, without unpacking a word; after that `block` can't fail.
 */
export class ColumnCursor {
  /** No stored number (value or difference) has a larger magnitude than this. It may lie above the safe integers. */
  bound = 0;
  /** The stored numbers are differences. */
  delta = false;
  /** Words that the column takes. */
  wordCount = 0;

  #words: Int32Array = new Int32Array(0);
  #wordsAt = 0;
  #count = 0;
  #zero = true;
  #bytes: Uint8Array = new Uint8Array(0);
  #headsAt = 0;
  #patchesAt = 0;
  #patchesEnd = 0;

  // Where the next block is.
  #left = 0;
  #wordAt = 0;
  #headAt = 0;
  readonly #patches = new ByteReader();

  /**
   * Opens the column of `count` values that begins at the place of `bytes` and takes words from `wordsAt` on, of which
   * there are `wordsEnd`. Gives false if it isn't whole; otherwise `bytes` stands behind it.
   */
  open(bytes: ByteReader, words: Int32Array, wordsAt: number, wordsEnd: number, count: number): boolean {
    const mode = bytes.byte();
    this.#words = words;
    this.#wordsAt = wordsAt;
    this.#count = count;
    this.#zero = mode === COLUMN_ZERO;
    this.delta = mode === COLUMN_DELTA;
    this.bound = 0;
    this.wordCount = 0;
    if (bytes.failed || (!this.#zero && !this.delta && mode !== COLUMN_PLAIN)) return false;
    if (this.#zero) {
      this.#left = count;
      return true;
    }
    const blocks = Math.ceil(count / BLOCK_VALUES);
    this.#bytes = bytes.bytes;
    this.#headsAt = bytes.at;
    this.#patchesAt = bytes.at + blocks;
    if (this.#patchesAt > bytes.end) return false;
    bytes.at = this.#patchesAt;
    for (let block = 0; block < blocks; block++) {
      if (!this.#survey(bytes, this.#bytes[this.#headsAt + block]!, this.#blockSize(block))) return false;
    }
    this.#patchesEnd = bytes.at;
    this.rewind();
    return this.wordCount <= wordsEnd - wordsAt;
  }

  /** Goes back to the first block. */
  rewind(): void {
    this.#left = this.#count;
    this.#wordAt = this.#wordsAt;
    this.#headAt = this.#headsAt;
    this.#patches.open(this.#bytes, this.#patchesAt, this.#patchesEnd);
  }

  /**
   * Steps over so many blocks, which are there. Gives the sum of what they store where that is differences, which are unpacked into
   * `scratch` for it; else 0.
   */
  skipBlocks(blocks: number, scratch: Float64Array): number {
    let sum = 0;
    for (let block = 0; block < blocks; block++) {
      if (this.delta) {
        const count = this.block(scratch, 0);
        for (let i = 0; i < count; i++) sum += scratch[i]!;
      } else this.#stepOver();
    }
    return sum;
  }

  /** Unpacks the next block to `out[from]` and after, and gives the number of its values; 0 at the end. */
  block(out: Float64Array, from: number): number {
    const count = Math.min(BLOCK_VALUES, this.#left);
    this.#left -= count;
    if (this.#zero || count === 0) {
      out.fill(0, from, from + count);
      return count;
    }
    const head = this.#bytes[this.#headAt++]!;
    const width = head & HEAD_WIDTH;
    unpackBlock(this.#words, this.#wordAt, count, width, out, from);
    this.#wordAt += blockWords(count, width);
    if (head & HEAD_PATCHED) this.#applyPatches(width, out, from);
    return count;
  }

  /** As `block`, of a column whose bound fits into 32 bits, in a room of the kernels; `outAt` is the address of `out`. */
  narrowBlock(kernels: Kernels, out: Int32Array, outAt: number, from: number): number {
    const count = Math.min(BLOCK_VALUES, this.#left);
    this.#left -= count;
    if (this.#zero || count === 0) {
      out.fill(0, from, from + count);
      return count;
    }
    const head = this.#bytes[this.#headAt++]!;
    const width = head & HEAD_WIDTH;
    unpackNarrow(kernels, this.#words, this.#wordAt, count, width, out, from, outAt + 4 * from);
    this.#wordAt += blockWords(count, width);
    if (head & HEAD_PATCHED) this.#applyPatches(width, out, from);
    return count;
  }

  #stepOver(): void {
    const count = Math.min(BLOCK_VALUES, this.#left);
    this.#left -= count;
    if (this.#zero || count === 0) return;
    const head = this.#bytes[this.#headAt++]!;
    this.#wordAt += blockWords(count, head & HEAD_WIDTH);
    if ((head & HEAD_PATCHED) === 0) return;
    for (let patches = this.#patches.byte(); patches > 0; patches--) {
      this.#patches.byte();
      this.#patches.varint();
    }
  }

  #blockSize(block: number): number {
    return Math.min(BLOCK_VALUES, this.#count - block * BLOCK_VALUES);
  }

  /** Checks head and patches of one block, and takes it into the bound. */
  #survey(bytes: ByteReader, head: number, size: number): boolean {
    const width = head & HEAD_WIDTH;
    if (width > WIDTH_MAX || (head & ~HEAD_WIDTH & ~HEAD_PATCHED) !== 0) return false;
    const half = halfOfWidth(width);
    if (width > 0 && half > this.bound) this.bound = half;
    this.wordCount += blockWords(size, width);
    if ((head & HEAD_PATCHED) === 0) return true;
    const patches = bytes.byte();
    let before = -1;
    for (let i = 0; i < patches; i++) {
      const place = bytes.byte();
      const reach = Math.abs(unzigzag(bytes.varint())) * 2 * half;
      if (place <= before || place >= size || reach === 0) return false;
      if (reach + half > this.bound) this.bound = reach + half;
      before = place;
    }
    return patches > 0 && !bytes.failed;
  }

  #applyPatches(width: number, out: Float64Array | Int32Array, from: number): void {
    const half = halfOfWidth(width);
    const patches = this.#patches.byte();
    for (let i = 0; i < patches; i++) {
      const at = from + this.#patches.byte();
      out[at] = out[at]! + unzigzag(this.#patches.varint()) * 2 * half;
    }
  }
}

function unzigzag(z: number): number {
  return z % 2 === 0 ? z / 2 : -(z + 1) / 2;
}
