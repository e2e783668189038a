import { strict as assert } from 'node:assert';
import { COLUMN_ROOM, type PackReader } from '../packing/pack-reader.ts';
import type { PackWriter } from '../packing/pack-writer.ts';
import { type FrameFault, frameFault, FrameTooLarge } from './fault.ts';
import { isWithin } from './header.ts';
import { FRAME_LINKS_MAX, TIME_MS_MAX, VALUE_MAX } from './limits.ts';
import type { SignedLinks } from './readings.ts';

/**
 * Appends links to a body: varint count, then (if there are any) columns of entries, signs (0 for +1, −1 for −1), times
 * of the earlier end, of the later one relative to them, values of the earlier end, of the later relative to them.
 */
export function writeLinks(pack: PackWriter, links: SignedLinks, dictionaryVersion: number): void {
  const { count } = links;
  if (count > FRAME_LINKS_MAX) throw new FrameTooLarge('links', count, FRAME_LINKS_MAX);
  pack.bytes.varint(count);
  if (count === 0) return;
  const negative = new Int8Array(count);
  for (let i = 0; i < count; i++) {
    const sign = links.sign[i]!;
    if (sign !== 1 && sign !== -1) assert.fail(`a link has sign +1 or -1, not ${sign}`);
    assert(isWithin(links.entry[i]!, 0, dictionaryVersion - 1), `a link's entry must be in the dictionary`);
    assertTime(links.fromMs[i]!);
    assertTime(links.toMs[i]!);
    assert(links.fromMs[i]! < links.toMs[i]!, `a link leads to a later reading`);
    negative[i] = sign === 1 ? 0 : -1;
  }
  pack.column(links.entry, count);
  pack.column(negative, count);
  pack.column(links.fromMs, count);
  pack.relativeColumn(links.toMs, links.fromMs, count);
  pack.column(links.fromValue, count);
  pack.relativeColumn(links.toValue, links.fromValue, count);
}

/** Links in arrays that are reused from frame to frame; those beyond `count` mean nothing. */
export class LinkColumns implements SignedLinks {
  count = 0;
  entry = new Int32Array(0);
  sign = new Int8Array(0);
  fromMs = new Float64Array(0);
  fromValue = new Float64Array(0);
  toMs = new Float64Array(0);
  toValue = new Float64Array(0);

  /** Reads what {@link writeLinks} wrote. */
  read(pack: PackReader, dictionaryVersion: number): FrameFault | null {
    this.count = 0;
    const count = pack.bytes.varint();
    if (pack.failed) return frameFault('columns', 'links can not be unpacked');
    if (count > FRAME_LINKS_MAX)
      return frameFault('count', `frame has ${count} links, the limit is ${FRAME_LINKS_MAX}`);
    if (count === 0) return null;
    this.#reserve(count);
    const whole =
      pack.column(this.toMs, count, 0, dictionaryVersion - 1) &&
      copyInto(this.entry, this.toMs, count) &&
      pack.column(this.toMs, count, -1, 0) &&
      copyInto(this.sign, this.toMs, count) &&
      pack.column(this.fromMs, count, -TIME_MS_MAX, TIME_MS_MAX) &&
      pack.relativeColumn(this.toMs, this.fromMs, count, -TIME_MS_MAX, TIME_MS_MAX) &&
      pack.column(this.fromValue, count, -VALUE_MAX, VALUE_MAX) &&
      pack.relativeColumn(this.toValue, this.fromValue, count, -VALUE_MAX, VALUE_MAX);
    if (!whole) return frameFault('columns', 'links can not be unpacked, or hold numbers out of range');
    for (let i = 0; i < count; i++) {
      this.sign[i] = this.sign[i] === 0 ? 1 : -1;
      if (this.fromMs[i]! >= this.toMs[i]!) {
        return frameFault('order', `link ${i} leads from ${this.fromMs[i]} to ${this.toMs[i]}`);
      }
    }
    this.count = count;
    return null;
  }

  /** A copy in arrays of exact length. */
  snapshot(): SignedLinks {
    const { count } = this;
    return {
      count,
      entry: this.entry.slice(0, count),
      sign: this.sign.slice(0, count),
      fromMs: this.fromMs.slice(0, count),
      fromValue: this.fromValue.slice(0, count),
      toMs: this.toMs.slice(0, count),
      toValue: this.toValue.slice(0, count),
    };
  }

  #reserve(count: number): void {
    if (count <= this.entry.length) return;
    const size = Math.min(FRAME_LINKS_MAX, count * 2);
    this.entry = new Int32Array(size);
    this.sign = new Int8Array(size);
    this.fromMs = new Float64Array(size + COLUMN_ROOM);
    this.fromValue = new Float64Array(size + COLUMN_ROOM);
    this.toMs = new Float64Array(size + COLUMN_ROOM);
    this.toValue = new Float64Array(size + COLUMN_ROOM);
  }
}

/** Copies numbers into an array of narrower ones. Gives true, so that it can stand between columns. */
export function copyInto(to: Int32Array | Uint8Array | Int8Array, from: Float64Array, count: number): true {
  for (let i = 0; i < count; i++) to[i] = from[i]!;
  return true;
}

export function assertTime(atMs: number): void {
  // Asked apart, since the text of an assertion is made for each time, also where it holds.
  if (!isWithin(atMs, -TIME_MS_MAX, TIME_MS_MAX)) assert.fail(`time ${atMs} is not within ±${TIME_MS_MAX} ms of 1970`);
}
