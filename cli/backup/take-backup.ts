import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UNFINISHED_PREFIX } from '#backbone/disk/durable-file.ts';
import type { KeyValue } from '#backbone/key-value/key-value.ts';
import type { ManifestStore } from '#backbone/manifests/manifest.ts';
import type { Objects } from '#backbone/objects/objects.ts';
import { codeOf, StoreUnavailable } from '#backbone/storage-errors.ts';
import type { BatchLayer } from '#batch-layer/batch-layer.ts';
import { namedResults } from '#batch-layer/batch-state.ts';
import { BACKUP_FILE, BACKUP_FORMAT, type Backup, type BackupFile, COPIED_FOLDERS } from './backup-format.ts';
import { TAR_END, tarHeader, tarPadding } from './tar.ts';

/** Bytes that are read, hashed and sent at once: some 2 ms in which nothing else runs. */
const CHUNK_BYTES = 1024 * 1024;

/** How often a folder is listed again whose files are replaced meanwhile. */
const LISTINGS_MAX = 10;

/** What a backup is taken of; the server goes on with all of it. */
interface BackupSources {
  readonly batch: Pick<BatchLayer, 'archive' | 'whileStill'>;
  readonly manifests: ManifestStore;
  readonly state: KeyValue;
  readonly objects: Objects;
  /** The last position of each partition. */
  readonly ends: () => Promise<readonly number[]>;
  readonly dataDir: string;
  readonly version: string;
  readonly clock: () => number;
}

/** Takes bytes in their order; resolves when there is room for more. */
type WriteBytes = (bytes: Uint8Array) => Promise<void>;

/** What takes backups of the sources, as {@link takeBackup} does. */
export function backupOf(sources: BackupSources): (write: WriteBytes, signal: AbortSignal) => Promise<void> {
  return (write, signal) => takeBackup(sources, write, signal);
}

/**
 * Writes a backup as a tar file while the server runs. It holds all that was acknowledged before it began, and no write waits for it:
 * files of the archive only grow, and results never change. No batch run begins until the results are written.
 *
 * First comes the position, then what names it: a claim is made before the record that rests on it, and a manifest names what was cut.
 */
async function takeBackup(sources: BackupSources, write: WriteBytes, signal: AbortSignal): Promise<void> {
  const { batch, manifests, state, objects, clock, version, dataDir } = sources;
  const atMs = clock();
  const out = new BackupWriter(write, atMs, signal);
  const archived = await batch.whileStill(async (stopped) => {
    const ends = await sources.ends();
    const either = AbortSignal.any([signal, stopped]);
    for (const [partition, end] of ends.entries()) await batch.archive.whenArchived(partition, end, either);
    const snapshot = await batch.archive.files();
    for (const key of await state.list('')) {
      const entry = await state.get(key);
      if (entry !== undefined) await out.file(out.nameIn('state'), entry.value, key);
    }
    for (const result of new Set((await manifests.all()).flatMap((one) => [...namedResults(one)]))) {
      for (const { name } of await objects.list(`${result}/`)) {
        const bytes = await objects.get(name);
        if (bytes === undefined)
          throw new StoreUnavailable('object store', name, new Error('a manifest names it, and it is not there'));
        await out.file(out.nameIn('objects'), bytes, name);
      }
    }
    return snapshot;
  });
  for (const { name, path, bytes, sealed } of archived.files) {
    await using handle = await open(path);
    await out.part(`archive/${name}`, handle, sealed ? (await handle.stat()).size : bytes);
  }
  for (const folder of COPIED_FOLDERS) await copyFolder(join(dataDir, folder), folder, out);
  const log = { generation: batch.archive.generation, positions: [...archived.positions] };
  await out.end({ kind: 'backup', format: BACKUP_FORMAT, weir: version, takenAt: new Date(atMs).toISOString(), log });
}

/** Writes the files of a folder as they are at one moment, but for what is added to their ends. */
async function copyFolder(dir: string, folder: string, out: BackupWriter): Promise<void> {
  await using stack = new AsyncDisposableStack();
  for (const [name, handle] of await openAll(dir, stack)) {
    const { size } = await handle.stat();
    await out.part(`${folder}/${name}`, handle, size);
  }
}

/** Opens all files of a folder, none where it isn't there; what a record says of its own length comes before the record. */
async function openAll(dir: string, stack: AsyncDisposableStack): Promise<readonly (readonly [string, FileHandle])[]> {
  for (let listing = 1; ; listing++) {
    const names = (await readdir(dir).catch(noneWhereMissing)).filter((name) => !name.startsWith(UNFINISHED_PREFIX));
    try {
      const opened: [string, FileHandle][] = [];
      for (const name of names.toSorted().toReversed()) opened.push([name, stack.use(await open(join(dir, name)))]);
      return opened;
    } catch (failure) {
      if (codeOf(failure) !== 'ENOENT' || listing === LISTINGS_MAX) throw failure;
    }
  }
}

function noneWhereMissing(failure: unknown): string[] {
  if (codeOf(failure) === 'ENOENT') return [];
  throw failure;
}

class BackupWriter {
  readonly #write: WriteBytes;
  readonly #atMs: number;
  readonly #signal: AbortSignal;
  readonly #files: BackupFile[] = [];

  constructor(write: WriteBytes, atMs: number, signal: AbortSignal) {
    this.#write = write;
    this.#atMs = atMs;
    this.#signal = signal;
  }

  /** A name for the next file in a folder whose files are numbered. */
  nameIn(folder: string): string {
    return `${folder}/${this.#files.length + 1}`;
  }

  async file(name: string, value: Uint8Array, of: string): Promise<void> {
    await this.#add(name, value.length, of, async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < value.length; at += CHUNK_BYTES) yield value.subarray(at, at + CHUNK_BYTES);
    });
  }

  /** The first `bytes` of a file. */
  async part(name: string, handle: FileHandle, bytes: number): Promise<void> {
    await this.#add(name, bytes, undefined, async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes;) {
        const chunk = new Uint8Array(Math.min(CHUNK_BYTES, bytes - at));
        const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
        if (bytesRead === 0) throw new Error(`${name} became shorter while it was read`);
        yield chunk.subarray(0, bytesRead);
        at += bytesRead;
      }
    });
  }

  async end(facts: Omit<Backup, 'files'>): Promise<void> {
    const bytes = Buffer.from(`${JSON.stringify({ ...facts, files: this.#files })}\n`);
    await this.#write(tarHeader(BACKUP_FILE, bytes.length, this.#atMs));
    await this.#write(bytes);
    await this.#write(tarPadding(bytes.length));
    await this.#write(TAR_END);
  }

  async #add(
    name: string,
    bytes: number,
    of: string | undefined,
    body: () => AsyncGenerator<Uint8Array>,
  ): Promise<void> {
    this.#signal.throwIfAborted();
    const hash = createHash('sha256');
    await this.#write(tarHeader(name, bytes, this.#atMs));
    for await (const chunk of body()) {
      hash.update(chunk);
      await this.#write(chunk);
    }
    await this.#write(tarPadding(bytes));
    this.#files.push({ name, ...(of === undefined ? {} : { of }), bytes, sha256: hash.digest('hex') });
  }
}
