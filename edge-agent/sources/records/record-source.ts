import { resolve } from 'node:path';
import { BatchColumns } from '../batch-columns.ts';
import { RowReader } from '../rows/row-reader.ts';
import type { RowsSection } from '../rows/rows-section.ts';
import { SourceError, subjectOf } from '../source-error.ts';
import type { SourceOptions } from '../source-kind.ts';
import type { ReadingBatch, Source, SourceNature, SourceCheckpoint } from '../source.ts';
import { FileFeed, FollowFeed, shrunk, StreamFeed, type ByteFeed } from './byte-feed.ts';
import {
  checkIdentity,
  IDENTITY_BYTES_MAX,
  identityOf,
  readCheckpoint,
  type RecordCheckpoint,
} from './record-checkpoint.ts';
import { RecordCursor } from './record-cursor.ts';
import type { RecordFileOpener, RecordFileOpening } from './record-format.ts';
import { bufferBytes, RECORD_LIMITS, type RecordLimits } from './record-limits.ts';

/** What kind of file it is, beside what every source is given. */
export interface RecordSourceOptions extends SourceOptions {
  readonly name: string;
  readonly section: RowsSection;
  readonly opener: RecordFileOpener;
}

/** A file of records, or standard input, as a source: reads bytes, and leaves all decisions to the RecordCursor. */
export class RecordSource implements Source {
  readonly name: string;
  readonly nature: SourceNature;
  readonly #options: RecordSourceOptions;
  readonly #limits: RecordLimits;
  /** The file's path, absolute; null for standard input. */
  readonly #path: string | null;
  readonly #chunkBytes: number;
  /** A chunk is read behind this room for the record that the one before it ended in. */
  readonly #carryBytes: number;
  readonly #subject: string;

  constructor(options: RecordSourceOptions) {
    this.name = options.name;
    const { file, follow } = options.section;
    this.nature = follow ? 'live' : 'file';
    this.#options = options;
    this.#limits = options.limits ?? RECORD_LIMITS;
    this.#chunkBytes = this.#limits.chunkBytes;
    this.#carryBytes = this.#limits.lineBytesMax;
    this.#path = file === '-' ? null : resolve(options.folder, file);
    this.#subject = subjectOf(this.#path ?? '-');
  }

  /** Throws SourceError where the file can't be read, is not of its kind, or is not the one that the checkpoint was left in. */
  async *batches(from: SourceCheckpoint | null, signal: AbortSignal): AsyncGenerator<ReadingBatch, void, undefined> {
    const path = this.#path;
    if (path === null) {
      // What is piped in now is not what was piped in before, so a checkpoint left in it means nothing.
      yield* this.#stream(signal);
      return;
    }
    const file = await FileFeed.open(path);
    let feed: ByteFeed = file;
    try {
      const head = await file.readHead(IDENTITY_BYTES_MAX);
      this.#checkText(head, head.length);
      const checkpoint = from === null ? null : readCheckpoint(this.#subject, from);
      if (checkpoint !== null) {
        checkIdentity(this.#subject, checkpoint.identity, head);
        if (checkpoint.offset > file.sizeBytes) throw shrunk(path, checkpoint.offset);
      }
      const buffer = this.#buffer();
      const opened = await this.#open(file, buffer);
      const cursor = this.#cursor(opened.opening, checkpoint?.identity ?? identityOf(head));
      let loadedTo = opened.to;
      let loadedFrom = this.#carryBytes + opened.opening.dataAt;
      if (checkpoint !== null) {
        cursor.restore(checkpoint);
        file.seek(checkpoint.offset);
        loadedFrom = loadedTo = this.#carryBytes;
      }
      if (this.#options.section.follow)
        feed = new FollowFeed(path, file, checkpoint?.offset ?? loadedTo - this.#carryBytes);
      yield* this.#walk(feed, cursor, buffer, loadedFrom, loadedTo, signal);
    } finally {
      await feed.close();
    }
  }

  async *#stream(signal: AbortSignal): AsyncGenerator<ReadingBatch, void, undefined> {
    const feed = new StreamFeed(this.#options.stdin());
    const stop = (): void => void feed.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const buffer = this.#buffer();
      const { opening, to } = await this.#open(feed, buffer);
      if (signal.aborted) return;
      const cursor = this.#cursor(opening, null);
      yield* this.#walk(feed, cursor, buffer, this.#carryBytes + opening.dataAt, to, signal);
    } finally {
      signal.removeEventListener('abort', stop);
      await feed.close();
    }
  }

  /** Reads until the beginning of the file has told its columns. */
  async #open(feed: ByteFeed, buffer: Uint8Array): Promise<{ opening: RecordFileOpening; to: number }> {
    let to = this.#carryBytes;
    for (;;) {
      const room = this.#carryBytes + this.#chunkBytes - to;
      const count = await feed.read(buffer, to, room);
      if (to === this.#carryBytes && count === 0) {
        throw new SourceError('empty', this.#subject, 'is empty', 'check that it is the right one');
      }
      this.#checkText(buffer.subarray(to), count);
      to += count;
      const opening = this.#options.opener.open(buffer, this.#carryBytes, to, count === 0);
      if (opening !== null) return { opening, to };
      if (count === room) {
        const value = `has no heading and no record in its first ${to - this.#carryBytes} bytes`;
        throw new SourceError('heading', this.#subject, value, 'check that it is the right file, and its `kind`');
      }
    }
  }

  async *#walk(
    feed: ByteFeed,
    cursor: RecordCursor,
    firstBuffer: Uint8Array,
    firstFrom: number,
    firstTo: number,
    signal: AbortSignal,
  ): AsyncGenerator<ReadingBatch, void, undefined> {
    let loaded = firstBuffer;
    let spare = this.#buffer();
    let from = firstFrom;
    let to = firstTo;
    const stop = (): void => void feed.close();
    if (this.nature === 'live') signal.addEventListener('abort', stop, { once: true });
    let reading = feed.read(spare, this.#carryBytes, this.#chunkBytes);
    // Whoever stops asking for batches leaves a read behind; its failure then concerns nobody.
    reading.catch(() => undefined);
    try {
      for (let atEnd = false; !signal.aborted;) {
        cursor.load(loaded, from, to, atEnd);
        for (let batch = cursor.next(); batch !== null; batch = cursor.next()) {
          yield batch;
          if (signal.aborted) return;
        }
        if (atEnd) return;
        const count = await reading;
        if (signal.aborted) return;
        from = this.#carryBytes - (to - cursor.index);
        spare.set(loaded.subarray(cursor.index, to), from);
        [loaded, spare] = [spare, loaded];
        to = this.#carryBytes + count;
        atEnd = count === 0;
        if (atEnd) continue;
        reading = feed.read(spare, this.#carryBytes, this.#chunkBytes);
        reading.catch(() => undefined);
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #cursor(opening: RecordFileOpening, identity: RecordCheckpoint['identity'] | null): RecordCursor {
    const { section, metrics, registry, nowMs } = this.#options;
    const limits = this.#limits;
    const batch = new BatchColumns(limits.batchReadingsMax);
    const { columns, format, dataAt, dataLine } = opening;
    const reader = new RowReader({ section, columns, metrics, registry, batch, nowMs });
    return new RecordCursor(
      { format, reader, batch, rowReadingsMax: section.series.length, latenessMs: section.lateness, limits, identity },
      dataAt,
      dataLine,
    );
  }

  #buffer(): Uint8Array {
    return new Uint8Array(bufferBytes(this.#limits));
  }

  #checkText(bytes: Uint8Array, length: number): void {
    if (!bytes.subarray(0, length).includes(0)) return;
    const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    throw wide
      ? new SourceError('not-text', this.#subject, 'is written in UTF-16', 'convert it to UTF-8')
      : new SourceError(
          'not-text',
          this.#subject,
          'holds bytes that no text has',
          'name a text file in UTF-8; unpack it first if it is packed',
        );
  }
}
