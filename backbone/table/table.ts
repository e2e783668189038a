/** One change of a batch. */
export type TableOperation =
  | { readonly kind: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly key: Uint8Array };

/** A key and its value. */
export type TableEntry = readonly [Uint8Array, Uint8Array];

/** A half-open range of keys with both bounds. */
export interface KeyRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

/** Ranges that are scanned in turn: each is answered with the first key that lies behind it, undefined where none does. */
export type KeyRanges = Iterable<KeyRange, unknown, Uint8Array | undefined>;

/** A half-open range of keys, `gte` ≤ key < `lt`; a bound left out is open on that side. `limit` counts entries. */
export interface TableRange {
  readonly gte?: Uint8Array | undefined;
  readonly lt?: Uint8Array | undefined;
  readonly reverse?: boolean | undefined;
  readonly limit?: number | undefined;
}

/**
 * An ordered, local map from bytes to bytes, owned by one process: where a layer keeps its checkpoint, index or spool.
 * `backbone/keys/order.ts` makes keys whose byte order is the order of their parts.
 *
 * Laws:
 * - *Order.* Keys compare as unsigned bytes from the left; a scan gives them in that order, or in its reverse.
 * - *Atomic.* A write is seen, and survives a crash, as a whole or not at all, however many operations it holds. Of two
 *   operations on one key in a batch the later one counts.
 * - *Durable.* With `sync: true` a write has reached the disk when the promise resolves: it survives the loss of power.
 *   With `sync: false` it survives the death of the process (`kill -9`) but not that of the machine; a later synced
 *   write makes the earlier ones durable too, and what is lost is always a tail of the writes.
 * - *Snapshot.* A scan sees the table as it was when its first entry was asked for; writes during it don't touch it.
 * - *Own bytes.* The table doesn't keep the arrays it is given after the promise resolves; the arrays it gives are the
 *   caller's.
 *
 * Everything throws StoreClosed after the table was disposed of; a disk that refuses throws StoreUnavailable.
 */
export interface Table extends AsyncDisposable {
  /** The value of a key, or undefined. */
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** Applies all operations in one atomic step, of at most TABLE_WRITE_BYTES_MAX in keys and values. */
  write(operations: readonly TableOperation[], options: { readonly sync: boolean }): Promise<void>;
  /** Entries of a range in order, read ahead by SCAN_BATCH_BYTES at most. Leaving the loop early frees what it holds. */
  scan(range: TableRange): AsyncIterable<readonly [Uint8Array, Uint8Array]>;
  /** The same in batches, for whoever reads very many: a turn for each entry costs more than the entry. */
  scanBatches(range: TableRange): AsyncIterable<readonly TableEntry[]>;
  /**
   * The entries of one range after the other, of one state of the table; cheaper than a scan of each. A range is asked for
   * once all entries of the one before are given; a generator is told with it which key is the first behind that one, so
   * that it can leave out what is empty. `entriesEach` is how many are expected in each, about.
   */
  scanRanges(ranges: KeyRanges, entriesEach: number): AsyncIterable<readonly [Uint8Array, Uint8Array]>;
  /**
   * Gives the disk back what deleted and replaced entries of a range took, by writing those that are left anew. Without it that
   * comes back by and by, as much is written near them. Changes nothing that is read.
   */
  reclaim(range: KeyRange): Promise<void>;
}

/**
 * Bytes of keys and values in one write. LevelDB holds a batch twice in memory while it is written, and its log can't
 * hold a record of 4 GiB; a checkpoint that is larger has to be split by its owner, who knows where.
 */
export const TABLE_WRITE_BYTES_MAX = 512 * 1024 * 1024;

/** Bytes that a scan reads ahead of its caller: large enough that crossing into LevelDB costs little per entry. */
export const SCAN_BATCH_BYTES = 256 * 1024;

/** Entries that a scan reads ahead of its caller, where entries are tiny. */
export const SCAN_BATCH_ENTRIES = 1024;

/** Entries that a scan reads at first: many only look whether there is any. Each further batch is larger. */
export const SCAN_FIRST_ENTRIES = 16;
