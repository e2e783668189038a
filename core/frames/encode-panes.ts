import { strict as assert } from 'node:assert';
import { PackWriter } from '../packing/pack-writer.ts';
import { FrameTooLarge } from './fault.ts';
import { FORMAT_VERSION, type FrameExtent, type FrameMeta, sealFrame } from './header.ts';
import { FRAME_BUCKETS_MAX, FRAME_PANES_MAX, HEADER_BYTES } from './limits.ts';
import { writeLinks } from './links.ts';
import { checkPanes } from './pane-check.ts';
import type { PaneColumns } from './panes.ts';

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
  const { count, entry, startMs, readings, anchored } = panes;
  if (count > FRAME_PANES_MAX) throw new FrameTooLarge('panes', count, FRAME_PANES_MAX);
  const buckets = bucketsOf(panes);
  if (buckets.count > FRAME_BUCKETS_MAX) throw new FrameTooLarge('buckets', buckets.count, FRAME_BUCKETS_MAX);
  const fault = checkPanes(panes, meta.dictionaryVersion);
  assert(fault === null, fault?.message);
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
export function paneExtent(panes: PaneColumns): FrameExtent {
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
