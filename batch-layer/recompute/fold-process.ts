import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { compactSegment, type Compacted, type CompactJob } from '../archive/compact-segment.ts';
import { FoldingEnded } from '../batch-errors.ts';
import { type FoldJob, type FoldJobResult, runFoldJob } from './fold-job.ts';
import { type MergeJob, runMergeJob } from './merge-runs.ts';
import type { RunBlock } from './run-file.ts';

/**
 * Megabytes of a process's heap where what is short-lived lies: nearly all that a job holds lies in columns beside the heap, and
 * V8 would take more of a large machine.
 */
const SHORT_LIVED_MB = 4;

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

/** What a process answers: what came out, or why nothing did; and the bytes of memory that it has by then. */
export type FoldAnswer = { readonly memory: number } & (
  | { readonly kind: 'done'; readonly result: TaskResult }
  | { readonly kind: 'failed'; readonly reason: string; readonly code: string | undefined }
);

/** A process that does one task after another, behind those that answer readers where the machine is busy. */
export class FoldProcess {
  /** Bytes of memory that it had after its last task. */
  memory = 0;
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(fileURLToPath(new URL('./fold.worker.ts', import.meta.url)), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [`--max-semi-space-size=${SHORT_LIVED_MB}`, '--expose-gc'],
    });
    // A process that fails before it has a task fails its first one: it has ended by then.
    this.#child.on('error', () => undefined);
  }

  get hasEnded(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }

  /** Whether it keeps the process that started it from ending by itself. */
  set isAwaited(isAwaited: boolean) {
    for (const held of [this.#child, this.#child.channel]) {
      if (isAwaited) held?.ref();
      else held?.unref();
    }
  }

  /** Runs a task. Rejects with its failure, with the signal's reason, or with FoldingEnded. */
  run(task: FoldTask, signal: AbortSignal): Promise<TaskResult> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const settle = (): void => {
        signal.removeEventListener('abort', abort);
        child.off('message', finish).off('error', fail).off('exit', end);
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
        this.memory = answer.memory;
        if (answer.kind === 'failed') {
          fail(Object.assign(new Error(answer.reason), answer.code === undefined ? {} : { code: answer.code }));
          return;
        }
        settle();
        resolve(answer.result);
      };
      const end = (): void => fail(new FoldingEnded());
      if (this.hasEnded) {
        end();
        return;
      }
      signal.addEventListener('abort', abort, { once: true });
      child.on('message', finish).on('error', fail).on('exit', end);
      child.send(task);
    });
  }

  /** Ends it, whatever it is at; resolves once it has ended. */
  async end(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
