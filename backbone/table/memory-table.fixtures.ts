import { StoreClosed } from '../storage-errors.ts';
import type { KeyRanges, Table, TableEntry, TableOperation, TableRange } from './table.ts';

type Entries = Map<string, Uint8Array>;

/** Few, so that tests see several batches. */
const BATCH_ENTRIES = 3;

/**
 * A table in memory, for tests: it runs the suite of its port, and knows what was synced. `crash` gives the table as a
 * loss of power leaves it, `kill` as the death of the process does.
 */
export class MemoryTable implements Table {
  /** Values by the bytes of their key, one character each, whose order is that of the bytes. */
  readonly #live: Entries;
  readonly #synced: Entries;
  #unsynced: TableOperation[] = [];
  #sorted: (readonly [string, Uint8Array])[] | undefined;
  #closed = false;

  constructor(entries: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#live = new Map(entries);
    this.#synced = new Map(entries);
  }

  get size(): number {
    return this.#live.size;
  }

  crash(): MemoryTable {
    return new MemoryTable(this.#synced);
  }

  kill(): MemoryTable {
    return new MemoryTable(this.#live);
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#checkOpen();
    return this.#live.get(textOf(key))?.slice();
  }

  async write(operations: readonly TableOperation[], options: { readonly sync: boolean }): Promise<void> {
    this.#checkOpen();
    this.#sorted = undefined;
    const own = operations.map((operation) =>
      operation.kind === 'put'
        ? { ...operation, key: operation.key.slice(), value: operation.value.slice() }
        : { ...operation, key: operation.key.slice() },
    );
    apply(this.#live, own);
    this.#unsynced.push(...own);
    if (!options.sync) return;
    apply(this.#synced, this.#unsynced);
    this.#unsynced = [];
  }

  async *scan(range: TableRange): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    this.#checkOpen();
    const sorted = (this.#sorted ??= [...this.#live].sort(([a], [b]) => (a < b ? -1 : 1)));
    const from = range.gte === undefined ? 0 : indexOf(sorted, textOf(range.gte));
    const to = range.lt === undefined ? sorted.length : indexOf(sorted, textOf(range.lt));
    const count = Math.min(Math.max(0, to - from), range.limit ?? Number.POSITIVE_INFINITY);
    for (let i = 0; i < count; i++) {
      this.#checkOpen();
      const [key, value] = sorted[range.reverse === true ? to - 1 - i : from + i]!;
      yield [new Uint8Array(Buffer.from(key, 'latin1')), value.slice()];
    }
  }

  async reclaim(): Promise<void> {
    this.#checkOpen();
  }

  async *scanBatches(range: TableRange): AsyncGenerator<readonly TableEntry[]> {
    let batch: TableEntry[] = [];
    for await (const entry of this.scan(range)) {
      batch.push(entry);
      if (batch.length < BATCH_ENTRIES) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  async *scanRanges(ranges: KeyRanges): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    const state = new MemoryTable(this.#live);
    const walk = ranges[Symbol.iterator]();
    for (let range = walk.next(); range.done !== true;) {
      for await (const entry of state.scan(range.value)) {
        this.#checkOpen();
        yield entry;
      }
      let behind: Uint8Array | undefined;
      for await (const [key] of state.scan({ gte: range.value.lt, limit: 1 })) behind = key;
      range = walk.next(behind);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreClosed('table', 'memory');
  }
}

function apply(entries: Entries, operations: readonly TableOperation[]): void {
  for (const operation of operations) {
    if (operation.kind === 'delete') entries.delete(textOf(operation.key));
    else entries.set(textOf(operation.key), operation.value);
  }
}

/** The place of the first key that is not less. */
function indexOf(sorted: readonly (readonly [string, unknown])[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]![0] < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1');
}
