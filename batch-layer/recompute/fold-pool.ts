import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { FoldingThreadEnded } from '../batch-errors.ts';
import { type FoldJob, type FoldJobResult, runFoldJob } from './fold-job.ts';
import { type MergeJob, runMergeJob } from './merge-runs.ts';
import type { SortedRun } from './run-file.ts';

/** Threads that fold at once: each holds up to JOB_SLICES_MAX slices, and one disk feeds them all. */
export const FOLD_THREADS_MAX = 16;

/**
 * Bytes of records below which jobs run in the calling thread, since starting another takes longer: at a byte a reading
 * they hold it up for a few tens of milliseconds.
 */
export const INLINE_BYTES_MAX = 128 * 1024;

/**
 * Of a thread's heap, where what is short-lived lies: most of what a job holds lies in columns beside the heap, and what V8
 * would take of a large machine stays with the process when the thread is gone.
 */
const YOUNG_MB_MAX = 12;

/** Threads that folding so many bytes of records pays for on this machine; 0: the calling one. */
export function foldThreads(bytes: number): number {
  if (bytes <= INLINE_BYTES_MAX) return 0;
  return Math.min(FOLD_THREADS_MAX, availableParallelism(), Math.ceil(bytes / INLINE_BYTES_MAX));
}

/** What a thread is given to do. */
export type ThreadTask =
  | { readonly kind: 'fold'; readonly job: FoldJob }
  | { readonly kind: 'merge'; readonly job: MergeJob };

/** Does what it is given. */
export function runTask(task: ThreadTask): FoldJobResult | SortedRun {
  return task.kind === 'fold' ? runFoldJob(task.job) : runMergeJob(task.job);
}

/** Threads that run jobs. They are started with the pool, so that they are up when the first job is there. */
export class FoldPool implements AsyncDisposable {
  readonly #workers: readonly Worker[];

  /** A pool of so many threads; with 0, jobs run in the calling thread, between other work. */
  constructor(threads: number) {
    this.#workers = Array.from({ length: threads }, () => startWorker());
  }

  get threads(): number {
    return this.#workers.length;
  }

  /**
   * Runs jobs and calls `done` for each result, in the order in which they come. Rejects with the first failure, or with
   * the signal's reason; the pool can't be used after that.
   */
  fold(
    jobs: readonly FoldJob[],
    signal: AbortSignal,
    done: (job: FoldJob, result: FoldJobResult) => void | Promise<void>,
  ): Promise<void> {
    const tasks = jobs.map((job): ThreadTask => ({ kind: 'fold', job }));
    return this.#run(tasks, signal, (at, result) => done(jobs[at]!, result as FoldJobResult));
  }

  /** As `fold`, for merges. */
  merge(
    jobs: readonly MergeJob[],
    signal: AbortSignal,
    done: (job: MergeJob, run: SortedRun) => void | Promise<void>,
  ): Promise<void> {
    const tasks = jobs.map((job): ThreadTask => ({ kind: 'merge', job }));
    return this.#run(tasks, signal, (at, run) => done(jobs[at]!, run as SortedRun));
  }

  async #run(
    tasks: readonly ThreadTask[],
    signal: AbortSignal,
    done: (at: number, result: FoldJobResult | SortedRun) => void | Promise<void>,
  ): Promise<void> {
    if (this.threads === 0) {
      for (const [at, task] of tasks.entries()) {
        signal.throwIfAborted();
        await done(at, runTask(task));
        await new Promise(setImmediate);
      }
      return;
    }
    const queue = tasks.entries();
    const failed = new AbortController();
    const ends = AbortSignal.any([signal, failed.signal]);
    const runs = this.#workers.map(async (worker) => {
      try {
        for (const [at, task] of queue) await done(at, await runOn(worker, task, ends));
      } catch (failure) {
        failed.abort(failure);
      }
    });
    await Promise.all(runs);
    // Jobs that were left behind write on, so whoever clears away has to find their threads ended.
    if (ends.aborted) await this[Symbol.asyncDispose]();
    ends.throwIfAborted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

function startWorker(): Worker {
  const worker = new Worker(new URL('./fold.worker.ts', import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB_MAX },
  });
  // A thread that fails before it has a job fails its first job: it has ended by then.
  worker.on('error', () => undefined);
  return worker;
}

function runOn(worker: Worker, task: ThreadTask, signal: AbortSignal): Promise<FoldJobResult | SortedRun> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const settle = (): void => {
      signal.removeEventListener('abort', abort);
      worker.off('message', finish).off('error', fail).off('exit', end);
    };
    const abort = (): void => {
      const reason: unknown = signal.reason;
      fail(reason);
    };
    const fail = (error: unknown): void => {
      settle();
      reject(error);
    };
    const finish = (result: FoldJobResult | SortedRun): void => {
      settle();
      resolve(result);
    };
    const end = (): void => fail(new FoldingThreadEnded());
    // A thread that has ended has no number any more.
    if (worker.threadId === -1) {
      end();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    worker.on('message', finish).on('error', fail).on('exit', end);
    worker.postMessage(task);
  });
}
