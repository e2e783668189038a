import { join } from 'node:path';
import type { Objects } from '#backbone/objects/objects.ts';
import { BAND_SLICES } from '#backbone/results/results.ts';
import type { ViewVersion } from '#core/fold/view-fold.ts';
import { SliceSet } from '#core/slices/slice-span.ts';
import type { Archive } from '../archive/archive.ts';
import { withScratch } from '../scratch.ts';
import { type FoldJob, type FoldJobResult, JOB_SLICES_MAX } from './fold-job.ts';
import type { FoldPool } from './fold-pool.ts';
import type { MergeInput, MergeJob } from './merge-runs.ts';
import { amendedSlices, type PartitionPlan } from './partition-plan.ts';
import { refoldSelection } from './refold.ts';
import { storeRun } from './result-runs.ts';
import { RunWriter, type SortedRun } from './run-file.ts';

/** Bytes of frames in one job: enough that few slices are cut in two, and not so many that nothing shows of its progress. */
const JOB_BYTES_MAX = 64 * 1024 * 1024;

/** A view's version to be recomputed, and the name of its result. */
export interface Target {
  readonly view: ViewVersion;
  readonly result: string;
}

export interface RecomputeRequest {
  readonly archive: Archive;
  readonly objects: Objects;
  readonly targets: readonly Target[];
  /** A plan for each partition, which lists everything after `from` at least. */
  readonly plans: readonly PartitionPlan[];
  /** Position per partition after which the result begins; 0: from the first record. */
  readonly from: readonly number[];
  /** Gives a plan that lists all history of a partition up to the same end; asked for where slices were amended. */
  readonly fullPlan: (partition: number) => Promise<PartitionPlan>;
  readonly pool: FoldPool;
  /** Slices in memory per job; left out: JOB_SLICES_MAX. */
  readonly slicesMax?: number | undefined;
  readonly progress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/** Recomputes results for the targets from the archive and stores them; gives the readings that were folded. */
export function recompute(request: RecomputeRequest): Promise<number> {
  return withScratch(request.archive.dir, (scratch) => recomputeIn(scratch, request));
}

async function recomputeIn(scratch: string, request: RecomputeRequest): Promise<number> {
  const jobs = jobsOf(request, scratch);
  const total = jobs.reduce((sum, job) => sum + bytesOf(job), 0);
  const results: { readonly partition: number; readonly result: FoldJobResult }[] = [];
  let done = 0;
  await request.pool.fold(jobs, request.signal, (job, result) => {
    results.push({ partition: job.partition, result });
    done += bytesOf(job);
    request.progress(done, total);
  });
  const merges: MergeJob[] = [];
  for (const [index, target] of request.targets.entries()) {
    const inputs = results.flatMap(({ result }) => result.runs[index]!.map((run): MergeInput => ({ run, order: 0 })));
    const refolded = await refoldPending(request, target.view, index, results, join(scratch, `${index}.refolded`));
    // What was refolded takes the place of what was found, as a newer row does that resets.
    for (const run of refolded) inputs.push({ run, order: 1 });
    merges.push({ inputs, sliceMs: target.view.view.sliceMs, outPath: join(scratch, `${index}.merged`) });
  }
  await request.pool.merge(merges, request.signal, async (job, run) =>
    storeRun(request.objects, request.targets[merges.indexOf(job)]!.result, run),
  );
  return results.reduce((sum, { result }) => sum + result.readings, 0);
}

/** Cuts what the plans list into jobs, between bands as far as it can: the rows of one that two jobs share are merged one by one. */
function jobsOf({ plans, targets, from, slicesMax, pool }: RecomputeRequest, scratch: string): FoldJob[] {
  const jobs: FoldJob[] = [];
  const views = targets.map(({ view }) => view);
  const bandMs = BAND_SLICES * Math.max(...views.map(({ view }) => view.sliceMs));
  const total = plans.reduce((sum, plan) => sum + listedBytes(plan, from[plan.partition]!), 0);
  // As many jobs as keep all processes busy to the end, so that none waits long for the last.
  const workers = Math.max(1, pool.workers);
  const jobBytes = total / (workers * Math.ceil(total / (workers * JOB_BYTES_MAX)));
  for (const plan of plans) {
    const { frames, agents } = plan.planner;
    const { partition } = plan;
    let first = frames.indexAfter(from[partition]!);
    const end = frames.indexAfter(plan.to);
    if (first === end) continue;
    const amendedBefore = views.map((view) => amendedSlices(plan.planner, view, from[partition]!));
    const dictionaries = agents.map(({ fold }) => ({ agent: fold.name, entries: fold.entries }));
    const parts = Math.max(1, Math.round(listedBytes(plan, from[partition]!) / jobBytes));
    for (const last of frames.endsOfParts(first, end, parts, bandMs)) {
      const runPath = join(scratch, `${jobs.length}.run`);
      const shared = { partition, views, agents: dictionaries, paths: plan.paths, amendedBefore, runPath };
      jobs.push({ ...shared, frames: frames.columns(first, last), slicesMax: slicesMax ?? JOB_SLICES_MAX });
      first = last;
    }
  }
  return jobs;
}

function listedBytes({ planner, to }: PartitionPlan, from: number): number {
  const { frames } = planner;
  let bytes = 0;
  for (let i = frames.indexAfter(from), end = frames.indexAfter(to); i < end; i++) bytes += frames.bytes[i]!;
  return bytes;
}

function bytesOf({ frames }: FoldJob): number {
  return frames.bytes.reduce((sum, bytes) => sum + bytes, 0);
}

/** Refolds the slices of a view that jobs found pending, partition by partition, into a run where there are any. */
async function refoldPending(
  { fullPlan }: RecomputeRequest,
  view: ViewVersion,
  index: number,
  results: readonly { readonly partition: number; readonly result: FoldJobResult }[],
  path: string,
): Promise<readonly SortedRun[]> {
  const pending = new Map<number, SliceSet>();
  for (const { partition, result } of results) {
    for (const name of result.pending[index]!) {
      let names = pending.get(partition);
      if (names === undefined) pending.set(partition, (names = new SliceSet()));
      names.add(name);
    }
  }
  if (pending.size === 0) return [];
  using writer = new RunWriter(path);
  const runs: SortedRun[] = [];
  for (const [partition, names] of pending)
    runs.push(refoldSelection(await fullPlan(partition), view, [...names], writer));
  return runs;
}
