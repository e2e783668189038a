import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Committer } from '../commit/committer.ts';
import type { Spool } from '../spool/spool.ts';
import type { Source } from './source.ts';

/** A frame leaves at most this long after its first reading (docs/design.md#a-frame-keeps-its-number). */
const SEAL_MS = 1000;
/** A pane that no later reading ends is sent this long after it was last touched: every so many seals. */
const SEALS_PER_OPEN_PANE = 11;
/** What live sources have to say of what gave no reading is told after so many seals, then after twice as many, and so on. */
const SEALS_PER_REMARKS = 60;

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
  #running: Promise<void> = Promise.resolve();

  constructor(options: SourceRunnerOptions) {
    this.#options = options;
    this.#ends = AbortSignal.any([options.signal, this.#failed.signal]);
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
    for (const source of sources) committer.expect(source.name);
    const live = sources.filter((source) => source.nature === 'live');
    const sealing = this.#watch(live.length > 0 ? this.#sealRegularly() : Promise.resolve());
    await Promise.all([
      this.#watch(this.#runFiles(sources.filter((source) => source.nature === 'file'))),
      ...live.map((source) => this.#watch(this.#runSource(source))),
    ]);
    this.#stopped.abort();
    await sealing;
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
    const extent = source.nature === 'file' ? 'complete' : 'nothing';
    let writing: Promise<void> = Promise.resolve();
    for await (const batch of source.batches(checkpoint, signal)) {
      // The batch before is being written while this one was made; no third is begun before the first is durable.
      await writing;
      if (!(await isRoomIn(spool, signal))) {
        batch.acknowledged?.(new Error('the agent is stopping'));
        break;
      }
      const durable = committer.offer(source.name, batch, extent);
      durable.then(
        () => batch.acknowledged?.(),
        (failure: unknown) => batch.acknowledged?.(failure as Error),
      );
      writing = durable;
    }
    await writing;
    committer.ended(source.name);
    this.#tellRemarks(source);
    logger.info({ source: source.name }, 'source ended');
  }

  #tellRemarks(source: Source): void {
    for (const remark of source.remarks?.() ?? []) this.#options.logger.warn({ source: source.name }, remark);
  }

  async #sealRegularly(): Promise<void> {
    const { committer, sources } = this.#options;
    let remarksAt = SEALS_PER_REMARKS;
    for (let count = 1; !this.#stopped.signal.aborted; count++) {
      await sleep(SEAL_MS, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
      await committer.seal(count % SEALS_PER_OPEN_PANE === 0 ? 'everything' : 'complete');
      if (count < remarksAt) continue;
      remarksAt *= 2;
      for (const source of sources) if (source.nature === 'live') this.#tellRemarks(source);
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
