import { claimDirectory } from '../disk/marker.ts';
import { type ByteLevel, openLevel, plainBytes } from '../disk/open-level.ts';
import { joinKeys, prefixRange, readUintKey, uintKey, NUMBER_KEY_BYTES } from '../keys/order.ts';
import { checkKey, checkKeyPrefix, checkValue, KeyValueClosed, KeyValueUnavailable } from './key-value-errors.ts';
import {
  checkRevision,
  type KeyValue,
  type KeyValueChange,
  type KeyValueEntry,
  type KeyValueOutcome,
} from './key-value.ts';
import { LatestChanges } from './latest-changes.ts';

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
 * Throws DirectoryInUse, NewerFormat, DirectoryMismatch or DirectoryUnusable.
 */
export async function openEmbeddedKeyValue(options: { readonly dir: string }): Promise<KeyValue> {
  const { dir } = options;
  await claimDirectory(dir, { kind: 'key-value', format: EMBEDDED_KEY_VALUE_FORMAT, facts: {} });
  const level = await openLevel(dir, TUNING);
  const stored = await level.get<Uint8Array, Uint8Array | undefined>(REVISION_KEY, {});
  return new EmbeddedKeyValue(dir, level, stored === undefined ? 0 : readUintKey(stored));
}

interface Watcher {
  readonly prefix: string;
  readonly changes: LatestChanges;
}

class EmbeddedKeyValue implements KeyValue {
  readonly #dir: string;
  readonly #level: ByteLevel;
  readonly #watchers = new Set<Watcher>();
  #revision: number;
  /** The end of the chain of changes: each reads and writes alone, which makes its comparison atomic. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(dir: string, level: ByteLevel, revision: number) {
    this.#dir = dir;
    this.#level = level;
    this.#revision = revision;
  }

  async get(key: string): Promise<KeyValueEntry | undefined> {
    checkKey(key);
    return this.#run(() => this.#read(key));
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
    const keys = await this.#run(() => this.#level.keys<Uint8Array>(rangeOf(prefix)).all());
    return keys.map(keyOf);
  }

  async *watch(prefix: string, signal: AbortSignal): AsyncGenerator<KeyValueChange> {
    checkKeyPrefix(prefix);
    const watcher = { prefix, changes: new LatestChanges() };
    // Watching begins before the reading, so a change in between is seen by one of them; the higher revision wins.
    this.#watchers.add(watcher);
    try {
      const present = await this.#run(() => this.#level.iterator<Uint8Array, Uint8Array>(rangeOf(prefix)).all());
      for (const [key, stored] of present) watcher.changes.put({ key: keyOf(key), ...entryOf(stored) });
      yield* watcher.changes.take(signal);
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#turn.catch(() => undefined);
    for (const watcher of this.#watchers) watcher.changes.end(new KeyValueClosed(this.#dir));
    await this.#level.close();
  }

  async #change(key: string, value: Uint8Array | undefined, expected: number | undefined): Promise<KeyValueOutcome> {
    checkKey(key);
    if (value !== undefined) checkValue(key, value);
    const changed = this.#turn.then(() => this.#run(() => this.#compareAndSet(key, value, expected)));
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
    const revision = this.#revision + 1;
    const entryKey = entryKeyOf(key);
    await this.#level.batch<Uint8Array, Uint8Array>(
      [
        value === undefined
          ? { type: 'del', key: entryKey }
          : { type: 'put', key: entryKey, value: joinKeys(uintKey(revision), value) },
        { type: 'put', key: REVISION_KEY, value: uintKey(revision) },
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
    const stored = await this.#level.get<Uint8Array, Uint8Array | undefined>(entryKeyOf(key), {});
    return stored === undefined ? undefined : entryOf(stored);
  }

  async #run<T>(act: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new KeyValueClosed(this.#dir);
    try {
      return await act();
    } catch (error) {
      throw this.#closed ? new KeyValueClosed(this.#dir) : new KeyValueUnavailable(this.#dir, error);
    }
  }
}

function entryKeyOf(key: string): Uint8Array {
  return joinKeys(ENTRY_TAG, utf8.encode(key));
}

function keyOf(entryKey: Uint8Array): string {
  return utf8Decoder.decode(entryKey.subarray(ENTRY_TAG.length));
}

function entryOf(stored: Uint8Array): KeyValueEntry {
  return { value: plainBytes(stored).slice(NUMBER_KEY_BYTES), revision: readUintKey(stored) };
}

function rangeOf(prefix: string): { gte: Uint8Array; lt: Uint8Array } {
  const { gte, lt } = prefixRange(entryKeyOf(prefix));
  return { gte, lt: lt ?? REVISION_KEY };
}
