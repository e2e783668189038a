import { strict as assert } from 'node:assert';
import { FREE_BYTES_MIN, freeBytesIn } from '../disk/directory.ts';
import { isFull, KeptLevel, OPENING_WRITE_BUFFERS, type OpenLevel } from '../disk/kept-level.ts';
import { type ByteLevel, type LevelTuning, plainBytes, reclaim, writeTable } from '../disk/open-level.ts';
import { NUMBER_KEY_BYTES, readUintKey, uintKey, writeUintKey } from '../keys/order.ts';
import { DirectoryGone, StoreUnavailable } from '../storage-errors.ts';
import { LogFull } from './log-errors.ts';
import type { LogBounds, LogEntry } from './log.ts';

/** Records are packed bits, which Snappy can't shorten, and are read once, in order, so a cache is of little use. */
const TUNING: LevelTuning = { writeBufferBytes: 32 * 1024 * 1024, cacheBytes: 2 * 1024 * 1024, compression: false };

assert(
  FREE_BYTES_MIN >= OPENING_WRITE_BUFFERS * TUNING.writeBufferBytes,
  'what is kept free is enough to open a log again',
);

/** How long the room that was found on the disk is taken to be there. */
const ROOM_CHECK_MS = 500;

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

/** The records of an embedded log on its database, and the bounds of its partitions. One write at a time. */
export class EmbeddedStore {
  readonly #dir: string;
  readonly #level: KeptLevel;
  #places: PartitionPlace[];
  #roomCheckedAtMs = Number.NEGATIVE_INFINITY;
  /** The opening of the database that the places were found in. */
  #opening: number;

  static async open(dir: string, partitions: number, open: OpenLevel | undefined): Promise<EmbeddedStore> {
    const level = await KeptLevel.open({ store: 'log', dir, tuning: TUNING, open });
    try {
      return new EmbeddedStore(dir, level, await level.read((opened) => findPlaces(opened, partitions)));
    } catch (error) {
      await level.close();
      throw error;
    }
  }

  private constructor(dir: string, level: KeptLevel, places: PartitionPlace[]) {
    this.#dir = dir;
    this.#level = level;
    this.#places = places;
    this.#opening = level.openings;
  }

  bounds(partition: number): LogBounds {
    const { first, last } = this.#place(partition);
    return { first, last };
  }

  /** Writes all records in one synced batch and gives their positions. Throws LogFull or StoreUnavailable for all of them. */
  async write(records: readonly UnplacedRecord[]): Promise<number[]> {
    assert(records.length > 0, 'a write has at least one record');
    try {
      await this.#checkRoom();
      await this.#level.mend();
      await this.#findAnew();
      const { batch, bytes, positions, lasts } = this.#placed(records);
      await this.#level.write(batch, bytes, true);
      for (const [partition, last] of lasts.entries()) this.#place(partition).last = last;
      return positions;
    } catch (error) {
      if (error instanceof DirectoryGone) throw error;
      throw isFull(error)
        ? new LogFull(this.#dir, records[0]?.partition ?? 0, error)
        : new StoreUnavailable('log', this.#dir, error, 'It is opened anew at the next append');
    }
  }

  /** Entries from `from` (≤ `last`) up to `last` that fit into `bytes`, at least one. */
  async read(partition: number, from: number, last: number, bytes: number): Promise<LogEntry[]> {
    try {
      return await this.#level.read((level) => readEntries(level, partition, from, last, bytes));
    } catch (error) {
      throw new StoreUnavailable('log', this.#dir, error);
    }
  }

  /** Lets the partitions, which hold nothing, begin at these positions, durably. */
  async begin(firsts: readonly number[]): Promise<void> {
    assert(firsts.length === this.#places.length, 'each partition begins somewhere');
    const puts = firsts.map((first, partition) => ({
      type: 'put' as const,
      key: firstKey(partition),
      value: firstValue(first),
    }));
    await this.#level.write(puts, 0, true);
    this.#places = firsts.map((first) => ({ first, last: first - 1 }));
  }

  /** Forgets entries below `before`. The new first position is durable before anything is removed. */
  async trim(partition: number, before: number): Promise<void> {
    const place = this.#place(partition);
    if (before <= place.first) return;
    try {
      await this.#level.write([{ type: 'put', key: firstKey(partition), value: firstValue(before) }], 0, true);
      this.#place(partition).first = before;
      const gone = { gte: recordKey(partition, 0), lt: recordKey(partition, before) };
      await this.#level.read(async (level) => {
        await writeTable(level);
        await level.clear(gone);
        await reclaim(level, gone.gte, gone.lt);
      });
    } catch (error) {
      throw new StoreUnavailable('log', this.#dir, error, 'Trim it again later');
    }
  }

  async close(): Promise<void> {
    await this.#level.close();
  }

  /** A disk that fills up refuses records before it refuses everything: what was taken has still to be folded. */
  async #checkRoom(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#roomCheckedAtMs < ROOM_CHECK_MS) return;
    const free = await freeBytesIn(this.#dir);
    if (free < FREE_BYTES_MIN)
      throw new Error(`no space left on device but ${free} bytes, and ${FREE_BYTES_MIN} are kept free`);
    this.#roomCheckedAtMs = nowMs;
  }

  /** A write that failed may be there after all: what is read of it next is what all will read. */
  async #findAnew(): Promise<void> {
    const { openings } = this.#level;
    if (openings === this.#opening) return;
    this.#places = await this.#level.read((level) => findPlaces(level, this.#places.length));
    this.#opening = openings;
  }

  /** What writes the records behind the last of each partition. */
  #placed(records: readonly UnplacedRecord[]) {
    const lasts = this.#places.map((place) => place.last);
    let bytes = 0;
    const positions: number[] = [];
    const batch = records.map(({ partition, bytes: value }) => {
      const position = (lasts[partition] ?? 0) + 1;
      lasts[partition] = position;
      positions.push(position);
      bytes += value.length;
      return { type: 'put' as const, key: recordKey(partition, position), value };
    });
    return { batch, bytes, positions, lasts };
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

/**
 * The keys of the embedded log.
 *
 * ```
 * record   01 · partition (2 bytes, big endian) · position (8 bytes, big endian)   → the record's bytes
 * first    02 · partition (2 bytes, big endian)                                     → first kept position (8 bytes)
 * ```
 */
const RECORD_TAG = 1;
const FIRST_TAG = 2;
const PREFIX_BYTES = 3;

export function recordKey(partition: number, position: number): Uint8Array {
  const key = new Uint8Array(PREFIX_BYTES + NUMBER_KEY_BYTES);
  writePrefix(key, RECORD_TAG, partition);
  writeUintKey(key, PREFIX_BYTES, position);
  return key;
}

export function positionOfKey(key: Uint8Array): number {
  return readUintKey(key, PREFIX_BYTES);
}

export function firstKey(partition: number): Uint8Array {
  const key = new Uint8Array(PREFIX_BYTES);
  writePrefix(key, FIRST_TAG, partition);
  return key;
}

export function firstValue(position: number): Uint8Array {
  return uintKey(position);
}

function writePrefix(key: Uint8Array, tag: number, partition: number): void {
  key[0] = tag;
  key[1] = partition >> 8;
  key[2] = partition & 0xff;
}
