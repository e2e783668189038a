import { strict as assert } from 'node:assert';
import { crc32 } from 'node:zlib';
import { CR, LF } from '../ascii.ts';
import type { BatchColumns } from '../batch-columns.ts';
import type { PlainRows } from '../rows/plain-rows.ts';
import type { RowReader } from '../rows/row-reader.ts';
import { SourceError } from '../source-error.ts';
import { addTallies, NO_TALLIES, type ReadingBatch, type SourceCheckpoint } from '../source.ts';
import { NO_ORDER } from '../time/local-order.ts';
import type { FileIdentity, Inode, RecordCheckpoint } from './record-checkpoint.ts';
import { BROKEN, INCOMPLETE, OTHER_HEADING, type RecordFormat } from './record-format.ts';
import { assertRelated, type RecordLimits } from './record-limits.ts';

export interface RecordCursorOptions {
  /** How messages call what is read. */
  readonly subject: string;
  readonly format: RecordFormat;
  readonly reader: RowReader;
  readonly batch: BatchColumns;
  /** Rows that needn't be read one by one; left out where all are. */
  readonly plain?: PlainRows | undefined;
  /** Readings that one row can give at most. */
  readonly rowReadingsMax: number;
  readonly latenessMs: number;
  readonly limits: RecordLimits;
  /** Null for a stream: its checkpoints can't be taken up again. `crc32`: of the bytes before the first record. */
  readonly file: { readonly identity: FileIdentity; readonly inode: Inode; readonly crc32: number } | null;
  /** Whether something may follow the end of the file, as where it is followed: the watermark then trails there too. */
  readonly goesOn: boolean;
}

/** The checkpoint of a stream, at which nothing can be opened again. */
export const STREAM_CHECKPOINT: SourceCheckpoint = { stream: true };

/**
 * Walks over the records of a file as its bytes are loaded, and makes batches. It decides, and reads nothing itself.
 *
 * A record that can't be taken apart costs its first line: the next one begins on the line after it. Lines that begin
 * before the byte at which that was noticed are then taken for one record each, so a quote that nobody closes is not
 * looked for again from every line, and the walk stays linear. A line longer than `lineBytesMax` is skipped.
 *
 * A last line without a line end counts as a row. Where the file goes on after it was read, an added line end completes
 * it; with anything else the file is another one, and whoever opens it reads it from its start.
 *
 * Nothing is read behind another heading, by which the columns are others: `next` gives what stands before it, then throws
 * SourceError, also where it goes on from there.
 */
export class RecordCursor {
  readonly #options: RecordCursorOptions;
  readonly #lineBytesMax: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #index = 0;
  #to = 0;
  #atEnd = false;
  #finished = false;
  /** The record at the index holds more readings than there is room for in the batch. */
  #isFull = false;
  /** The file's offset of index 0 of the loaded bytes. */
  #shift = 0;
  #line = 1;
  #at: RecordCheckpoint['at'] = 'record';
  #oneLineBefore = 0;
  #totals = NO_TALLIES;
  /** Of the bytes of the file before `#summedTo`, which is an index like `#index`. */
  #crc32: number;
  #summedTo = 0;

  constructor(options: RecordCursorOptions, offset: number, line: number) {
    assertRelated(options.limits, options.rowReadingsMax);
    this.#options = options;
    this.#lineBytesMax = options.limits.lineBytesMax;
    this.#shift = offset;
    this.#line = line;
    this.#crc32 = options.file?.crc32 ?? 0;
  }

  /** Goes on from a checkpoint, before which the file's bytes have this sum. */
  restore(checkpoint: RecordCheckpoint, sum: number): void {
    this.#crc32 = sum;
    this.#shift = checkpoint.offset;
    this.#index = 0;
    this.#line = checkpoint.line;
    this.#at = checkpoint.at;
    this.#oneLineBefore = checkpoint.oneLineBefore;
    this.#totals = checkpoint.totals;
    this.#options.reader.restore({ highestMs: checkpoint.highestMs, order: checkpoint.order });
  }

  /** Reads from the start what another file, or an older state of it, was read of up to a checkpoint. */
  succeed({ totals, highestMs }: RecordCheckpoint): void {
    this.#totals = totals;
    this.#options.reader.restore({ highestMs, order: NO_ORDER });
  }

  /** Where the bytes that are not used up begin. They must begin the next load. */
  get index(): number {
    return this.#index;
  }

  /** Hands over the unused bytes with what follows them. `atEnd`: nothing more will follow. */
  load(bytes: Uint8Array, from: number, to: number, atEnd: boolean): void {
    this.#shift += this.#index - from;
    this.#bytes = bytes;
    this.#index = from;
    this.#summedTo = from;
    this.#to = to;
    this.#atEnd = atEnd;
    this.#options.plain?.loaded();
  }

  /** The next batch, or null where more bytes are needed or, at the end, after the last batch (which may be empty). */
  next(): ReadingBatch | null {
    if (this.#finished) return null;
    const { batch, rowReadingsMax, limits } = this.#options;
    while (this.#step()) {
      if (!this.#isFull && batch.count + rowReadingsMax <= limits.batchReadingsMax) continue;
      this.#isFull = false;
      return this.#close();
    }
    if (this.#atEnd) {
      this.#finished = true;
      this.#options.reader.end();
      return this.#close();
    }
    this.#sum();
    return batch.isEmpty ? null : this.#close();
  }

  /** Takes one record, or whatever stands at the index; false where more bytes are needed. */
  #step(): boolean {
    if (this.#at !== 'record') return this.#at === 'overlong' ? this.#skipLine() : this.#endOpenLine();
    const from = this.#index;
    if (from === this.#to) return false;
    const { format, reader, plain } = this.#options;
    if (plain !== undefined && plain.isDue() && this.#takePlain(plain)) return true;
    const bytes = this.#bytes;
    const end = format.next(bytes, from, this.#to, this.#atEnd, from + this.#shift < this.#oneLineBefore);
    if (end < 0) return this.#incompleteOrBroken(end);
    if (end - from > this.#lineBytesMax) return this.#tooLong();
    if (!format.blank && (format.rows ?? 1) === 1) {
      reader.row(bytes, format.fields, this.#line, from, format.textEnd);
      if (plain?.wantsKey === true) plain.learn(bytes, format.fields);
    } else if (!format.blank && !this.#rows(format.rows!, from)) return true;
    this.#line += format.lineEnds;
    this.#index = end;
    if (end === this.#to && this.#atEnd && bytes[end - 1] !== LF) this.#at = 'open';
    return true;
  }

  /** Takes the rows that can be taken together; false where the next one can't. */
  #takePlain(plain: PlainRows): boolean {
    const { batch, rowReadingsMax, limits } = this.#options;
    const rowsMax = Math.floor((limits.batchReadingsMax - batch.count) / rowReadingsMax);
    const rows = plain.take(this.#bytes, this.#index, this.#to, rowsMax);
    if (rows === 0) return false;
    this.#line += rows;
    this.#index = plain.index;
    return true;
  }

  /** Takes the rows of a record that holds several, or none; false where the batch has no room for them. */
  #rows(rows: number, from: number): boolean {
    const { format, reader, batch, rowReadingsMax, limits } = this.#options;
    const rowsMax = Math.floor(limits.batchReadingsMax / rowReadingsMax);
    if (rows > rowsMax) {
      const reason = `it holds ${rows} rows, ${rowsMax} is the limit for rules that take ${rowReadingsMax} readings of each`;
      reader.refuseUnread(reason, this.#bytes, this.#line, from, format.textEnd);
      return true;
    }
    this.#isFull = batch.count + rows * rowReadingsMax > limits.batchReadingsMax;
    if (this.#isFull) return false;
    for (let row = 0; row < rows; row++) {
      if (row > 0) format.nextRow!();
      reader.row(this.#bytes, format.fields, this.#line, from, format.textEnd);
    }
    return true;
  }

  #incompleteOrBroken(end: number): boolean {
    const { format } = this.#options;
    const loaded = this.#to - this.#index;
    if (end === INCOMPLETE) return loaded > this.#lineBytesMax ? this.#tooLong() : false;
    if (end === OTHER_HEADING) return this.#stopAtHeading();
    assert(end === BROKEN, 'a format gives an index, INCOMPLETE or BROKEN');
    if (format.brokenAt - this.#index > this.#lineBytesMax) return this.#tooLong();
    const lineEnd = this.#lineEndFrom(this.#index);
    if (lineEnd < 0 && !this.#atEnd) return loaded > this.#lineBytesMax ? this.#tooLong() : false;
    this.#dropLine(format.fault, lineEnd, format.brokenAt);
    return true;
  }

  /** Closes the batch before another heading; with nothing in it, ends the walk. */
  #stopAtHeading(): true {
    const { batch, format, subject } = this.#options;
    if (batch.isEmpty) {
      const remedy =
        'move that line and what follows it into a file of its own, or into the order of the columns before it';
      throw new SourceError('heading', subject, `${format.fault}, in line ${this.#line}`, remedy);
    }
    this.#isFull = true;
    return true;
  }

  /** Refuses a record of more than `lineBytesMax` bytes: its first line, or where that alone is too long, all of that. */
  #tooLong(): true {
    const limitAt = this.#index + this.#lineBytesMax;
    const lineEnd = this.#lineEndFrom(this.#index);
    if (lineEnd >= 0 && lineEnd < limitAt) {
      this.#dropLine(`a quoted field does not close within ${this.#lineBytesMax} bytes`, lineEnd, limitAt);
    } else {
      const reason = `the line is longer than ${this.#lineBytesMax} bytes`;
      this.#options.reader.refuseUnread(reason, this.#bytes, this.#line, this.#index, limitAt);
      this.#index = limitAt;
      this.#at = 'overlong';
    }
    return true;
  }

  #dropLine(reason: string, lineEnd: number, brokenAt: number): void {
    const end = lineEnd < 0 ? this.#to : lineEnd;
    this.#options.reader.refuseUnread(reason, this.#bytes, this.#line, this.#index, end);
    this.#oneLineBefore = Math.max(this.#oneLineBefore, brokenAt + this.#shift);
    this.#index = lineEnd < 0 ? end : end + 1;
    if (lineEnd < 0) this.#at = 'open';
    else this.#line++;
  }

  #skipLine(): boolean {
    const lineEnd = this.#lineEndFrom(this.#index);
    if (lineEnd < 0) {
      this.#index = this.#to;
      return false;
    }
    this.#index = lineEnd + 1;
    this.#line++;
    this.#at = 'record';
    return true;
  }

  /** The file has grown after a last line without an end: only a line end may follow. */
  #endOpenLine(): boolean {
    const lineEnd = this.#lineEndFrom(this.#index);
    const loaded = this.#to - this.#index;
    if (loaded === 0 || (lineEnd < 0 && !this.#atEnd && loaded <= this.#lineBytesMax)) return false;
    const end = lineEnd < 0 ? this.#to : lineEnd;
    const onlyCr = end - this.#index === 1 && this.#bytes[this.#index] === CR;
    if (end > this.#index && !onlyCr) {
      const reason = 'the line went on after it had been read as the last of its file; append whole lines';
      this.#options.reader.refuseUnread(reason, this.#bytes, this.#line, this.#index, end);
      this.#at = 'overlong';
      return true;
    }
    return lineEnd >= 0 && this.#skipLine();
  }

  #lineEndFrom(index: number): number {
    const found = this.#bytes.indexOf(LF, index);
    return found >= this.#to ? -1 : found;
  }

  /** A batch of nothing, which keeps where the file begins. */
  begun(): ReadingBatch {
    return this.#close();
  }

  #close(): ReadingBatch {
    const { reader, batch, latenessMs, goesOn } = this.#options;
    const { highestMs } = reader;
    const ambiguousTimes = reader.takeAmbiguous();
    const watermarkMs = highestMs === null || (this.#finished && !goesOn) ? highestMs : highestMs - latenessMs;
    const closed = batch.close({ checkpoint: {}, watermarkMs, ambiguousTimes });
    this.#totals = addTallies(this.#totals, closed.tallies);
    return { ...closed, checkpoint: this.checkpoint() ?? STREAM_CHECKPOINT };
  }

  /** Takes up what was used since the last time; the bytes are the loader's again once `next` has given null. */
  #sum(): void {
    if (this.#options.file === null || this.#summedTo >= this.#index) return;
    this.#crc32 = crc32(this.#bytes.subarray(this.#summedTo, this.#index), this.#crc32);
    this.#summedTo = this.#index;
  }

  /** Where the file can be taken up again; null for a stream. To be asked after a batch. */
  checkpoint(): RecordCheckpoint | null {
    const { file, reader } = this.#options;
    if (file === null) return null;
    this.#sum();
    return {
      version: 2,
      offset: this.#index + this.#shift,
      line: this.#line,
      at: this.#at,
      oneLineBefore: this.#oneLineBefore,
      identity: file.identity,
      highestMs: reader.highestMs,
      order: orderOf(reader),
      totals: this.#totals,
      crc32: this.#crc32,
      inode: file.inode,
    };
  }
}

function orderOf(reader: RowReader): RecordCheckpoint['order'] {
  const { lastMs, later, earlier, inside } = reader.snapshot().order;
  return { lastMs, later, earlier, inside: inside.map((one) => [...one]) };
}
