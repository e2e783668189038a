import { randomUUID } from 'node:crypto';
import { type BatchParts, runBatch } from '#batch-layer/batch-run.ts';
import { rollback } from '#batch-layer/rollback.ts';
import { runVerify, type VerifyOptions } from '#batch-layer/verify.ts';
import type { Operations } from '#serving/serving.ts';

export type BatchOperationsParts = Omit<BatchParts & VerifyOptions, 'progress' | 'signal' | 'threads' | 'clock'>;

/** What the API can start in the batch layer; disposing of it ends what runs, and leaves live what was live. */
export class BatchOperations implements Operations, AsyncDisposable {
  readonly #parts: BatchOperationsParts & { readonly clock: () => number };
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(parts: BatchOperationsParts) {
    this.#parts = { ...parts, clock: Date.now };
  }

  batch(full: boolean, progress: (state: object) => void): ReturnType<typeof runBatch> {
    return this.#run((signal) => runBatch({ ...this.#parts, full, id: randomUUID(), progress, signal }));
  }

  verify(progress: (state: object) => void): ReturnType<typeof runVerify> {
    return this.#run((signal) => runVerify({ ...this.#parts, progress, signal }));
  }

  rollback(view: string): ReturnType<typeof rollback> {
    return this.#run(() => rollback({ ...this.#parts, view }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('the server stops'));
    await Promise.allSettled(this.#running);
  }

  #run<T>(start: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const running = start(this.#stopping.signal);
    this.#running.add(running);
    const forget = (): boolean => this.#running.delete(running);
    running.then(forget, forget);
    return running;
  }
}
