import type { OpenLevel } from '../disk/kept-level.ts';
import { joinKeys, NUMBER_KEY_BYTES, prefixRange, readUintKey, uintKey } from '../keys/order.ts';
import { StoreClosed } from '../storage-errors.ts';
import { openTableDirectory } from '../table/embedded-table.ts';
import type { Table } from '../table/table.ts';
import {
  checkKey,
  checkKeyPrefix,
  checkRevision,
  checkValue,
  type KeyValue,
  type KeyValueChange,
  type KeyValueEntry,
  type KeyValueOutcome,
  LatestChanges,
} from './key-value.ts';

/**
 * The format of an embedded key-value store.
 *
 * ```
 * entry      01 · the key's characters   → revision (8 bytes, big endian) · value
 * revision   02                          → the highest revision given (8 bytes, big endian)
 * ```
 */
export const EMBEDDED_KEY_VALUE_FORMAT = 1;

const ENTRY_TAG = Uint8Array.of(1);
const REVISION_KEY = Uint8Array.of(2);
const TUNING = { writeBufferBytes: 4 * 1024 * 1024, cacheBytes: 4 * 1024 * 1024, compression: true };
const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();

/**
 * Opens the key-value store in `dir`, for this process alone; makes it when it isn't there. Every change is synced.
 * Throws DirectoryInUse, NewerFormat, DirectoryMismatch or DirectoryUnusable. `open` is given by tests that make the
 * disk fail.
 */
export async function openEmbeddedKeyValue({ dir }: { readonly dir: string }, open?: OpenLevel): Promise<KeyValue> {
  const format = EMBEDDED_KEY_VALUE_FORMAT;
  return TableKeyValue.open(
    dir,
    await openTableDirectory({ dir, store: 'key-value store', kind: 'key-value', format, tuning: TUNING, open }),
  );
}

interface Watcher {
  readonly prefix: string;
  readonly changes: LatestChanges;
}

/** A key-value store in a table, which is its own from then on. */
export class TableKeyValue implements KeyValue {
  readonly #place: string;
  readonly #table: Table;
  readonly #watchers = new Set<Watcher>();
  /** The highest that was given; undefined after a change that failed, which may be stored all the same. */
  #revision: number | undefined;
  /** The end of the chain of changes: each reads and writes alone, which makes its comparison atomic. */
  #turn: Promise<unknown> = Promise.resolve();

  /** `revision` is the highest that was given, 0 in an empty table. */
  constructor(place: string, table: Table, revision: number) {
    this.#place = place;
    this.#table = table;
    this.#revision = revision;
  }

  static async open(place: string, table: Table): Promise<TableKeyValue> {
    return new TableKeyValue(place, table, await loadRevision(table));
  }

  async get(key: string): Promise<KeyValueEntry | undefined> {
    checkKey(key);
    return this.#read(key);
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
    return Array.fromAsync(this.#table.scan(rangeOf(prefix)), ([key]) => keyOf(key));
  }

  async *watch(prefix: string, signal: AbortSignal): AsyncGenerator<KeyValueChange> {
    checkKeyPrefix(prefix);
    const watcher = { prefix, changes: new LatestChanges() };
    // Watching begins before the reading, so a change in between is seen by one of them; the higher revision wins.
    this.#watchers.add(watcher);
    try {
      for await (const [key, stored] of this.#table.scan(rangeOf(prefix))) {
        watcher.changes.put({ key: keyOf(key), ...entryOf(stored) });
      }
      yield* watcher.changes.take(signal);
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Closed at once for whoever comes now; what is being written is finished.
    const closed = this.#table[Symbol.asyncDispose]();
    for (const watcher of this.#watchers) watcher.changes.end(new StoreClosed('key-value store', this.#place));
    await closed;
    await this.#turn;
  }

  async #change(key: string, value: Uint8Array | undefined, expected: number | undefined): Promise<KeyValueOutcome> {
    checkKey(key);
    if (value !== undefined) checkValue(key, value);
    const changed = this.#turn.then(() => this.#compareAndSet(key, value, expected));
    // A failed change is its caller's; the next one takes its turn all the same.
    this.#turn = changed.then(undefined, () => undefined);
    return changed;
  }

  async #compareAndSet(
    key: string,
    value: Uint8Array | undefined,
    expected: number | undefined,
  ): Promise<KeyValueOutcome> {
    const present = await this.#read(key);
    if (present?.revision !== expected) return { kind: 'conflict' };
    const revision = (this.#revision ?? (await loadRevision(this.#table))) + 1;
    this.#revision = undefined;
    const entryKey = entryKeyOf(key);
    await this.#table.write(
      [
        value === undefined
          ? { kind: 'delete', key: entryKey }
          : { kind: 'put', key: entryKey, value: joinKeys(uintKey(revision), value) },
        { kind: 'put', key: REVISION_KEY, value: uintKey(revision) },
      ],
      { sync: true },
    );
    this.#revision = revision;
    for (const watcher of this.#watchers) {
      if (key.startsWith(watcher.prefix)) watcher.changes.put({ key, value: value?.slice(), revision });
    }
    return { kind: 'stored', revision };
  }

  async #read(key: string): Promise<KeyValueEntry | undefined> {
    const stored = await this.#table.get(entryKeyOf(key));
    return stored === undefined ? undefined : entryOf(stored);
  }
}

async function loadRevision(table: Table): Promise<number> {
  const stored = await table.get(REVISION_KEY);
  return stored === undefined ? 0 : readUintKey(stored);
}

function entryKeyOf(key: string): Uint8Array {
  return joinKeys(ENTRY_TAG, utf8.encode(key));
}

function keyOf(entryKey: Uint8Array): string {
  return utf8Decoder.decode(entryKey.subarray(ENTRY_TAG.length));
}

function entryOf(stored: Uint8Array): KeyValueEntry {
  return { value: stored.slice(NUMBER_KEY_BYTES), revision: readUintKey(stored) };
}

function rangeOf(prefix: string): { gte: Uint8Array; lt: Uint8Array } {
  const { gte, lt } = prefixRange(entryKeyOf(prefix));
  return { gte, lt: lt ?? REVISION_KEY };
}
