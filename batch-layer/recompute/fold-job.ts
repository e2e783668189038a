import { encodeResultBlock } from '#backbone/results/result-format.ts';
import { AgentFold } from '#core/fold/agent-fold.ts';
import { FrameFolder } from '#core/fold/fold-frame.ts';
import type { Group, SliceSlots } from '#core/fold/slice-slots.ts';
import { ViewFold, type ViewVersion } from '#core/fold/view-fold.ts';
import { readHeader } from '#core/frames/header.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import { PENDING } from '#core/slices/merge-rows.ts';
import type { SliceName } from '#core/slices/slice-name.ts';
import { BLOCK_ROWS_MAX } from '#core/stats/block-columns.ts';
import type { FrameColumns } from './frame-list.ts';
import { FrameSource } from './frame-source.ts';
import { type RunBlock, RunWriter } from './run-file.ts';

/**
 * Slices that a job holds in memory, over all views: some 300 bytes each. Beyond it they are written as a sorted run and
 * let go; the merge adds up what several runs say of one slice.
 */
export const JOB_SLICES_MAX = 1_000_000;

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
  let views = job.views.map((view) => new ViewFold(view));
  let readings = 0;
  const { frames } = job;
  for (let i = 0; i < frames.count; i++) {
    const position = frames.position[i]!;
    if (i > 0 && position !== frames.position[i - 1] && openSlices(views) > job.slicesMax) {
      flush(job, views, run, pending);
      views = job.views.map((view) => new ViewFold(view));
      for (const agent of agents) agent.forgetRoutes();
    }
    const bytes = source.frame(frames.file[i]!, frames.at[i]!, frames.bytes[i]!);
    const header = readHeader(bytes);
    if (header.kind === 'fault') continue;
    const counted = folder.fold(bytes, header, agents[frames.agent[i]!]!, views, position);
    if (typeof counted === 'number') readings += counted;
  }
  flush(job, views, run, pending);
  return { readings, blocks: run.blocks, pending };
}

function openSlices(views: readonly ViewFold[]): number {
  let open = 0;
  for (const view of views) open += view.slots.open;
  return open;
}

function flush(job: FoldJob, views: readonly ViewFold[], run: RunWriter, pending: SliceName[][]): void {
  views.forEach(({ slots }, view) => {
    for (const { group, slice } of job.amendedBefore[view]!) {
      const slot = slots.groups.get(group)?.slots.get(slice);
      if (slot !== undefined) slots.markPending(slot);
    }
    for (const key of [...slots.groups.keys()].sort()) {
      writeGroup(job, view, slots, slots.groups.get(key)!, run, pending[view]!);
    }
  });
}

/** The slices of a group in ascending order, in which they mostly were opened. */
function sortedSlices({ slots }: Group): Float64Array {
  const slices = new Float64Array(slots.size);
  let count = 0;
  let isSorted = true;
  for (const slice of slots.keys()) {
    isSorted &&= count === 0 || slice > slices[count - 1]!;
    slices[count++] = slice;
  }
  return isSorted ? slices : slices.sort();
}

/** Writes the slices of a group in ascending order, in blocks. */
function writeGroup(
  { partition, edges }: FoldJob,
  view: number,
  slots: SliceSlots,
  group: Group,
  run: RunWriter,
  pending: SliceName[],
): void {
  const slices = sortedSlices(group);
  for (let from = 0; from < slices.length;) {
    // A slice that a neighbour may share is a block of its own, so that the others can be passed on as they are.
    const isEdge = (from === 0 && edges.before) || (from === slices.length - 1 && edges.after);
    const end = Math.min(from + (isEdge ? 1 : BLOCK_ROWS_MAX), slices.length - (edges.after && !isEdge ? 1 : 0));
    const part = slices.subarray(from, end);
    from = end;
    const rows = part.length;
    const of = new Int32Array(rows);
    const flags = new Uint8Array(rows);
    const revisions = new Float64Array(rows);
    let isPending = false;
    for (let i = 0; i < rows; i++) {
      const slot = group.slots.get(part[i]!)!;
      of[i] = slot;
      flags[i] = slots.flagsAt(slot);
      revisions[i] = slots.revisionAt(slot);
      if ((flags[i]! & PENDING) === 0) continue;
      isPending = true;
      pending.push({ group: group.key, slice: part[i]! });
    }
    const extent = { partition, group: group.key, firstSlice: part[0]!, lastSlice: part[rows - 1]!, rows };
    const block = encodeResultBlock({
      partition,
      group: group.key,
      slices: part,
      revisions,
      flags,
      table: slots.table,
      slots: of,
    });
    run.add(view, extent, isPending, block);
  }
}
