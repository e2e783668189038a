import { strict as assert } from 'node:assert';
import { NameNotAllowed, TooLarge } from '../storage-errors.ts';

/** A stored value and the revision that wrote it. */
export interface KeyValueEntry {
  readonly value: Uint8Array;
  readonly revision: number;
}

/** What became of a conditional change: done, or refused because somebody else was first. */
export type KeyValueOutcome = { readonly kind: 'stored'; readonly revision: number } | { readonly kind: 'conflict' };

/** What a watcher sees: the value of a key now, or that it was removed. */
export interface KeyValueChange {
  readonly key: string;
  readonly value: Uint8Array | undefined;
  readonly revision: number;
}

/**
 * Small shared state that changes by compare-and-set: manifests, claims of series, settings. All parts of a system see
 * one store, whatever process they run in (the embedded one: this process).
 *
 * Laws:
 * - *Compare-and-set.* Of many `create`s of a missing key, and of many `update`s or `remove`s that expect the same
 *   revision, exactly one succeeds; the others answer `conflict` and change nothing.
 * - *Revisions* are safe integers from 1; each change of the store has a higher one than the change before it, and a key
 *   that was removed and created again goes on upwards.
 * - *Durable.* When a change resolves it survives what the log of the same backbone survives.
 * - *Watch* gives the current entries with the prefix first, in no order, then changes. Of a key's changes the newest is
 *   always given, and per key revisions ascend; changes in between may be left out, so a slow watcher holds at most one
 *   entry per key. A key that came and went between two looks may be given as removed, or not at all.
 * - A lost acknowledgement is an error (StoreUnavailable), never a `stored` or a `conflict`: the change is then there
 *   or not, `get` tells.
 *
 * A key is one to KEY_LENGTH_MAX characters from `A-Z a-z 0-9 - _ = / .`, without an empty part between dots; anything
 * else throws NameNotAllowed. A value has up to VALUE_BYTES_MAX bytes, else TooLarge.
 */
export interface KeyValue extends AsyncDisposable {
  get(key: string): Promise<KeyValueEntry | undefined>;
  /** Stores the first value of a key that isn't there. */
  create(key: string, value: Uint8Array): Promise<KeyValueOutcome>;
  /** Replaces the value that `expectedRevision` wrote. A key that isn't there is a conflict. */
  update(key: string, value: Uint8Array, expectedRevision: number): Promise<KeyValueOutcome>;
  /** Removes a key if its value is still the one that `expectedRevision` wrote; gives the revision of the removal. */
  remove(key: string, expectedRevision: number): Promise<KeyValueOutcome>;
  /** The present keys that begin with `prefix` ('' is all), sorted. */
  list(prefix: string): Promise<string[]>;
  /** See the law above. Ends, without an error, when the signal aborts. */
  watch(prefix: string, signal: AbortSignal): AsyncIterable<KeyValueChange>;
}

/** The largest value: what a nats-server takes in one message by default (1 MiB) less 64 KiB for its headers. */
export const VALUE_BYTES_MAX = 960 * 1024;

/** The longest key, in characters: fits a NATS subject and a file name with room to spare. */
export const KEY_LENGTH_MAX = 200;

const KEY = /^[-\w=/]+(?:\.[-\w=/]+)*$/;
const ALLOWED = `1 to ${KEY_LENGTH_MAX} of the characters A-Z a-z 0-9 - _ = / and single dots between them`;

/** Throws NameNotAllowed unless the key can be stored, on every adapter. */
export function checkKey(key: string): void {
  if (!isKey(key)) throw new NameNotAllowed(key, 'a key', ALLOWED);
}

/** Throws NameNotAllowed unless the text may begin a key: '' or a start of an allowed key. */
export function checkKeyPrefix(prefix: string): void {
  if (prefix === '' || isKey(prefix) || (prefix.endsWith('.') && isKey(prefix.slice(0, -1)))) return;
  throw new NameNotAllowed(prefix, 'the beginning of a key', ALLOWED);
}

/** Throws TooLarge unless the value fits. */
export function checkValue(key: string, value: Uint8Array): void {
  if (value.length <= VALUE_BYTES_MAX) return;
  throw new TooLarge(`The value of ${key}`, value.length, VALUE_BYTES_MAX, 'Keep large values as objects');
}

/** Asserts what every change has in common: an expected revision is one that was given out. */
export function checkRevision(revision: number): void {
  assert(Number.isSafeInteger(revision) && revision >= 1, `revisions begin at 1, not ${revision}`);
}

function isKey(key: string): boolean {
  return key.length <= KEY_LENGTH_MAX && KEY.test(key);
}

/**
 * What a watcher has yet to see: the newest change of each key, so a slow watcher holds at most one entry per key. Keys
 * come out in the order in which they first changed since they were last taken.
 */
export class LatestChanges {
  readonly #changes = new Map<string, KeyValueChange>();
  #failure: Error | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  put(change: KeyValueChange): void {
    const known = this.#changes.get(change.key);
    if (known !== undefined && known.revision >= change.revision) return;
    this.#changes.set(change.key, change);
    this.#wake?.();
  }

  /** Ends the watch: at once and well without an error, else by throwing it once all changes are taken. */
  end(failure?: Error): void {
    this.#failure = failure;
    this.#ended = true;
    this.#wake?.();
  }

  /** The changes as they come. `signal` ends it at once. */
  async *take(signal: AbortSignal): AsyncGenerator<KeyValueChange> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        const next = this.#changes.values().next();
        if (next.done !== true) {
          this.#changes.delete(next.value.key);
          yield next.value;
          continue;
        }
        if (this.#ended) {
          if (this.#failure !== undefined) throw this.#failure;
          return;
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }
}
