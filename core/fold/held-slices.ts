import { strict as assert } from 'node:assert';
import type { AmendFrame } from '../frames/amend-frame.ts';
import type { BirthFrame } from '../frames/birth.ts';
import type { FrameHeader } from '../frames/header.ts';
import { FRAME_READINGS_MAX } from '../frames/limits.ts';
import type { PanesFrame } from '../frames/panes.ts';
import type { ReadingsRuns, SignedLinks } from '../frames/readings.ts';
import { holdMsOf } from '../metrics/metric.ts';
import { type SeriesEntry, storedFacts } from '../series/series.ts';
import { HELD_SLICES_MAX, type View } from '../views/view.ts';

/**
 * Slices that the values of one frame may be held in, over all views. A fold has them in memory at once, at some 200 bytes
 * each, so a frame of few kilobytes must not make more of them than a server has room for.
 */
export const FRAME_SLICES_MAX = 1 << 24;

/**
 * The same of the panes of one frame's series, by which agents divide what they send: they know no slices, but none is
 * narrower than a pane, so a metric may have some views.
 */
export const FRAME_PANES_HELD_MAX = 1 << 22;

assert(
  FRAME_SLICES_MAX >= 4 * FRAME_PANES_HELD_MAX,
  'what an agent sends is taken, with four views of the narrowest slices',
);
assert(FRAME_PANES_HELD_MAX >= 32 * FRAME_READINGS_MAX, 'a full frame may have each value held for 32 panes');

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
  return heldIn(entry, slicesMs);
}

function heldIn(entry: SeriesEntry, slicesMs: readonly number[]): HeldForm {
  return { metric: entry.metric, heldMs: entry.kind === 'gauge' ? holdMsOf(storedFacts(entry)) : 0, slicesMs };
}

/** What is said of a frame whose values may be held in more slices than a frame may make; null where they are not. */
export function tooManySlices(
  frame: HeldContent,
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

/** Panes that the values of an agent's readings or panes are held in, at most. */
export function heldPanes(content: HeldContent, rangeMs: number, entries: readonly SeriesEntry[]): number {
  const forms = new Map<SeriesEntry, HeldForm>();
  const formAt = (index: number): HeldForm => {
    const entry = entries[index]!;
    let form = forms.get(entry);
    if (form === undefined) forms.set(entry, (form = heldIn(entry, [entry.paneMs])));
    return form;
  };
  let most = 0;
  for (const [, panes] of slicesIn(content, rangeMs, formAt)) most += panes;
  return Math.ceil(most);
}

/** What of a frame tells how many slices its values are held in. */
export type HeldContent =
  | { readonly kind: 'readings'; readonly reader: HeldRuns }
  | Pick<PanesFrame, 'kind' | 'panes'>
  | Pick<AmendFrame, 'kind' | 'amends'>
  | Pick<BirthFrame, 'kind'>;

type HeldRuns = Pick<ReadingsRuns, 'runCount' | 'entry' | 'length' | 'anchored' | 'links'>;

/** The slices that each run, pane and link may make at most; `rangeMs` is how far apart a frame's readings are. */
function* slicesIn(
  frame: HeldContent,
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
        const gaps = length[run]! - 1 + anchored[run]!;
        yield [form, Math.min(gaps * each + slicesOf(form, 0), rangeSlices(form, rangeMs) + anchored[run]! * each)];
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
