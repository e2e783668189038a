import { availableParallelism } from 'node:os';
import { FoldProcess } from './fold-process.ts';

/** Processes that stay at most, of those that the machine runs at once. */
const KEPT_MAX = 4;

/** How long a process stays that nothing is asked of. */
const KEPT_MS = 5 * 60_000;

/** Bytes of memory beyond which a process doesn't stay: what a large fold took it would hold, and the next is no shorter for it. */
const KEPT_BYTES_MAX = 256 * 1024 * 1024;

/** What is kept, and for how long. */
export interface KeepOptions {
  readonly most?: number;
  readonly ms?: number;
  readonly bytesMax?: number;
}

/**
 * Processes that stay for a while when their work is done. One that has folded before has started, read the sources, and compiled
 * what it runs, which takes three times as long as a fold of two million readings.
 */
export class KeptProcesses implements AsyncDisposable {
  readonly #most: number;
  readonly #ms: number;
  readonly #bytesMax: number;
  /** Those that nothing is asked of, and what ends them; the one that has worked last is the last. */
  readonly #idle = new Map<FoldProcess, NodeJS.Timeout>();
  readonly #ending = new Set<Promise<void>>();
  #isClosed = false;

  constructor({
    most = Math.min(KEPT_MAX, availableParallelism()),
    ms = KEPT_MS,
    bytesMax = KEPT_BYTES_MAX,
  }: KeepOptions = {}) {
    this.#most = most;
    this.#ms = ms;
    this.#bytesMax = bytesMax;
  }

  /** How many wait for work. */
  get idle(): number {
    return this.#idle.size;
  }

  /** A process for the caller alone: the one that has worked last, or a new one. */
  take(): FoldProcess {
    for (const [process, timer] of [...this.#idle].reverse()) {
      clearTimeout(timer);
      this.#idle.delete(process);
      process.isAwaited = true;
      if (!process.hasEnded) return process;
    }
    return new FoldProcess();
  }

  /** Takes back a process that does nothing. Resolves once it is kept, or has ended. */
  async giveBack(process: FoldProcess): Promise<void> {
    const isKept = !this.#isClosed && this.#idle.size < this.#most && process.memory <= this.#bytesMax;
    if (!isKept || process.hasEnded) {
      await process.end();
      return;
    }
    process.isAwaited = false;
    this.#idle.set(process, setTimeout(() => this.#end(process), this.#ms).unref());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const [process, timer] of this.#idle) {
      clearTimeout(timer);
      this.#end(process);
    }
    await Promise.all(this.#ending);
  }

  #end(process: FoldProcess): void {
    this.#idle.delete(process);
    process.isAwaited = true;
    const ended = process.end();
    this.#ending.add(ended);
    void ended.then(() => this.#ending.delete(ended));
  }
}
