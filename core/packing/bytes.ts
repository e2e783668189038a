import { strict as assert } from 'node:assert';

/** Bytes of the longest wide integer: 192 bits hold 2^53 squares of 53-bit numbers, with room to spare. */
export const WIDE_BYTES_MAX = 28;

/** Appends bytes, unsigned varints (LEB128: seven bits a byte, low ones first) and wide integers to a growing array. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  length = 0;

  byte(value: number): void {
    if (this.length === this.#bytes.length) this.#grow();
    this.#bytes[this.length++] = value;
  }

  /** A safe integer ≥ 0. */
  varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0)
      assert.fail(`a varint must be a safe integer from 0 on, not ${value}`);
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  /** A signed integer of up to 192 bits, as zigzag varint. */
  wide(value: bigint): void {
    let rest = value < 0n ? -2n * value - 1n : 2n * value;
    assert(rest < 1n << 192n, `a wide integer must have less than 192 bits, not those of ${value}`);
    while (rest > 0x1f_ffff_ffff_ffffn) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.varint(Number(rest));
  }

  append(bytes: Uint8Array): void {
    while (this.length + bytes.length > this.#bytes.length) this.#grow();
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** The bytes written so far; valid until the next write. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  #grow(): void {
    const wider = new Uint8Array(this.#bytes.length * 2);
    wider.set(this.#bytes);
    this.#bytes = wider;
  }
}

/**
 * Reads what {@link ByteWriter} wrote. Bytes that end too early or make no number don't throw: `failed` becomes true
 * and stays so, and every later answer is 0. So a caller checks once, after a loop that its own counts bound.
 */
export class ByteReader {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  failed = false;

  open(bytes: Uint8Array, from: number, end: number): void {
    this.bytes = bytes;
    this.at = from;
    this.end = end;
    this.failed = false;
  }

  byte(): number {
    if (this.failed || this.at >= this.end) {
      this.failed = true;
      return 0;
    }
    return this.bytes[this.at++]!;
  }

  /** A safe integer ≥ 0 in its shortest form. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        // A zero at the end says nothing: each number has one form only. The eighth byte has four bits at most.
        if ((byte === 0 && i > 0) || value > Number.MAX_SAFE_INTEGER) this.failed = true;
        return this.failed ? 0 : value;
      }
      scale *= 0x80;
    }
    this.failed = true;
    return 0;
  }

  /** Steps over a varint or a wide integer. */
  skipWide(): void {
    const { bytes, end } = this;
    const last = Math.min(this.at + WIDE_BYTES_MAX, end);
    for (let at = this.at; at < last; at++) {
      if (bytes[at]! >= 0x80) continue;
      this.at = at + 1;
      return;
    }
    this.failed = true;
  }

  /** A signed integer of less than 192 bits. */
  wide(): bigint {
    const first = this.at;
    while (this.byte() >= 0x80 && this.at - first < WIDE_BYTES_MAX) continue;
    const length = this.at - first;
    if (this.failed || this.bytes[this.at - 1]! >= 0x80 || (length > 1 && this.bytes[this.at - 1] === 0)) {
      this.failed = true;
      return 0n;
    }
    let zigzag = 0n;
    for (let i = this.at - 1; i >= first; i--) zigzag = (zigzag << 7n) | BigInt(this.bytes[i]! & 0x7f);
    if (zigzag >= 1n << 192n) this.failed = true;
    return zigzag & 1n ? -((zigzag + 1n) >> 1n) : zigzag >> 1n;
  }
}
