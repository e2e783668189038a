import { BlockBuilder } from '#backbone/results/block-builder.ts';
import { compareRows } from '#backbone/results/results.ts';
import { type AgentFrame, SelectionRefold } from '#core/fold/selection-refold.ts';
import type { ViewVersion } from '#core/fold/view-fold.ts';
import { readHeader } from '#core/frames/header.ts';
import { RESETS } from '#core/slices/merge-rows.ts';
import type { SliceName } from '#core/slices/slice-span.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { FOLDED_KINDS } from './frame-list.ts';
import { FrameSource } from './frame-source.ts';
import type { PartitionPlan } from './partition-plan.ts';
import type { RunWriter, SortedRun } from './run-file.ts';

/** Slices further apart than this are refolded apart, so that what lies between isn't read for nothing. */
const CLUSTER_GAP_SLICES = 240;

/** Clusters of slices that are refolded apart; beyond it near ones share a pass, since each pass walks the whole list. */
const CLUSTERS_MAX = 256;

const nothing = new StatsTable(1);
const untouched = nothing.allocate();

/**
 * Refolds the selection of `slices` from every frame that the plan lists up to its end, and writes it as a run of rows that
 * reset and add nothing: the plan has to list from the first record. Frames that the plan doesn't list (forks, refused,
 * parked ones) take no part.
 */
export function refoldSelection(
  plan: PartitionPlan,
  view: ViewVersion,
  slices: readonly SliceName[],
  writer: RunWriter,
): SortedRun {
  using source = new FrameSource(plan.paths);
  const { partition } = plan;
  const found = clustersOf(slices).flatMap((cluster) => {
    const refold = refoldCluster(plan, source, view, cluster);
    return cluster.map(({ group, slice }) => ({ partition, group, slice, refold }));
  });
  const builder = new BlockBuilder(view.view.sliceMs);
  const flush = (): void => {
    const built = builder.build(partition);
    if (built !== undefined) writer.add(built.extent, built.bytes);
  };
  for (const { group, slice, refold } of found.sort(compareRows)) {
    if (builder.isFull) flush();
    builder.open(group, slice);
    builder.take(nothing, untouched, 0, RESETS);
    builder.putSelection(refold.table, refold.slotOf({ group, slice })!, RESETS);
  }
  flush();
  return writer.finish(new Set(slices.map(({ group }) => group)));
}

function refoldCluster(
  plan: PartitionPlan,
  source: FrameSource,
  view: ViewVersion,
  slices: readonly SliceName[],
): SelectionRefold {
  const { frames, agents } = plan.planner;
  const refold = new SelectionRefold(view, slices);
  const { sliceMs } = view.view;
  const earliestMs = slices[0]!.slice * sliceMs;
  const latestMs = (slices.at(-1)!.slice + 1) * sliceMs;
  const visit = (isWanted: (kind: string) => boolean, take: (frame: AgentFrame) => void): void => {
    for (let i = 0; i < frames.count && frames.position[i]! <= plan.to; i++) {
      if (!isWanted(FOLDED_KINDS[frames.kind[i]!]!)) continue;
      if (frames.latestMs[i]! < earliestMs - sliceMs || frames.earliestMs[i]! >= latestMs + sliceMs) continue;
      const bytes = source.frame(frames.file[i]!, frames.at[i]!, frames.bytes[i]!);
      const header = readHeader(bytes);
      const life = frames.agent[i]!;
      if (header.kind !== 'fault') take({ agent: agents[life]!.fold, life, header, frame: bytes });
    }
  };
  visit(
    (kind) => kind === 'amend',
    // What an amend says is kept until the end, so its bytes are a copy.
    (frame) => refold.survey({ ...frame, frame: frame.frame.slice() }),
  );
  visit(
    (kind) => kind !== 'amend',
    (frame) => refold.fold(frame),
  );
  refold.finish();
  return refold;
}

/** The slices in ascending order, in groups with wide gaps between them. */
export function clustersOf(slices: readonly SliceName[]): SliceName[][] {
  const sorted = slices.toSorted((a, b) => a.slice - b.slice);
  for (let gap = CLUSTER_GAP_SLICES; ; gap *= 4) {
    const found: SliceName[][] = [];
    for (const name of sorted) {
      const last = found.at(-1);
      if (last !== undefined && name.slice - last.at(-1)!.slice <= gap) last.push(name);
      else found.push([name]);
    }
    if (found.length <= CLUSTERS_MAX) return found;
  }
}
