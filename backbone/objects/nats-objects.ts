import { createHash } from 'node:crypto';
import { type ObjectInfo, type ObjectStore, Objm } from '@nats-io/obj';
import { reasonOf } from '#core/errors.ts';
import {
  isConflict,
  type NatsLink,
  type NatsPlace,
  openNatsLink,
  REQUEST_TIMEOUT_MS,
} from '../nats/nats-connection.ts';
import { StoreClosed, StoreUnavailable } from '../storage-errors.ts';
import {
  checkObject,
  checkObjectName,
  ObjectDamaged,
  ObjectDiffers,
  type ObjectListing,
  type ObjectPart,
  type Objects,
} from './objects.ts';

/** How long one object may take to be written or read: 64 MiB at 1 MiB/s. */
export const OBJECT_TIMEOUT_MS = 64_000;

/** How often a put that came second looks again what came first. Each time somebody else has put or removed it. */
const PUT_TRIES_MAX = 16;

/** Objects that are kept for those who read them part by part, since the store gives whole ones only; larger ones are not. */
const PARTED_OBJECTS_MAX = 4;
const PARTED_BYTES_MAX = 4 * 1024 * 1024;

export interface NatsObjectsOptions extends NatsPlace {
  /** Copies of each object on different servers of a cluster (1, 3 or 5), for a store that is made. */
  readonly replicas?: number | undefined;
}

/**
 * Opens the object store `<name>-objects` on a nats-server with JetStream; makes it when it isn't there. An object is
 * its chunks and then one record that names them, so a reader sees it whole or not at all; that record is written by
 * compare-and-set, so it is never replaced. Throws NatsUnreachable, NatsUnsuitable or StoreUnavailable.
 */
export async function openNatsObjects(options: NatsObjectsOptions): Promise<Objects> {
  const link = await openNatsLink(options);
  const name = `${link.name}-objects`;
  try {
    const stores = new Objm(link.connection);
    const store = await stores.create(name, { storage: 'file', replicas: options.replicas ?? 1 });
    return new NatsObjects(link, name, store);
  } catch (error) {
    await link[Symbol.asyncDispose]();
    throw new StoreUnavailable('object store', link.servers.join(', '), error);
  }
}

class NatsObjects implements Objects {
  readonly #link: NatsLink;
  readonly #store: ObjectStore;
  readonly #place: string;
  /** Read last, by name. */
  readonly #parted = new Map<string, Uint8Array>();
  #closed = false;

  constructor(link: NatsLink, name: string, store: ObjectStore) {
    this.#link = link;
    this.#store = store;
    this.#place = `${link.servers.join(', ')}/${name}`;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    checkObject(name, bytes);
    const digest = createHash('sha256').update(bytes).digest('base64url');
    for (let tries = 0; tries < PUT_TRIES_MAX; tries++) {
      const present = await this.#run(() => this.#store.info(name));
      if (present !== null && !present.deleted) {
        if (holds(present, bytes.length, digest)) return;
        throw new ObjectDiffers(name, this.#place);
      }
      if (await this.#run(() => this.#putAfter(name, bytes, present?.revision ?? 0))) return;
    }
    throw new StoreUnavailable(
      'object store',
      this.#place,
      new Error(`${name} was put and removed by others all the while`),
    );
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    checkObjectName(name);
    return (await this.#run(() => this.#read(name))) ?? undefined;
  }

  async getParts(name: string, parts: readonly ObjectPart[]): Promise<readonly Uint8Array[] | undefined> {
    const whole = this.#parted.get(name) ?? (await this.get(name));
    if (whole === undefined) return undefined;
    this.#parted.delete(name);
    if (whole.length <= PARTED_BYTES_MAX) this.#parted.set(name, whole);
    if (this.#parted.size > PARTED_OBJECTS_MAX) this.#parted.delete(this.#parted.keys().next().value!);
    return parts.map(({ offset, bytes }) => whole.slice(offset, offset + bytes));
  }

  async list(prefix: string): Promise<ObjectListing[]> {
    const infos = await this.#run(() => this.#store.list());
    return infos
      .filter((info) => info.name.startsWith(prefix) && !info.deleted)
      .map((info) => ({ name: info.name, bytes: info.size }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async remove(name: string): Promise<void> {
    checkObjectName(name);
    this.#parted.delete(name);
    const present = await this.#run(() => this.#store.info(name));
    if (present !== null && !present.deleted) await this.#run(() => this.#store.delete(name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#link[Symbol.asyncDispose]();
  }

  /** Whether it was put; false when the name changed since `revision`. */
  async #putAfter(name: string, bytes: Uint8Array, revision: number): Promise<boolean> {
    try {
      await this.#store.putBlob({ name }, bytes, { previousRevision: revision, timeout: REQUEST_TIMEOUT_MS });
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
  }

  async #read(name: string): Promise<Uint8Array | null> {
    const result = await this.#store.get(name);
    if (result === null) return null;
    const bytes = new Uint8Array(result.info.size);
    let at = 0;
    const reader = result.data.getReader();
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      if (at + step.value.length > bytes.length) throw new ObjectDamaged(name, this.#place, 'it has too many bytes');
      bytes.set(step.value, at);
      at += step.value.length;
    }
    if (at !== bytes.length) throw new ObjectDamaged(name, this.#place, `${at} of its ${bytes.length} bytes are there`);
    const failure = await result.error;
    if (failure instanceof Error) throw new ObjectDamaged(name, this.#place, reasonOf(failure));
    return bytes;
  }

  async #run<T>(act: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreClosed('object store', this.#place);
    try {
      return await this.#link.ask(act, OBJECT_TIMEOUT_MS);
    } catch (error) {
      if (error instanceof ObjectDamaged) throw error;
      throw this.#closed
        ? new StoreClosed('object store', this.#place)
        : new StoreUnavailable('object store', this.#place, error);
    }
  }
}

/** Whether an object in the store has these bytes. The store's digests are padded base64, ours are not. */
function holds(info: ObjectInfo, bytes: number, digest: string): boolean {
  return info.size === bytes && info.digest.replace(/=+$/, '') === `SHA-256=${digest}`;
}
