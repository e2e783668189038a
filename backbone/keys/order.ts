import { strict as assert } from 'node:assert';

/**
 * Keys whose bytes, compared as unsigned bytes from the left, stand in the order of the values they were made from.
 *
 * ```
 * uint     8 bytes, big endian                                 0 … 2^53 − 1
 * int      8 bytes, big endian, of value + 2^53                −(2^53 − 1) … 2^53 − 1
 * string   UTF-8 with 00 written as 00 FF, then 00 00          any string of whole code points
 * tuple    its parts one after the other                       compared part by part, a shorter tuple before a longer
 * ```
 *
 * Laws: for a and b of one kind, bytes(a) < bytes(b) exactly when a < b (strings by code points, as UTF-8 orders them,
 * which differs from JavaScript's `<` only above U+FFFF); a decoder gives back what was encoded; no encoding of a part is
 * a prefix of another's, so concatenation keeps the order. This is the way of FoundationDB's tuple layer, without its
 * type codes: who reads a key knows the types of its parts.
 */
export type KeyPart = number | string;

/** The kinds of parts that a key has, in order, for reading it back. */
export type KeyShape = readonly KeyKind[];
export type KeyKind = 'uint' | 'int' | 'string';

/** Bytes that a number takes in a key. */
export const NUMBER_KEY_BYTES = 8;

/** What an int key is of is 2^53 more: so much in its upper half. */
const INT_OFFSET_HIGH = 2 ** 21;
/** Two zeros. */
const STRING_END_BYTES = 2;
const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Eight bytes for an integer from 0 to 2^53 − 1. */
export function uintKey(value: number): Uint8Array {
  const key = new Uint8Array(NUMBER_KEY_BYTES);
  writeUintKey(key, 0, value);
  return key;
}

/** Writes the eight bytes of an integer from 0 to 2^53 − 1 at `offset`, for keys that are made in a hot loop. */
export function writeUintKey(target: Uint8Array, offset: number, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) assert.fail(`a uint key is a safe integer from 0, not ${value}`);
  const high = Math.floor(value / 0x1_0000_0000);
  writeHalves(target, offset, high, value - high * 0x1_0000_0000);
}

function writeHalves(target: Uint8Array, offset: number, high: number, low: number): void {
  target[offset] = high >>> 24;
  target[offset + 1] = high >>> 16;
  target[offset + 2] = high >>> 8;
  target[offset + 3] = high;
  target[offset + 4] = low >>> 24;
  target[offset + 5] = low >>> 16;
  target[offset + 6] = low >>> 8;
  target[offset + 7] = low;
}

function readHalf(key: Uint8Array, offset: number): number {
  return ((key[offset]! << 24) | (key[offset + 1]! << 16) | (key[offset + 2]! << 8) | key[offset + 3]!) >>> 0;
}

/** The integer that `writeUintKey` wrote at `offset`. */
export function readUintKey(key: Uint8Array, offset = 0): number {
  assert(key.length >= offset + NUMBER_KEY_BYTES, 'a uint key has eight bytes');
  const value = readHalf(key, offset) * 0x1_0000_0000 + readHalf(key, offset + 4);
  assert(Number.isSafeInteger(value), 'a uint key is at most 2^53 − 1');
  return value;
}

/** Eight bytes for a safe integer of either sign. */
export function intKey(value: number): Uint8Array {
  const key = new Uint8Array(NUMBER_KEY_BYTES);
  writeIntKey(key, 0, value);
  return key;
}

/** Writes the eight bytes of a safe integer of either sign at `offset`, for keys that are made in a hot loop. */
export function writeIntKey(target: Uint8Array, offset: number, value: number): void {
  if (!Number.isSafeInteger(value)) assert.fail(`an int key is a safe integer, not ${value}`);
  // The offset 2^53 is a multiple of 2^32, so it is added to the upper half alone, where nothing rounds.
  const floor = Math.floor(value / 0x1_0000_0000);
  writeHalves(target, offset, floor + INT_OFFSET_HIGH, value - floor * 0x1_0000_0000);
}

/** The integer that `intKey` made, read at `offset`. */
export function readIntKey(key: Uint8Array, offset = 0): number {
  assert(key.length >= offset + NUMBER_KEY_BYTES, 'an int key has eight bytes');
  const high = readHalf(key, offset) - INT_OFFSET_HIGH;
  const value = high * 0x1_0000_0000 + readHalf(key, offset + 4);
  assert(Number.isSafeInteger(value), 'an int key lies within ±(2^53 − 1)');
  return value;
}

/** The bytes of a string, closed so that no string's key begins another's. */
export function stringKey(value: string): Uint8Array {
  return plainKey(value) ?? encodedKey(value);
}

/** The same of a string of ASCII alone, as names mostly are, without a zero: undefined where it isn't. */
function plainKey(value: string): Uint8Array | undefined {
  const { length } = value;
  const key = new Uint8Array(length + STRING_END_BYTES);
  for (let i = 0; i < length; i++) {
    const unit = value.charCodeAt(i);
    if (unit === 0 || unit > 0x7f) return undefined;
    key[i] = unit;
  }
  return key;
}

function encodedKey(value: string): Uint8Array {
  assert(value.isWellFormed(), 'a string key has no half of a surrogate pair');
  const encoded = utf8.encode(value);
  let zeros = 0;
  for (const byte of encoded) if (byte === 0) zeros++;
  const key = new Uint8Array(encoded.length + zeros + STRING_END_BYTES);
  let at = 0;
  for (const byte of encoded) {
    key[at++] = byte;
    if (byte === 0) key[at++] = 0xff;
  }
  return key;
}

/** One key of several parts: whole numbers as int keys, strings as string keys; ordered part by part. */
export function tupleKey(...parts: readonly KeyPart[]): Uint8Array {
  return joinKeys(...parts.map((part) => (typeof part === 'number' ? intKey(part) : stringKey(part))));
}

/** Keys one after the other as one. */
export function joinKeys(...keys: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(keys.reduce((bytes, key) => bytes + key.length, 0));
  let at = 0;
  for (const key of keys) {
    joined.set(key, at);
    at += key.length;
  }
  return joined;
}

/** The parts of a key, given the kinds it was made of. `tupleKey` makes numbers of kind `int`. */
export function readKey(key: Uint8Array, shape: KeyShape): KeyPart[] {
  const parts: KeyPart[] = [];
  let at = 0;
  for (const kind of shape) {
    if (kind === 'string') {
      const { value, end } = readString(key, at);
      parts.push(value);
      at = end;
    } else {
      parts.push(kind === 'uint' ? readUintKey(key, at) : readIntKey(key, at));
      at += NUMBER_KEY_BYTES;
    }
  }
  assert(at === key.length, `a key of ${key.length} bytes has parts of ${at} bytes`);
  return parts;
}

/**
 * The range of all keys that begin with `prefix`, for a scan: `gte` is the prefix, `lt` the first key after all of them
 * (undefined when there is none, as for a prefix of FF bytes only).
 */
export function prefixRange(prefix: Uint8Array): { gte: Uint8Array; lt: Uint8Array | undefined } {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  if (length === 0) return { gte: prefix, lt: undefined };
  const lt = prefix.slice(0, length);
  lt[length - 1]! += 1;
  return { gte: prefix, lt };
}

/** The order of keys: by unsigned bytes from the left, a prefix before what it begins. */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const difference = a[index]! - b[index]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function readString(key: Uint8Array, from: number): { value: string; end: number } {
  const bytes: number[] = [];
  for (let at = from; at + 1 < key.length; at++) {
    const byte = key[at]!;
    if (byte !== 0) {
      bytes.push(byte);
      continue;
    }
    if (key[at + 1] === 0) return { value: utf8Decoder.decode(Uint8Array.from(bytes)), end: at + STRING_END_BYTES };
    assert(key[at + 1] === 0xff, 'a zero in a string key is followed by FF or by the end');
    bytes.push(0);
    at++;
  }
  assert.fail('a string key is closed by two zeros');
}
