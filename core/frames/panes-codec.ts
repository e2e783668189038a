import { strict as assert } from 'node:assert';
import { COLUMN_ROOM, PackReader } from '../packing/pack-reader.ts';
import { PackWriter } from '../packing/pack-writer.ts';
import { type FrameFault, frameFault, FrameTooLarge } from './fault.ts';
import { FORMAT_VERSION, type FrameExtent, type FrameHeader, type FrameMeta, sealFrame } from './header.ts';
import { FRAME_BUCKETS_MAX, FRAME_PANES_MAX, HEADER_BYTES, TIME_MS_MAX, VALUE_MAX } from './limits.ts';
import { LinkColumns, writeLinks } from './links.ts';
import { checkPanes } from './pane-check.ts';
import type { PaneColumns, PaneHistogram, PanesFrame } from './panes.ts';

/**
 * The body of a `panes` frame is a pack:
 *
 * ```
 *   varint   panes
 *   column   entry, start, span, readings, covered, unchecked, flags (bit 0 anchored)
 *   column   min;  relative to it: max, first value, last value
 *   relative first time, last time, anchor time   to start; where there is none, start itself
 *   relative anchor value   to first value; where there is none, that itself
 *   per pane four wide integers   Σ(v − min), Σ(v − min)², increase, integral − covered · first value
 *   column   histogram sizes      0 none, else buckets + 1
 *   column   buckets, counts      of all histograms, one after another
 *   column   last time − first time − accounted      in format 2 only
 *            links                see links.ts
 * ```
 *
 * Sums about the minimum are small; the reader adds back what was taken off, in whole numbers. Panes of which it isn't
 * known what they account for are written in format 1, as they came.
 */
export function encodePanes(meta: FrameMeta, panes: PaneColumns): Uint8Array {
  if (panes.count > FRAME_PANES_MAX) throw new FrameTooLarge('panes', panes.count, FRAME_PANES_MAX);
  const buckets = bucketsOf(panes).count;
  if (buckets > FRAME_BUCKETS_MAX) throw new FrameTooLarge('buckets', buckets, FRAME_BUCKETS_MAX);
  const fault = checkPanes(panes, meta.dictionaryVersion);
  assert(fault === null, fault?.message);
  return packPanes(meta, panes);
}

/** The same of panes of which nobody knows whether they can be: for who tries readers. */
export function packPanes(meta: FrameMeta, panes: PaneColumns): Uint8Array {
  const { count, entry, startMs, readings, anchored } = panes;
  const buckets = bucketsOf(panes);
  const pack = new PackWriter();
  pack.bytes.varint(count);
  for (const column of [entry, startMs, panes.spanMs, readings, panes.coveredMs, panes.unchecked, anchored]) {
    pack.column(column, count);
  }
  pack.column(panes.min, count);
  pack.relativeColumn(panes.max, panes.min, count);
  pack.relativeColumn(panes.firstValue, panes.min, count);
  pack.relativeColumn(panes.lastValue, panes.min, count);
  pack.relativeColumn(orElse(panes.firstMs, readings, startMs, count), startMs, count);
  pack.relativeColumn(orElse(panes.lastMs, readings, startMs, count), startMs, count);
  pack.relativeColumn(orElse(panes.anchorTimeMs, anchored, startMs, count), startMs, count);
  pack.relativeColumn(orElse(panes.anchorValue, anchored, panes.firstValue, count), panes.firstValue, count);
  for (let i = 0; i < count; i++) writeSums(pack, panes, i);
  pack.column(buckets.sizes, count);
  pack.column(buckets.numbers, buckets.count);
  pack.column(buckets.counts, buckets.count);
  if (panes.accountedMs !== null) pack.column(lostMs(panes, panes.accountedMs), count);
  writeLinks(pack, panes.links, meta.dictionaryVersion);
  const format = panes.accountedMs === null ? 1 : FORMAT_VERSION;
  return sealFrame(pack.finish(HEADER_BYTES), meta, { ...paneExtent(panes), format });
}

/** Readings that panes hold, and from when to when. */
function paneExtent(panes: PaneColumns): FrameExtent {
  let count = 0;
  let earliestMs = Infinity;
  let latestMs = -Infinity;
  for (let i = 0; i < panes.count; i++) {
    if (panes.readings[i] === 0) continue;
    count += panes.readings[i]!;
    earliestMs = Math.min(earliestMs, panes.firstMs[i]!);
    latestMs = Math.max(latestMs, panes.lastMs[i]!);
  }
  if (count === 0) return { kind: 'panes', count, earliestMs: 0, latestMs: 0 };
  return { kind: 'panes', count, earliestMs, latestMs };
}

/** What is not accounted for between the first and the last reading of each pane. */
function lostMs({ count, firstMs, lastMs }: PaneColumns, accountedMs: Float64Array): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => lastMs[i]! - firstMs[i]! - accountedMs[i]!);
}

function writeSums(pack: PackWriter, panes: PaneColumns, i: number): void {
  const readings = BigInt(panes.readings[i]!);
  const min = BigInt(panes.min[i]!);
  const sum = panes.sum[i]!;
  pack.bytes.wide(sum - readings * min);
  pack.bytes.wide(panes.squares[i]! - 2n * min * sum + readings * min * min);
  pack.bytes.wide(panes.increase[i]!);
  pack.bytes.wide(panes.integral[i]! - BigInt(panes.coveredMs[i]!) * BigInt(panes.firstValue[i]!));
}

/** `values` where `present` isn't zero, else `instead`. */
function orElse(
  values: Float64Array,
  present: Float64Array | Uint8Array,
  instead: Float64Array,
  count: number,
): Float64Array {
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) out[i] = present[i] === 0 ? instead[i]! : values[i]!;
  return out;
}

function bucketsOf(panes: PaneColumns): {
  readonly count: number;
  readonly sizes: Int32Array;
  readonly numbers: Int32Array;
  readonly counts: Float64Array;
} {
  const sizes = new Int32Array(panes.count);
  let count = 0;
  for (let i = 0; i < panes.count; i++) {
    const histogram = panes.histogram[i];
    sizes[i] = histogram ? histogram.buckets.length + 1 : 0;
    count += histogram?.buckets.length ?? 0;
  }
  const numbers = new Int32Array(count);
  const counts = new Float64Array(count);
  let at = 0;
  for (let i = 0; i < panes.count; i++) {
    const histogram = panes.histogram[i];
    if (!histogram) continue;
    numbers.set(histogram.buckets, at);
    counts.set(histogram.counts, at);
    at += histogram.buckets.length;
  }
  return { count, sizes, numbers, counts };
}

const UNREADABLE = 'panes can not be unpacked, or hold numbers out of range';

/** The panes in a frame whose header was read. The body is drawn above. */
export function decodePanes(bytes: Uint8Array, header: FrameHeader): PanesFrame | FrameFault {
  const pack = new PackReader();
  pack.open(bytes, bytes.length - header.bodyBytes);
  const count = pack.bytes.varint();
  if (pack.failed) return frameFault('columns', UNREADABLE);
  if (count > FRAME_PANES_MAX) return frameFault('count', `frame has ${count} panes, the limit is ${FRAME_PANES_MAX}`);
  const panes = readColumns(pack, count, header.dictionaryVersion);
  if (panes === null) return frameFault('columns', UNREADABLE);
  const sizes = new Float64Array(count + COLUMN_ROOM);
  pack.column(sizes, count, 0, FRAME_BUCKETS_MAX + 1);
  let buckets = 0;
  for (let i = 0; i < count; i++) buckets += Math.max(0, sizes[i]! - 1);
  if (buckets > FRAME_BUCKETS_MAX) {
    return frameFault('count', `frame has ${buckets} buckets, the limit is ${FRAME_BUCKETS_MAX}`);
  }
  const histogram = readHistograms(pack, sizes, count, buckets);
  const accountedMs = header.format === 1 ? null : readAccounted(pack, panes);
  const links = new LinkColumns();
  const linkFault = links.read(pack, header.dictionaryVersion);
  if (linkFault !== null) return linkFault;
  if (!pack.finished()) return frameFault('length', 'body holds more or less than its columns');
  const whole: PaneColumns = { ...panes, histogram, accountedMs, links: links.snapshot() };
  return checkPanes(whole, header.dictionaryVersion) ?? checkExtent(whole, header);
}

function checkExtent(panes: PaneColumns, header: FrameHeader): PanesFrame | FrameFault {
  const { count, earliestMs, latestMs } = paneExtent(panes);
  if (count !== header.count) {
    return frameFault('count', `panes hold ${count} readings, the header says ${header.count}`);
  }
  if (earliestMs !== header.earliestMs || latestMs !== header.latestMs) {
    return frameFault('range', `panes hold readings from ${earliestMs} to ${latestMs}, the header says otherwise`);
  }
  return { kind: 'panes', header, panes };
}

type Columns = Omit<PaneColumns, 'histogram' | 'accountedMs' | 'links'>;

function readColumns(pack: PackReader, count: number, dictionaryVersion: number): Columns | null {
  const column = (min: number, max: number): Float64Array => pack.newColumn(count, min, max);
  const relative = (bases: Float64Array, max: number): Float64Array => pack.newRelativeColumn(bases, max);
  const entry = Int32Array.from(column(0, dictionaryVersion - 1));
  const startMs = column(-TIME_MS_MAX, TIME_MS_MAX);
  const spanMs = column(1, 2 * TIME_MS_MAX);
  const readings = column(0, VALUE_MAX);
  const coveredMs = column(0, VALUE_MAX);
  const unchecked = column(0, VALUE_MAX);
  const anchored = Uint8Array.from(column(0, 1));
  const min = column(-VALUE_MAX, VALUE_MAX);
  const max = relative(min, VALUE_MAX);
  const firstValue = relative(min, VALUE_MAX);
  const lastValue = relative(min, VALUE_MAX);
  const firstMs = relative(startMs, TIME_MS_MAX);
  const lastMs = relative(startMs, TIME_MS_MAX);
  const anchorTimeMs = relative(startMs, TIME_MS_MAX);
  const anchorValue = relative(firstValue, VALUE_MAX);
  if (pack.failed) return null;
  const sums = readSums(pack, count, { readings, min, coveredMs, firstValue });
  for (let i = 0; i < count; i++) {
    if (readings[i] === 0) firstMs[i] = lastMs[i] = 0;
    if (anchored[i] === 0) anchorTimeMs[i] = anchorValue[i] = 0;
  }
  const places = { count, entry, startMs, spanMs, readings, coveredMs, unchecked, anchored, anchorTimeMs, anchorValue };
  return { ...places, ...sums, min, max, firstMs, firstValue, lastMs, lastValue };
}

/** What a pack that has failed gives is looked at by nobody. */
function readAccounted(pack: PackReader, { count, firstMs, lastMs }: Columns): Float64Array {
  const lostMs = pack.newColumn(count, 0, VALUE_MAX);
  return Float64Array.from({ length: count }, (_, i) => lastMs[i]! - firstMs[i]! - lostMs[i]!);
}

type Sums = Pick<PaneColumns, 'sum' | 'squares' | 'increase' | 'integral'>;

function readSums(
  pack: PackReader,
  count: number,
  panes: Pick<PaneColumns, 'readings' | 'min' | 'coveredMs' | 'firstValue'>,
): Sums {
  const sum: bigint[] = [];
  const squares: bigint[] = [];
  const increase: bigint[] = [];
  const integral: bigint[] = [];
  for (let i = 0; i < count && !pack.failed; i++) {
    const readings = BigInt(panes.readings[i]!);
    const min = BigInt(panes.min[i]!);
    const total = pack.bytes.wide() + readings * min;
    sum.push(total);
    squares.push(pack.bytes.wide() + 2n * min * total - readings * min * min);
    increase.push(pack.bytes.wide());
    integral.push(pack.bytes.wide() + BigInt(panes.coveredMs[i]!) * BigInt(panes.firstValue[i]!));
  }
  return { sum, squares, increase, integral };
}

function readHistograms(
  pack: PackReader,
  sizes: Float64Array,
  count: number,
  buckets: number,
): (PaneHistogram | null)[] {
  const numbers = new Float64Array(buckets + COLUMN_ROOM);
  const counts = new Float64Array(buckets + COLUMN_ROOM);
  pack.column(numbers, buckets, -(2 ** 31), 2 ** 31 - 1);
  pack.column(counts, buckets, 1, VALUE_MAX);
  const histograms: (PaneHistogram | null)[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const size = sizes[i]! - 1;
    histograms.push(
      size < 0
        ? null
        : { buckets: Int32Array.from(numbers.subarray(at, at + size)), counts: counts.slice(at, at + size) },
    );
    at += Math.max(0, size);
  }
  return histograms;
}
