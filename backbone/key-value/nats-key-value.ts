import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import type { KV, KvWatchEntry } from '@nats-io/kv';
import { headers } from '@nats-io/transport-node';
import {
  isConflict,
  type NatsLink,
  type NatsPlace,
  openBucket,
  openNatsLink,
  REQUEST_TIMEOUT_MS,
} from '../nats/nats-connection.ts';
import { StoreClosed, StoreUnavailable } from '../storage-errors.ts';
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

/** How long a watcher whose watch broke off waits before it watches again. */
const WATCH_AGAIN_MS = 200;

export interface NatsKeyValueOptions extends NatsPlace {
  /** Copies of each value on different servers of a cluster (1, 3 or 5), for a store that is made. */
  readonly replicas?: number | undefined;
}

/**
 * Opens the key-value store `<name>-state` on a nats-server with JetStream; makes it when it isn't there. Revisions are
 * the sequences of its stream. Throws NatsUnreachable, NatsUnsuitable or StoreUnavailable.
 */
export async function openNatsKeyValue(options: NatsKeyValueOptions): Promise<KeyValue> {
  const link = await openNatsLink(options);
  const name = `${link.name}-state`;
  try {
    return new NatsKeyValue(link, name, await openBucket(link, name, options.replicas ?? 1));
  } catch (error) {
    await link[Symbol.asyncDispose]();
    throw new StoreUnavailable('key-value store', link.servers.join(', '), error);
  }
}

class NatsKeyValue implements KeyValue {
  readonly #link: NatsLink;
  readonly #name: string;
  readonly #bucket: KV;
  readonly #stream: JetStreamClient;
  readonly #place: string;
  readonly #watchers = new Set<LatestChanges>();
  /** Ends the running watches, of which each then watches anew; called when the connection is back. */
  readonly #watchAnew = new Set<() => void>();
  #closed = false;

  constructor(link: NatsLink, name: string, bucket: KV) {
    this.#link = link;
    this.#name = name;
    this.#bucket = bucket;
    this.#stream = jetstream(link.connection, { timeout: REQUEST_TIMEOUT_MS });
    this.#place = `${link.servers.join(', ')}/${name}`;
    link.listen({
      reconnected: () => {
        for (const stop of this.#watchAnew) stop();
      },
    });
  }

  async get(key: string): Promise<KeyValueEntry | undefined> {
    checkKey(key);
    return this.#run(() => this.#read(key));
  }

  async create(key: string, value: Uint8Array): Promise<KeyValueOutcome> {
    checkKey(key);
    checkValue(key, value);
    return this.#compareAndSet(() => this.#bucket.create(key, value));
  }

  async update(key: string, value: Uint8Array, expectedRevision: number): Promise<KeyValueOutcome> {
    checkKey(key);
    checkValue(key, value);
    if (!(await this.#isAt(key, expectedRevision))) return { kind: 'conflict' };
    return this.#compareAndSet(() => this.#bucket.update(key, value, expectedRevision));
  }

  async remove(key: string, expectedRevision: number): Promise<KeyValueOutcome> {
    checkKey(key);
    if (!(await this.#isAt(key, expectedRevision))) return { kind: 'conflict' };
    // The client's own `delete` doesn't tell the revision; this is the same message (ADR-8 of nats-architecture-and-design).
    return this.#compareAndSet(async () => {
      const marker = headers();
      marker.set('KV-Operation', 'DEL');
      const ack = await this.#stream.publish(`$KV.${this.#name}.${key}`, new Uint8Array(0), {
        headers: marker,
        expect: { lastSubjectSequence: expectedRevision },
      });
      return ack.seq;
    });
  }

  async list(prefix: string): Promise<string[]> {
    checkKeyPrefix(prefix);
    const keys = await this.#run(async () => {
      const listed: string[] = [];
      for await (const key of await this.#bucket.keys(filterOf(prefix))) listed.push(key);
      return listed;
    });
    return keys.filter((key) => key.startsWith(prefix)).sort();
  }

  async *watch(prefix: string, signal: AbortSignal): AsyncGenerator<KeyValueChange> {
    checkKeyPrefix(prefix);
    if (this.#closed) throw new StoreClosed('key-value store', this.#place);
    const changes = new LatestChanges();
    const stop = new AbortController();
    this.#watchers.add(changes);
    // It ends by itself soon after the signal; nobody has to wait for the server to be told.
    void this.#watchOnAndOn(prefix, changes, AbortSignal.any([signal, stop.signal]));
    try {
      yield* changes.take(signal);
    } finally {
      this.#watchers.delete(changes);
      stop.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const changes of this.#watchers) changes.end(new StoreClosed('key-value store', this.#place));
    await this.#link[Symbol.asyncDispose]();
  }

  /**
   * Watches until the signal aborts or the store is closed. After each reconnection it watches anew from the current
   * values, since the server may have forgotten the watch; what was seen before is told apart by its revision.
   */
  async #watchOnAndOn(prefix: string, changes: LatestChanges, signal: AbortSignal): Promise<void> {
    const seen = new Map<string, number>();
    const put = (entry: KvWatchEntry): void => {
      const { key, revision } = entry;
      const known = seen.get(key);
      const value = entry.operation === 'PUT' ? new Uint8Array(entry.value) : undefined;
      if (!key.startsWith(prefix) || (known !== undefined && known >= revision)) return;
      // The removal of a key that was never shown, most often long before the watch began, tells nothing.
      if (value === undefined && known === undefined) return;
      seen.set(key, revision);
      changes.put({ key, value, revision });
    };
    while (!signal.aborted && !this.#closed) {
      try {
        await this.#watchOnce(prefix, put, signal);
      } catch (error) {
        // While the server is away a watch can't begin; a connection that was closed for good has no next time.
        if (this.#link.connection.isClosed()) {
          changes.end(new StoreUnavailable('key-value store', this.#place, error));
          return;
        }
      }
      await abortableDelay(WATCH_AGAIN_MS, signal);
    }
  }

  /** One watch, until the connection is lost and back, or the signal aborts. */
  async #watchOnce(prefix: string, put: (entry: KvWatchEntry) => void, signal: AbortSignal): Promise<void> {
    const watch = await this.#link.ask(() => this.#bucket.watch({ key: filterOf(prefix) }));
    const stop = (): void => watch.stop();
    this.#watchAnew.add(stop);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    try {
      for await (const entry of watch) put(entry);
    } finally {
      signal.removeEventListener('abort', stop);
      this.#watchAnew.delete(stop);
    }
  }

  async #read(key: string): Promise<KeyValueEntry | undefined> {
    const entry = await this.#bucket.get(key);
    if (entry === null || entry.operation !== 'PUT') return undefined;
    return { value: new Uint8Array(entry.value), revision: entry.revision };
  }

  /** Whether the key has a value and this revision wrote it; what a removal left behind has a revision too. */
  async #isAt(key: string, revision: number): Promise<boolean> {
    checkRevision(revision);
    return (await this.#run(() => this.#read(key)))?.revision === revision;
  }

  async #compareAndSet(change: () => Promise<number>): Promise<KeyValueOutcome> {
    return this.#run(async () => {
      try {
        return { kind: 'stored', revision: await change() };
      } catch (error) {
        if (isConflict(error)) return { kind: 'conflict' };
        throw error;
      }
    });
  }

  async #run<T>(act: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreClosed('key-value store', this.#place);
    try {
      return await this.#link.ask(act);
    } catch (error) {
      throw this.#closed
        ? new StoreClosed('key-value store', this.#place)
        : new StoreUnavailable('key-value store', this.#place, error);
    }
  }
}

/** The subjects in which all keys with a prefix lie: its whole parts, then anything. */
function filterOf(prefix: string): string {
  return `${prefix.slice(0, prefix.lastIndexOf('.') + 1)}>`;
}

function abortableDelay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
