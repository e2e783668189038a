import { strict as assert } from 'node:assert';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeDirectoryDurably, syncDirectory } from '#backbone/disk/durable-file.ts';
import type { Log, LogEntry } from '#backbone/log/log.ts';
import { ArchiveDamaged, ArchiveSeamBroken, NotArchived } from './archive-errors.ts';
import { readBlocksOf, unpackBlock } from './segment-blocks.ts';
import {
  COMPACTED_FORMAT,
  HEADER_ROOM,
  INDEX_EVERY,
  readItem,
  readSegmentHeader,
  RECORD_HEAD_BYTES,
} from './segment-format.ts';
import { firstOfName, readPart, Segment, type SegmentOwner } from './segment.ts';

/** Bytes of records that are taken from the log at once, and written with one write. */
const FOLLOW_BYTES = 4 * 1024 * 1024;

/** Written bytes after which the archive syncs even if nobody waits: bounds what a loss of power makes it read again. */
const UNSYNCED_BYTES_MAX = 16 * 1024 * 1024;

/** How long written records wait for a sync that they share with later ones. */
const SYNC_DELAY_MS = 200;

/** Bytes that a reader holds of a segment at once. */
const READ_BYTES = 8 * 1024 * 1024;

/** A record of the archive, and where its bytes stand in the segment's file. */
export interface ArchivedEntry extends LogEntry {
  readonly at: number;
}

/** Consecutive records of one segment; their bytes share one buffer. */
export interface ArchivedBatch {
  readonly path: string;
  readonly entries: readonly ArchivedEntry[];
}

/**
 * A file of the archive. Its first `bytes` are on the disk, and will never change; one that is sealed has all of its records then, and
 * may give way to a smaller file with the same ones at any time: it is copied whole, as it is found. `name` leads to it from the
 * archive's directory.
 */
export interface ArchiveFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly sealed: boolean;
}

interface Waiter {
  readonly position: number;
  readonly resolve: () => void;
}

/** The archive of one partition: its segments, and the writer that follows the log. */
export class PartitionArchive {
  readonly partition: number;
  readonly #dir: string;
  readonly #owner: SegmentOwner;
  readonly #segments: Segment[];
  readonly #segmentBytesMax: number;
  #archivedTo: number;
  /** Where the records up to `archivedTo` end in their segment. */
  #archivedBytes: number;
  #unsyncedBytes = 0;
  #syncTimer: NodeJS.Timeout | undefined;
  #syncing: Promise<void> = Promise.resolve();
  readonly #failed = new AbortController();
  readonly #waiters = new Set<Waiter>();

  private constructor(dir: string, owner: SegmentOwner, segments: Segment[], segmentBytesMax: number) {
    this.#segmentBytesMax = segmentBytesMax;
    this.partition = owner.partition;
    this.#dir = dir;
    this.#owner = owner;
    this.#segments = segments;
    this.#archivedTo = segments.at(-1)?.last ?? 0;
    this.#archivedBytes = segments.at(-1)?.bytes ?? 0;
  }

  /** Opens the segments of the partition; a torn tail is cut off. Throws NewerFormat, ArchiveDamaged, ArchiveOfAnotherLog. */
  static async open(archiveDir: string, owner: SegmentOwner, segmentBytesMax: number): Promise<PartitionArchive> {
    const dir = join(archiveDir, String(owner.partition));
    await makeDirectoryDurably(dir);
    const firsts = (await readdir(dir)).map(firstOfName).filter((first) => first !== undefined);
    firsts.sort((a, b) => a - b);
    const segments: Segment[] = [];
    for (const [i, first] of firsts.entries()) {
      const segment = await Segment.open(dir, owner, first, i === firsts.length - 1);
      if (segment === undefined) continue;
      const next = (segments.at(-1)?.last ?? 0) + 1;
      if (first !== next) throw new ArchiveDamaged(segment.path, `it begins at ${first} where ${next} is next`);
      segments.push(segment);
    }
    return new PartitionArchive(dir, owner, segments, segmentBytesMax);
  }

  /** Position of the last record that is on the disk. */
  get archivedTo(): number {
    return this.#archivedTo;
  }

  /** What has to be copied to have the records up to `archivedTo`. */
  async files(): Promise<readonly ArchiveFile[]> {
    const archived = this.#archivedTo;
    // A segment that isn't sealed is the last: where it is written, only what is on the disk of it counts.
    const kept = this.#segments
      .filter(({ first }) => first <= archived)
      .map(({ path, sealed }) => ({ path, sealed, bytes: sealed ? undefined : this.#archivedBytes }));
    return Promise.all(
      kept.map(async ({ path, sealed, bytes }) => ({
        name: `${this.partition}/${basename(path)}`,
        path,
        bytes: bytes ?? (await stat(path)).size,
        sealed,
      })),
    );
  }

  /** The first sealed segment that is not compacted. */
  get uncompacted(): Pick<Segment, 'path' | 'bytes'> | undefined {
    return this.#segments.find(({ sealed, compacted }) => sealed && !compacted);
  }

  /**
   * Puts the compacted segment `made`, undefined where it is there already, into the place of the sealed one at `path`, durably: at
   * every moment one of them is there, whole.
   */
  async replace(path: string, made: string | undefined): Promise<void> {
    if (made !== undefined) {
      const file = await open(made, 'r+');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(made, path);
      await syncDirectory(this.#dir);
    }
    const at = this.#segments.findIndex((segment) => segment.path === path);
    if (at === -1) return;
    const segment = await Segment.open(this.#dir, this.#owner, this.#segments[at]!.first, false);
    assert(segment !== undefined, 'a compacted segment has a header');
    this.#segments[at] = segment;
  }

  /** About how many bytes of records there are after a position. */
  bytesAfter(position: number): number {
    let bytes = 0;
    for (const segment of this.#segments) {
      if (segment.last > position) bytes += segment.bytes - segment.placeBefore(Math.max(segment.first, position + 1));
    }
    return bytes;
  }

  /** Resolves once the record at `position` is on the disk; rejects with the signal's reason, or as the disk fails. */
  async whenArchived(position: number, signal: AbortSignal): Promise<void> {
    if (position <= this.#archivedTo) return;
    const ends = AbortSignal.any([signal, this.#failed.signal]);
    ends.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { position, resolve };
    const abort = (): void => reject(ends.reason);
    ends.addEventListener('abort', abort, { once: true });
    this.#waiters.add(waiter);
    void this.#sync();
    try {
      await promise;
    } finally {
      this.#waiters.delete(waiter);
      ends.removeEventListener('abort', abort);
    }
  }

  /** Follows the log until the signal; what was written is synced before it resolves. */
  async run(log: Log, signal: AbortSignal): Promise<void> {
    await this.#checkSeam(log);
    const ends = AbortSignal.any([signal, this.#failed.signal]);
    const next = (this.#segments.at(-1)?.last ?? 0) + 1;
    for await (const entries of log.follow(this.partition, next, { signal: ends, bytesMax: FOLLOW_BYTES })) {
      await this.#write(entries);
      if (this.#unsyncedBytes >= UNSYNCED_BYTES_MAX || this.#waiters.size > 0) await this.#sync();
      else this.#syncTimer ??= setTimeout(() => void this.#sync(), SYNC_DELAY_MS);
    }
    await this.#sync();
    this.#failed.signal.throwIfAborted();
  }

  /** Checks that the last archived record is the one that the log has there. Throws ArchiveSeamBroken. */
  async #checkSeam(log: Log): Promise<void> {
    const position = this.#archivedTo;
    const { first, last } = await log.bounds(this.partition);
    if (last < position) throw new ArchiveSeamBroken(this.partition, position, `the log ends at ${last}`);
    if (first > position + 1) throw new ArchiveSeamBroken(this.partition, position, `the log begins at ${first}`);
    if (position === 0 || first > position) return;
    const [inLog] = await log.read(this.partition, position, { bytes: 1 });
    for await (const { entries } of this.read(position, position)) {
      if (Buffer.compare(entries[0]!.bytes, inLog!.bytes) === 0) continue;
      throw new ArchiveSeamBroken(this.partition, position, 'it holds another record at that position');
    }
  }

  /** The records at positions from `from` to `to`, both included, in batches. Throws NotArchived, ArchiveDamaged. */
  async *read(from: number, to: number): AsyncIterable<ArchivedBatch> {
    if (to > this.#archivedTo) throw new NotArchived(this.partition, to, this.#archivedTo);
    let next = from;
    while (next <= to) {
      const segment = this.#segments.findLast((one) => one.first <= next);
      assert(segment !== undefined, 'the archive begins at position 1');
      for await (const batch of readSegment(segment, next, Math.min(to, segment.last))) {
        yield batch;
        next = batch.entries.at(-1)!.position + 1;
      }
    }
  }

  async close(): Promise<void> {
    await this.#sync();
    await this.#segments.at(-1)?.close();
  }

  /**
   * The same archive opened anew after a write or a sync that failed, without what was not on the disk by then: what a
   * file says of that afterwards is not to be trusted. The log has it still. Who waits for it hears of the failure.
   */
  async openAgain(failure: unknown): Promise<PartitionArchive> {
    this.#failed.abort(failure);
    await this.#syncing;
    clearTimeout(this.#syncTimer);
    for (const segment of this.#segments.toReversed()) {
      await segment.close();
      if (segment.first <= this.#archivedTo) {
        if (!segment.sealed) await segment.cutBack(this.#archivedBytes);
        break;
      }
      await rm(segment.path, { force: true });
    }
    return PartitionArchive.open(dirname(this.#dir), this.#owner, this.#segmentBytesMax);
  }

  /** Writes entries that follow the last, sealing segments where they are full. */
  async #write(entries: readonly LogEntry[]): Promise<void> {
    for (let from = 0; from < entries.length;) {
      const segment = await this.#openSegment();
      const expected = segment.last + 1;
      const { position } = entries[from]!;
      assert(position === expected, `the log gives position ${position} where ${expected} is next`);
      const before = segment.bytes;
      let bytes = before;
      let to = from;
      while (to < entries.length && (to === from || bytes < this.#segmentBytesMax)) {
        bytes += RECORD_HEAD_BYTES + entries[to++]!.bytes.length;
      }
      await segment.append(entries.slice(from, to));
      this.#unsyncedBytes += segment.bytes - before;
      from = to;
    }
  }

  /** The segment that takes the next record. */
  async #openSegment(): Promise<Segment> {
    const segment = this.#segments.at(-1);
    if (segment !== undefined && !segment.sealed && segment.bytes < this.#segmentBytesMax) return segment;
    // Nothing is written behind a segment that is not whole on the disk.
    await this.#sync();
    this.#failed.signal.throwIfAborted();
    if (segment !== undefined && !segment.sealed) await segment.seal();
    const next = await Segment.create(this.#dir, this.#owner, (segment?.last ?? 0) + 1);
    this.#segments.push(next);
    return next;
  }

  /** Makes everything written durable, then tells who waits. A failing disk ends the run. */
  #sync(): Promise<void> {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    this.#syncing = this.#syncing.then(async () => {
      const segment = this.#segments.at(-1);
      // What a disk that failed once says later is not to be trusted: only a new opening looks at what is there.
      if (segment === undefined || segment.last === this.#archivedTo || this.#failed.signal.aborted) return;
      const { last, bytes } = segment;
      this.#unsyncedBytes = 0;
      try {
        await segment.sync();
      } catch (failure) {
        this.#failed.abort(failure);
        return;
      }
      this.#archivedTo = last;
      this.#archivedBytes = bytes;
      for (const waiter of this.#waiters) if (waiter.position <= last) waiter.resolve();
    });
    return this.#syncing;
  }
}

async function* readSegment(segment: Segment, from: number, to: number): AsyncIterable<ArchivedBatch> {
  const file = await open(segment.path, 'r');
  try {
    // It may have been compacted since it was opened.
    const header = readSegmentHeader(await readPart(file, 0, HEADER_ROOM), segment.path);
    yield* header?.format === COMPACTED_FORMAT
      ? readCompacted(file, segment, from, to)
      : readPlain(file, segment, from, to);
  } finally {
    await file.close();
  }
}

async function* readCompacted(
  file: FileHandle,
  { path, first, index }: Segment,
  from: number,
  to: number,
): AsyncIterable<ArchivedBatch> {
  const { blocks } = await readBlocksOf((at, length) => readPart(file, at, length), path);
  const place = index[Math.floor((from - first) / INDEX_EVERY)] ?? 0;
  let next = from;
  for (const block of blocks) {
    if (block.end <= place) continue;
    if (next > to) return;
    const raw = unpackBlock(await readPart(file, block.at, block.bytes), block, path);
    const { entries } = entriesIn(raw, block.begin, next, to);
    if (entries.length === 0) continue;
    next = entries.at(-1)!.position + 1;
    yield { path, entries };
  }
  if (next <= to) throw new ArchiveDamaged(path, `its blocks end before position ${next}`);
}

async function* readPlain(file: FileHandle, segment: Segment, from: number, to: number): AsyncIterable<ArchivedBatch> {
  let next = from;
  let at = segment.placeBefore(from);
  let length = READ_BYTES;
  while (next <= to) {
    const bytes = await readPart(file, at, Math.min(length, segment.bytes - at));
    const { entries, end } = entriesIn(bytes, at, next, to);
    if (end === 0 && bytes.length < Math.min(length, segment.bytes - at)) {
      throw new ArchiveDamaged(segment.path, `it ends at ${at + bytes.length} before position ${next}`);
    }
    if (end === 0) {
      if (at + length >= segment.bytes) throw new ArchiveDamaged(segment.path, `no whole record at byte ${at}`);
      length *= 2;
      continue;
    }
    at += end;
    if (entries.length === 0) continue;
    next = entries.at(-1)!.position + 1;
    yield { path: segment.path, entries };
  }
}

/** The whole records in `bytes`, which stand at `base` in their file, and where the last whole one ends. */
function entriesIn(
  bytes: Uint8Array,
  base: number,
  from: number,
  to: number,
): { entries: ArchivedEntry[]; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: ArchivedEntry[] = [];
  let end = 0;
  while (end + RECORD_HEAD_BYTES <= bytes.length) {
    const item = readItem(bytes, view, end);
    if (item.kind !== 'record') break;
    end = item.end;
    if (item.position < from) continue;
    if (item.position > to) break;
    entries.push({ position: item.position, bytes: bytes.subarray(item.start, item.end), at: base + item.start });
  }
  return { entries, end };
}
