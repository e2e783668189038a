import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { liveVersion } from '#backbone/manifests/manifest.ts';
import { codeOf } from '#backbone/storage-errors.ts';
import { reasonOf, WeirError } from '#core/errors.ts';
import { Archive } from './archive/archive.ts';
import { type LogRetention, LogTrimmer } from './archive/log-trimmer.ts';
import { refillLog } from './archive/refill-log.ts';
import { BatchDiskFailing, BatchLayerStopped } from './batch-errors.ts';
import { type BatchOutcome, type BatchResources, type Progress, runBatch } from './batch-run.ts';
import { openPool } from './recompute/fold-pool.ts';
import { KeptProcesses } from './recompute/kept-processes.ts';
import { rollback, type RollbackOutcome } from './rollback.ts';
import { type BatchSchedule, isBatchDue } from './schedule.ts';
import { runVerify, type VerifyOutcome } from './verify/verify.ts';

/** What the batch layer is started with; everything in it stays the caller's. */
export interface BatchLayerOptions extends Omit<BatchResources, 'archive'> {
  /** Directory of the archive, made when it isn't there. */
  readonly archiveDir: string;
  /** Bytes after which a segment of it is sealed, and may be compacted; SEGMENT_BYTES_MAX where not given. */
  readonly segmentBytesMax?: number | undefined;
}

/** What has become of the runs since the start. */
export interface BatchRuns {
  readonly done: number;
  readonly failed: number;
  /** When the last that was done had ended, and how long it took; undefined before one was. */
  readonly doneAtMs?: number;
  readonly tookMs?: number;
}

/** Between two looks whether a run is due. */
const SCHEDULE_PAUSE_MS = 250;
/** After a run by itself that failed, until the next. */
const SCHEDULE_RETRY_MS = 60_000;

/**
 * The batch layer: the archive, which follows the log, and what is made of it, one thing after the other.
 *
 * Every run works on manifests, results and the archive's scratch directory, so a second one waits for its turn.
 */
export class BatchLayer implements AsyncDisposable {
  /** Resolves once the archive has ended in order; rejects with what ended it. */
  readonly running: Promise<void>;
  readonly archive: Archive;
  readonly #processes = new KeptProcesses();
  readonly #resources: BatchResources;
  readonly #stop = new AbortController();
  #runs: BatchRuns = { done: 0, failed: 0 };
  #drained: Promise<void> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** Ends what begins runs by itself. */
  readonly #noMore = new AbortController();
  #scheduled: Promise<void> = Promise.resolve();
  #trimmer: LogTrimmer | undefined;
  #trimming: Promise<void> = Promise.resolve();

  /** Takes over an archive that follows nothing yet. */
  constructor(options: BatchLayerOptions, archive: Archive) {
    this.archive = archive;
    this.#resources = { ...options, archive, processes: this.#processes };
    this.running = archive.run();
    this.running.catch(() => undefined);
  }

  /**
   * Cuts the log, recomputes the views up to the cut, and makes the results live. `full` folds all history again. A run
   * that failed goes on with the cut that it made where its `id` is given again.
   */
  batch(full: boolean, progress?: Progress, id: string = randomUUID()): Promise<BatchOutcome> {
    const run = this.#inTurn((signal) =>
      this.#counted(() => runBatch(this.#resources, { full, id, progress, signal })),
    );
    this.#inTurn((signal) => this.#compact(signal)).catch((failure: unknown) => {
      if (failure instanceof BatchLayerStopped) return;
      this.#resources.logger?.warn(
        { reason: reasonOf(failure) },
        'the archive could not be compacted, and is tried again',
      );
    });
    return run;
  }

  /** Compacts the archive a little: a segment of each partition, so that nothing waits long for its turn. */
  async #compact(signal: AbortSignal): Promise<void> {
    await this.archive.compact(async (job, bytes) => {
      await using pool = openPool(bytes, this.#resources, 1);
      return await pool.compact(job, signal);
    });
  }

  /** What has become of the runs since the start; those that were called off are not counted. */
  get runs(): BatchRuns {
    return this.#runs;
  }

  /** Begins runs by itself from now on, as the schedule says. To be called once. */
  runByItself(schedule: BatchSchedule): void {
    if (schedule.every !== null) this.#scheduled = this.#runBy(schedule);
  }

  /** Lets the log go of what is archived from now on, as the retention says. To be called once. */
  trimByItself(retention: LogRetention): void {
    const { log, clock } = this.#resources;
    this.#trimmer = new LogTrimmer(log, this.archive, retention, clock);
    this.#trimming = this.#trimmer.run(this.#noMore.signal, this.#trimFailed);
  }

  readonly #trimFailed = (failure: unknown): void =>
    this.#resources.logger?.warn({ reason: reasonOf(failure) }, 'the log could not be trimmed, and is tried again');

  /** Recomputes all history and compares it with what readers are given. Changes nothing. */
  verify(progress?: Progress): Promise<VerifyOutcome> {
    return this.#inTurn((signal) => runVerify(this.#resources, { progress, signal }));
  }

  /** Makes what was live before live again. Throws NoSuchView, NothingToRollBack. */
  rollback(view: string): Promise<RollbackOutcome> {
    return this.#inTurn(() => rollback(this.#resources, view));
  }

  /** Runs `act` while no run or rollback changes what manifests name, and what they name stays there. */
  whileStill<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#inTurn(act);
  }

  /** Takes nothing new; resolves when what was asked for has ended and what was read from the log is on the disk. */
  drain(): Promise<void> {
    this.#noMore.abort();
    this.#drained ??= Promise.all([this.#scheduled, this.#trimming])
      .then(() => this.#last)
      .then(() => this.#processes[Symbol.asyncDispose]())
      .then(() => this.archive[Symbol.asyncDispose]());
    return this.#drained;
  }

  /** Calls off what runs, which leaves live what was live, and drains. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new BatchLayerStopped());
    await this.drain();
  }

  /** Begins a run whenever one is due, until the layer drains. A run that fails is told of, and tried again. */
  async #runBy(schedule: BatchSchedule): Promise<void> {
    const { clock, changes, logger } = this.#resources;
    const { signal } = this.#noMore;
    // What an earlier process left is not known to be covered.
    let isChanged = [...changes.positions().values()].some((position) => position > 0);
    const unsubscribe = changes.onCommit(({ spans }) => (isChanged ||= spans.length > 0));
    // A start does not put off what was due.
    const sinceMs = isChanged ? await this.#publishedMs().catch(unknownMs) : clock();
    let begun = { atMs: sinceMs, rows: schedule.rowsOpened() };
    let ranMs = 0;
    for (;;) {
      await sleep(SCHEDULE_PAUSE_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) break;
      const [ms, rows] = [clock() - begun.atMs, schedule.rowsOpened() - begun.rows];
      if (!isBatchDue(schedule, { ms, ranMs, rows, isChanged })) continue;
      begun = { atMs: clock(), rows: schedule.rowsOpened() };
      isChanged = false;
      try {
        await this.batch(false);
        ranMs = clock() - begun.atMs;
      } catch (failure) {
        isChanged = true;
        ranMs = SCHEDULE_RETRY_MS / 2;
        if (!(failure instanceof BatchLayerStopped))
          logger?.warn({ reason: reasonOf(failure) }, 'a batch run by itself has failed, and is tried again');
      }
    }
    unsubscribe();
  }

  /** When the results of the views were published, those of the view that has waited longest; 0 where one has none. */
  async #publishedMs(): Promise<number> {
    const { manifests, views, clock } = this.#resources;
    let atMs = clock();
    for (const { name } of views) {
      const manifest = await manifests.get(name);
      if (manifest !== undefined) atMs = Math.min(atMs, liveVersion(manifest).batch.publishedAtMs);
    }
    return atMs;
  }

  async #counted(run: () => Promise<BatchOutcome>): Promise<BatchOutcome> {
    const { clock } = this.#resources;
    const startedMs = clock();
    try {
      const outcome = await run();
      const doneAtMs = clock();
      this.#runs = { ...this.#runs, done: this.#runs.done + 1, doneAtMs, tookMs: doneAtMs - startedMs };
      await this.#trimmer?.trim().catch(this.#trimFailed);
      return outcome;
    } catch (failure) {
      if (!this.#stop.signal.aborted) this.#runs = { ...this.#runs, failed: this.#runs.failed + 1 };
      throw failure;
    }
  }

  /** Runs `act` after everything that was asked for before has ended, however it ended. */
  #inTurn<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.#stop;
    if (this.#drained !== undefined) return Promise.reject(new BatchLayerStopped());
    const run = this.#last.then(() => {
      signal.throwIfAborted();
      return act(signal).catch((failure: unknown) => {
        const isNamed = failure instanceof WeirError || codeOf(failure) === undefined;
        throw isNamed ? failure : new BatchDiskFailing(this.archive.dir, failure);
      });
    });
    this.#last = run.catch(() => undefined);
    return run;
  }
}

/** Where it can't be read when results were published, a run is due, and tells what is wrong. */
const unknownMs = (): number => 0;

/**
 * Starts the batch layer, and appends again what the log has lost and the archive has. Throws ArchiveSeamBroken,
 * NewerFormat, ArchiveOfAnotherLog, ArchiveDamaged, DirectoryUnusable.
 */
export async function startBatchLayer(options: BatchLayerOptions): Promise<BatchLayer> {
  const { archiveDir, log, logger, segmentBytesMax } = options;
  const failed = (failure: unknown): void =>
    logger?.warn({ reason: reasonOf(failure) }, 'the archive could not be written, and goes on when it can');
  const archive = await Archive.open({ dir: archiveDir, log, failed, segmentBytesMax });
  try {
    for (const refilled of await refillLog(log, archive))
      logger?.warn(refilled, 'the log had lost its tail; it was appended again from the archive');
  } catch (failure) {
    await archive[Symbol.asyncDispose]();
    throw failure;
  }
  return new BatchLayer(options, archive);
}
