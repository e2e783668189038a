import { describe, expect, it } from 'vitest';
import { ViewFold } from '#core/fold/view-fold.ts';
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
  it('keeps what lies behind the watermark by no more than a while, the slice at its edge included', () => {
    const view = viewWith([98, 99, 100, 101, 120]);
    evictSlices(view, (100 + KEPT) * SLICE_MS);
    expect(open(view)).toEqual([100, 101, 120]);
    evictSlices(view, (101 + KEPT) * SLICE_MS - 1);
    expect(open(view)).toEqual([100, 101, 120]);
    evictSlices(view, (101 + KEPT) * SLICE_MS);
    expect(open(view)).toEqual([101, 120]);
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
