import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { compactSegment, type Compacted, type CompactJob } from '../archive/compact-segment.ts';
import { FoldingEnded } from '../batch-errors.ts';
import { type FoldJob, type FoldJobResult, runFoldJob } from './fold-job.ts';
import { type MergeJob, runMergeJob } from './merge-runs.ts';
import type { RunBlock } from './run-file.ts';

/** Processes that fold at once: each holds up to JOB_SLICES_MAX slices, and one disk feeds them all. */
export const FOLD_WORKERS_MAX = 16;

/**
 * Bytes of records below which jobs run in the calling thread, since starting a process takes longer: at a byte a reading
 * they hold it up for a few tens of milliseconds.
 */
export const INLINE_BYTES_MAX = 128 * 1024;

/**
 * Megabytes of a process's heap where what is short-lived lies: nearly all that a job holds lies in columns beside the heap, and
 * V8 would take more of a large machine.
 */
const SHORT_LIVED_MB = 4;

/** A pool for so many bytes of records, which grows to `most` processes at most, or to as many as the machine runs at once. */
export function poolFor(bytes: number, most = FOLD_WORKERS_MAX): FoldPool {
  const workersMax = bytes <= INLINE_BYTES_MAX ? 0 : Math.min(most, availableParallelism());
  return new FoldPool(Math.min(1, workersMax), workersMax);
}

/** What a process is given to do. */
export type FoldTask =
  | { readonly kind: 'fold'; readonly job: FoldJob }
  | { readonly kind: 'merge'; readonly job: MergeJob }
  | { readonly kind: 'compact'; readonly job: CompactJob };

/** What comes out of it: of a merge the blocks. */
export type TaskResult = FoldJobResult | readonly RunBlock[] | Compacted | undefined;

/** Does what it is given. */
export function runTask(task: FoldTask): TaskResult {
  switch (task.kind) {
    case 'fold':
      return runFoldJob(task.job);
    case 'merge':
      return runMergeJob(task.job);
    case 'compact':
      return compactSegment(task.job);
  }
}

/** What a process answers: what came out, or why nothing did. */
export type FoldAnswer =
  | { readonly kind: 'done'; readonly result: TaskResult }
  | { readonly kind: 'failed'; readonly reason: string; readonly code: string | undefined };

/**
 * Processes that run jobs, behind those that answer readers where the machine is busy. They are started with the pool, so
 * that they are up when the first job is there, and what they took of the memory goes with them: of a thread's the
 * system would get little back.
 */
export class FoldPool implements AsyncDisposable {
  readonly #workers: ChildProcess[];
  readonly #most: number;

  /** A pool of so many processes, and of `most` once it has grown; with 0, jobs run in the calling thread, between other work. */
  constructor(workers: number, most = workers) {
    this.#workers = Array.from({ length: workers }, () => startWorker());
    this.#most = most;
  }

  /** Starts processes until there are `wanted`, or as many as there may be. */
  grow(wanted: number): void {
    while (this.workers < Math.min(wanted, this.#most)) this.#workers.push(startWorker());
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
        for (const [at, task] of queue) done(at, await runOn(worker, task, ends));
      } catch (failure) {
        failed.abort(failure);
      }
    });
    await Promise.all(runs);
    // Jobs that were left behind write on, so whoever clears away has to find their processes ended.
    if (ends.aborted) await this[Symbol.asyncDispose]();
    ends.throwIfAborted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map(endWorker));
  }
}

function startWorker(): ChildProcess {
  const worker = fork(fileURLToPath(new URL('./fold.worker.ts', import.meta.url)), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [`--max-semi-space-size=${SHORT_LIVED_MB}`],
  });
  // A process that fails before it has a job fails its first job: it has ended by then.
  worker.on('error', () => undefined);
  return worker;
}

async function endWorker(worker: ChildProcess): Promise<void> {
  if (hasEnded(worker)) return;
  const ended = once(worker, 'exit');
  worker.kill('SIGKILL');
  await ended;
}

function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

function runOn(worker: ChildProcess, task: FoldTask, signal: AbortSignal): Promise<TaskResult> {
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
    const finish = (answer: FoldAnswer): void => {
      if (answer.kind === 'failed') {
        fail(Object.assign(new Error(answer.reason), answer.code === undefined ? {} : { code: answer.code }));
        return;
      }
      settle();
      resolve(answer.result);
    };
    const end = (): void => fail(new FoldingEnded());
    if (hasEnded(worker)) {
      end();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    worker.on('message', finish).on('error', fail).on('exit', end);
    worker.send(task);
  });
}
