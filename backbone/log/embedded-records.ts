import { NUMBER_KEY_BYTES, readUintKey, uintKey, writeUintKey } from '../keys/order.ts';

/**
 * The keys of the embedded log.
 *
 * ```
 * record   01 · partition (2 bytes, big endian) · position (8 bytes, big endian)   → the record's bytes
 * first    02 · partition (2 bytes, big endian)                                     → first kept position (8 bytes)
 * ```
 */
const RECORD_TAG = 1;
const FIRST_TAG = 2;
const PREFIX_BYTES = 3;

export function recordKey(partition: number, position: number): Uint8Array {
  const key = new Uint8Array(PREFIX_BYTES + NUMBER_KEY_BYTES);
  writePrefix(key, RECORD_TAG, partition);
  writeUintKey(key, PREFIX_BYTES, position);
  return key;
}

export function positionOfKey(key: Uint8Array): number {
  return readUintKey(key, PREFIX_BYTES);
}

export function firstKey(partition: number): Uint8Array {
  const key = new Uint8Array(PREFIX_BYTES);
  writePrefix(key, FIRST_TAG, partition);
  return key;
}

export function firstValue(position: number): Uint8Array {
  return uintKey(position);
}

function writePrefix(key: Uint8Array, tag: number, partition: number): void {
  key[0] = tag;
  key[1] = partition >> 8;
  key[2] = partition & 0xff;
}
