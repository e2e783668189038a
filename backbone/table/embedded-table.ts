import { claimDirectory } from '../disk/marker.ts';
import { type ByteLevel, openLevel, plainBytes } from '../disk/open-level.ts';
import { TableClosed, TableUnavailable, TableWriteTooLarge } from './table-errors.ts';
import {
  SCAN_BATCH_BYTES,
  SCAN_BATCH_ENTRIES,
  type Table,
  TABLE_WRITE_BYTES_MAX,
  type TableOperation,
  type TableRange,
} from './table.ts';

/** The format of a table's directory. */
export const TABLE_FORMAT = 1;

const TUNING = { writeBufferBytes: 16 * 1024 * 1024, cacheBytes: 16 * 1024 * 1024, compression: true };

/**
 * Opens the table in `dir`, which is made when it isn't there. Throws DirectoryInUse when another opening of it lives,
 * NewerFormat, DirectoryMismatch or DirectoryUnusable.
 */
export async function openEmbeddedTable(options: { readonly dir: string }): Promise<Table> {
  await claimDirectory(options.dir, { kind: 'table', format: TABLE_FORMAT, facts: {} });
  return new EmbeddedTable(options.dir, await openLevel(options.dir, TUNING));
}

class EmbeddedTable implements Table {
  readonly #dir: string;
  readonly #level: ByteLevel;
  #closed = false;

  constructor(dir: string, level: ByteLevel) {
    this.#dir = dir;
    this.#level = level;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const value = await this.#run(() => this.#level.get<Uint8Array, Uint8Array | undefined>(key, {}));
    return value === undefined ? undefined : plainBytes(value);
  }

  async write(operations: readonly TableOperation[], options: { readonly sync: boolean }): Promise<void> {
    let bytes = 0;
    const batch = operations.map((operation) => {
      bytes += operation.key.length;
      if (operation.kind === 'delete') return { type: 'del' as const, key: operation.key };
      bytes += operation.value.length;
      return { type: 'put' as const, key: operation.key, value: operation.value };
    });
    if (bytes > TABLE_WRITE_BYTES_MAX) throw new TableWriteTooLarge(bytes, TABLE_WRITE_BYTES_MAX);
    await this.#run(() => this.#level.batch<Uint8Array, Uint8Array>(batch, { sync: options.sync }));
  }

  async *scan(range: TableRange): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    if (this.#closed) throw new TableClosed(this.#dir);
    const iterator = this.#level.iterator({
      ...(range.gte === undefined ? {} : { gte: range.gte }),
      ...(range.lt === undefined ? {} : { lt: range.lt }),
      reverse: range.reverse ?? false,
      limit: range.limit ?? -1,
      highWaterMarkBytes: SCAN_BATCH_BYTES,
    });
    try {
      for (;;) {
        const entries = await this.#run(() => iterator.nextv(SCAN_BATCH_ENTRIES));
        if (entries.length === 0) return;
        for (const [key, value] of entries) yield [plainBytes(key), plainBytes(value)];
      }
    } finally {
      await iterator.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#level.close();
  }

  async #run<T>(act: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new TableClosed(this.#dir);
    try {
      return await act();
    } catch (error) {
      if (this.#closed) throw new TableClosed(this.#dir);
      throw new TableUnavailable(this.#dir, error);
    }
  }
}
