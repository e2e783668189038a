import { strict as assert } from 'node:assert';
import type { OpenedFrame } from '#core/frames/frame.ts';
import type { FrameHeader } from '#core/frames/header.ts';
import { FRAME_READINGS_MAX } from '#core/frames/limits.ts';
import type { SignedLinks } from '#core/frames/readings.ts';
import { holdMsOf } from '#core/metrics/metric.ts';
import { type SeriesEntry, storedFacts } from '#core/series/series.ts';
import { HELD_SLICES_MAX, type View } from '#core/views/view.ts';

/**
 * Slices that the values of one frame may be held in, over all views. A fold has them in memory at once, at some 200 bytes
 * each, so a frame of few kilobytes must not make more of them than a server has room for.
 */
export const FRAME_SLICES_MAX = 1 << 24;

assert(FRAME_SLICES_MAX / FRAME_READINGS_MAX >= 128, 'a full frame may have each value held for a hundred slices');

/** For how long the values of a series hold, and the slices of the views that read its metric. */
export interface HeldForm {
  readonly metric: string;
  readonly heldMs: number;
  readonly slicesMs: readonly number[];
}

/** What a view decides of the slices that readings make. */
export type SlicedView = Pick<View, 'metric' | 'sliceMs'>;

export function heldForm(entry: SeriesEntry, views: readonly SlicedView[]): HeldForm {
  const slicesMs = views.filter(({ metric }) => metric === entry.metric).map(({ sliceMs }) => sliceMs);
  return { metric: entry.metric, heldMs: entry.kind === 'gauge' ? holdMsOf(storedFacts(entry)) : 0, slicesMs };
}

/** What is said of a frame whose values may be held in more slices than a frame may make; null where they are not. */
export function tooManySlices(
  frame: OpenedFrame,
  header: FrameHeader,
  formAt: (index: number) => HeldForm | undefined,
): string | null {
  const byForm = new Map<HeldForm, number>();
  let most = 0;
  for (const [form, slices] of slicesIn(frame, header.latestMs - header.earliestMs, formAt)) {
    byForm.set(form, (byForm.get(form) ?? 0) + slices);
    most += slices;
  }
  if (most <= FRAME_SLICES_MAX) return null;
  const [worst] = [...byForm].toSorted(([, a], [, b]) => b - a)[0]!;
  return (
    `the values of this frame are held in up to ${Math.ceil(most)} slices at once, ${FRAME_SLICES_MAX} are allowed: ` +
    `values of ${worst.metric} hold for ${worst.heldMs} ms, its narrowest view has slices of ${Math.min(...worst.slicesMs)} ms; ` +
    'declare wider slices, or a shorter `hold`'
  );
}

/** The slices that each run, pane and link may make at most; `rangeMs` is how far apart a frame's readings are. */
function* slicesIn(
  frame: OpenedFrame,
  rangeMs: number,
  formAt: (index: number) => HeldForm | undefined,
): Generator<readonly [HeldForm, number]> {
  switch (frame.kind) {
    case 'readings': {
      const { runCount, entry, length, anchored, links } = frame.reader;
      for (let run = 0; run < runCount; run++) {
        const form = formAt(entry[run]!);
        if (form === undefined) continue;
        const each = slicesOf(form, form.heldMs);
        yield [form, Math.min((length[run]! + anchored[run]!) * each, rangeSlices(form, rangeMs) + 2 * each)];
      }
      yield* slicesOfLinks(links, formAt);
      return;
    }
    case 'panes': {
      const { count, entry, anchored, anchorTimeMs, firstMs, links } = frame.panes;
      for (let i = 0; i < count; i++) {
        const form = formAt(entry[i]!);
        if (form === undefined) continue;
        yield [form, slicesOf(form, anchored[i] === 1 ? firstMs[i]! - anchorTimeMs[i]! : 0)];
      }
      yield* slicesOfLinks(links, formAt);
      return;
    }
    case 'amend':
      yield* slicesOfLinks(frame.amends.links, formAt);
      return;
    case 'birth':
      return;
  }
}

function* slicesOfLinks(
  { count, entry, fromMs, toMs }: SignedLinks,
  formAt: (index: number) => HeldForm | undefined,
): Generator<readonly [HeldForm, number]> {
  for (let i = 0; i < count; i++) {
    const form = formAt(entry[i]!);
    if (form !== undefined) yield [form, slicesOf(form, toMs[i]! - fromMs[i]!)];
  }
}

/** Slices that a value is held in where the next one comes after so long. */
function slicesOf({ heldMs, slicesMs }: HeldForm, gapMs: number): number {
  let slices = 0;
  for (const sliceMs of slicesMs) slices += Math.min(gapMs, heldMs, HELD_SLICES_MAX * sliceMs) / sliceMs + 1;
  return slices;
}

/** Slices that there are in a range, however long values hold in it. */
function rangeSlices({ slicesMs }: HeldForm, rangeMs: number): number {
  return slicesMs.reduce((slices, sliceMs) => slices + rangeMs / sliceMs + 1, 0);
}
