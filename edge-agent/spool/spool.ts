import { strict as assert } from 'node:assert';
import type { Fullness } from '#backbone/flow/fullness.ts';
import { joinKeys, prefixRange, readUintKey, uintKey } from '#backbone/keys/order.ts';
import type { Table, TableOperation } from '#backbone/table/table.ts';
import { FRAME_BYTES_MAX } from '#core/frames/limits.ts';
import { AGENT_IN_FLIGHT_MAX } from '#core/wire/limits.ts';
import type { LedgerHead } from '#core/wire/topics.ts';
import { EntryQueue } from './entry-queue.ts';
import {
  BYTES,
  decodeEntry,
  encodeEntry,
  ENTRIES,
  placeKey,
  placeOf,
  RELEASED,
  type SpooledItem,
  type SpoolEntry,
  type SpoolItem,
} from './entry.ts';
import {
  DELETIONS_PER_STAGE_MAX,
  ENTRY_OVERHEAD_BYTES,
  FRAMES_BYTES_MIN,
  READ_AHEAD_BYTES,
  READ_AHEAD_ENTRIES_MAX,
  RELEASES_UNWRITTEN_MAX,
  SPOOL_CACHE_BYTES_MAX,
} from './limits.ts';
import { Waiters } from './waiters.ts';

export interface SpoolOptions {
  /** Budget of all that is kept, released or not, counted with ENTRY_OVERHEAD_BYTES each; at least FRAMES_BYTES_MIN. */
  readonly bytesMax: number;
  /** What the spool's keys begin with in the table that it shares. */
  readonly prefix: Uint8Array;
}

/** What was released at one moment: later releases don't change it. */
export interface ReleasedPlaces {
  readonly highest: number;
  readonly has: (place: number) => boolean;
}

interface Staged {
  readonly entry: SpoolEntry;
  readonly bytes: Uint8Array;
}

/**
 * The agent's queue of what is on its way to the broker, in the table that also holds its journal, so that one atomic
 * synced write seals a frame and spools it.
 *
 * An entry is *staged* (in operations that the caller writes), *committed* (written and synced), *released* (the broker
 * has acknowledged it, so the log has it), and some time later deleted. What is released is kept as long as the budget
 * allows, so that holes can be refilled; with each staging the oldest released entries make room. What isn't released is
 * never deleted: when it fills the budget, `hasRoom` says so and the agent pauses its sources. `stage` itself refuses
 * nothing, since what the journal has accepted must be sealed; the overshoot is what its open panes hold.
 *
 * Releases are written lazily. After a crash up to RELEASES_UNWRITTEN_MAX entries (after loss of power: since the last
 * synced write) are sent once more, which the ledger folds once.
 */
export class Spool {
  readonly #table: Table;
  readonly #prefix: Uint8Array;
  readonly #bytesMax: number;
  readonly #released = new EntryQueue();
  readonly #unreleased = new EntryQueue();
  /** Bytes of unreleased entries by place, at most SPOOL_CACHE_BYTES_MAX: the oldest, which are read first. */
  readonly #cache = new Map<number, Uint8Array>();
  /** Stagings whose write isn't reported yet, oldest first; a handful, one per write in flight. */
  readonly #staged = new Map<readonly SpoolItem[], readonly Staged[]>();
  /** Released out of order: above the first unreleased entry. Bounded by the uplink's window. */
  readonly #early = new Set<number>();
  /** Highest frame number by incarnation, of the two newest. */
  readonly #heads = new Map<number, number>();
  readonly #room = new Waiters();
  readonly #news = new Waiters();
  readonly #drained = new Waiters();
  #cacheBytes = 0;
  #releasedBytes = 0;
  #unreleasedBytes = 0;
  #nextPlace = 1;
  #releasedPlace = 0;
  #writtenPlace = 0;
  #unwritten = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(table: Table, options: SpoolOptions) {
    assert(
      options.bytesMax >= FRAMES_BYTES_MIN,
      `a spool has at least ${FRAMES_BYTES_MIN} bytes, not ${options.bytesMax}`,
    );
    this.#table = table;
    this.#prefix = options.prefix;
    this.#bytesMax = options.bytesMax;
  }

  /** Opens the spool in a table: reads its entries, not their bytes. Throws what the table throws. */
  static async open(table: Table, options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(table, options);
    const released = await table.get(joinKeys(options.prefix, RELEASED));
    spool.#releasedPlace = released === undefined ? 0 : readUintKey(released);
    spool.#writtenPlace = spool.#releasedPlace;
    spool.#nextPlace = spool.#releasedPlace + 1;
    for await (const [key, value] of table.scan(prefixRange(joinKeys(options.prefix, ENTRIES)))) {
      spool.#admit(decodeEntry(placeOf(key), value));
    }
    return spool;
  }

  /** Bytes of what the broker hasn't acknowledged yet, with overheads. */
  get unreleasedBytes(): number {
    return this.#unreleasedBytes;
  }

  get unreleasedCount(): number {
    return this.#unreleased.length - this.#early.size;
  }

  fullness(): readonly Fullness[] {
    return [
      { of: 'spool_bytes', held: this.keptBytes, max: this.#bytesMax },
      { of: 'spool_cache_bytes', held: this.#cacheBytes, max: SPOOL_CACHE_BYTES_MAX },
      { of: 'spool_released_early', held: this.#early.size, max: AGENT_IN_FLIGHT_MAX },
    ];
  }

  /** Bytes of all that is kept, with overheads. */
  get keptBytes(): number {
    return this.#releasedBytes + this.#unreleasedBytes;
  }

  /**
   * The highest frame number of the newest incarnation that was ever spooled here, and of the one before: what the
   * ledger's head is compared with. The newest entry is never deleted before a newer one is staged, so this survives.
   */
  heads(): readonly LedgerHead[] {
    return [...this.#heads].map(([incarnation, highestSequence]) => ({ incarnation, highestSequence }));
  }

  /** The lowest number of the incarnation's frames that isn't released, or that of the next one where all are. */
  firstUnreleased(incarnation: number): number {
    for (let entry = this.#entryAfter(0); entry !== undefined; entry = this.#entryAfter(entry.place)) {
      if (entry.incarnation === incarnation && entry.channel === 'frame') return entry.sequence;
      if (entry.incarnation < incarnation) return 1;
    }
    return (this.#heads.get(incarnation) ?? 0) + 1;
  }

  /** Whether all of an incarnation's frames up to a number are released, and all that was spooled before. */
  isReleased(incarnation: number, upTo: number): boolean {
    return this.unreleasedCount === 0 || (upTo > 0 && this.firstUnreleased(incarnation) > upTo);
  }

  /** What is released now, in order or not. */
  get released(): ReleasedPlaces {
    const inOrder = this.#releasedPlace;
    const early = new Set(this.#early);
    return { highest: Math.max(inOrder, ...early), has: (place) => place <= inOrder || early.has(place) };
  }

  /** The first frame above `after` of those released that is still kept, and that `isWanted`; undefined where there is none. */
  async nextKept(
    after: number,
    released: ReleasedPlaces,
    isWanted: (entry: SpoolEntry) => boolean,
  ): Promise<SpooledItem | undefined> {
    const above = (place: number): SpoolEntry | undefined =>
      this.#released.above(place) ?? this.#unreleased.above(place);
    for (let entry = above(after); entry !== undefined && entry.place <= released.highest; entry = above(entry.place)) {
      if (entry.channel !== 'frame' || !released.has(entry.place) || !isWanted(entry)) continue;
      const { place, channel, incarnation, sequence } = entry;
      const bytes = await this.#table.get(placeKey(this.#prefix, BYTES, place));
      // It may have made room for newer ones meanwhile.
      if (bytes !== undefined) return { place, channel, incarnation, sequence, bytes };
    }
    return undefined;
  }

  /** What the broker hasn't acknowledged yet, in order. */
  *unreleased(): Generator<SpoolEntry, void, undefined> {
    for (const entry of this.#unreleased) if (!this.#early.has(entry.place)) yield entry;
  }

  /** Whether so many bytes more can be spooled without deleting what isn't released. */
  hasRoom(bytes: number = FRAME_BYTES_MAX): boolean {
    return this.#unreleasedBytes + bytes + ENTRY_OVERHEAD_BYTES <= this.#bytesMax;
  }

  /** Resolves when there is room for one frame of any length; at once if there is. Throws the signal's reason. */
  whenRoom(signal: AbortSignal): Promise<void> {
    return this.#room.until(() => this.hasRoom(), signal);
  }

  /** Resolves when everything committed is released. Throws the signal's reason. */
  whenDrained(signal: AbortSignal): Promise<void> {
    return this.#drained.until(() => this.unreleasedCount === 0, signal);
  }

  /** Resolves when there is an unreleased entry above `place`. Throws the signal's reason. */
  whenNext(place: number, signal: AbortSignal): Promise<void> {
    return this.#news.until(() => this.#entryAfter(place) !== undefined, signal);
  }

  /**
   * The operations that spool `items`, in their order, for the caller's own synced write. Once that has succeeded the
   * caller calls `committed` with the same array; where it has failed, nothing: the places stay empty.
   */
  stage(items: readonly SpoolItem[]): TableOperation[] {
    const operations: TableOperation[] = [];
    const staged: Staged[] = [];
    let bytes = 0;
    for (const item of items) {
      const place = this.#nextPlace++;
      const { channel, incarnation, sequence } = item;
      staged.push({
        entry: { place, channel, incarnation, sequence, byteCount: item.bytes.length },
        bytes: item.bytes,
      });
      operations.push({ kind: 'put', key: placeKey(this.#prefix, ENTRIES, place), value: encodeEntry(item) });
      operations.push({ kind: 'put', key: placeKey(this.#prefix, BYTES, place), value: item.bytes });
      bytes += item.bytes.length + ENTRY_OVERHEAD_BYTES;
    }
    this.#staged.set(items, staged);
    this.#makeRoom(bytes, operations);
    if (this.#releasedPlace !== this.#writtenPlace) operations.push(this.#releasedOperation());
    return operations;
  }

  /** Takes up what was staged and is now on disk; the uplink sees it from here on. In the order of staging. */
  committed(items: readonly SpoolItem[]): void {
    const staged = this.#staged.get(items);
    assert(staged !== undefined, 'only what was staged can be committed');
    this.#staged.delete(items);
    for (const { entry, bytes } of staged) {
      // Where the uplink has fallen behind what is in memory, the room there belongs to what it will read next.
      const { last } = this.#unreleased;
      const uplinkIsNear = last === undefined || this.#cache.has(last.place);
      this.#admit(entry);
      if (uplinkIsNear) this.#keep(entry.place, bytes);
    }
    this.#news.wake();
  }

  /** The first unreleased item above `after` (0: the first of all), or undefined. Throws what the table throws. */
  async next(after: number): Promise<SpooledItem | undefined> {
    const entry = this.#entryAfter(after);
    if (entry === undefined) return undefined;
    const { place, channel, incarnation, sequence } = entry;
    const bytes = this.#cache.get(place) ?? (await this.#readAhead(place));
    assert(bytes?.length === entry.byteCount, `spool place ${place} holds what its entry says`);
    return { place, channel, incarnation, sequence, bytes };
  }

  /** The broker has acknowledged the item at `place`. Again for the same place it does nothing. */
  release(place: number): void {
    if (place <= this.#releasedPlace || place >= this.#nextPlace || this.#early.has(place)) return;
    this.#early.add(place);
    for (let first = this.#unreleased.first; first !== undefined && this.#early.delete(first.place);) {
      this.#unreleased.shift();
      const bytes = first.byteCount + ENTRY_OVERHEAD_BYTES;
      this.#unreleasedBytes -= bytes;
      this.#releasedBytes += bytes;
      this.#released.push(first);
      this.#releasedPlace = first.place;
      this.#unwritten++;
      if (this.#cache.delete(first.place)) this.#cacheBytes -= first.byteCount;
      first = this.#unreleased.first;
    }
    if (this.#unwritten >= RELEASES_UNWRITTEN_MAX) this.#writeLater();
    this.#room.wake();
    this.#drained.wake();
  }

  /** Writes down what was released (not synced), so that a tidy stop sends nothing twice. Throws what the table throws. */
  async flush(): Promise<void> {
    await this.#writing;
    await this.#writeReleases();
  }

  /** A failure here costs only that something is sent twice; a disk that fails is found out by the next staging. */
  #writeLater(): void {
    this.#unwritten = 0;
    this.#writing = this.#writing.then(() => this.#writeReleases()).catch(() => undefined);
  }

  /** The first entry above a place that isn't released, not even out of order. */
  #entryAfter(place: number): SpoolEntry | undefined {
    let entry = this.#unreleased.above(place);
    while (entry !== undefined && this.#early.has(entry.place)) entry = this.#unreleased.above(entry.place);
    return entry;
  }

  /** Reads the bytes at a place, and with them what the uplink will ask for next: a table gives many as fast as one. */
  async #readAhead(place: number): Promise<Uint8Array | undefined> {
    const gte = placeKey(this.#prefix, BYTES, place);
    const { lt } = prefixRange(joinKeys(this.#prefix, BYTES));
    let wanted: Uint8Array | undefined;
    let readBytes = 0;
    for await (const [key, bytes] of this.#table.scan({ gte, lt, limit: READ_AHEAD_ENTRIES_MAX })) {
      const at = placeOf(key);
      if (at === place) wanted = bytes;
      readBytes += bytes.length;
      if (at > this.#releasedPlace) this.#keep(at, bytes);
      if (readBytes >= READ_AHEAD_BYTES) break;
    }
    return wanted;
  }

  #keep(place: number, bytes: Uint8Array): void {
    if (this.#cache.has(place) || this.#cacheBytes + bytes.length > SPOOL_CACHE_BYTES_MAX) return;
    this.#cache.set(place, bytes);
    this.#cacheBytes += bytes.length;
  }

  #admit(entry: SpoolEntry): void {
    const bytes = entry.byteCount + ENTRY_OVERHEAD_BYTES;
    if (entry.place <= this.#releasedPlace) {
      this.#released.push(entry);
      this.#releasedBytes += bytes;
    } else {
      this.#unreleased.push(entry);
      this.#unreleasedBytes += bytes;
    }
    this.#nextPlace = Math.max(this.#nextPlace, entry.place + 1);
    if (entry.channel === 'frame') this.#noteHead(entry.incarnation, entry.sequence);
  }

  #noteHead(incarnation: number, sequence: number): void {
    this.#heads.set(incarnation, Math.max(sequence, this.#heads.get(incarnation) ?? 0));
    if (this.#heads.size > 2) this.#heads.delete(Math.min(...this.#heads.keys()));
  }

  /** Adds to `operations` the deletion of the oldest released entries that `bytes` more would push over the budget. */
  #makeRoom(bytes: number, operations: TableOperation[]): void {
    for (let deleted = 0; deleted < DELETIONS_PER_STAGE_MAX && this.keptBytes + bytes > this.#bytesMax; deleted++) {
      const oldest = this.#released.shift();
      if (oldest === undefined) return;
      this.#releasedBytes -= oldest.byteCount + ENTRY_OVERHEAD_BYTES;
      operations.push({ kind: 'delete', key: placeKey(this.#prefix, ENTRIES, oldest.place) });
      operations.push({ kind: 'delete', key: placeKey(this.#prefix, BYTES, oldest.place) });
    }
  }

  async #writeReleases(): Promise<void> {
    const place = this.#releasedPlace;
    if (place === this.#writtenPlace) return;
    await this.#table.write([this.#releasedOperation()], { sync: false });
    this.#writtenPlace = place;
  }

  #releasedOperation(): TableOperation {
    return { kind: 'put', key: joinKeys(this.#prefix, RELEASED), value: uintKey(this.#releasedPlace) };
  }
}
