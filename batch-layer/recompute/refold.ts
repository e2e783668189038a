import { type AgentFrame, SelectionRefold } from '#core/fold/selection-refold.ts';
import type { ViewVersion } from '#core/fold/view-fold.ts';
import { readHeader } from '#core/frames/header.ts';
import type { SliceName } from '#core/slices/slice-name.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';
import { FOLDED_KINDS } from './frame-list.ts';
import { FrameSource } from './frame-source.ts';
import type { PartitionPlan } from './partition-plan.ts';

/** Slices further apart than this are refolded apart, so that what lies between isn't read for nothing. */
const CLUSTER_GAP_SLICES = 240;

/** Clusters of slices that are refolded apart; beyond it near ones share a pass, since each pass walks the whole list. */
const CLUSTERS_MAX = 256;

/** Min, max, first and last of some slices of one partition, found anew from all history. */
export interface Refolded {
  /** Where the selection of a slice is; undefined where it was not asked for. */
  of(name: SliceName): { readonly table: StatsTable; readonly slot: number } | undefined;
}

/**
 * Refolds the selection of `slices` from every frame that the plan lists up to its end: the plan has to list from the
 * first record. Frames that the plan doesn't list (forks, refused, parked ones) take no part.
 */
export function refoldSelection(plan: PartitionPlan, view: ViewVersion, slices: readonly SliceName[]): Refolded {
  using source = new FrameSource(plan.paths);
  const refolds = clustersOf(slices).map((cluster) => refoldCluster(plan, source, view, cluster));
  return {
    of(name) {
      for (const refold of refolds) {
        const slot = refold.slotOf(name);
        if (slot !== undefined) return { table: refold.table, slot };
      }
      return undefined;
    },
  };
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
      if (header.kind !== 'fault') take({ agent: agents[frames.agent[i]!]!.fold, header, frame: bytes });
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
