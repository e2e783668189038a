/** Distinct keys of one source: a million series is beyond what one agent carries. A further key is refused. */
export const KEYS_MAX = 1_000_000;

/** The longest key, over all its fields: a device's name is a word or two. A longer one is refused. */
export const KEY_BYTES_MAX = 1_024;

/** What `find` gives for a key that has no number. */
export const KEY_REFUSED = -1;

const SLOTS_FIRST = 1_024;
const BYTES_FIRST = 16_384;
const EMPTY = -1;

/** Ends each field in a key. No UTF-8 text holds this byte, so two keys of valid text never run into each other. */
const FIELD_END = 0xff;

/** 2^32 divided by the golden ratio (Knuth, The Art of Computer Programming 3, §6.4): spreads the bytes over the hash. */
const SPREAD = 0x9e3779b1;

/**
 * Numbers the distinct texts that some columns of the rows hold, densely from 0, by their bytes: no string is made for
 * a row whose key has been seen. Open addressing, half full at most.
 */
export class KeyTable {
  readonly #columns: Int32Array;
  #slots = new Int32Array(SLOTS_FIRST).fill(EMPTY);
  #hashes = new Int32Array(SLOTS_FIRST);
  #ends = new Float64Array(SLOTS_FIRST);
  #bytes = new Uint8Array(BYTES_FIRST);
  #count = 0;

  constructor(columns: readonly number[]) {
    this.#columns = Int32Array.from(columns);
  }

  /** The number of the row's key, a new one where it is new, or KEY_REFUSED for one key too many or too long. */
  find(bytes: Uint8Array, fields: FieldTable): number {
    const { starts, ends } = fields;
    const columns = this.#columns;
    let hash = 0;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      const end = ends[column]!;
      for (let at = starts[column]!; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, SPREAD);
      hash = Math.imul(hash ^ FIELD_END, SPREAD);
    }
    hash ^= hash >>> 15;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const key = this.#slots[slot]!;
      if (key === EMPTY) return this.#insert(bytes, fields, hash, slot);
      if (this.#hashes[key] === hash && this.#holds(key, bytes, fields)) return key;
      slot = (slot + 1) & mask;
    }
  }

  #holds(key: number, bytes: Uint8Array, fields: FieldTable): boolean {
    const { starts, ends } = fields;
    const columns = this.#columns;
    const kept = this.#bytes;
    let keptAt = key === 0 ? 0 : this.#ends[key - 1]!;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      const end = ends[column]!;
      for (let at = starts[column]!; at < end; at++) if (kept[keptAt++] !== bytes[at]) return false;
      if (kept[keptAt++] !== FIELD_END) return false;
    }
    return keptAt === this.#ends[key];
  }

  #insert(bytes: Uint8Array, fields: FieldTable, hash: number, slot: number): number {
    const { starts, ends } = fields;
    let length = this.#columns.length;
    for (const column of this.#columns) length += ends[column]! - starts[column]!;
    if (this.#count >= KEYS_MAX || length > KEY_BYTES_MAX) return KEY_REFUSED;
    const key = this.#count++;
    let keptAt = key === 0 ? 0 : this.#ends[key - 1]!;
    if (keptAt + length > this.#bytes.length) this.#bytes = grown(this.#bytes, new Uint8Array(this.#bytes.length * 2));
    for (const column of this.#columns) {
      this.#bytes.set(bytes.subarray(starts[column]!, ends[column]!), keptAt);
      keptAt += ends[column]! - starts[column]!;
      this.#bytes[keptAt++] = FIELD_END;
    }
    if (key === this.#hashes.length) {
      this.#hashes = grown(this.#hashes, new Int32Array(key * 2));
      this.#ends = grown(this.#ends, new Float64Array(key * 2));
    }
    this.#hashes[key] = hash;
    this.#ends[key] = keptAt;
    this.#slots[slot] = key;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return key;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(EMPTY);
    const mask = slots.length - 1;
    for (let key = 0; key < this.#count; key++) {
      let slot = this.#hashes[key]! & mask;
      while (slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      slots[slot] = key;
    }
    this.#slots = slots;
  }
}

function grown<T extends Uint8Array | Int32Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** Start and end of a field that a row doesn't have: no reading, whatever texts are named as missing. */
export const ABSENT = -1;

/**
 * Where the fields of one row lie in a buffer: what a file format hands to the row reader. Fields are trimmed, unquoted
 * text, so `bytes[starts[i], ends[i])` is field i as its writer meant it. Written again for each row.
 */
export class FieldTable {
  /** Fields in the row; those beyond the table's size are counted and not kept. */
  count = 0;
  /** Why the row could not be taken apart, or null: then the fields mean nothing. */
  fault: string | null = null;
  readonly starts: Int32Array;
  readonly ends: Int32Array;

  constructor(size: number) {
    this.starts = new Int32Array(size);
    this.ends = new Int32Array(size);
  }
}
