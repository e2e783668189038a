import { COLUMN_ROOM, PackReader } from '../packing/pack-reader.ts';
import { paneExtent } from './encode-panes.ts';
import { type FrameFault, frameFault } from './fault.ts';
import type { FrameHeader } from './header.ts';
import { FRAME_BUCKETS_MAX, FRAME_PANES_MAX, TIME_MS_MAX, VALUE_MAX } from './limits.ts';
import { LinkColumns } from './links.ts';
import { checkPanes } from './pane-check.ts';
import type { PaneColumns, PaneHistogram, PanesFrame } from './panes.ts';

const UNREADABLE = 'panes can not be unpacked, or hold numbers out of range';

/** The panes in a frame whose header was read. The body is drawn in encode-panes.ts. */
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
