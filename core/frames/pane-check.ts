import { strict as assert } from 'node:assert';
import { BUCKET_MAX } from '../numbers/log-buckets.ts';
import { SQUARE_LIMBS, SUM_LIMBS } from '../numbers/wide.ts';
import { PANE_MS_MAX } from '../series/series.ts';
import { type FrameFault, frameFault } from './fault.ts';
import { isWithin } from './header.ts';
import { FRAME_BUCKETS_MAX, TIME_MS_MAX, VALUE_MAX } from './limits.ts';
import type { PaneColumns, PaneHistogram } from './panes.ts';

/** The first thing wrong with panes; writers assert that there is none, readers answer it. */
export function checkPanes(panes: PaneColumns, dictionaryVersion: number): FrameFault | null {
  let buckets = 0;
  let readings = 0;
  for (let i = 0; i < panes.count; i++) {
    const wrong = wrongWithPlace(panes, i, dictionaryVersion) ?? wrongWithReadings(panes, i) ?? wrongWithSums(panes, i);
    if (wrong !== null) return frameFault('range', `pane ${i}: ${wrong}`);
    const histogram = panes.histogram[i];
    buckets += histogram?.buckets.length ?? 0;
    readings += panes.readings[i]!;
  }
  if (readings > VALUE_MAX) return frameFault('count', `panes hold ${readings} readings, more than can be counted`);
  if (buckets > FRAME_BUCKETS_MAX)
    return frameFault('count', `panes have ${buckets} histogram buckets, the limit is ${FRAME_BUCKETS_MAX}`);
  return null;
}

function wrongWithPlace(panes: PaneColumns, i: number, dictionaryVersion: number): string | null {
  const startMs = panes.startMs[i]!;
  if (!isWithin(panes.entry[i]!, 0, dictionaryVersion - 1)) return `entry ${panes.entry[i]} is not in the dictionary`;
  if (!isWithin(startMs, -TIME_MS_MAX, TIME_MS_MAX)) return `start ${startMs} is no time`;
  const spanMsMax = Math.min(PANE_MS_MAX, TIME_MS_MAX - startMs);
  if (!isWithin(panes.spanMs[i]!, 1, spanMsMax)) return `span ${panes.spanMs[i]} is none`;
  if (!isWithin(panes.coveredMs[i]!, 0, panes.spanMs[i]!)) return `covered ${panes.coveredMs[i]} is not in its span`;
  if (!isWithin(panes.readings[i]!, 0, VALUE_MAX)) return `count ${panes.readings[i]} is negative`;
  if (!isWithin(panes.unchecked[i]!, 0, panes.readings[i]!)) return `unchecked ${panes.unchecked[i]} are more than all`;
  const accountedMs = panes.accountedMs?.[i] ?? 0;
  if (!isWithin(accountedMs, 0, Math.max(0, panes.lastMs[i]! - panes.firstMs[i]!)))
    return `accounts for ${accountedMs}, beyond its readings`;
  return null;
}

function wrongWithReadings(panes: PaneColumns, i: number): string | null {
  const readings = panes.readings[i]!;
  const firstMs = panes.firstMs[i]!;
  const lastMs = panes.lastMs[i]!;
  const anchorMs = panes.anchorTimeMs[i]!;
  const values = [panes.min[i]!, panes.max[i]!, panes.firstValue[i]!, panes.lastValue[i]!, panes.anchorValue[i]!];
  if (readings === 0) {
    const silent = values.every((value) => value === 0) && firstMs === 0 && lastMs === 0 && anchorMs === 0;
    return silent && panes.anchored[i] === 0
      ? wrongWithHistogram(panes.histogram[i], 0)
      : 'has values without readings';
  }
  const [min, max, firstValue, lastValue] = values as [number, number, number, number, number];
  if (!isWithin(min, -VALUE_MAX, max) || max > VALUE_MAX) return `values from ${min} to ${max}`;
  if (!isWithin(firstValue, min, max) || !isWithin(lastValue, min, max))
    return 'first or last is not between min and max';
  if (!isWithin(firstMs, panes.startMs[i]!, lastMs)) return 'first time is not in the pane, or after the last';
  if (!isWithin(lastMs, firstMs, panes.startMs[i]! + panes.spanMs[i]! - 1)) return 'last time is not in the pane';
  // A series has one reading at a time, and times are whole milliseconds.
  if (readings > lastMs - firstMs + 1) return `holds ${readings} readings from ${firstMs} to ${lastMs}`;
  if (panes.anchored[i] === 1) {
    if (!isWithin(anchorMs, -TIME_MS_MAX, firstMs - 1)) return 'anchor is not before the first reading';
    if (!Number.isSafeInteger(panes.anchorValue[i]!)) return 'anchor has no safe value';
  } else if (panes.anchored[i] !== 0 || anchorMs !== 0 || panes.anchorValue[i] !== 0) return 'has half an anchor';
  return wrongWithHistogram(panes.histogram[i], readings);
}

function wrongWithHistogram(histogram: PaneHistogram | null | undefined, readings: number): string | null {
  if (histogram === undefined) return 'histogram is missing';
  if (histogram === null) return null;
  const { buckets, counts } = histogram;
  if (buckets.length !== counts.length) return 'histogram has not as many counts as buckets';
  let total = 0;
  for (let b = 0; b < buckets.length; b++) {
    if (b > 0 && buckets[b]! <= buckets[b - 1]!) return 'histogram buckets do not ascend';
    if (!isWithin(buckets[b]!, -BUCKET_MAX, BUCKET_MAX)) return `histogram has a bucket ${buckets[b]}`;
    if (!isWithin(counts[b]!, 1, VALUE_MAX)) return `histogram bucket holds ${counts[b]}`;
    total += counts[b]!;
    // Beyond the safe integers a total may be rounded down to one, so it is looked at each time.
    if (total > readings) break;
  }
  return total === readings ? null : `histogram holds ${total} of ${readings} readings`;
}

function wrongWithSums(panes: PaneColumns, i: number): string | null {
  const readings = BigInt(panes.readings[i]!);
  const min = BigInt(panes.min[i]!);
  const spread = BigInt(panes.max[i]!) - min;
  const sum = panes.sum[i]! - readings * min;
  if (sum < 0n || sum > readings * spread) return 'sum is not between count times min and max';
  const squares = panes.squares[i]! - 2n * min * panes.sum[i]! + readings * min * min;
  // Deviations d from the minimum lie between 0 and the spread, so Σd² ≤ spread · Σd; and (Σd)² ≤ n · Σd² (Cauchy).
  if (squares > spread * sum || squares * readings < sum * sum) return 'sum of squares does not fit its sum';
  // A link adds two values at most, and ends in a reading of the pane; a value is held while the pane is covered.
  if (!isUpTo(panes.increase[i]!, 2n * readings)) return `increase ${panes.increase[i]} is more than its readings give`;
  if (!isUpTo(panes.integral[i]!, BigInt(panes.coveredMs[i]!))) return `integral ${panes.integral[i]} is not covered`;
  return null;
}

/** Whether so many values can have been added up to this. */
function isUpTo(sum: bigint, values: bigint): boolean {
  const most = values * BigInt(VALUE_MAX);
  return sum >= -most && sum <= most;
}

// What a pane may hold at most is folded into columns of so many limbs.
const READINGS_MAX = BigInt(PANE_MS_MAX);
const VALUE_MOST = BigInt(VALUE_MAX);
assert(fitsWide(READINGS_MAX * VALUE_MOST, SUM_LIMBS), 'the sum of a pane fits its columns');
assert(fitsWide(READINGS_MAX * VALUE_MOST * VALUE_MOST, SQUARE_LIMBS), 'so do its squares');
assert(fitsWide(2n * READINGS_MAX * VALUE_MOST, SUM_LIMBS), 'its increase');
assert(fitsWide(READINGS_MAX * VALUE_MOST, SQUARE_LIMBS), 'and its integral');

function fitsWide(magnitude: bigint, limbs: number): boolean {
  // The last limb carries the sign and stays a safe integer.
  return magnitude < 1n << BigInt(40 * (limbs - 1) + 53);
}
