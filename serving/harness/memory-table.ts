import type { Table, TableOperation, TableRange } from '#backbone/table/table.ts';

/** A table in memory for tests: a map by the bytes of the key, sorted when it is scanned after a change. */
export class MemoryTable implements Table {
  readonly #entries = new Map<string, readonly [Uint8Array, Uint8Array]>();
  #sorted: (readonly [string, readonly [Uint8Array, Uint8Array]])[] | undefined;

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#entries.get(textOf(key))?.[1]);
  }

  async write(operations: readonly TableOperation[], _options: { readonly sync: boolean }): Promise<void> {
    await Promise.resolve();
    this.#sorted = undefined;
    for (const operation of operations) {
      if (operation.kind === 'delete') this.#entries.delete(textOf(operation.key));
      else this.#entries.set(textOf(operation.key), [operation.key, operation.value]);
    }
  }

  async *scan(range: TableRange): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    await Promise.resolve();
    this.#sorted ??= [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1));
    const snapshot = this.#sorted;
    const end = range.lt === undefined ? snapshot.length : this.#indexOf(snapshot, textOf(range.lt));
    for (let i = range.gte === undefined ? 0 : this.#indexOf(snapshot, textOf(range.gte)); i < end; i++)
      yield snapshot[i]![1];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #indexOf(sorted: readonly (readonly [string, unknown])[], key: string): number {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle]![0] < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1');
}
