import { strict as assert } from 'node:assert';
import { reasonOf } from '#core/errors.ts';
import { type ByteLevel, type LevelTuning, plainBytes } from '../disk/open-level.ts';
import { readUintKey } from '../keys/order.ts';
import { StoreUnavailable } from '../storage-errors.ts';
import { firstKey, firstValue, positionOfKey, recordKey } from './embedded-records.ts';
import { LogFull } from './log-errors.ts';
import type { LogBounds, LogEntry } from './log.ts';

/** How the database under a log is opened; tests give one that fails. */
export type OpenLevel = (dir: string, tuning: LevelTuning) => Promise<ByteLevel>;

/** Records are packed bits, which Snappy can't shorten, and are read once, in order, so a cache is of little use. */
const TUNING: LevelTuning = { writeBufferBytes: 32 * 1024 * 1024, cacheBytes: 2 * 1024 * 1024, compression: false };

/** Entries asked for in one step: a group of tiny records still crosses into LevelDB in few steps. */
const READ_STEP_ENTRIES = 4096;

/** A record to be written: the position is the store's to give. */
export interface UnplacedRecord {
  readonly partition: number;
  readonly bytes: Uint8Array;
}

interface PartitionPlace {
  first: number;
  last: number;
}

/**
 * The records of an embedded log on its database, and the bounds of its partitions. One write at a time.
 *
 * After a write has failed, LevelDB can't be trusted with the next one: its log file may end in half a record, behind
 * which a later, acknowledged one would be dropped by recovery. So the database is closed and opened again, which keeps
 * what is whole and begins a new log file, before anything more is written.
 */
export class EmbeddedStore {
  readonly #dir: string;
  readonly #open: OpenLevel;
  #level: ByteLevel;
  #places: PartitionPlace[];
  #damaged = false;
  #reopening: Promise<void> | undefined;

  static async open(dir: string, partitions: number, open: OpenLevel): Promise<EmbeddedStore> {
    const level = await open(dir, TUNING);
    try {
      return new EmbeddedStore(dir, open, level, await findPlaces(level, partitions));
    } catch (error) {
      await level.close();
      throw error;
    }
  }

  private constructor(dir: string, open: OpenLevel, level: ByteLevel, places: PartitionPlace[]) {
    this.#dir = dir;
    this.#open = open;
    this.#level = level;
    this.#places = places;
  }

  bounds(partition: number): LogBounds {
    const { first, last } = this.#place(partition);
    return { first, last };
  }

  /** Writes all records in one synced batch and gives their positions. Throws LogFull or StoreUnavailable for all of them. */
  async write(records: readonly UnplacedRecord[]): Promise<number[]> {
    assert(records.length > 0, 'a write has at least one record');
    if (this.#damaged) await this.#reopen();
    const lasts = this.#places.map((place) => place.last);
    const positions = records.map(({ partition }) => {
      const position = (lasts[partition] ?? 0) + 1;
      lasts[partition] = position;
      return position;
    });
    const batch = records.map(({ partition, bytes }, index) => ({
      type: 'put' as const,
      key: recordKey(partition, positions[index] ?? 0),
      value: bytes,
    }));
    try {
      await this.#level.batch<Uint8Array, Uint8Array>(batch, { sync: true });
    } catch (error) {
      this.#damaged = true;
      throw isFull(error)
        ? new LogFull(this.#dir, records[0]?.partition ?? 0, error)
        : new StoreUnavailable('log', this.#dir, error, 'It is opened anew at the next append');
    }
    for (const [partition, last] of lasts.entries()) this.#place(partition).last = last;
    return positions;
  }

  /** Entries from `from` (≤ `last`) up to `last` that fit into `bytes`, at least one. */
  async read(partition: number, from: number, last: number, bytes: number): Promise<LogEntry[]> {
    while (this.#reopening !== undefined) await this.#reopening;
    const level = this.#level;
    try {
      return await readEntries(level, partition, from, last, bytes);
    } catch (error) {
      // The database was opened anew under this reading; what was asked for is still there.
      if (level !== this.#level || this.#reopening !== undefined) return this.read(partition, from, last, bytes);
      throw new StoreUnavailable('log', this.#dir, error);
    }
  }

  /** Forgets entries below `before`. The new first position is durable before anything is removed. */
  async trim(partition: number, before: number): Promise<void> {
    const place = this.#place(partition);
    if (before <= place.first) return;
    try {
      await this.#level.put<Uint8Array, Uint8Array>(firstKey(partition), firstValue(before), { sync: true });
      place.first = before;
      await this.#level.clear({ gte: recordKey(partition, 0), lt: recordKey(partition, before) });
    } catch (error) {
      throw new StoreUnavailable('log', this.#dir, error, 'Trim it again later');
    }
  }

  async close(): Promise<void> {
    await this.#level.close();
  }

  async #reopen(): Promise<void> {
    const reopened = (async () => {
      await this.#level.close();
      this.#level = await this.#open(this.#dir, TUNING);
      this.#places = await findPlaces(this.#level, this.#places.length);
      this.#damaged = false;
    })();
    // Readers wait for the end of it, well or not; the write that asked for it gets the error.
    this.#reopening = reopened.then(undefined, () => undefined);
    try {
      await reopened;
    } catch (error) {
      throw new StoreUnavailable('log', this.#dir, error, 'It is opened anew at the next append');
    } finally {
      this.#reopening = undefined;
    }
  }

  #place(partition: number): PartitionPlace {
    const place = this.#places[partition];
    assert(place !== undefined, `the store has no partition ${partition}`);
    return place;
  }
}

async function findPlaces(level: ByteLevel, partitions: number): Promise<PartitionPlace[]> {
  const places: PartitionPlace[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const stored = await level.get<Uint8Array, Uint8Array | undefined>(firstKey(partition), {});
    const first = stored === undefined ? 1 : readUintKey(stored);
    const range = { gte: recordKey(partition, first), lt: recordKey(partition + 1, 0) };
    const [lastKey] = await level.keys<Uint8Array>({ ...range, reverse: true, limit: 1 }).all();
    places.push({ first, last: lastKey === undefined ? first - 1 : positionOfKey(lastKey) });
  }
  return places;
}

async function readEntries(
  level: ByteLevel,
  partition: number,
  from: number,
  last: number,
  bytesMax: number,
): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  let bytes = 0;
  const iterator = level.iterator<Uint8Array, Uint8Array>({
    gte: recordKey(partition, from),
    lt: recordKey(partition, last + 1),
    highWaterMarkBytes: Math.max(bytesMax, 1),
  });
  try {
    for (;;) {
      const step = await iterator.nextv(READ_STEP_ENTRIES);
      if (step.length === 0) return entries;
      for (const [key, value] of step) {
        if (entries.length > 0 && bytes + value.length > bytesMax) return entries;
        entries.push({ position: positionOfKey(key), bytes: plainBytes(value) });
        bytes += value.length;
      }
    }
  } finally {
    await iterator.close();
  }
}

function isFull(error: unknown): boolean {
  return /no space left|ENOSPC|quota/i.test(reasonOf(error)) || (error instanceof Error && isFullCause(error.cause));
}

function isFullCause(cause: unknown): boolean {
  return cause instanceof Error && isFull(cause);
}
