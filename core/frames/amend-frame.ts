import { strict as assert } from 'node:assert';
import { PackReader } from '../packing/pack-reader.ts';
import { PackWriter } from '../packing/pack-writer.ts';
import { type FrameFault, frameFault, FrameTooLarge } from './fault.ts';
import { type FrameExtent, type FrameHeader, type FrameMeta, isWithin, sealFrame } from './header.ts';
import { FRAME_AMENDS_MAX, HEADER_BYTES, TIME_MS_MAX, VALUE_MAX } from './limits.ts';
import { LinkColumns, writeLinks } from './links.ts';
import type { SignedLinks } from './readings.ts';

/**
 * Corrections of readings that were counted, in columns: at (series, time) the value was `oldValue`, and is `newValue`.
 * The selection statistics of its pane, which can't be inverted, are given as they are after it.
 */
export interface Amends {
  readonly count: number;
  readonly entry: Int32Array;
  readonly timeMs: Float64Array;
  readonly oldValue: Float64Array;
  readonly newValue: Float64Array;
  readonly paneStartMs: Float64Array;
  readonly paneMs: Float64Array;
  /** Of the pane, from 1 on: the highest counts. */
  readonly revision: Float64Array;
  readonly minAfter: Float64Array;
  readonly maxAfter: Float64Array;
  readonly firstMsAfter: Float64Array;
  readonly firstValueAfter: Float64Array;
  readonly lastMsAfter: Float64Array;
  readonly lastValueAfter: Float64Array;
  readonly links: SignedLinks;
}

export interface AmendFrame {
  readonly kind: 'amend';
  readonly header: FrameHeader;
  readonly amends: Amends;
}

/**
 * The body of an `amend` frame is a pack:
 *
 * ```
 *   varint   amends
 *   column   entry, time, old value;  new value relative to the old one
 *   column   pane span, revision;  pane start relative to time
 *   relative min, max, first value, last value   to the new value
 *   relative first time, last time               to time
 *            links                               see links.ts
 * ```
 *
 * Asserts that every number is in its range; throws {@link FrameTooLarge} above the limits.
 */
export function encodeAmend(meta: FrameMeta, amends: Amends): Uint8Array {
  const { count, timeMs, newValue } = amends;
  if (count > FRAME_AMENDS_MAX) throw new FrameTooLarge('amends', count, FRAME_AMENDS_MAX);
  const fault = checkAmends(amends, meta.dictionaryVersion);
  assert(fault === null, fault?.message);
  const pack = new PackWriter();
  pack.bytes.varint(count);
  pack.column(amends.entry, count);
  pack.column(timeMs, count);
  pack.column(amends.oldValue, count);
  pack.relativeColumn(newValue, amends.oldValue, count);
  pack.column(amends.paneMs, count);
  pack.column(amends.revision, count);
  pack.relativeColumn(amends.paneStartMs, timeMs, count);
  for (const values of [amends.minAfter, amends.maxAfter, amends.firstValueAfter, amends.lastValueAfter]) {
    pack.relativeColumn(values, newValue, count);
  }
  pack.relativeColumn(amends.firstMsAfter, timeMs, count);
  pack.relativeColumn(amends.lastMsAfter, timeMs, count);
  writeLinks(pack, amends.links, meta.dictionaryVersion);
  return sealFrame(pack.finish(HEADER_BYTES), meta, amendExtent(amends));
}

/** The amends in a frame whose header was read. */
export function decodeAmend(bytes: Uint8Array, header: FrameHeader): AmendFrame | FrameFault {
  const { count } = header;
  if (count > FRAME_AMENDS_MAX)
    return frameFault('count', `frame has ${count} amends, the limit is ${FRAME_AMENDS_MAX}`);
  const pack = new PackReader();
  pack.open(bytes, bytes.length - header.bodyBytes);
  const held = pack.bytes.varint();
  if (!pack.failed && held !== count) return frameFault('count', `body has ${held} amends, the header says ${count}`);
  const columns = readColumns(pack, count, header.dictionaryVersion);
  if (columns === null) return frameFault('columns', 'amends can not be unpacked, or hold numbers out of range');
  const links = new LinkColumns();
  const linkFault = links.read(pack, header.dictionaryVersion);
  if (linkFault !== null) return linkFault;
  if (!pack.finished()) return frameFault('length', 'body holds more than its columns');
  const amends: Amends = { ...columns, links: links.snapshot() };
  const fault = checkAmends(amends, header.dictionaryVersion);
  if (fault !== null) return fault;
  const { earliestMs, latestMs } = amendExtent(amends);
  if (earliestMs !== header.earliestMs || latestMs !== header.latestMs) {
    return frameFault('range', `amends lie from ${earliestMs} to ${latestMs}, the header says otherwise`);
  }
  return { kind: 'amend', header, amends };
}

function readColumns(pack: PackReader, count: number, dictionaryVersion: number): Omit<Amends, 'links'> | null {
  const column = (min: number, max: number): Float64Array => pack.newColumn(count, min, max);
  const relative = (bases: Float64Array, max: number): Float64Array => pack.newRelativeColumn(bases, max);
  const entry = Int32Array.from(column(0, dictionaryVersion - 1));
  const timeMs = column(-TIME_MS_MAX, TIME_MS_MAX);
  const oldValue = column(-VALUE_MAX, VALUE_MAX);
  const newValue = relative(oldValue, VALUE_MAX);
  const paneMs = column(1, 2 * TIME_MS_MAX);
  const revision = column(1, VALUE_MAX);
  const paneStartMs = relative(timeMs, TIME_MS_MAX);
  const minAfter = relative(newValue, VALUE_MAX);
  const maxAfter = relative(newValue, VALUE_MAX);
  const firstValueAfter = relative(newValue, VALUE_MAX);
  const lastValueAfter = relative(newValue, VALUE_MAX);
  const firstMsAfter = relative(timeMs, TIME_MS_MAX);
  const lastMsAfter = relative(timeMs, TIME_MS_MAX);
  if (pack.failed) return null;
  const readings = { count, entry, timeMs, oldValue, newValue, paneStartMs, paneMs, revision };
  return { ...readings, minAfter, maxAfter, firstMsAfter, firstValueAfter, lastMsAfter, lastValueAfter };
}

function checkAmends(amends: Amends, dictionaryVersion: number): FrameFault | null {
  for (let i = 0; i < amends.count; i++) {
    const wrong = wrongWithAmend(amends, i, dictionaryVersion);
    if (wrong !== null) return frameFault('range', `amend ${i}: ${wrong}`);
  }
  return null;
}

/** The pane holds the reading, before and after it was amended. */
function wrongWithAmend(amends: Amends, i: number, dictionaryVersion: number): string | null {
  const timeMs = amends.timeMs[i]!;
  const startMs = amends.paneStartMs[i]!;
  const newValue = amends.newValue[i]!;
  if (!isWithin(amends.entry[i]!, 0, dictionaryVersion - 1)) return `entry ${amends.entry[i]} is not in the dictionary`;
  if (!isWithin(timeMs, -TIME_MS_MAX, TIME_MS_MAX)) return `time ${timeMs} is none`;
  if (!isWithin(startMs, -TIME_MS_MAX, timeMs)) return `pane begins at ${startMs}, after ${timeMs}`;
  if (!isWithin(amends.paneMs[i]!, timeMs - startMs + 1, TIME_MS_MAX - startMs)) return `pane ends before ${timeMs}`;
  if (!isWithin(amends.revision[i]!, 1, VALUE_MAX)) return `revision ${amends.revision[i]} is below 1`;
  const { firstMsAfter, lastMsAfter, firstValueAfter, lastValueAfter } = amends;
  if (!isWithin(firstMsAfter[i]!, startMs, timeMs)) return `first time ${firstMsAfter[i]} is not in the pane`;
  if (!isWithin(lastMsAfter[i]!, timeMs, startMs + amends.paneMs[i]! - 1))
    return `last time ${lastMsAfter[i]} is not in the pane`;
  const min = amends.minAfter[i]!;
  const max = amends.maxAfter[i]!;
  if (!isWithin(min, -VALUE_MAX, newValue) || !isWithin(max, newValue, VALUE_MAX))
    return `${newValue} is not from min to max`;
  if (!isWithin(firstValueAfter[i]!, min, max)) return `first value ${firstValueAfter[i]} is not from min to max`;
  if (!isWithin(lastValueAfter[i]!, min, max)) return `last value ${lastValueAfter[i]} is not from min to max`;
  return Number.isSafeInteger(amends.oldValue[i]!) ? null : `old value ${amends.oldValue[i]} is not safe`;
}

function amendExtent(amends: Amends): FrameExtent {
  const { count } = amends;
  if (count === 0) return { kind: 'amend', count, earliestMs: 0, latestMs: 0 };
  let earliestMs = Infinity;
  let latestMs = -Infinity;
  for (let i = 0; i < count; i++) {
    earliestMs = Math.min(earliestMs, amends.timeMs[i]!);
    latestMs = Math.max(latestMs, amends.timeMs[i]!);
  }
  return { kind: 'amend', count, earliestMs, latestMs };
}
