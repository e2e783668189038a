import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import type { OpenLevel } from '../disk/kept-level.ts';
import { claimDirectory, readMarker } from '../disk/marker.ts';
import type { Permit } from '../flow/in-flight-limit.ts';
import { DirectoryMismatch, StoreClosed, TooLarge } from '../storage-errors.ts';
import { EmbeddedStore } from './embedded-store.ts';
import { LogPartitionsMismatch, LogPartitionsMissing, LogPositionAhead, LogPositionGone } from './log-errors.ts';
import {
  assertPartitionCount,
  type FollowOptions,
  isPartitionCount,
  type Log,
  type LogBounds,
  type LogEntry,
  type LogReport,
  newAppendLimit,
  RECORD_BYTES_MAX,
} from './log.ts';

/** The format of an embedded log's directory; its keys are drawn in `embedded-store.ts`. */
export const EMBEDDED_LOG_FORMAT = 1;

/** The magic number of Linux' tmpfs, whose files live in memory. */
const TMPFS_MAGIC = 0x0102_1994;

export interface EmbeddedLogOptions {
  readonly dir: string;
  /** How many partitions; may be left out when the log exists. */
  readonly partitions?: number | undefined;
  /** The name of a log that is made: that of the log which it restores. A new one where not given. */
  readonly generation?: string;
  /** Where each partition of a log that is made begins, as if all before had been trimmed; 1 where not given. */
  readonly begins?: readonly number[];
}

/**
 * Opens the log in `dir`, within this process and without a server; makes it when it isn't there. Appends that wait
 * while the disk syncs are written together in one synced batch (group commit), so the cost of a sync is shared.
 *
 * Throws LogPartitionsMismatch, LogPartitionsMissing, DirectoryInUse, NewerFormat, DirectoryMismatch,
 * DirectoryUnusable. `open` is given by tests that make the disk fail.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions, open?: OpenLevel): Promise<Log> {
  const { dir, partitions: asked } = options;
  assertPartitionCount(asked);
  const present = await readMarker(dir, 'log', EMBEDDED_LOG_FORMAT);
  if (present === undefined && asked === undefined) throw new LogPartitionsMissing(dir);
  const marker = await claimDirectory(dir, {
    kind: 'log',
    format: EMBEDDED_LOG_FORMAT,
    facts: { partitions: asked ?? 0, generation: options.generation ?? randomUUID() },
  });
  const { partitions, generation } = marker.facts;
  if (typeof partitions !== 'number' || !isPartitionCount(partitions) || typeof generation !== 'string') {
    throw new DirectoryMismatch(dir, 'log', 'a log without its partitions and generation');
  }
  if (asked !== undefined && asked !== partitions) throw new LogPartitionsMismatch(dir, asked, partitions);
  const store = await EmbeddedStore.open(dir, partitions, open);
  try {
    if (present === undefined && options.begins !== undefined) await store.begin(options.begins);
  } catch (error) {
    await store.close();
    throw error;
  }
  return new EmbeddedLog({ dir, partitions, generation, store });
}

/** What a log in `dir` keeps where that lies on a file system of this type (`statfs`). */
export function promisesOn(fileSystem: number, dir: string): Pick<LogReport, 'durability' | 'shortfalls'> {
  if (fileSystem !== TMPFS_MAGIC) {
    const how = 'each group of appends is synced to the disk before it is acknowledged';
    return { durability: { survives: 'power loss', how }, shortfalls: [] };
  }
  const why = `${dir} lies in memory (tmpfs); put it on a disk`;
  return {
    durability: { survives: 'process crash', how: 'the directory lies in memory (tmpfs)' },
    shortfalls: [{ promise: 'an acknowledged record survives a loss of power', holds: false, why }],
  };
}

interface WaitingAppend {
  readonly partition: number;
  readonly bytes: Uint8Array;
  readonly resolve: (position: number) => void;
  readonly reject: (error: unknown) => void;
  readonly permit: Permit;
}

class EmbeddedLog implements Log {
  readonly partitions: number;
  readonly generation: string;
  readonly #dir: string;
  readonly #store: EmbeddedStore;
  readonly #inFlight = newAppendLimit();
  /** Bounded by what may be in flight. */
  #waiting: WaitingAppend[] = [];
  #committing: Promise<void> | undefined;
  /** Followers at the end of the log, to be woken by the next commit. One per running `follow`. */
  readonly #asleep = new Set<() => void>();
  #closed = false;

  constructor(facts: { dir: string; partitions: number; generation: string; store: EmbeddedStore }) {
    this.#dir = facts.dir;
    this.partitions = facts.partitions;
    this.generation = facts.generation;
    this.#store = facts.store;
  }

  append(partition: number, bytes: Uint8Array): Promise<number> {
    this.#checkPartition(partition);
    assert(bytes.length > 0, 'a record has at least one byte');
    if (this.#closed) return Promise.reject(new StoreClosed('log', this.#dir));
    if (bytes.length > RECORD_BYTES_MAX)
      return Promise.reject(new TooLarge('A record', bytes.length, RECORD_BYTES_MAX, 'Send smaller frames'));
    return new Promise((resolve, reject) => {
      const enter = (permit: Permit): void => {
        this.#waiting.push({ partition, bytes, resolve, reject, permit });
        this.#committing ??= this.#commitAll();
      };
      this.#inFlight.take(bytes.length, enter, reject);
    });
  }

  async read(partition: number, from: number, limit: { readonly bytes: number }): Promise<LogEntry[]> {
    this.#checkPartition(partition);
    assert(Number.isSafeInteger(from) && from >= 1, `positions begin at 1, not ${from}`);
    if (this.#closed) throw new StoreClosed('log', this.#dir);
    const { first, last } = this.#store.bounds(partition);
    if (from < first) throw new LogPositionGone(partition, from, first);
    if (from > last + 1) throw new LogPositionAhead(partition, from, last);
    if (from > last) return [];
    const entries = await this.#store.read(partition, from, last, limit.bytes);
    // A trim may have overtaken the reading; then what was read has a gap at its start.
    if (entries[0]?.position !== from) throw new LogPositionGone(partition, from, this.#store.bounds(partition).first);
    return entries;
  }

  async *follow(partition: number, from: number, options: FollowOptions): AsyncGenerator<readonly LogEntry[]> {
    const { signal, bytesMax } = options;
    let next = from;
    while (!signal.aborted) {
      const entries = await this.read(partition, next, { bytes: bytesMax });
      if (signal.aborted) return;
      const final = entries.at(-1);
      if (final === undefined) {
        await this.#nextCommit(partition, next, signal);
      } else {
        next = final.position + 1;
        yield entries;
      }
    }
  }

  async bounds(partition: number): Promise<LogBounds> {
    this.#checkPartition(partition);
    if (this.#closed) throw new StoreClosed('log', this.#dir);
    return this.#store.bounds(partition);
  }

  async trim(partition: number, before: number): Promise<void> {
    this.#checkPartition(partition);
    if (this.#closed) throw new StoreClosed('log', this.#dir);
    const { last } = this.#store.bounds(partition);
    assert(Number.isSafeInteger(before) && before >= 1, `positions begin at 1, not ${before}`);
    if (before > last + 1) throw new LogPositionAhead(partition, before, last);
    await this.#store.trim(partition, before);
  }

  async report(): Promise<LogReport> {
    if (this.#closed) throw new StoreClosed('log', this.#dir);
    const { type } = await statfs(this.#dir);
    return {
      adapter: 'embedded',
      engine: `LevelDB, log format ${EMBEDDED_LOG_FORMAT}`,
      place: this.#dir,
      generation: this.generation,
      partitions: this.partitions,
      ...promisesOn(type, this.#dir),
      replicas: 1,
      limits: { recordBytesMax: RECORD_BYTES_MAX, storeBytesMax: undefined },
      discard: 'new',
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    while (this.#committing !== undefined) await this.#committing;
    this.#wake();
    await this.#store.close();
  }

  /** Writes what waits, group after group; what comes in meanwhile is the next group. */
  async #commitAll(): Promise<void> {
    // Appends called in the same turn of the event loop belong to the first group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        const positions = await this.#store.write(group);
        for (const [index, append] of group.entries()) {
          const position = positions[index];
          assert(position !== undefined, 'each append of a group has a position');
          append.resolve(position);
        }
      } catch (error) {
        for (const append of group) append.reject(error);
      }
      for (const { permit } of group) permit.release();
      this.#wake();
    }
    this.#committing = undefined;
  }

  /** Resolves when something may lie at `next`, or the signal aborted, or the log was closed. */
  #nextCommit(partition: number, next: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.#closed || signal.aborted || this.#store.bounds(partition).last >= next) {
        resolve();
        return;
      }
      const wake = (): void => {
        this.#asleep.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#asleep.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  #wake(): void {
    for (const wake of this.#asleep) wake();
  }

  #checkPartition(partition: number): void {
    assert(
      Number.isInteger(partition) && partition >= 0 && partition < this.partitions,
      `a log of ${this.partitions} partitions has none numbered ${partition}`,
    );
  }
}
