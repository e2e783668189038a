import { open, type FileHandle } from 'node:fs/promises';

/** Bytes gathered before they are written: large enough that the file system is not what is waited for. */
const CHUNK_BYTES = 1 << 20;

/** A single row is never longer: the widest table has METERS_MAX columns of two metrics, some 20 bytes each. */
const ROW_BYTES_MAX = 1 << 19;

/**
 * A file that is written row by row: fill `bytes` from `length` on, then let `endRow` write when the chunk is full.
 * Errors of the file system are passed on as they are.
 */
export class RowFile implements AsyncDisposable {
  readonly bytes = Buffer.allocUnsafe(CHUNK_BYTES + ROW_BYTES_MAX);
  /** Bytes of `bytes` that are filled. */
  length = 0;
  rows = 0;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Creates the file, or empties it. */
  static async create(path: string): Promise<RowFile> {
    return new RowFile(await open(path, 'w'));
  }

  text(text: string): void {
    this.length += this.bytes.write(text, this.length, 'utf8');
  }

  /** Ends a row. A promise where the chunk has to be written first: await it, and only then go on. */
  endRow(): Promise<void> | undefined {
    this.bytes[this.length++] = LINE_FEED;
    this.rows++;
    return this.length >= CHUNK_BYTES ? this.#flush() : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#flush();
    } finally {
      await this.#handle.close();
    }
  }

  async #flush(): Promise<void> {
    for (let written = 0; written < this.length;) {
      const { bytesWritten } = await this.#handle.write(this.bytes, written, this.length - written);
      written += bytesWritten;
    }
    this.length = 0;
  }
}

const LINE_FEED = 10;
