import { strict as assert } from 'node:assert';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { claimDirectory } from '#backbone/disk/marker.ts';
import type { Log } from '#backbone/log/log.ts';
import { codeOf, DirectoryUnusable, StoreUnavailable } from '#backbone/storage-errors.ts';
import { WeirError } from '#core/errors.ts';
import { scratchOf, withScratch } from '../scratch.ts';
import { ArchiveOfAnotherLog } from './archive-errors.ts';
import type { Compacted, CompactJob } from './compact-segment.ts';
import { type ArchivedBatch, type ArchiveFile, PartitionArchive } from './partition-archive.ts';
import { SEGMENT_BYTES_MAX } from './segment-format.ts';

/** The format of an archive's directory: `<partition>/<first position>.seg`, drawn in `segment-format.ts`. */
export const ARCHIVE_FORMAT = 1;

export interface ArchiveOptions {
  /** Directory of the archive, made when it isn't there. */
  readonly dir: string;
  /** The log it follows; it stays the caller's. */
  readonly log: Log;
  /** Bytes after which a segment is sealed; SEGMENT_BYTES_MAX where not given. */
  readonly segmentBytesMax?: number | undefined;
  /** Told of each failure of the disk or the log after which the archive tries again. */
  readonly failed?: ((failure: unknown) => void) | undefined;
  /** Between a failure and the next try; ARCHIVE_RETRY_MS where not given. */
  readonly pauseMs?: number;
}

/** Between a failure and the next try: a disk that is full is seldom not so a moment later. */
const ARCHIVE_RETRY_MS = 1000;

/**
 * All records of a log for ever, as immutable segment files: the master dataset. One writer at a time.
 *
 * What `archivedTo` names has reached the disk and survives the loss of power. A record that was cut off by a crash is
 * read again from the log, so the log must not be trimmed beyond `archivedTo`.
 */
export class Archive implements AsyncDisposable {
  readonly dir: string;
  readonly generation: string;
  readonly #log: Log;
  readonly #partitions: PartitionArchive[];
  readonly #failed: (failure: unknown) => void;
  readonly #pauseMs: number;
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  private constructor(options: ArchiveOptions, partitions: PartitionArchive[]) {
    this.dir = options.dir;
    this.generation = options.log.generation;
    this.#log = options.log;
    this.#partitions = partitions;
    this.#failed = options.failed ?? ((): void => undefined);
    this.#pauseMs = options.pauseMs ?? ARCHIVE_RETRY_MS;
  }

  /** Opens the archive of a log. Throws NewerFormat, ArchiveOfAnotherLog, ArchiveDamaged, DirectoryUnusable. */
  static async open(options: ArchiveOptions): Promise<Archive> {
    const { dir, log, segmentBytesMax = SEGMENT_BYTES_MAX } = options;
    const facts = { generation: log.generation, partitions: log.partitions };
    const marker = await claimDirectory(dir, { kind: 'archive', format: ARCHIVE_FORMAT, facts });
    const { generation } = marker.facts;
    if (generation !== log.generation) throw new ArchiveOfAnotherLog(dir, String(generation), log.generation);
    try {
      // What a recompute that was killed had not cleared away.
      await rm(scratchOf(dir), { recursive: true, force: true });
      const partitions: PartitionArchive[] = [];
      for (let partition = 0; partition < log.partitions; partition++) {
        partitions.push(await PartitionArchive.open(dir, { generation: log.generation, partition }, segmentBytesMax));
      }
      return new Archive(options, partitions);
    } catch (error) {
      throw named(dir, error);
    }
  }

  get partitions(): number {
    return this.#partitions.length;
  }

  /**
   * Follows every partition of the log until the signal, or until the archive is disposed of. A failure that may pass (a
   * full disk, a log that doesn't answer) is told of, and what had not reached the disk by then is taken from the log
   * again. Throws any other failure, such as ArchiveSeamBroken, and DirectoryUnusable where the disk fails when it is to end.
   */
  run(signal?: AbortSignal): Promise<void> {
    const run = this.#run(signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]));
    this.#running = Promise.allSettled([this.#running, run]);
    return run;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const ends = AbortSignal.any([signal, failed.signal]);
    const runs = this.#partitions.map(async (_, partition) => {
      try {
        await this.#follow(partition, ends);
      } catch (failure) {
        failed.abort(failure);
        throw failure;
      }
    });
    const outcomes = await Promise.allSettled(runs);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #follow(partition: number, signal: AbortSignal): Promise<void> {
    for (let failed: unknown; ;) {
      try {
        if (failed !== undefined) this.#partitions[partition] = await this.#of(partition).openAgain(failed);
        failed = undefined;
        await this.#of(partition).run(this.#log, signal);
        return;
      } catch (failure) {
        if (signal.aborted || !mayPass(failure)) throw named(this.dir, failure);
        failed = failure;
        this.#failed(failure);
        await sleep(this.#pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Position of the last record of a partition that is archived durably; 0 where there is none. */
  archivedTo(partition: number): number {
    return this.#of(partition).archivedTo;
  }

  /**
   * The files that hold all records up to the positions, which are those that are archived durably now. They may be copied at any later time, since
   * what is named of them never changes.
   */
  async files(): Promise<{ readonly positions: readonly number[]; readonly files: readonly ArchiveFile[] }> {
    const positions = this.#partitions.map(({ archivedTo }) => archivedTo);
    // Each begins before anything else runs, so they hold exactly that.
    const files = await Promise.all(this.#partitions.map((partition) => partition.files()));
    return { positions, files: files.flat() };
  }

  /**
   * Compacts the first segment of each partition that is sealed and isn't compacted, if there is one. Readers and writers go on
   * meanwhile. One at a time. `compact` writes the file, of a segment of so many bytes; what it leaves half written is cleared away.
   */
  async compact(compact: (job: CompactJob, bytes: number) => Promise<Compacted | undefined>): Promise<void> {
    for (let partition = 0; partition < this.partitions; partition++) {
      const segment = this.#of(partition).uncompacted;
      if (segment === undefined) continue;
      const { path, bytes } = segment;
      await withScratch(this.dir, async (scratch) => {
        const target = join(scratch, 'compacted.seg');
        const made = await compact({ path, target }, bytes);
        await this.#of(partition).replace(path, made && target);
      });
    }
  }

  /** About how many bytes of records are archived after a position. */
  bytesAfter(partition: number, position: number): number {
    return this.#of(partition).bytesAfter(position);
  }

  /** Resolves once the record at `position` is archived durably; rejects with the signal's reason. `run` has to run. */
  whenArchived(partition: number, position: number, signal: AbortSignal): Promise<void> {
    return this.#of(partition).whenArchived(position, signal);
  }

  /**
   * The records from position `from` to `to`, both included. Throws NotArchived, ArchiveDamaged, StoreUnavailable where the disk
   * fails in a way that may pass, and DirectoryUnusable where it doesn't.
   */
  async *read(partition: number, from: number, to: number): AsyncGenerator<ArchivedBatch> {
    try {
      yield* this.#of(partition).read(from, to);
    } catch (failure) {
      if (failure instanceof WeirError || codeOf(failure) === undefined) throw failure;
      throw mayPass(failure)
        ? new StoreUnavailable('archive', this.dir, failure)
        : new DirectoryUnusable(this.dir, failure);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    for (const partition of this.#partitions) await partition.close();
  }

  #of(partition: number): PartitionArchive {
    const found = this.#partitions[partition];
    assert(found !== undefined, `partition ${partition} is one of ${this.#partitions.length}`);
    return found;
  }
}

/** A failure as it is told to people. */
function named(dir: string, failure: unknown): unknown {
  return failure instanceof WeirError || codeOf(failure) === undefined ? failure : new DirectoryUnusable(dir, failure);
}

/** Whether a failure is one of the disk or the log that may pass; a directory that is gone doesn't come back as it was. */
function mayPass(failure: unknown): boolean {
  if (failure instanceof WeirError) return failure.retryable;
  const code = codeOf(failure);
  return code !== undefined && code !== 'ENOENT' && code !== 'ENOTDIR';
}
