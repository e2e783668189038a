import { KeptLevel, type OpenLevel } from '../disk/kept-level.ts';
import { claimDirectory } from '../disk/marker.ts';
import { type LevelTuning, plainBytes, reclaim } from '../disk/open-level.ts';
import { DirectoryGone, StoreClosed, type StoreName, StoreUnavailable, TooLarge } from '../storage-errors.ts';
import {
  type KeyRange,
  type KeyRanges,
  SCAN_BATCH_BYTES,
  SCAN_BATCH_ENTRIES,
  SCAN_FIRST_ENTRIES,
  type Table,
  TABLE_WRITE_BYTES_MAX,
  type TableEntry,
  type TableOperation,
  type TableRange,
} from './table.ts';

/** The format of a table's directory. */
export const TABLE_FORMAT = 1;

/** How much larger each batch of a scan is than the one before. */
const SCAN_GROWTH = 8;

const MEMORY_BYTES = 16 * 1024 * 1024;

/** Below it files get so small that most of the work is to merge them. */
export const TABLE_MEMORY_BYTES_MIN = 1_000_000;
export const TABLE_MEMORY_BYTES_MAX = 64_000_000;

/** Where a table lies, and how many bytes are gathered in memory before they go into a file; 16 MiB unless given. */
export interface EmbeddedTableOptions {
  readonly dir: string;
  readonly memoryBytes?: number | undefined;
}

/**
 * Opens the table in `dir`, which is made when it isn't there. Throws DirectoryInUse when another opening of it lives,
 * NewerFormat, DirectoryMismatch or DirectoryUnusable. `open` is given by tests that make the disk fail.
 */
export async function openEmbeddedTable(
  { dir, memoryBytes = MEMORY_BYTES }: EmbeddedTableOptions,
  open?: OpenLevel,
): Promise<Table> {
  const tuning = { writeBufferBytes: memoryBytes, cacheBytes: memoryBytes, compression: true };
  return openTableDirectory({ dir, store: 'table', kind: 'table', format: TABLE_FORMAT, tuning, open });
}

/** A directory that holds a table for something that is kept in one; `kind` and `format` are what its marker says. */
export interface TableDirectory {
  readonly dir: string;
  readonly store: StoreName;
  readonly kind: string;
  readonly format: number;
  readonly tuning: LevelTuning;
  readonly open?: OpenLevel | undefined;
}

/** As `openEmbeddedTable`, for another store that is kept in a table. */
export async function openTableDirectory(options: TableDirectory): Promise<Table> {
  const { dir, store, kind, format } = options;
  await claimDirectory(dir, { kind, format, facts: {} });
  return new EmbeddedTable(store, dir, await KeptLevel.open(options));
}

class EmbeddedTable implements Table {
  readonly #store: StoreName;
  readonly #dir: string;
  readonly #level: KeptLevel;
  #closed = false;

  constructor(store: StoreName, dir: string, level: KeptLevel) {
    this.#store = store;
    this.#dir = dir;
    this.#level = level;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const value = await this.#run(() =>
      this.#level.read((level) => level.get<Uint8Array, Uint8Array | undefined>(key, {})),
    );
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
    if (bytes > TABLE_WRITE_BYTES_MAX) throw new TooLarge('A write', bytes, TABLE_WRITE_BYTES_MAX, 'Split it');
    await this.#run(() => this.#level.write(batch, bytes, options.sync));
  }

  async *scan(range: TableRange): AsyncGenerator<TableEntry> {
    for await (const entries of this.scanBatches(range)) yield* entries;
  }

  async *scanBatches(range: TableRange): AsyncGenerator<readonly TableEntry[]> {
    const iterator = await this.#begin((level) =>
      level.iterator({
        ...(range.gte === undefined ? {} : { gte: range.gte }),
        ...(range.lt === undefined ? {} : { lt: range.lt }),
        reverse: range.reverse ?? false,
        limit: range.limit ?? -1,
        highWaterMarkBytes: SCAN_BATCH_BYTES,
      }),
    );
    let size = SCAN_FIRST_ENTRIES;
    const read = (): Promise<[Uint8Array, Uint8Array][]> => this.#run(() => iterator.nextv(size));
    let ahead: Promise<[Uint8Array, Uint8Array][]> | undefined;
    try {
      for (;;) {
        const entries = await (ahead ?? read());
        if (entries.length === 0) return;
        // Of a scan that is as large as it gets, LevelDB reads the next batch while this one is worked on.
        if (size === SCAN_BATCH_ENTRIES) {
          ahead = read();
          ahead.catch(() => undefined);
        }
        size = Math.min(size * SCAN_GROWTH, SCAN_BATCH_ENTRIES);
        yield entries.map(([key, value]): TableEntry => [plainBytes(key), plainBytes(value)]);
      }
    } finally {
      await iterator.close();
    }
  }

  async *scanRanges(ranges: KeyRanges, entriesEach: number): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    const iterator = await this.#begin((level) => level.iterator({ highWaterMarkBytes: SCAN_BATCH_BYTES }));
    // One more than is expected: so the end of a range is seen with its last entry.
    const size = Math.max(SCAN_FIRST_ENTRIES, Math.min(entriesEach + 1, SCAN_BATCH_ENTRIES));
    try {
      const walk = ranges[Symbol.iterator]();
      for (let range = walk.next(); range.done !== true;) {
        const { gte, lt } = range.value;
        this.#checkOpen();
        iterator.seek(gte);
        let behind: Uint8Array | undefined;
        for (let isWithin = true; isWithin;) {
          const entries = await this.#run(() => iterator.nextv(size));
          isWithin = entries.length > 0;
          for (const [key, value] of entries) {
            isWithin = Buffer.compare(key, lt) < 0;
            if (!isWithin) {
              behind = plainBytes(key);
              break;
            }
            yield [plainBytes(key), plainBytes(value)];
          }
        }
        range = walk.next(behind);
      }
    } finally {
      await iterator.close();
    }
  }

  async reclaim({ gte, lt }: KeyRange): Promise<void> {
    await this.#run(() => this.#level.read((level) => reclaim(level, gte, lt)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#level.close();
  }

  /** A database that is opened anew after a failure is closed meanwhile: a scan that begins then fails as one that goes on does. */
  #begin<T>(scan: (level: NonNullable<KeptLevel['readable']>) => T): Promise<T> {
    return this.#run(async () => scan(this.#level.readable ?? (await this.#level.reader())));
  }

  async #run<T>(act: () => Promise<T>): Promise<T> {
    this.#checkOpen();
    try {
      return await act();
    } catch (error) {
      this.#checkOpen();
      if (error instanceof DirectoryGone) throw error;
      throw new StoreUnavailable(this.#store, this.#dir, error);
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreClosed(this.#store, this.#dir);
  }
}
