import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { SourceError } from '../source-error.ts';
import type { Inode } from './record-checkpoint.ts';

/** Bytes of a file that are summed at a time. */
const SUM_BYTES = 1 << 20;

/** Where the bytes of a source come from. One read is under way at a time. */
export interface ByteFeed {
  /** Reads up to `length` bytes, GROWTH_MAX at least, into `into` at `at`; gives how many, 0 at the end or once closed. */
  read(into: Uint8Array, at: number, length: number): Promise<number>;
  /** Lets go; a read that is still under way ends. */
  close(): Promise<void>;
}

/** What is known of the bytes of a file before an offset. */
export interface FilePrefix {
  readonly crc32: number;
  /** The last of them, and the one that follows; undefined where there is none. */
  readonly last: number | undefined;
  readonly next: number | undefined;
}

/** The text of a file, in UTF-8 whatever it is written in; offsets are those of the UTF-8. */
export interface FileBytes extends ByteFeed {
  readonly inode: Inode;
  /** Goes on at an offset: 0, or the one whose prefix was asked for. */
  seek(offset: number): void;
  /** The first `length` bytes, or all where there are fewer. To be asked for before anything is read. */
  readHead(length: number): Promise<Uint8Array>;
  /** What is known of the first `length` bytes; null where there are fewer. To be asked for before anything is read. */
  prefix(length: number): Promise<FilePrefix | null>;
  /** Whether the file is shorter now than what was read of it. */
  isCutOff(): Promise<boolean>;
}

/** A regular file, read from any offset. */
export class FileFeed implements FileBytes {
  readonly inode: Inode;
  readonly #path: string;
  readonly #file: FileHandle;
  #offset = 0;

  constructor(path: string, file: FileHandle, inode: Inode) {
    this.inode = inode;
    this.#path = path;
    this.#file = file;
  }

  /** Opens a file. Throws SourceError where there is none, or what is there can't be read as one. */
  static async open(path: string): Promise<FileFeed> {
    let file: FileHandle;
    try {
      file = await open(path, 'r');
    } catch (error) {
      throw unreadable(path, error);
    }
    try {
      const found = await file.stat();
      if (found.isDirectory())
        throw new SourceError('unreadable', `file ${path}`, 'is a directory', 'name a file in it');
      if (!found.isFile()) {
        throw new SourceError('unreadable', `file ${path}`, 'is no regular file', "pipe it in, with `file: '-'`");
      }
      return new FileFeed(path, file, { dev: found.dev, ino: found.ino });
    } catch (error) {
      await file.close();
      throw error instanceof SourceError ? error : unreadable(path, error);
    }
  }

  seek(offset: number): void {
    this.#offset = offset;
  }

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    try {
      const { bytesRead } = await this.#file.read(into, at, length, this.#offset);
      this.#offset += bytesRead;
      return bytesRead;
    } catch (error) {
      throw unreadable(this.#path, error);
    }
  }

  async readHead(length: number): Promise<Uint8Array> {
    const head = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#file.read(head, filled, length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return head.subarray(0, filled);
  }

  async prefix(length: number): Promise<FilePrefix | null> {
    const piece = new Uint8Array(Math.min(SUM_BYTES, length));
    let sum = 0;
    let last: number | undefined;
    for (let at = 0; at < length;) {
      const bytes = await this.#readAt(piece, Math.min(piece.length, length - at), at);
      if (bytes.length === 0) return null;
      sum = crc32(bytes, sum);
      last = bytes.at(-1);
      at += bytes.length;
    }
    const [next] = await this.#readAt(new Uint8Array(1), 1, length);
    return { crc32: sum, last, next };
  }

  async #readAt(into: Uint8Array, length: number, at: number): Promise<Uint8Array> {
    try {
      const { bytesRead } = await this.#file.read(into, 0, length, at);
      return into.subarray(0, bytesRead);
    } catch (error) {
      throw unreadable(this.#path, error);
    }
  }

  async isCutOff(): Promise<boolean> {
    return (await this.#file.stat()).size < this.#offset;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** How often the end of a followed file is looked at again. */
export const FOLLOW_POLL_MS = 250;

/** Why a followed file gives no more bytes: it was closed, cut off, or has another file in its place. */
export type FollowEnd = 'closed' | 'truncated' | 'replaced';

/**
 * A file that is being written: at its end, `read` waits for more until it is closed, or until the file is truncated or
 * another one lies in its place. What is still written to the one before is read for one more look.
 */
export class FollowFeed implements ByteFeed {
  readonly #file: FileBytes;
  readonly #path: string;
  readonly #closing = new AbortController();
  #end: FollowEnd = 'closed';

  constructor(path: string, file: FileBytes) {
    this.#file = file;
    this.#path = path;
    file.seek(0);
  }

  /** Why `read` gave 0. */
  get end(): FollowEnd {
    return this.#closing.signal.aborted ? 'closed' : this.#end;
  }

  seek(offset: number): void {
    this.#file.seek(offset);
  }

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    for (let isReplaced = false; !this.#closing.signal.aborted;) {
      const count = await this.#file.read(into, at, length);
      if (count > 0) return count;
      if (await this.#file.isCutOff()) return this.#ended('truncated');
      if (isReplaced) return this.#ended('replaced');
      const present = await inodeAt(this.#path);
      isReplaced = present !== undefined && !isSameInode(present, this.#file.inode);
      await sleep(FOLLOW_POLL_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
    return 0;
  }

  close(): Promise<void> {
    this.#closing.abort();
    return this.#file.close();
  }

  #ended(end: FollowEnd): 0 {
    this.#end = end;
    return 0;
  }
}

/** The inode that a path leads to; undefined where there is nothing, or it can't be told. */
async function inodeAt(path: string): Promise<Inode | undefined> {
  try {
    const { dev, ino } = await stat(path);
    return { dev, ino };
  } catch {
    return undefined;
  }
}

function isSameInode(a: Inode, b: Inode): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/**
 * The file with an inode under another name than `path`, in its folder and with its name at the beginning: where a
 * rotation put it. Undefined where the path still leads to it, or no name does.
 */
export async function rotatedAway(path: string, inode: Inode): Promise<string | undefined> {
  const present = await inodeAt(path);
  if (present === undefined || isSameInode(present, inode)) return undefined;
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(basename(path)) || name === basename(path)) continue;
    const found = await inodeAt(join(folder, name));
    if (found !== undefined && isSameInode(found, inode)) return join(folder, name);
  }
  return undefined;
}

/** Standard input, or any other stream: read once, as it comes. */
export class StreamFeed implements ByteFeed {
  readonly #stream: Readable;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk = new Uint8Array(0);
  #closed = false;

  constructor(stream: Readable) {
    this.#stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  }

  /** The first bytes, `length` of them or all there are, which are then read as if they had not been looked at. */
  async peek(length: number): Promise<Uint8Array> {
    let seen = new Uint8Array(0);
    while (seen.length < length && (await this.#next())) seen = Buffer.concat([seen, this.#chunk]);
    this.#chunk = seen;
    return seen;
  }

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    while (this.#chunk.length === 0) if (!(await this.#next())) return 0;
    const count = Math.min(length, this.#chunk.length);
    into.set(this.#chunk.subarray(0, count), at);
    this.#chunk = this.#chunk.subarray(count);
    return count;
  }

  /** Waits for the next chunk; false where there is none. */
  async #next(): Promise<boolean> {
    try {
      const next = await this.#chunks.next();
      if (next.done === true || this.#closed) return false;
      this.#chunk = next.value as Uint8Array<ArrayBuffer>;
      return true;
    } catch (error) {
      // Closing makes a read that is under way fail; that is how it ends.
      if (this.#closed) return false;
      throw unreadable('standard input', error);
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#stream.destroy();
    return Promise.resolve();
  }
}

const REASONS: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['ENOENT', ['does not exist', 'check its path; a relative one starts at the configuration file']],
  ['ENOTDIR', ['does not exist', 'a part of its path is no directory']],
  ['EACCES', ['may not be read', 'give this user the right to read it']],
  ['EPERM', ['may not be read', 'give this user the right to read it']],
  ['EISDIR', ['is a directory', 'name a file in it']],
]);

function unreadable(path: string, error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const [value, remedy] = REASONS.get(code) ?? [`can't be read (${code})`, 'check the disk it is on'];
  return new SourceError('unreadable', `file ${path}`, value, remedy, error);
}
