import { strict as assert } from 'node:assert';
import { joinKeys, readUintKey, uintKey } from '#backbone/keys/order.ts';

/** What is spooled: frames, and reports of refused rows, in one order. */
export type SpoolChannel = 'frame' | 'refused';

/** One thing to spool. */
export interface SpoolItem {
  readonly channel: SpoolChannel;
  readonly incarnation: number;
  /** Number of the frame, or of the report, in its incarnation. */
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

/** One thing spooled, at its place in the order of staging; places ascend and are never used twice. */
export interface SpooledItem extends SpoolItem {
  readonly place: number;
}

/** A spooled item without its bytes. */
export interface SpoolEntry {
  readonly place: number;
  readonly channel: SpoolChannel;
  readonly incarnation: number;
  readonly sequence: number;
  readonly byteCount: number;
}

/**
 * How a spool lies in its table, behind the prefix that its owner hands in:
 *
 * ```
 * 00 · place (8 bytes, big endian)   entry: channel u8 (1 frame, 2 refused), incarnation u32, sequence f64, bytes u32,
 *                                    all little endian
 * 01 · place                         the bytes
 * 02                                 place up to which all is released, 8 bytes, big endian
 * ```
 *
 * Entries and bytes are apart so that opening a spool reads a few bytes per entry.
 */
export const ENTRIES = Uint8Array.of(0);
export const BYTES = Uint8Array.of(1);
export const RELEASED = Uint8Array.of(2);

const CHANNELS: readonly SpoolChannel[] = ['frame', 'refused'];
const ENTRY_BYTES = 17;

export function placeKey(prefix: Uint8Array, part: Uint8Array, place: number): Uint8Array {
  return joinKeys(prefix, part, uintKey(place));
}

/** The place at the end of an entry's key. */
export function placeOf(key: Uint8Array): number {
  return readUintKey(key, key.length - 8);
}

export function encodeEntry(item: SpoolItem): Uint8Array {
  const value = new Uint8Array(ENTRY_BYTES);
  const view = new DataView(value.buffer);
  view.setUint8(0, CHANNELS.indexOf(item.channel) + 1);
  view.setUint32(1, item.incarnation, true);
  view.setFloat64(5, item.sequence, true);
  view.setUint32(13, item.bytes.length, true);
  return value;
}

/** Reads what {@link encodeEntry} wrote. The table checks its own bytes, so anything else is our mistake. */
export function decodeEntry(place: number, value: Uint8Array): SpoolEntry {
  assert(value.length === ENTRY_BYTES, `spool entry ${place} has ${value.length} bytes, not ${ENTRY_BYTES}`);
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  const channel = CHANNELS[view.getUint8(0) - 1];
  assert(channel !== undefined, `spool entry ${place} has a channel ${view.getUint8(0)}`);
  return {
    place,
    channel,
    incarnation: view.getUint32(1, true),
    sequence: view.getFloat64(5, true),
    byteCount: view.getUint32(13, true),
  };
}
