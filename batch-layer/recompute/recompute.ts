import { join } from 'node:path';
import type { Objects } from '#backbone/objects/objects.ts';
import type { ResultSize } from '#backbone/results/result-writer.ts';
import type { ViewVersion } from '#core/fold/view-fold.ts';
import { type SliceName, SliceSet } from '#core/slices/slice-span.ts';
import type { Archive } from '../archive/archive.ts';
import { withScratch } from '../scratch.ts';
import type { FoldJob } from './fold-job.ts';
import { foldMs, planJobs } from './fold-plan.ts';
import type { FoldPool } from './fold-pool.ts';
import type { PartitionPlan } from './partition-plan.ts';
import { refoldSelection } from './refold.ts';
import { mergeRuns, storeRun } from './result-runs.ts';
import { RunWriter, type SortedRun } from './run-file.ts';

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

/** What was folded, and the size of all results that it made. */
export interface Recomputed extends ResultSize {
  readonly readings: number;
}

/** Recomputes results for the targets from the archive and stores them. */
export function recompute(request: RecomputeRequest): Promise<Recomputed> {
  return withScratch(request.archive.dir, (scratch) => recomputeIn(scratch, request));
}

async function recomputeIn(scratch: string, request: RecomputeRequest): Promise<Recomputed> {
  const { pool, progress, signal, objects } = request;
  const views = request.targets.map(({ view }) => view);
  pool.growFor(foldMs({ ...request, views }));
  const planned = planJobs({ ...request, views, workers: pool.workers }, scratch);
  const jobs = planned.map(({ job }) => job);
  const total = jobs.reduce((sum, job) => sum + bytesOf(job), 0);
  const found = views.map((): FoundRows => ({ runs: [], pending: [] }));
  let readings = 0;
  let done = 0;
  await pool.fold(jobs, signal, (at, result) => {
    const { job, views: folded, isCounted } = planned[at]!;
    for (const [i, view] of folded.entries()) {
      found[view]!.runs.push(...result.runs[i]!);
      found[view]!.pending.push({ partition: job.partition, slices: result.pending[i]! });
    }
    if (isCounted) readings += result.readings;
    done += bytesOf(job);
    progress(done, total);
  });
  let rows = 0;
  let slices = 0;
  for (const [index, { view, result }] of request.targets.entries()) {
    const { runs, pending } = found[index]!;
    const refolded = await refoldPending(request, view, pending, join(scratch, `${index}.refolded`));
    // What was refolded takes the place of what was found, as a newer row does that resets.
    const ordered = [...runs.map((run) => ({ run, order: 0 })), ...refolded.map((run) => ({ run, order: 1 }))];
    const size = await storeRun(objects, result, await mergeRuns(ordered, view.view.sliceMs, scratch, pool, signal));
    rows += size.rows;
    slices += size.slices;
  }
  return { readings, rows, slices };
}

/** What jobs found of a view: its rows, and by partition the slices whose selection has to be refolded. */
interface FoundRows {
  readonly runs: SortedRun[];
  readonly pending: { readonly partition: number; readonly slices: readonly SliceName[] }[];
}

function bytesOf({ frames }: FoldJob): number {
  return frames.bytes.reduce((sum, bytes) => sum + bytes, 0);
}

/** Refolds the slices of a view that jobs found pending, partition by partition, into a run where there are any. */
async function refoldPending(
  { fullPlan }: RecomputeRequest,
  view: ViewVersion,
  found: FoundRows['pending'],
  path: string,
): Promise<readonly SortedRun[]> {
  const pending = new Map<number, SliceSet>();
  for (const { partition, slices } of found) {
    for (const name of slices) {
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
