import { equalBytes } from '../rows/value-text.ts';

/** What `find` gives for a name that is not there. */
export const NOT_NAMED = -1;

/** Names that are known beforehand and what stands for each, found by their bytes: no string is made to look one up. */
export class NameTable {
  readonly #names: readonly Uint8Array[];
  readonly #values: Int32Array;
  /** Indices of names by a mix of length and bytes, half full at most; the next place where one is taken. */
  readonly #slots: Int32Array;

  /** The values are not negative. */
  constructor(names: ReadonlyMap<string, number>) {
    const encoder = new TextEncoder();
    this.#names = Array.from(names.keys(), (name) => encoder.encode(name));
    this.#values = Int32Array.from(names.values());
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * names.size + 2))).fill(NOT_NAMED);
    this.#names.forEach((name, index) => {
      let slot = this.#slotOf(name, 0, name.length);
      while (this.#slots[slot] !== NOT_NAMED) slot = (slot + 1) & (this.#slots.length - 1);
      this.#slots[slot] = index;
    });
  }

  /** What stands for the name in `bytes[start, end)`, or NOT_NAMED. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let slot = this.#slotOf(bytes, start, end);
    for (;;) {
      const index = this.#slots[slot]!;
      if (index === NOT_NAMED) return NOT_NAMED;
      if (equalBytes(this.#names[index]!, bytes, start, end)) return this.#values[index]!;
      slot = (slot + 1) & (this.#slots.length - 1);
    }
  }

  #slotOf(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length === 0) return 0;
    const mix = Math.imul(length, 31) + Math.imul(bytes[start + (length >> 1)]!, 7) + bytes[end - 1]!;
    return mix & (this.#slots.length - 1);
  }
}
