import type { ViewFold } from '#core/fold/view-fold.ts';

/** Event time that a written slice stays in memory behind the watermark: readings that are a little late still meet it. */
export const KEEP_BEHIND_WATERMARK_MS = 10 * 60_000;

/** Slots of slices in memory per view and partition; beyond it all are let go, and later readings open new parts. */
export const SLICES_OPEN_MAX = 200_000;

/** Lets go of the written slices of a view that are long past the watermark, or of all when there are too many. */
export function evictSlices(view: ViewFold, watermarkMs: number | null): void {
  const { slots, id } = view;
  if (slots.held > SLICES_OPEN_MAX) {
    slots.evictWritten();
    return;
  }
  if (watermarkMs === null) return;
  slots.evictBefore(Math.floor((watermarkMs - KEEP_BEHIND_WATERMARK_MS) / id.view.sliceMs));
}
