import { describe, expect, it } from 'vitest';
import { ViewFold } from '#core/fold/view-fold.ts';
import { SPAN_SLICES } from '#core/slices/slice-span.ts';
import { evictSlices, KEEP_BEHIND_WATERMARK_MS, SLICES_OPEN_MAX } from './eviction.ts';

const SLICE_MS = 60_000;
const KEPT = KEEP_BEHIND_WATERMARK_MS / SLICE_MS;

/** A view with the given slices of one group in memory, of which those in `written` are on the disk. */
function viewWith(slices: Iterable<number>, isWritten = true): ViewFold {
  const view = { name: 'v', metric: 'm', by: [], where: {}, sliceMs: SLICE_MS };
  const fold = new ViewFold({ view, version: 1 });
  for (const slice of slices) fold.slots.touch(fold.slots.groupOf('g'), slice, 1);
  if (isWritten) fold.slots.settle();
  return fold;
}

function open({ slots }: ViewFold): number[] {
  return [...slots.all()].map((slot) => slots.sliceAt(slot));
}

describe('eviction', () => {
  it('keeps what lies behind the watermark by no more than a while, and what shares a span with it', () => {
    const [before, last, next] = [SPAN_SLICES - 1, 2 * SPAN_SLICES - 1, 5 * SPAN_SLICES];
    const view = viewWith([before, last - 1, last, next]);
    evictSlices(view, (last + KEPT) * SLICE_MS);
    expect(open(view)).toEqual([last - 1, last, next]);
    evictSlices(view, (last + 1 + KEPT) * SLICE_MS - 1);
    expect(open(view)).toEqual([last - 1, last, next]);
    evictSlices(view, (last + 1 + KEPT) * SLICE_MS);
    expect(open(view)).toEqual([next]);
  });

  it('lets go of nothing while there is no watermark, nor of what is not written yet', () => {
    const view = viewWith([1, 2]);
    evictSlices(view, null);
    expect(open(view)).toEqual([1, 2]);
    const unwritten = viewWith([1, 2], false);
    evictSlices(unwritten, 1e12);
    expect(open(unwritten)).toEqual([1, 2]);
  });

  it('lets go of all that is written where there are too many', () => {
    const many = viewWith(Array.from({ length: SLICES_OPEN_MAX }, (_, slice) => slice));
    evictSlices(many, 0);
    expect(many.slots.open).toBe(SLICES_OPEN_MAX);
    many.slots.touch(many.slots.groupOf('g'), -1, 2);
    evictSlices(many, 0);
    expect(open(many)).toEqual([-1]);
  });
});
