import { type FileHandle, open, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createDurably, makeDirectoryDurably, syncDirectory, UNFINISHED_PREFIX } from '../disk/durable-file.ts';
import { claimDirectory } from '../disk/marker.ts';
import { codeOf, DirectoryUnusable, StoreClosed, StoreUnavailable } from '../storage-errors.ts';
import {
  checkObject,
  checkObjectName,
  ObjectDiffers,
  type ObjectListing,
  type ObjectPart,
  type Objects,
} from './objects.ts';

/** The format of a directory of objects: one file per object in the folder `objects`, `/` in its name written `%2F`. */
export const EMBEDDED_OBJECTS_FORMAT = 1;

/**
 * How old an unfinished file is when opening removes it. Its writer died; a living one (another process may put into the
 * same directory) takes seconds for its 64 MiB at most.
 */
export const UNFINISHED_AGE_MAX_MS = 24 * 60 * 60 * 1000;

/**
 * Opens the objects in `dir`, made when it isn't there. Several processes may use one directory. `nowMs` is the time by
 * which leftovers of dead writers are judged. Throws NewerFormat, DirectoryMismatch or DirectoryUnusable.
 */
export async function openEmbeddedObjects(options: {
  readonly dir: string;
  readonly nowMs?: number;
}): Promise<Objects> {
  const { dir, nowMs = Date.now() } = options;
  await claimDirectory(dir, { kind: 'objects', format: EMBEDDED_OBJECTS_FORMAT, facts: {} });
  const folder = join(dir, 'objects');
  try {
    await makeDirectoryDurably(folder);
    await removeUnfinished(folder, nowMs - UNFINISHED_AGE_MAX_MS);
  } catch (error) {
    throw new DirectoryUnusable(dir, error);
  }
  return new EmbeddedObjects(folder);
}

class EmbeddedObjects implements Objects {
  readonly #folder: string;
  #closed = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    checkObject(name, bytes);
    const made = await this.#run(() => createDurably(this.#fileOf(name), bytes));
    if (made) return;
    const present = await this.get(name);
    if (present === undefined) return this.put(name, bytes);
    if (Buffer.compare(present, bytes) !== 0) throw new ObjectDiffers(name, this.#folder);
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    checkObjectName(name);
    const bytes = await this.#run(() => unlessMissing(readFile(this.#fileOf(name))));
    return bytes === undefined ? undefined : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  async getParts(name: string, parts: readonly ObjectPart[]): Promise<readonly Uint8Array[] | undefined> {
    checkObjectName(name);
    return await this.#run(() => unlessMissing(readParts(this.#fileOf(name), parts)));
  }

  async list(prefix: string): Promise<ObjectListing[]> {
    const names = (await this.#run(() => readdir(this.#folder)))
      .filter((file) => !file.startsWith(UNFINISHED_PREFIX))
      .map(decodeURIComponent)
      .filter((name) => name.startsWith(prefix));
    const listing: ObjectListing[] = [];
    for (const name of names.sort()) {
      const facts = await this.#run(() => unlessMissing(stat(this.#fileOf(name))));
      if (facts !== undefined) listing.push({ name, bytes: facts.size });
    }
    return listing;
  }

  async remove(name: string): Promise<void> {
    checkObjectName(name);
    await this.#run(async () => {
      await unlessMissing(unlink(this.#fileOf(name)));
      await syncDirectory(this.#folder);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  #fileOf(name: string): string {
    return join(this.#folder, encodeURIComponent(name));
  }

  async #run<T>(act: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreClosed('object store', this.#folder);
    try {
      return await act();
    } catch (error) {
      throw new StoreUnavailable('object store', this.#folder, error);
    }
  }
}

/** Reads the parts beside each other, of a file that is opened once: that takes longer than to read some kilobytes. */
async function readParts(file: string, parts: readonly ObjectPart[]): Promise<readonly Uint8Array[]> {
  await using handle = await open(file);
  return await Promise.all(parts.map((part) => readPart(handle, part)));
}

async function readPart(handle: FileHandle, { offset, bytes }: ObjectPart): Promise<Uint8Array> {
  const content = new Uint8Array(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await handle.read(content, filled, bytes - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return content.subarray(0, filled);
}

async function unlessMissing<T>(act: Promise<T>): Promise<T | undefined> {
  try {
    return await act;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function removeUnfinished(folder: string, beforeMs: number): Promise<void> {
  for (const file of await readdir(folder)) {
    if (!file.startsWith(UNFINISHED_PREFIX)) continue;
    const facts = await unlessMissing(stat(join(folder, file)));
    if (facts !== undefined && facts.mtimeMs < beforeMs) await unlessMissing(unlink(join(folder, file)));
  }
}
