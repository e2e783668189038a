import { checkKey, checkKeyPrefix, checkValue, KeyValueClosed } from './key-value-errors.ts';
import {
  checkRevision,
  type KeyValue,
  type KeyValueChange,
  type KeyValueEntry,
  type KeyValueOutcome,
} from './key-value.ts';
import { LatestChanges } from './latest-changes.ts';

/** A key-value store in memory, for tests: it runs the suite of its port. */
export class MemoryKeyValue implements KeyValue {
  readonly #entries: Map<string, KeyValueEntry>;
  /** The prefix that each watcher asked for. */
  readonly #watchers = new Map<LatestChanges, string>();
  #revision: number;
  #closed = false;

  constructor(entries: ReadonlyMap<string, KeyValueEntry> = new Map(), revision = 0) {
    this.#entries = new Map(entries);
    this.#revision = revision;
  }

  /** What opening it again gives. */
  reopen(): MemoryKeyValue {
    return new MemoryKeyValue(this.#entries, this.#revision);
  }

  async get(key: string): Promise<KeyValueEntry | undefined> {
    checkKey(key);
    this.#checkOpen();
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : { ...entry, value: entry.value.slice() };
  }

  create(key: string, value: Uint8Array): Promise<KeyValueOutcome> {
    return this.#change(key, value, undefined);
  }

  update(key: string, value: Uint8Array, expectedRevision: number): Promise<KeyValueOutcome> {
    checkRevision(expectedRevision);
    return this.#change(key, value, expectedRevision);
  }

  remove(key: string, expectedRevision: number): Promise<KeyValueOutcome> {
    checkRevision(expectedRevision);
    return this.#change(key, undefined, expectedRevision);
  }

  async list(prefix: string): Promise<string[]> {
    checkKeyPrefix(prefix);
    this.#checkOpen();
    return [...this.#entries.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  async *watch(prefix: string, signal: AbortSignal): AsyncGenerator<KeyValueChange> {
    checkKeyPrefix(prefix);
    this.#checkOpen();
    const changes = new LatestChanges();
    this.#watchers.set(changes, prefix);
    try {
      for (const [key, entry] of this.#entries) if (key.startsWith(prefix)) changes.put({ key, ...entry });
      yield* changes.take(signal);
    } finally {
      this.#watchers.delete(changes);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const changes of this.#watchers.keys()) changes.end(new KeyValueClosed('memory'));
  }

  async #change(key: string, value: Uint8Array | undefined, expected: number | undefined): Promise<KeyValueOutcome> {
    checkKey(key);
    if (value !== undefined) checkValue(key, value);
    this.#checkOpen();
    if (this.#entries.get(key)?.revision !== expected) return { kind: 'conflict' };
    const change = { key, value: value?.slice(), revision: ++this.#revision };
    if (change.value === undefined) this.#entries.delete(key);
    else this.#entries.set(key, { value: change.value, revision: change.revision });
    for (const [changes, prefix] of this.#watchers) if (key.startsWith(prefix)) changes.put(change);
    return { kind: 'stored', revision: change.revision };
  }

  #checkOpen(): void {
    if (this.#closed) throw new KeyValueClosed('memory');
  }
}
