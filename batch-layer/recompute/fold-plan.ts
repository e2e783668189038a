import { join } from 'node:path';
import { BAND_SLICES } from '#backbone/results/results.ts';
import type { ViewVersion } from '#core/fold/view-fold.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import { type FoldJob, JOB_SLICES_MAX } from './fold-job.ts';
import { countGroups, divideGroups } from './group-range.ts';
import { amendedSlices, type PartitionPlan } from './partition-plan.ts';

/** Bytes of frames in one job: enough that few slices are cut in two, and not so many that nothing shows of its progress. */
const JOB_BYTES_MAX = 64 * 1024 * 1024;

/** Parts that the groups of a view are divided into: each unpacks all frames anew, which is little beside what follows for so many. */
const RANGES_MAX = 4;

/** About what folding a reading takes, and what it takes to hold and write a row, once the code is compiled. */
const READING_NS = 25;
const ROW_NS = 500;

/** What is to be folded. */
export interface FoldRequest {
  readonly views: readonly ViewVersion[];
  /** A plan for each partition, which lists everything after `from` at least. */
  readonly plans: readonly PartitionPlan[];
  readonly from: readonly number[];
}

export interface FoldPlanRequest extends FoldRequest {
  readonly workers: number;
  /** Slices in memory per job; left out: JOB_SLICES_MAX. */
  readonly slicesMax?: number | undefined;
}

export interface PlannedJob {
  readonly job: FoldJob;
  /** Which of the views asked for its views are. */
  readonly views: readonly number[];
  /** Whether the readings of its frames count with it: other jobs may fold the same frames. */
  readonly isCounted: boolean;
}

/** For about so many milliseconds one process folds what is to be folded. */
export function foldMs({ views, plans, from }: FoldRequest): number {
  let ns = 0;
  for (const plan of plans) {
    const { frames } = plan.planner;
    let readings = 0;
    let earliestMs = Number.POSITIVE_INFINITY;
    let latestMs = Number.NEGATIVE_INFINITY;
    for (let i = frames.indexAfter(from[plan.partition]!), end = frames.indexAfter(plan.to); i < end; i++) {
      readings += frames.readings[i]!;
      earliestMs = Math.min(earliestMs, frames.earliestMs[i]!);
      latestMs = Math.max(latestMs, frames.latestMs[i]!);
    }
    if (readings === 0) continue;
    const series = seriesOf(plan);
    for (const { view } of views) {
      const slices = countGroups(view, series) * ((latestMs - earliestMs) / view.sliceMs + 1);
      ns += READING_NS * readings + ROW_NS * Math.min(readings, slices);
    }
  }
  return ns / 1e6;
}

function seriesOf({ planner }: PartitionPlan): readonly SeriesEntry[] {
  return planner.agents.flatMap(({ fold }) => fold.entries);
}

/**
 * Cuts what the plans list into jobs that keep all processes busy to the end, so that none waits long for the last. The
 * groups of views that have many are divided: no two of these jobs have rows of one slice, so nothing has to be merged. What is
 * left is divided by time, between bands as far as it can be; the rows of a band that two jobs share are merged one by one.
 */
export function planJobs(request: FoldPlanRequest, scratch: string): PlannedJob[] {
  const { plans, from } = request;
  const workers = Math.max(1, request.workers);
  const total = plans.reduce((sum, plan) => sum + listedBytes(plan, from[plan.partition]!), 0);
  const jobBytes = total / (workers * Math.ceil(total / (workers * JOB_BYTES_MAX)));
  const jobs: PlannedJob[] = [];
  for (const plan of plans) {
    const bytes = listedBytes(plan, from[plan.partition]!);
    if (bytes > 0) addJobs(jobs, request, plan, Math.max(1, Math.round(bytes / jobBytes)), scratch);
  }
  return jobs;
}

/** Adds the jobs of a partition, some `parts` of them for each view. */
function addJobs(
  jobs: PlannedJob[],
  { views, from, slicesMax }: FoldPlanRequest,
  plan: PartitionPlan,
  parts: number,
  scratch: string,
): void {
  const { partition, paths, planner, to } = plan;
  const { frames, agents } = planner;
  const dictionaries = agents.map(({ fold }) => ({ agent: fold.name, entries: fold.entries }));
  const series = seriesOf(plan);
  const ranges = views.map(({ view }) => divideGroups(view, series, Math.min(parts, RANGES_MAX)));
  const alike = Map.groupBy(views.keys(), (view) => ranges[view]!.length);
  for (const [rangeCount, some] of alike) {
    const own = some.map((view) => views[view]!);
    const amendedBefore = own.map((view) => amendedSlices(planner, view, from[partition]!));
    const bandMs = BAND_SLICES * Math.max(...own.map(({ view }) => view.sliceMs));
    let first = frames.indexAfter(from[partition]!);
    const isCounted = alike.keys().next().value === rangeCount;
    for (const end of frames.endsOfParts(first, frames.indexAfter(to), Math.ceil(parts / rangeCount), bandMs)) {
      for (let range = 0; range < rangeCount; range++) {
        const groups = some.map((view) => ranges[view]![range]!);
        const runPath = join(scratch, `${jobs.length}.run`);
        const shared = { partition, views: own, groups, agents: dictionaries, paths, amendedBefore, runPath };
        const job = { ...shared, frames: frames.columns(first, end), slicesMax: slicesMax ?? JOB_SLICES_MAX };
        jobs.push({ job, views: some, isCounted: isCounted && range === 0 });
      }
      first = end;
    }
  }
}

function listedBytes({ planner, to }: PartitionPlan, from: number): number {
  const { frames } = planner;
  let bytes = 0;
  for (let i = frames.indexAfter(from), end = frames.indexAfter(to); i < end; i++) bytes += frames.bytes[i]!;
  return bytes;
}
