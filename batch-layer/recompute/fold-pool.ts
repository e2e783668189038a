import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type FoldJob, type FoldJobResult, runFoldJob } from './fold-job.ts';

/** Threads that fold at once: each holds up to JOB_SLICES_MAX slices, and one disk feeds them all. */
export const FOLD_THREADS_MAX = 16;

/** Bytes of frames below which jobs run in the calling thread: starting another takes longer. */
export const INLINE_BYTES_MAX = 4 * 1024 * 1024;

/** Threads that folding pays for on this machine. */
export function foldThreads(): number {
  return Math.min(FOLD_THREADS_MAX, availableParallelism());
}

/**
 * Runs jobs, at most `threads` at once, in worker threads (with 0: in this one, between other work). `done` is called
 * for each result, in the order in which they come. Rejects with the first failure, or the signal's reason, once every
 * thread has ended.
 */
export async function runFoldJobs(
  jobs: readonly FoldJob[],
  threads: number,
  signal: AbortSignal,
  done: (job: FoldJob, result: FoldJobResult) => void,
): Promise<void> {
  if (threads === 0) {
    for (const job of jobs) {
      signal.throwIfAborted();
      done(job, runFoldJob(job));
      await new Promise(setImmediate);
    }
    return;
  }
  const queue = jobs.values();
  const failed = new AbortController();
  const ends = AbortSignal.any([signal, failed.signal]);
  const runners = Array.from({ length: Math.min(threads, jobs.length) }, async () => {
    const worker = new Worker(new URL('./fold.worker.ts', import.meta.url));
    try {
      for (const job of queue) done(job, await runOn(worker, job, ends));
    } catch (failure) {
      failed.abort(failure);
    } finally {
      await worker.terminate();
    }
  });
  await Promise.all(runners);
  ends.throwIfAborted();
}

function runOn(worker: Worker, job: FoldJob, signal: AbortSignal): Promise<FoldJobResult> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const settle = (): void => {
      signal.removeEventListener('abort', abort);
      worker.removeAllListeners();
    };
    const abort = (): void => {
      settle();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    worker.once('message', (result: FoldJobResult) => {
      settle();
      resolve(result);
    });
    worker.once('error', (error) => {
      settle();
      reject(error);
    });
    worker.once('exit', (code) => {
      settle();
      reject(new Error(`a folding thread ended with code ${code} before its job; give it more memory or fewer slices`));
    });
    worker.postMessage(job);
  });
}
