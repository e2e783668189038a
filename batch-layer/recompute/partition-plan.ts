import { join } from 'node:path';
import type { ViewVersion } from '#core/fold/view-fold.ts';
import { type SliceName, SliceSet } from '#core/slices/slice-span.ts';
import { groupKey, groupOf, viewAdmits } from '#core/views/view.ts';
import type { Archive } from '../archive/archive.ts';
import { FrameSource } from './frame-source.ts';
import { type FramePlace, PartitionPlanner } from './partition-planner.ts';
import { plannerSnapshot, type PlanState, segmentPaths } from './plan-state.ts';

/** What of a partition has to be planned. */
export interface PlanRequest {
  readonly partition: number;
  /** Frames that fold after this position are listed; 0: all. */
  readonly listFrom: number;
  /** Last position that may be read. */
  readonly to: number;
  /** Stop at the first record of the cut with this id, wherever before `to` it is. */
  readonly cutId?: string | undefined;
  /** The plan as of a position up to `listFrom`, to go on from. */
  readonly resume?: PlanState | undefined;
}

/** The frames of a partition that fold, and the state that decided it. */
export interface PartitionPlan {
  readonly partition: number;
  readonly planner: PartitionPlanner;
  /** Frames that fold after this position are listed. */
  readonly listFrom: number;
  /** Segment files, by number. */
  readonly paths: readonly string[];
  /** Position that the plan reaches: of the cut where one was asked for. */
  readonly to: number;
}

/** Plans a partition: reads the headers of its records from the archive. Throws what reading throws; stops by the signal. */
export async function planPartition(
  archive: Archive,
  request: PlanRequest,
  signal: AbortSignal,
): Promise<PartitionPlan> {
  const { partition, listFrom, cutId, resume } = request;
  const paths: string[] = [];
  using source = new FrameSource(paths);
  if (resume !== undefined) paths.push(...segmentPaths(resume, join(archive.dir, String(partition))));
  const read = ({ file, at, bytes }: FramePlace): Uint8Array => source.frame(file, at, bytes);
  const from = resume === undefined ? undefined : plannerSnapshot(resume);
  const planner = new PartitionPlanner(partition, listFrom, read, from);
  const known = cutId === undefined ? undefined : planner.cutAt(cutId);
  if (known !== undefined) return { partition, planner, listFrom, paths, to: known };
  const files = new Map(paths.map((path, file) => [path, file]));
  for await (const { path, entries } of archive.read(partition, planner.position + 1, request.to)) {
    signal.throwIfAborted();
    let file = files.get(path);
    if (file === undefined) {
      file = paths.push(path) - 1;
      files.set(path, file);
    }
    for (const entry of entries) {
      const outcome = planner.apply(file, entry);
      if (outcome.kind === 'cut' && planner.cuts.at(-1)?.id === cutId)
        return { partition, planner, listFrom, paths, to: entry.position };
    }
  }
  return { partition, planner, listFrom, paths, to: planner.position };
}

/** The slices of a view that amends up to `position` hit. */
export function amendedSlices(planner: PartitionPlanner, view: ViewVersion, position: number): SliceName[] {
  const found = new SliceSet();
  for (const { agent, entry, timeMs, position: at } of planner.amended) {
    if (at > position) continue;
    const series = planner.agents[agent]!.fold.entries[entry];
    if (series === undefined || !viewAdmits(view.view, series)) continue;
    found.add({ group: groupKey(groupOf(view.view, series)), slice: Math.floor(timeMs / view.view.sliceMs) });
  }
  return [...found];
}
