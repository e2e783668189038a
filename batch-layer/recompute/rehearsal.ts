import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { ViewVersion } from '#core/fold/view-fold.ts';
import type { Archive } from '../archive/archive.ts';
import { withScratch } from '../scratch.ts';
import { planJobs } from './fold-plan.ts';
import { FoldPool } from './fold-pool.ts';
import type { KeptProcesses } from './kept-processes.ts';
import { type PartitionPlan, planPartition } from './partition-plan.ts';

/** Processes that are made ready: a run over little takes no more. */
const READY_MAX = 2;

/** Bytes of frames that a rehearsal folds: some hundred thousand readings for each process. */
const REHEARSED_BYTES = 512 * 1024;

/** How often it does: the compiler is done with most of what it will do after four times. */
const ROUNDS = 4;

/** After so long what isn't compiled yet is left to the run itself. */
const REHEARSAL_TIMEOUT_MS = 1000;

export interface Rehearsal {
  readonly archive: Archive;
  /** What is folded in earnest later. */
  readonly views: readonly ViewVersion[];
  readonly processes: KeptProcesses;
  /** Asked between two rounds: whether anything else is to be done by now. */
  readonly isWaitedFor: () => boolean;
}

/**
 * Folds a little of what the archive holds and throws away what comes of it, in processes that stay: code is compiled when it is
 * first run, which takes twice as long as folding two million readings with what comes out.
 */
export async function rehearse(
  { archive, views, processes, isWaitedFor }: Rehearsal,
  signal: AbortSignal,
): Promise<void> {
  const partitions = Array.from({ length: archive.partitions }, (_, partition) => partition);
  const partition = partitions.reduce((most, one) =>
    archive.bytesAfter(one, 0) > archive.bytesAfter(most, 0) ? one : most,
  );
  const to = positionWithin(archive, partition, REHEARSED_BYTES);
  const planned = await planPartition(archive, { partition, listFrom: 0, to }, signal);
  const plan = { ...planned, to: positionOfBytes(planned, REHEARSED_BYTES) };
  const workers = Math.min(READY_MAX, availableParallelism());
  await using pool = new FoldPool(workers, undefined, processes);
  await withScratch(archive.dir, async (dir) => {
    const from = partitions.map(() => 0);
    const jobs = planJobs({ views, plans: [plan], from, workers }, dir).map(({ job }) => job);
    const endMs = performance.now() + REHEARSAL_TIMEOUT_MS;
    for (let round = 0; round < ROUNDS && performance.now() < endMs && !isWaitedFor(); round++) {
      const anew = jobs.map((job, i) => ({ ...job, runPath: join(dir, `${round}-${i}.run`) }));
      await pool.fold(anew, signal, () => undefined);
    }
  });
}

/** The position up to which a plan lists so many bytes of frames; its end where there are fewer. */
function positionOfBytes({ planner: { frames }, to }: PartitionPlan, bytesMax: number): number {
  let bytes = 0;
  for (let i = 0; i < frames.count; i++) {
    bytes += frames.bytes[i]!;
    if (bytes >= bytesMax) return frames.position[i]!;
  }
  return to;
}

/** The last position of a partition up to which its records take no more than so many bytes, about. */
function positionWithin(archive: Archive, partition: number, bytesMax: number): number {
  const total = archive.bytesAfter(partition, 0);
  let low = 0;
  let high = archive.archivedTo(partition);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (total - archive.bytesAfter(partition, middle) <= bytesMax) low = middle;
    else high = middle - 1;
  }
  return low;
}
