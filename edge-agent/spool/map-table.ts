import { compareKeys } from '#backbone/keys/order.ts';
import type { Table, TableOperation, TableRange } from '#backbone/table/table.ts';

/**
 * A table for tests that remembers what was synced: `crash` gives the table as a loss of power leaves it, `kill` as the
 * death of the process does.
 */
export class MapTable implements Table {
  #live: Map<string, Uint8Array>;
  #synced: Map<string, Uint8Array>;

  constructor(entries: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#live = new Map(entries);
    this.#synced = new Map(entries);
  }

  get size(): number {
    return this.#live.size;
  }

  crash(): MapTable {
    return new MapTable(this.#synced);
  }

  kill(): MapTable {
    return new MapTable(this.#live);
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#live.get(hex(key))?.slice());
  }

  write(operations: readonly TableOperation[], options: { readonly sync: boolean }): Promise<void> {
    for (const operation of operations) {
      if (operation.kind === 'put') this.#live.set(hex(operation.key), operation.value.slice());
      else this.#live.delete(hex(operation.key));
    }
    if (options.sync) this.#synced = new Map(this.#live);
    return Promise.resolve();
  }

  async *scan(range: TableRange): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    const { gte, lt, limit = Number.POSITIVE_INFINITY } = range;
    const keys = [...this.#live.keys()].map((key) => new Uint8Array(Buffer.from(key, 'hex')));
    const within = keys.filter(
      (key) => (gte === undefined || compareKeys(key, gte) >= 0) && (lt === undefined || compareKeys(key, lt) < 0),
    );
    const sorted = within.toSorted(compareKeys).slice(0, limit);
    const snapshot = sorted.map((key) => [key, (this.#live.get(hex(key)) ?? key).slice()] as const);
    yield* range.reverse === true ? snapshot.toReversed() : snapshot;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

function hex(key: Uint8Array): string {
  return Buffer.from(key).toString('hex');
}
