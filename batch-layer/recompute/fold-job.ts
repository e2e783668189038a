import { encodeResultBlock } from '#backbone/results/result-format.ts';
import { AgentFold } from '#core/fold/agent-fold.ts';
import { FrameFolder } from '#core/fold/fold-frame.ts';
import { type Group, slicesIn, type SliceSlots, spansInOrder } from '#core/fold/slice-slots.ts';
import { ViewFold, type ViewVersion } from '#core/fold/view-fold.ts';
import { readHeader } from '#core/frames/header.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import { PENDING } from '#core/slices/merge-rows.ts';
import type { SliceName } from '#core/slices/slice-name.ts';
import { SPAN_SLICES } from '#core/slices/slice-span.ts';
import { BLOCK_ROWS_MAX } from '#core/stats/block-columns.ts';
import type { FrameColumns } from './frame-list.ts';
import { FrameSource } from './frame-source.ts';
import { type RunBlock, RunWriter } from './run-file.ts';

/**
 * Slots of slices that a job holds in memory, over all views: some 250 bytes each, and a little less than a power of two, as
 * which the memory of a table grows. Beyond it they are written as a sorted run and let go; the merge adds up what several
 * runs say of one slice.
 */
export const JOB_SLICES_MAX = 500_000;

/** Frames of one partition to be folded into some views: plain data, for any thread. */
export interface FoldJob {
  readonly partition: number;
  readonly views: readonly ViewVersion[];
  readonly agents: readonly { readonly agent: string; readonly entries: readonly SeriesEntry[] }[];
  /** Segment files, by number. */
  readonly paths: readonly string[];
  readonly frames: FrameColumns;
  /** Per view: slices that were amended before; where this job touches one, it needs a refold too. */
  readonly amendedBefore: readonly (readonly SliceName[])[];
  /** Whether the jobs before and after this one may say something of its first and of its last slices. */
  readonly edges: { readonly before: boolean; readonly after: boolean };
  /** File for the sorted runs. */
  readonly runPath: string;
  readonly slicesMax: number;
}

export interface FoldJobResult {
  readonly readings: number;
  readonly blocks: readonly RunBlock[];
  /** Per view: the slices whose min, max, first and last have to be refolded. */
  readonly pending: readonly (readonly SliceName[])[];
}

/** Folds the frames of a job and writes what comes out as sorted runs of blocks. Synchronous: for a thread of its own. */
export function runFoldJob(job: FoldJob): FoldJobResult {
  using source = new FrameSource(job.paths);
  using run = new RunWriter(job.runPath);
  const pending: SliceName[][] = job.views.map(() => []);
  const agents = job.agents.map(({ agent, entries }) => new AgentFold(agent, entries));
  const folder = new FrameFolder();
  const views = job.views.map((view) => new ViewFold(view));
  let isFirst = true;
  let readings = 0;
  const { frames } = job;
  for (let i = 0; i < frames.count; i++) {
    const position = frames.position[i]!;
    if (i > 0 && position !== frames.position[i - 1] && slotsHeld(views) > job.slicesMax) {
      flush(job, { before: job.edges.before || !isFirst, after: true }, views, run, pending);
      isFirst = false;
    }
    const bytes = source.frame(frames.file[i]!, frames.at[i]!, frames.bytes[i]!);
    const header = readHeader(bytes);
    if (header.kind === 'fault') continue;
    const counted = folder.fold(bytes, header, agents[frames.agent[i]!]!, views, position);
    if (typeof counted === 'number') readings += counted;
  }
  flush(job, { before: job.edges.before || !isFirst, after: job.edges.after }, views, run, pending);
  return { readings, blocks: run.blocks, pending };
}

function slotsHeld(views: readonly ViewFold[]): number {
  let held = 0;
  for (const view of views) held += view.slots.held;
  return held;
}

/** Writes all slices as a run and lets go of them. */
function flush(
  job: FoldJob,
  edges: FoldJob['edges'],
  views: readonly ViewFold[],
  run: RunWriter,
  pending: SliceName[][],
): void {
  views.forEach(({ slots }, view) => {
    for (const { group, slice } of job.amendedBefore[view]!) {
      const known = slots.groups.get(group);
      const slot = known === undefined ? undefined : slots.slotOf(known, slice);
      if (slot !== undefined) slots.markPending(slot);
    }
    for (const key of [...slots.groups.keys()].sort()) {
      writeGroup({ partition: job.partition, edges, view, slots, run }, slots.groups.get(key)!, pending[view]!);
    }
    slots.clear();
  });
}

/** Where the slices of a group are, in ascending order. */
function sortedSlices(group: Group): { readonly slices: Float64Array; readonly slots: Int32Array } {
  const spans = spansInOrder(group);
  const slices = new Float64Array(spans.length * SPAN_SLICES);
  const slots = new Int32Array(slices.length);
  let count = 0;
  for (const span of spans) {
    for (const slice of slicesIn(span, span.open)) {
      slices[count] = slice;
      slots[count++] = span.origin + slice;
    }
  }
  return { slices: slices.subarray(0, count), slots: slots.subarray(0, count) };
}

/** What the groups of a view are written with. */
interface Flush {
  readonly partition: number;
  /** Whether the runs before and after this one may say something of its first and of its last slices. */
  readonly edges: FoldJob['edges'];
  readonly view: number;
  readonly slots: SliceSlots;
  readonly run: RunWriter;
}

/** Writes the slices of a group in ascending order, in blocks. */
function writeGroup({ partition, edges, view, slots, run }: Flush, group: Group, pending: SliceName[]): void {
  const sorted = sortedSlices(group);
  const { length } = sorted.slices;
  for (let from = 0; from < length;) {
    // A slice that a neighbour may share is a block of its own, so that the others can be passed on as they are.
    const isEdge = (from === 0 && edges.before) || (from === length - 1 && edges.after);
    const end = Math.min(from + (isEdge ? 1 : BLOCK_ROWS_MAX), length - (edges.after && !isEdge ? 1 : 0));
    const slices = sorted.slices.subarray(from, end);
    const of = sorted.slots.subarray(from, end);
    from = end;
    const rows = of.length;
    const flags = new Uint8Array(rows);
    const revisions = new Float64Array(rows);
    let isPending = false;
    for (let i = 0; i < rows; i++) {
      flags[i] = slots.flagsAt(of[i]!);
      revisions[i] = slots.revisionAt(of[i]!);
      if ((flags[i]! & PENDING) === 0) continue;
      isPending = true;
      pending.push({ group: group.key, slice: slices[i]! });
    }
    const extent = { partition, group: group.key, firstSlice: slices[0]!, lastSlice: slices[rows - 1]!, rows };
    const { table } = slots;
    const block = encodeResultBlock({ partition, group: group.key, slices, revisions, flags, table, slots: of });
    run.add(view, extent, isPending, block);
  }
}
