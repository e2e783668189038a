import type { KeyValue, KeyValueChange, KeyValueEntry, KeyValueOutcome } from '#backbone/key-value/key-value.ts';

/** A key-value store in memory for tests. */
export class MemoryKeyValue implements KeyValue {
  readonly #entries = new Map<string, KeyValueEntry>();
  readonly #watchers = new Set<(change: KeyValueChange) => void>();
  #revision = 0;

  get(key: string): Promise<KeyValueEntry | undefined> {
    return Promise.resolve(this.#entries.get(key));
  }

  create(key: string, value: Uint8Array): Promise<KeyValueOutcome> {
    return this.#entries.has(key) ? conflict() : this.#store(key, value);
  }

  update(key: string, value: Uint8Array, expectedRevision: number): Promise<KeyValueOutcome> {
    return this.#entries.get(key)?.revision === expectedRevision ? this.#store(key, value) : conflict();
  }

  remove(key: string, expectedRevision: number): Promise<KeyValueOutcome> {
    if (this.#entries.get(key)?.revision !== expectedRevision) return conflict();
    this.#entries.delete(key);
    this.#tell({ key, value: undefined, revision: ++this.#revision });
    return Promise.resolve({ kind: 'stored', revision: this.#revision });
  }

  list(prefix: string): Promise<string[]> {
    return Promise.resolve([...this.#entries.keys()].filter((key) => key.startsWith(prefix)).sort());
  }

  async *watch(prefix: string, signal: AbortSignal): AsyncIterable<KeyValueChange> {
    const waiting: KeyValueChange[] = [...this.#entries].map(([key, { value, revision }]) => ({
      key,
      value,
      revision,
    }));
    let wake = (): void => undefined;
    const tell = (change: KeyValueChange): void => {
      waiting.push(change);
      wake();
    };
    this.#watchers.add(tell);
    signal.addEventListener('abort', () => wake());
    while (!signal.aborted) {
      const change = waiting.shift();
      if (change === undefined) await new Promise<void>((resolve) => (wake = resolve));
      else if (change.key.startsWith(prefix)) yield change;
    }
    this.#watchers.delete(tell);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #store(key: string, value: Uint8Array): Promise<KeyValueOutcome> {
    const revision = ++this.#revision;
    this.#entries.set(key, { value, revision });
    this.#tell({ key, value, revision });
    return Promise.resolve({ kind: 'stored', revision });
  }

  #tell(change: KeyValueChange): void {
    for (const watcher of this.#watchers) watcher(change);
  }
}

function conflict(): Promise<KeyValueOutcome> {
  return Promise.resolve({ kind: 'conflict' });
}
