import { open, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { SourceError } from '../source-error.ts';

/** Where the bytes of a source come from. One read is under way at a time. */
export interface ByteFeed {
  /** Reads up to `length` bytes into `into` at `at`; gives how many, 0 at the end or once closed. */
  read(into: Uint8Array, at: number, length: number): Promise<number>;
  /** Lets go; a read that is still under way ends. */
  close(): Promise<void>;
}

/** A regular file, read from any offset. */
export class FileFeed implements ByteFeed {
  readonly sizeBytes: number;
  readonly #path: string;
  readonly #file: FileHandle;
  #offset = 0;

  constructor(path: string, file: FileHandle, sizeBytes: number) {
    this.#path = path;
    this.#file = file;
    this.sizeBytes = sizeBytes;
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
      const stat = await file.stat();
      if (stat.isDirectory())
        throw new SourceError('unreadable', `file ${path}`, 'is a directory', 'name a file in it');
      if (!stat.isFile()) {
        throw new SourceError('unreadable', `file ${path}`, 'is no regular file', "pipe it in, with `file: '-'`");
      }
      return new FileFeed(path, file, stat.size);
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

  /** Reads the first `length` bytes, or all where there are fewer, wherever reading stands. */
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

  async currentSizeBytes(): Promise<number> {
    return (await this.#file.stat()).size;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** How often the end of a followed file is looked at again. */
export const FOLLOW_POLL_MS = 250;

/** A file that is being written: at its end, `read` waits for more until it is closed. */
export class FollowFeed implements ByteFeed {
  readonly #file: FileFeed;
  readonly #path: string;
  readonly #closing = new AbortController();
  #offset: number;

  constructor(path: string, file: FileFeed, offset: number) {
    this.#file = file;
    this.#path = path;
    this.#offset = offset;
    file.seek(offset);
  }

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    while (!this.#closing.signal.aborted) {
      const count = await this.#file.read(into, at, length);
      this.#offset += count;
      if (count > 0) return count;
      if ((await this.#file.currentSizeBytes()) < this.#offset) throw shrunk(this.#path, this.#offset);
      await sleep(FOLLOW_POLL_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
    return 0;
  }

  close(): Promise<void> {
    this.#closing.abort();
    return this.#file.close();
  }
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

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    while (this.#chunk.length === 0) {
      try {
        const next = await this.#chunks.next();
        if (next.done === true || this.#closed) return 0;
        this.#chunk = next.value as Uint8Array<ArrayBuffer>;
      } catch (error) {
        // Closing makes a read that is under way fail; that is how it ends.
        if (this.#closed) return 0;
        throw unreadable('standard input', error);
      }
    }
    const count = Math.min(length, this.#chunk.length);
    into.set(this.#chunk.subarray(0, count), at);
    this.#chunk = this.#chunk.subarray(count);
    return count;
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#stream.destroy();
    return Promise.resolve();
  }
}

/** A file that has become shorter than what has been read of it. */
export function shrunk(path: string, offset: number): SourceError {
  return new SourceError(
    'changed',
    `file ${path}`,
    `is shorter than the ${offset} bytes that have been read of it`,
    'give its source another name to read it from the start, or remove the spool to forget what was read',
  );
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
