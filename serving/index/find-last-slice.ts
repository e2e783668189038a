import type { ChangeFeed } from '#backbone/changes/changes.ts';
import { slicesOfSpan } from '#backbone/changes/row-span.ts';
import type { ResultReader } from '#backbone/results/results.ts';
import { spanOf } from '#core/slices/slice-span.ts';
import type { Group } from './group.ts';
import type { SliceExtent } from './held-stretches.ts';
import type { SourceId } from './load-pages.ts';

/** No instant lies in a later slice: event time in milliseconds is a safe integer. */
const SLICE_END = Number.MAX_SAFE_INTEGER;

/**
 * The last slice of a group that holds anything, found by asking whether there is anything from a slice on: first in
 * widening steps away from where the watermark suggests it, then by halving.
 */
export async function findLastSlice(
  id: SourceId,
  group: Group,
  feed: Pick<ChangeFeed, 'spans'>,
  results: Pick<ResultReader, 'blocks'>,
): Promise<number | undefined> {
  const holdsFrom = (slice: number): Promise<boolean> => holdsAnythingFrom(id, group, feed, results, slice);
  const firstMs = group.progress.firstMs();
  if (firstMs === Number.POSITIVE_INFINITY) return undefined;
  const { sliceMs } = id.view;
  const floor = Math.floor(firstMs / sliceMs);
  if (!(await holdsFrom(floor))) return undefined;
  let low = floor;
  const { watermarkMs } = group.progress.horizon();
  let high = Math.max(floor + 1, Math.floor((watermarkMs ?? firstMs) / sliceMs) + 1);
  for (let step = 1; await holdsFrom(high); step *= 2) {
    low = high;
    high += step;
  }
  for (let step = 1; high - step > low; step *= 2) {
    if (await holdsFrom(high - step)) {
      low = high - step;
      break;
    }
    high -= step;
  }
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (await holdsFrom(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * The first slice of a group that holds anything. It may lie before the slice of the first reading: what a gauge held
 * up to a series' first reading with these tags belongs to that reading, whatever the tags were before.
 */
export async function findFirstSlice(
  id: SourceId,
  { key }: Group,
  feed: Pick<ChangeFeed, 'spans'>,
  results: Pick<ResultReader, 'blocks'>,
): Promise<number | undefined> {
  let first = SLICE_END;
  for (const result of id.batch.results) {
    // Blocks come partition by partition, so one that lies before the first found so far may follow it.
    for (let isEarlier = true; isEarlier;) {
      isEarlier = false;
      for await (const block of results.blocks(result, key, -SLICE_END, first)) {
        if (block.count === 0) continue;
        isEarlier = block.slice[0]! < first;
        first = Math.min(first, block.slice[0]!);
        break;
      }
    }
  }
  if (!id.isAsOf) {
    // Of the spans that hold the same slices, each may hold the first.
    let number: number | undefined;
    for await (const span of feed.spans(id.view.name, id.version, key, -SLICE_END, first)) {
      if (span.epoch < (id.batch.cut[span.partition] ?? 0)) continue;
      number ??= spanOf(span.opener);
      if (number !== spanOf(span.opener)) break;
      first = Math.min(first, slicesOfSpan(span)[0]!);
    }
  }
  return first === SLICE_END ? undefined : first;
}

/**
 * The first slice from `slice` on that anything of any group may lie in, in changes, where there are any, or results; undefined
 * where nothing does. It may be too early.
 */
export async function findHeld(
  { view, version, batch }: SourceId,
  feed: Pick<ChangeFeed, 'heldFrom'> | undefined,
  results: Pick<ResultReader, 'heldFrom'>,
  slice: number,
): Promise<number | undefined> {
  let first = (await feed?.heldFrom(view.name, version, slice)) ?? Number.POSITIVE_INFINITY;
  for (const result of batch.results)
    first = Math.min(first, (await results.heldFrom(result, slice)) ?? Number.POSITIVE_INFINITY);
  return first === Number.POSITIVE_INFINITY ? undefined : first;
}

/** The slices outside of which each of the batch results has nothing. */
export async function findExtents({ batch }: SourceId, results: Pick<ResultReader, 'extent'>): Promise<SliceExtent[]> {
  const extents: SliceExtent[] = [];
  for (const result of batch.results) {
    const found = await results.extent(result);
    if (found !== undefined) extents.push({ fromSlice: found[0], toSlice: found[1] });
  }
  return extents;
}

async function holdsAnythingFrom(
  id: SourceId,
  group: Group,
  feed: Pick<ChangeFeed, 'spans'>,
  results: Pick<ResultReader, 'blocks'>,
  slice: number,
): Promise<boolean> {
  if (!id.isAsOf) {
    for await (const span of feed.spans(id.view.name, id.version, group.key, slice, SLICE_END)) {
      if (span.epoch >= (id.batch.cut[span.partition] ?? 0) && slicesOfSpan(span).at(-1)! >= slice) return true;
    }
  }
  for (const result of id.batch.results) {
    for await (const block of results.blocks(result, group.key, slice, SLICE_END)) {
      if (block.count > 0 && block.slice[block.count - 1]! >= slice) return true;
    }
  }
  return false;
}
