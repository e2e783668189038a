/** Bytes of a block. */
const BLOCK_BYTES = 64 * 1024;

/**
 * Small arrays that are made in great numbers and let go of together, cut from larger ones: an array of its own costs three
 * hundred bytes beside what it holds, and leaves a hole when it goes. Whoever keeps one of them for longer copies it,
 * since it keeps its whole block.
 */
export class BytePool {
  #block = new Uint8Array(0);
  #taken = 0;

  /** An array of so many bytes, which may hold anything. */
  take(length: number): Uint8Array {
    if (this.#taken + length > this.#block.length) {
      this.#block = new Uint8Array(Math.max(BLOCK_BYTES, length));
      this.#taken = 0;
    }
    this.#taken += length;
    return this.#block.subarray(this.#taken - length, this.#taken);
  }

  copy(bytes: Uint8Array): Uint8Array {
    const copied = this.take(bytes.length);
    copied.set(bytes);
    return copied;
  }
}
