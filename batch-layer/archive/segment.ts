import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '#backbone/disk/durable-file.ts';
import type { LogEntry } from '#backbone/log/log.ts';
import { ArchiveDamaged, ArchiveOfAnotherLog } from './archive-errors.ts';
import { readBlocksOf, type SegmentBlocks } from './segment-blocks.ts';
import {
  COMPACTED_FORMAT,
  encodeSegmentFooter,
  encodeSegmentHeader,
  FOOTER_TAIL_BYTES,
  footerBytesOf,
  HEADER_ROOM,
  INDEX_EVERY,
  readItem,
  readSegmentFooter,
  readSegmentHeader,
  RECORD_HEAD_BYTES,
  writeRecord,
} from './segment-format.ts';

/** Whose segment it is; a file that says otherwise is refused. */
export interface SegmentOwner {
  readonly generation: string;
  readonly partition: number;
}

/** One file of the archive: where its records stand, and the file itself while it is written. */
export class Segment {
  readonly path: string;
  readonly first: number;
  /** Position of the last whole record, first − 1 while there is none. */
  last: number;
  /** Where the records end. */
  bytes: number;
  sealed = false;
  /** Its records are packed; `bytes` and `index` are where they would stand if they were not. */
  compacted = false;
  /** Where every INDEX_EVERY-th record begins. */
  readonly index: number[] = [];
  #file: FileHandle | undefined;

  private constructor(path: string, first: number, headerBytes: number) {
    this.path = path;
    this.first = first;
    this.last = first - 1;
    this.bytes = headerBytes;
  }

  /** A new, empty segment whose name is durable. */
  static async create(dir: string, owner: SegmentOwner, first: number): Promise<Segment> {
    const header = encodeSegmentHeader({ ...owner, first });
    const segment = new Segment(join(dir, segmentName(first)), first, header.length);
    segment.#file = await open(segment.path, 'wx+');
    await segment.#file.write(header, 0, header.length, 0);
    await segment.#file.sync();
    await syncDirectory(dir);
    return segment;
  }

  /**
   * Opens a segment. The last one of a partition may end in a torn record, which is cut off, or even before its header
   * ends: then the file goes, and undefined is given. What is there of it is on the disk then: a process that was killed may
   * have left it written, but not synced. Any other one is sealed, or damaged.
   */
  static async open(dir: string, owner: SegmentOwner, first: number, isLast: boolean): Promise<Segment | undefined> {
    const path = join(dir, segmentName(first));
    const file = await open(path, isLast ? 'r+' : 'r');
    try {
      const { size } = await file.stat();
      const header = readSegmentHeader(await readPart(file, 0, Math.min(size, HEADER_ROOM)), path);
      if (header === undefined) {
        if (!isLast) throw new ArchiveDamaged(path, 'it ends before its header does');
        await rm(path);
        await syncDirectory(dir);
        return undefined;
      }
      if (header.generation !== owner.generation)
        throw new ArchiveOfAnotherLog(dir, header.generation, owner.generation);
      if (header.partition !== owner.partition || header.first !== first) {
        throw new ArchiveDamaged(path, `it holds partition ${header.partition} from position ${header.first} on`);
      }
      const segment = new Segment(path, first, header.bytes);
      if (header.format === COMPACTED_FORMAT) {
        segment.#takeBlocks(await readBlocksOf((at, length) => readPart(file, at, length), path));
        return segment;
      }
      const hasFooter = await segment.#readFooter(file, size);
      if (!hasFooter && !isLast) throw new ArchiveDamaged(path, 'it has no footer, though a later segment follows');
      if (!hasFooter) await segment.#recover(file, size);
      if (isLast) {
        await file.sync();
        await syncDirectory(dir);
      }
      return segment;
    } finally {
      await file.close();
    }
  }

  #takeBlocks({ last, end, index }: SegmentBlocks): void {
    this.last = last;
    this.bytes = end;
    for (const place of index) this.index.push(place);
    this.sealed = true;
    this.compacted = true;
  }

  /** Appends entries that follow the last one; they are on the disk after the next `sync`. */
  async append(entries: readonly LogEntry[]): Promise<void> {
    this.#file ??= await open(this.path, 'r+');
    const size = entries.reduce((sum, { bytes }) => sum + RECORD_HEAD_BYTES + bytes.length, 0);
    const block = new Uint8Array(size);
    let at = 0;
    let count = this.last - this.first + 1;
    for (const { position, bytes } of entries) {
      if (count++ % INDEX_EVERY === 0) this.index.push(this.bytes + at);
      at = writeRecord(block, at, position, bytes);
    }
    await writeWhole(this.#file, block, this.bytes);
    this.bytes += size;
    this.last = entries.at(-1)?.position ?? this.last;
  }

  async sync(): Promise<void> {
    await this.#file?.datasync();
  }

  /** Writes the footer, durably; nothing is appended after it. */
  async seal(): Promise<void> {
    this.#file ??= await open(this.path, 'r+');
    const footer = encodeSegmentFooter(this.last, this.index);
    await writeWhole(this.#file, footer, this.bytes);
    await this.#file.sync();
    this.sealed = true;
    await this.close();
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Takes away what stands in the file behind `bytes`, durably, if anything does. */
  async cutBack(bytes: number): Promise<void> {
    const file = await open(this.path, 'r+');
    try {
      if ((await file.stat()).size <= bytes) return;
      await file.truncate(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Where to begin reading for the record at `position`, at or before it. */
  placeBefore(position: number): number {
    return this.index[Math.floor((position - this.first) / INDEX_EVERY)] ?? this.bytes;
  }

  async #readFooter(file: FileHandle, size: number): Promise<boolean> {
    if (size < FOOTER_TAIL_BYTES) return false;
    const length = footerBytesOf(await readPart(file, size - FOOTER_TAIL_BYTES, FOOTER_TAIL_BYTES));
    if (length === undefined || length > size - this.bytes) return false;
    const footer = readSegmentFooter(await readPart(file, size - length, length));
    if (footer === undefined) return false;
    for (const place of footer.index) this.index.push(place);
    this.last = footer.last;
    this.bytes = size - length;
    this.sealed = true;
    return true;
  }

  /** Finds the last whole record and cuts off what follows it. */
  async #recover(file: FileHandle, size: number): Promise<void> {
    const bytes = await readPart(file, 0, size);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (;;) {
      const item = readItem(bytes, view, this.bytes);
      if (item.kind !== 'record' || item.position !== this.last + 1) break;
      if ((this.last - this.first + 1) % INDEX_EVERY === 0) this.index.push(this.bytes);
      this.last = item.position;
      this.bytes = item.end;
    }
    if (this.bytes !== size) await file.truncate(this.bytes);
  }
}

export function segmentName(first: number): string {
  return `${first}.seg`;
}

/** The first position in the name of a segment; undefined for other files. */
export function firstOfName(name: string): number | undefined {
  return /^[1-9]\d{0,15}\.seg$/.test(name) ? Number.parseInt(name, 10) : undefined;
}

/** Reads `length` bytes from `at` on; fewer where the file ends before. */
export async function readPart(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, at + filled);
    if (bytesRead === 0) return bytes.subarray(0, filled);
    filled += bytesRead;
  }
  return bytes;
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += (await file.write(bytes, written, bytes.length - written, at + written)).bytesWritten;
  }
}
