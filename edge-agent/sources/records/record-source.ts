import { resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { CR, LF } from '../ascii.ts';
import { BatchColumns } from '../batch-columns.ts';
import { PlainRows } from '../rows/plain-rows.ts';
import { RowReader } from '../rows/row-reader.ts';
import { SourceError, subjectOf } from '../source-error.ts';
import type { SourceOptions } from '../source-kind.ts';
import type { ReadingBatch, Source, SourceCheckpoint, SourceNature } from '../source.ts';
import { type ByteFeed, type FileBytes, FileFeed, FollowFeed, rotatedAway, StreamFeed } from './byte-feed.ts';
import { DecodedFeed, DecodedFile, GROWTH_MAX } from './decoded-feed.ts';
import { checkUtf8, type Encoding, ENCODING_BYTES, encodingOf } from './encoding.ts';
import type { FileSection } from './file-section.ts';
import {
  beginsAs,
  IDENTITY_BYTES_MAX,
  identityOf,
  readCheckpoint,
  type RecordCheckpoint,
} from './record-checkpoint.ts';
import { RecordCursor, type RecordCursorOptions } from './record-cursor.ts';
import type { RecordFileOpener, RecordFileOpening, RecordFormat } from './record-format.ts';
import { bufferBytes, RECORD_LIMITS, type RecordLimits } from './record-limits.ts';

/** What kind of file it is, beside what every source is given. */
export interface RecordSourceOptions extends SourceOptions {
  readonly name: string;
  readonly section: FileSection;
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
  readonly #encoding: Encoding | undefined;
  /** Of the file that is read, or was read last. */
  #format: RecordFormat | null = null;

  constructor(options: RecordSourceOptions) {
    this.name = options.name;
    const { file, follow } = options.section;
    this.#encoding = options.section.encoding;
    this.nature = follow ? 'live' : 'file';
    this.#options = options;
    this.#limits = options.limits ?? RECORD_LIMITS;
    this.#chunkBytes = this.#limits.chunkBytes;
    this.#carryBytes = this.#limits.lineBytesMax;
    this.#path = file === '-' ? null : resolve(options.folder, file);
    this.#subject = subjectOf(this.#path ?? '-');
  }

  remarks(): readonly string[] {
    return this.#format?.remarks?.() ?? [];
  }

  /**
   * Throws SourceError where the file can't be read, or is not of its kind. One that isn't any more what the checkpoint was
   * left in is read from its start: the agent tells what of it is known. A followed file is followed under its name: when
   * another lies there, or it is cut off, what is left of the one before is read, then the new one from its start.
   */
  async *batches(from: SourceCheckpoint | null, signal: AbortSignal): AsyncGenerator<ReadingBatch, void, undefined> {
    const path = this.#path;
    if (path === null) {
      // What is piped in now is not what was piped in before, so a checkpoint left in it means nothing.
      yield* this.#stream(signal);
      return;
    }
    let left = from === null ? null : readCheckpoint(this.#subject, from);
    if (this.nature === 'live') left = yield* this.#rotated(path, left, signal);
    do {
      const file = await this.#fileAt(path);
      const feed = this.nature === 'live' ? new FollowFeed(path, file) : file;
      left = yield* this.#file(file, feed, left, signal);
    } while (this.nature === 'live' && !signal.aborted);
  }

  /** Reads to its end what lies under another name by now; gives where to go on. */
  async *#rotated(
    path: string,
    left: RecordCheckpoint | null,
    signal: AbortSignal,
  ): AsyncGenerator<ReadingBatch, RecordCheckpoint | null, undefined> {
    const away = left === null || left.inode === null ? undefined : await rotatedAway(path, left.inode);
    if (away === undefined) return left;
    const file = await this.#fileAt(away);
    return yield* this.#file(file, file, left, signal);
  }

  /** Opens a file, as UTF-8 whatever it is written in. */
  async #fileAt(path: string): Promise<FileBytes> {
    const file = await FileFeed.open(path);
    try {
      const encoding = encodingOf(this.#subject, this.#encoding, await file.readHead(ENCODING_BYTES));
      return encoding === 'utf-8' ? file : new DecodedFile(file, encoding);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Reads one file from where it was left; gives where it is left now. Closes the feed. */
  async *#file(
    file: FileBytes,
    feed: FileBytes | FollowFeed,
    left: RecordCheckpoint | null,
    signal: AbortSignal,
  ): AsyncGenerator<ReadingBatch, RecordCheckpoint | null, undefined> {
    const stop = (): void => void feed.close();
    if (feed !== file) signal.addEventListener('abort', stop, { once: true });
    try {
      const head = await file.readHead(IDENTITY_BYTES_MAX);
      this.#checkText(head, head.length);
      const sum = left === null ? null : await sumOfRead(file, left, head);
      const buffer = this.#buffer();
      const opened = await this.#open(feed, buffer, signal, sum === null);
      if (opened === null) return left;
      const { opening, to } = opened;
      const isSame = left !== null && sum !== null;
      const dataFrom = this.#carryBytes + opening.dataAt;
      const cursor = this.#cursor(opening, {
        identity: isSame ? left.identity : identityOf(head),
        inode: file.inode,
        crc32: crc32(buffer.subarray(this.#carryBytes, dataFrom)),
      });
      if (isSame) {
        cursor.restore(left, sum);
        feed.seek(left.offset);
        yield* this.#walk(feed, cursor, buffer, this.#carryBytes, this.#carryBytes, signal);
      } else {
        if (left !== null) cursor.succeed(left);
        yield* this.#walk(feed, cursor, buffer, dataFrom, to, signal, this.nature === 'live');
      }
      return cursor.checkpoint();
    } finally {
      signal.removeEventListener('abort', stop);
      await feed.close();
    }
  }

  async *#stream(signal: AbortSignal): AsyncGenerator<ReadingBatch, void, undefined> {
    const stream = new StreamFeed(this.#options.stdin());
    const stop = (): void => void stream.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const buffer = this.#buffer();
      const encoding = encodingOf(this.#subject, this.#encoding, await stream.peek(ENCODING_BYTES));
      const feed = encoding === 'utf-8' ? stream : new DecodedFeed(stream, encoding);
      const opened = await this.#open(feed, buffer, signal, true);
      if (opened === null) return;
      const { opening, to } = opened;
      const cursor = this.#cursor(opening, null);
      yield* this.#walk(feed, cursor, buffer, this.#carryBytes + opening.dataAt, to, signal);
    } finally {
      signal.removeEventListener('abort', stop);
      await stream.close();
    }
  }

  /** Reads until the beginning of the file has told its columns; null where the signal came first. */
  async #open(
    feed: ByteFeed,
    buffer: Uint8Array,
    signal: AbortSignal,
    isNew: boolean,
  ): Promise<{ readonly opening: RecordFileOpening; readonly to: number } | null> {
    let to = this.#carryBytes;
    for (;;) {
      const room = this.#carryBytes + this.#chunkBytes - to;
      const count = await feed.read(buffer, to, room);
      if (signal.aborted && this.nature === 'live') return null;
      if (to === this.#carryBytes && count === 0) {
        throw new SourceError('empty', this.#subject, 'is empty', 'check that it is the right one');
      }
      this.#checkText(buffer.subarray(to), count);
      to += count;
      // What was read before was found to be text, or its damage was counted.
      if (isNew && this.#encoding === undefined)
        checkUtf8(this.#subject, buffer.subarray(this.#carryBytes, to), count === 0);
      const opening = this.#options.opener.open(buffer, this.#carryBytes, to, count === 0);
      if (opening !== null) return { opening, to };
      if (room - count < GROWTH_MAX) {
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
    isNewlyFollowed = false,
  ): AsyncGenerator<ReadingBatch, void, undefined> {
    let isKnown = !isNewlyFollowed;
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
          isKnown = true;
          yield batch;
          if (signal.aborted) return;
        }
        // Whatever it is called when its first row comes, it is found again.
        if (!isKnown) yield cursor.begun();
        isKnown = true;
        if (signal.aborted) return;
        if (atEnd) return;
        const count = await reading;
        if (signal.aborted) return;
        // What is left of a line that was cut off is no row.
        if (count === 0 && feed instanceof FollowFeed && feed.end === 'truncated') return;
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

  #cursor(opening: RecordFileOpening, file: RecordCursorOptions['file']): RecordCursor {
    const { section, metrics, registry, nowMs } = this.#options;
    const limits = this.#limits;
    const batch = new BatchColumns(limits.batchReadingsMax);
    const { columns, format, habits, dataAt, dataLine } = opening;
    this.#format = format;
    const reader = new RowReader({ ...habits, section, columns, metrics, registry, batch, nowMs });
    return new RecordCursor(
      {
        subject: this.#subject,
        format,
        reader,
        batch,
        plain: this.#options.rowByRow === true ? undefined : plainRows(format, reader, limits),
        rowReadingsMax: reader.readingsMax,
        latenessMs: section.lateness,
        limits,
        file,
        goesOn: this.nature === 'live' && this.#path !== null,
      },
      dataAt,
      dataLine,
    );
  }

  #buffer(): Uint8Array {
    return new Uint8Array(bufferBytes(this.#limits));
  }

  #checkText(bytes: Uint8Array, length: number): void {
    if (!bytes.subarray(0, length).includes(0)) return;
    const remedy =
      'name a text file; unpack it first if it is packed, and say `encoding: utf-16` if it is written so without a mark';
    throw new SourceError('not-text', this.#subject, 'holds bytes that no text has', remedy);
  }
}

function plainRows({ plain }: RecordFormat, reader: RowReader, { lineBytesMax }: RecordLimits): PlainRows | undefined {
  return plain && PlainRows.of(plain, reader, lineBytesMax);
}

/**
 * The sum of what was read of a file up to a checkpoint, where it still begins with that and goes on with a new line; null
 * where it is another file by now, or was changed in what was read.
 */
async function sumOfRead(file: FileBytes, left: RecordCheckpoint, head: Uint8Array): Promise<number | null> {
  const prefix = beginsAs(left.identity, head) ? await file.prefix(left.offset) : null;
  if (prefix === null) return null;
  const { crc32: sum, last, next } = prefix;
  if (left.crc32 !== null && left.crc32 !== sum) return null;
  if (left.at === 'open') return next === undefined || next === LF || next === CR ? sum : null;
  if (left.at === 'overlong' || left.offset === 0) return sum;
  // Checkpoints of older versions have no sum: that a record begins there is all that can be seen.
  return left.crc32 !== null || last === LF ? sum : null;
}
