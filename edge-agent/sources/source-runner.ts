import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Committer } from '../commit/committer.ts';
import { FramePace } from '../seal/frame-pace.ts';
import type { Spool } from '../spool/spool.ts';
import type { Source } from './source.ts';

/** What live sources have to say of what gave no reading is told after so long, then after twice as long, and so on. */
const REMARKS_AFTER_MS = 60_000;
const REMARKS_AFTER_MS_MAX = 24 * 60 * 60_000;

export interface SourceRunnerOptions {
  readonly committer: Committer;
  readonly spool: Spool;
  readonly sources: readonly Source[];
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/**
 * Drives the sources of an agent: files one after the other in the order of the configuration, live sources beside them.
 * Batches are committed one after the other while the source makes the next; a full spool makes the source wait.
 */
export class SourceRunner {
  readonly #options: SourceRunnerOptions;
  readonly #stopped = new AbortController();
  /** Aborted with the first failure, which ends everything else. */
  readonly #failed = new AbortController();
  /** Ends the sources: the stop, or a failure. */
  readonly #ends: AbortSignal;
  readonly #pace: FramePace;
  #running: Promise<void> = Promise.resolve();

  constructor(options: SourceRunnerOptions) {
    this.#options = options;
    this.#ends = AbortSignal.any([options.signal, this.#failed.signal]);
    this.#pace = new FramePace(options.spool);
  }

  /** Ends when every source has ended; everything delivered is durable then. Rejects with the first failure. */
  run(): Promise<void> {
    this.#running = this.#run();
    this.#running.catch(() => undefined);
    return this.#running;
  }

  /** Resolves when nothing runs any more, whether it ended or failed. */
  async stopped(): Promise<void> {
    this.#stopped.abort();
    await this.#running.catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { committer, sources } = this.#options;
    for (const source of sources) committer.sources.expect(source.name);
    const live = sources.filter((source) => source.nature === 'live');
    const regularly = live.length > 0 ? [this.#watch(this.#sealWhenDue()), this.#tellRegularly(live)] : [];
    await Promise.all([
      this.#watch(this.#runFiles(sources.filter((source) => source.nature === 'file'))),
      ...live.map((source) => this.#watch(this.#runSource(source))),
    ]);
    this.#stopped.abort();
    await Promise.all(regularly);
    this.#failed.signal.throwIfAborted();
    await committer.seal('everything');
  }

  /** Resolves when a task has ended, well or not; one that fails ends the others. */
  #watch(task: Promise<void>): Promise<void> {
    return task.catch((failure: unknown) => this.#failed.abort(failure));
  }

  async #runFiles(sources: readonly Source[]): Promise<void> {
    for (const source of sources) await this.#runSource(source);
  }

  async #runSource(source: Source): Promise<void> {
    const { committer, spool, logger } = this.#options;
    const signal = this.#ends;
    const checkpoint = await committer.checkpointOf(source.name);
    logger.info({ source: source.name, resumed: checkpoint !== null }, 'source opened');
    let writing: Promise<void> = Promise.resolve();
    for await (const batch of source.batches(checkpoint, signal)) {
      // The batch before is being written while this one was made; no third is begun before the first is durable.
      await writing;
      if (!(await isRoomIn(spool, signal))) {
        batch.acknowledged?.(new Error('the agent is stopping'));
        break;
      }
      const extent = source.nature === 'file' ? 'complete' : this.#pace.accept();
      const durable = committer.offer(source.name, batch, extent);
      durable.then(
        () => batch.acknowledged?.(),
        (failure: unknown) => {
          batch.acknowledged?.(failure as Error);
          // Nothing more may be taken, also where no further batch would find out.
          this.#failed.abort(failure);
        },
      );
      writing = durable;
    }
    await writing;
    committer.sources.end(source.name);
    this.#tellRemarks(source);
    logger.info({ source: source.name }, 'source ended');
  }

  #tellRemarks(source: Source): void {
    for (const remark of source.remarks?.() ?? []) this.#options.logger.warn({ source: source.name }, remark);
  }

  async #sealWhenDue(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const extent = await this.#pace.whenDue(signal).catch(() => undefined);
      if (extent !== undefined) await this.#options.committer.seal(extent);
    }
  }

  async #tellRegularly(live: readonly Source[]): Promise<void> {
    const { signal } = this.#stopped;
    for (let afterMs = REMARKS_AFTER_MS; !signal.aborted; afterMs = Math.min(2 * afterMs, REMARKS_AFTER_MS_MAX)) {
      await sleep(afterMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) for (const source of live) this.#tellRemarks(source);
    }
  }
}

/** Waits for room in the spool; false where the stop came first. */
function isRoomIn(spool: Spool, signal: AbortSignal): Promise<boolean> {
  return spool.whenRoom(signal).then(
    () => true,
    () => false,
  );
}
