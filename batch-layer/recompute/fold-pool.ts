import { availableParallelism } from 'node:os';
import type { Compacted, CompactJob } from '../archive/compact-segment.ts';
import type { FoldJob, FoldJobResult } from './fold-job.ts';
import { type FoldProcess, type FoldTask, runTask, type TaskResult } from './fold-process.ts';
import { KeptProcesses } from './kept-processes.ts';
import type { MergeJob } from './merge-runs.ts';
import type { RunBlock } from './run-file.ts';

/** Processes that fold at once: each holds up to JOB_SLICES_MAX slices, and one disk feeds them all. */
export const FOLD_WORKERS_MAX = 16;

/**
 * Bytes of records below which jobs run in the calling thread, since starting a process takes longer: at a byte a reading
 * they hold it up for a few tens of milliseconds.
 */
export const INLINE_BYTES_MAX = 128 * 1024;

/** A process has started and compiled what it runs for so long before it is any help: with less to do for each, fewer are faster. */
const PROCESS_PAYS_MS = 300;

/** One that has worked before has to be handed its part only, and what it finds has to be put beside what others found. */
const READY_PAYS_MS = 20;

/** What pools are made of. */
export interface PoolOptions {
  /** Processes that fold; 0 folds in the calling thread. Left out: as many as pay. */
  readonly workers?: number | undefined;
  /** Where they are from, and go to in the end; left out: none stay. */
  readonly processes?: KeptProcesses | undefined;
}

/** A pool for so many bytes of records, which grows to `most` processes at most, or to as many as the machine runs at once. */
export function openPool(bytes: number, { workers, processes }: PoolOptions, most = FOLD_WORKERS_MAX): FoldPool {
  if (workers !== undefined) return new FoldPool(Math.min(workers, most), undefined, processes);
  const workersMax = bytes <= INLINE_BYTES_MAX ? 0 : Math.min(most, availableParallelism());
  return new FoldPool(Math.min(1, workersMax), workersMax, processes);
}

/**
 * Processes that run jobs. They are started with the pool, so that they are up when the first job is there, and what they took of
 * the memory goes with those of them that don't stay: of a thread's the system would get little back.
 */
export class FoldPool implements AsyncDisposable {
  readonly #workers: FoldProcess[];
  readonly #most: number;
  readonly #processes: KeptProcesses;

  /** A pool of so many processes, and of `most` once it has grown; with 0, jobs run in the calling thread, between other work. */
  constructor(workers: number, most = workers, processes = new KeptProcesses({ most: 0 })) {
    this.#workers = Array.from({ length: workers }, () => processes.take());
    this.#most = most;
    this.#processes = processes;
  }

  /** Takes on processes, as many as there may be, while one more makes work shorter that takes one of them so many milliseconds. */
  growFor(ms: number): void {
    while (this.workers < this.#most && ms / (this.workers + 1) >= this.#paysMs)
      this.#workers.push(this.#processes.take());
  }

  /** With less work for each one more doesn't pay. */
  get #paysMs(): number {
    return this.#processes.idle > 0 ? READY_PAYS_MS : PROCESS_PAYS_MS;
  }

  get workers(): number {
    return this.#workers.length;
  }

  /**
   * Runs jobs and calls `done` for the result of each, in the order in which they come. Rejects with the first failure, or with
   * the signal's reason; the pool can't be used after that.
   */
  fold(
    jobs: readonly FoldJob[],
    signal: AbortSignal,
    done: (at: number, result: FoldJobResult) => void,
  ): Promise<void> {
    const tasks = jobs.map((job): FoldTask => ({ kind: 'fold', job }));
    return this.#run(tasks, signal, (at, result) => done(at, result as FoldJobResult));
  }

  /** Runs merges, and gives the blocks of each. Rejects as `fold` does. */
  async merge(jobs: readonly MergeJob[], signal: AbortSignal): Promise<readonly (readonly RunBlock[])[]> {
    const made: (readonly RunBlock[])[] = jobs.map(() => []);
    const tasks = jobs.map((job): FoldTask => ({ kind: 'merge', job }));
    await this.#run(tasks, signal, (at, blocks) => void (made[at] = blocks as readonly RunBlock[]));
    return made;
  }

  /** Compacts a segment, as `compactSegment` does. Rejects as `fold` does. */
  async compact(job: CompactJob, signal: AbortSignal): Promise<Compacted | undefined> {
    let made: Compacted | undefined;
    await this.#run([{ kind: 'compact', job }], signal, (_, result) => void (made = result as Compacted | undefined));
    return made;
  }

  async #run(
    tasks: readonly FoldTask[],
    signal: AbortSignal,
    done: (at: number, result: TaskResult) => void,
  ): Promise<void> {
    if (this.workers === 0) {
      for (const [at, task] of tasks.entries()) {
        signal.throwIfAborted();
        done(at, runTask(task));
        await new Promise(setImmediate);
      }
      return;
    }
    const queue = tasks.entries();
    const failed = new AbortController();
    const ends = AbortSignal.any([signal, failed.signal]);
    const runs = this.#workers.map(async (worker) => {
      try {
        for (const [at, task] of queue) done(at, await worker.run(task, ends));
      } catch (failure) {
        failed.abort(failure);
      }
    });
    await Promise.all(runs);
    // Jobs that were left behind write on, so whoever clears away has to find their processes ended.
    if (ends.aborted) await Promise.all(this.#workers.map((worker) => worker.end()));
    ends.throwIfAborted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const workers = this.#workers.splice(0);
    await Promise.all(workers.map((worker) => this.#processes.giveBack(worker)));
  }
}
