import { statSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, DirectoryGone, StoreClosed, type StoreName } from '../storage-errors.ts';
import { freeBytesIn } from './directory.ts';
import { type ByteLevel, type LevelTuning, openLevel } from './open-level.ts';

/** How a database is opened; tests give one that fails. */
export type OpenLevel = (dir: string, tuning: LevelTuning) => Promise<ByteLevel>;

/** One change of a write. */
export type LevelOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

export interface KeptLevelOptions {
  readonly store: StoreName;
  readonly dir: string;
  readonly tuning: LevelTuning;
  readonly open?: OpenLevel | undefined;
}

/** Bytes of writes that are put together into one: a long write isn't made longer, short ones share a sync. */
const GROUP_BYTES_MAX = 1024 * 1024;

/** What opening a database writes at the most, in write buffers: it empties one, and merges. */
export const OPENING_WRITE_BUFFERS = 2;

/** The system has no room, whatever word it has for that. */
export function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /no space left|ENOSPC|EDQUOT|quota|EFBIG|file too large/i.test(error.message) || isFull(error.cause);
}

interface WaitingWrite {
  readonly operations: readonly LevelOperation[];
  readonly bytes: number;
  readonly sync: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A LevelDB whose acknowledged writes are kept, whatever happened to the ones before them.
 *
 * After a write has failed, LevelDB can't be trusted with the next one: its log file may end in half a record, behind
 * which a later, acknowledged one would be dropped by recovery. So writes are done one at a time, those that wait
 * together in one, and after one that failed the database is closed and opened again, which keeps what is whole and
 * begins a new log file, before anything more is written or read. Where the disk has no room for opening it stays as it
 * is, readable, and refuses writes until there is.
 *
 * A synced write is acknowledged only while the database lies where it was opened: one whose directory was removed or
 * replaced goes on writing into files that nobody finds again.
 *
 * What fails throws the database's or the system's own error, DirectoryGone, or StoreClosed after `close`.
 */
export class KeptLevel {
  readonly #store: StoreName;
  readonly #dir: string;
  readonly #tuning: LevelTuning;
  readonly #open: OpenLevel;
  #level: ByteLevel;
  #identity: string;
  /** How often the database was opened: what was read before another opening may not be so any more. */
  #openings = 1;
  /** The failure of a write since the database was opened. */
  #damage: unknown;
  #mending: Promise<void> | undefined;
  #gone: DirectoryGone | undefined;
  #waiting: WaitingWrite[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;

  static async open(options: KeptLevelOptions): Promise<KeptLevel> {
    const { dir, tuning, open = openLevel } = options;
    const level = await open(dir, tuning);
    return new KeptLevel(options, open, level, identityOf(dir) ?? '');
  }

  private constructor(options: KeptLevelOptions, open: OpenLevel, level: ByteLevel, identity: string) {
    this.#store = options.store;
    this.#dir = options.dir;
    this.#tuning = options.tuning;
    this.#open = open;
    this.#level = level;
    this.#identity = identity;
  }

  get openings(): number {
    return this.#openings;
  }

  /** The database, where nothing has to be waited for: a snapshot is then of the moment of asking. */
  get readable(): ByteLevel | undefined {
    return this.#damage === undefined && this.#mending === undefined ? this.#level : undefined;
  }

  /** Does `act` on the database; again, where it was opened anew under it. */
  async read<T>(act: (level: ByteLevel) => Promise<T>): Promise<T> {
    for (;;) {
      const level = this.readable ?? (await this.reader());
      try {
        return await act(level);
      } catch (error) {
        if (level === this.#level && this.#mending === undefined) throw error;
      }
    }
  }

  /** The database, mended where it can be: for reading more than once from one state of it. */
  async reader(): Promise<ByteLevel> {
    // What can't be mended yet can still be read, unless it was closed for it.
    await this.mend().catch(() => undefined);
    return this.#level;
  }

  /** Writes all operations in one atomic step. */
  write(operations: readonly LevelOperation[], bytes: number, sync: boolean): Promise<void> {
    if (this.#closed) return Promise.reject(new StoreClosed(this.#store, this.#dir));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations, bytes, sync, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Opens the database anew where a write has failed. Throws that failure where the disk has no room for it yet. */
  async mend(): Promise<void> {
    while (this.#mending !== undefined) await this.#mending.catch(() => undefined);
    if (this.#gone !== undefined) throw this.#gone;
    if (this.#damage === undefined) return;
    const mending = this.#reopen(this.#damage);
    this.#mending = mending;
    try {
      await mending;
    } finally {
      this.#mending = undefined;
    }
  }

  /** Finishes what is being written. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#writing !== undefined) await this.#writing;
    await this.#mending?.catch(() => undefined);
    await this.#level.close();
  }

  async #writeAll(): Promise<void> {
    // Writes called in the same turn of the event loop belong to the first group.
    await Promise.resolve();
    for (let group = this.#takeGroup(); group.length > 0; group = this.#takeGroup()) {
      try {
        await this.#writeGroup(group);
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#writing = undefined;
  }

  #takeGroup(): readonly WaitingWrite[] {
    let bytes = 0;
    const end = this.#waiting.findIndex((one, index) => (bytes += one.bytes) > GROUP_BYTES_MAX && index > 0);
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }

  async #writeGroup(group: readonly WaitingWrite[]): Promise<void> {
    await this.mend();
    const operations = group.length === 1 ? group[0]!.operations : group.flatMap((one) => one.operations);
    const sync = group.some((one) => one.sync);
    try {
      await this.#level.batch<Uint8Array, Uint8Array>(operations as LevelOperation[], { sync });
    } catch (error) {
      this.#damage = error;
      throw error;
    }
    if (sync) this.#checkPlace();
  }

  #checkPlace(): void {
    if (identityOf(this.#dir) === this.#identity) return;
    this.#gone = new DirectoryGone(this.#dir);
    throw this.#gone;
  }

  async #reopen(damage: unknown): Promise<void> {
    if (this.#closed && this.#writing === undefined) throw new StoreClosed(this.#store, this.#dir);
    // Where the database lies no more, opening would make an empty one in its place.
    this.#checkPlace();
    if ((await freeBytesIn(this.#dir)) < OPENING_WRITE_BUFFERS * this.#tuning.writeBufferBytes) throw damage;
    await this.#level.close();
    this.#level = await this.#open(this.#dir, this.#tuning);
    this.#identity = identityOf(this.#dir) ?? '';
    this.#openings++;
    this.#damage = undefined;
  }
}

/**
 * Which database lies in a directory, undefined where none does: by the file that it keeps locked, and therefore open,
 * so that no other file gets its number meanwhile. Synchronous: it takes microseconds, and a thread's turn for it as long as
 * the write that it follows.
 */
function identityOf(dir: string): string | undefined {
  try {
    const { dev, ino } = statSync(join(dir, 'db', 'LOCK'));
    return `${dev}:${ino}`;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
