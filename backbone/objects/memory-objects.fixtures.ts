import { StoreClosed } from '../storage-errors.ts';
import {
  checkObject,
  checkObjectName,
  ObjectDiffers,
  type ObjectListing,
  type ObjectPart,
  type Objects,
} from './objects.ts';

/** Objects in memory, for tests: they run the suite of their port. What is in `stored` may be damaged by hand. */
export class MemoryObjects implements Objects {
  readonly stored: Map<string, Uint8Array>;
  #closed = false;

  /** Opens the objects of a map, which others may have open too. */
  constructor(stored = new Map<string, Uint8Array>()) {
    this.stored = stored;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    this.#check();
    checkObject(name, bytes);
    const present = this.stored.get(name);
    if (present !== undefined && Buffer.compare(present, bytes) !== 0) throw new ObjectDiffers(name, 'memory');
    if (present === undefined) this.stored.set(name, bytes.slice());
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    this.#check();
    checkObjectName(name);
    return this.stored.get(name)?.slice();
  }

  async getParts(name: string, parts: readonly ObjectPart[]): Promise<readonly Uint8Array[] | undefined> {
    this.#check();
    checkObjectName(name);
    const stored = this.stored.get(name);
    return stored && parts.map(({ offset, bytes }) => stored.slice(offset, offset + bytes));
  }

  async list(prefix: string): Promise<ObjectListing[]> {
    this.#check();
    return [...this.stored]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, bytes]) => ({ name, bytes: bytes.length }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  async remove(name: string): Promise<void> {
    this.#check();
    checkObjectName(name);
    this.stored.delete(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  #check(): void {
    if (this.#closed) throw new StoreClosed('object store', 'memory');
  }
}
