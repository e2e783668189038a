import { type FileHandle, mkdir, open, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from '../storage-errors.ts';

/**
 * Makes a directory and what leads to it, one after the other: Node's own recursive `mkdir` never returns where the
 * system answers ENOENT though the parent is there, as Linux does below /proc. Throws the system's error.
 */
export async function makeDirectory(dir: string): Promise<void> {
  try {
    if ((await stat(dir)).isDirectory()) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    if (dirname(dir) !== dir) await makeDirectory(dirname(dir));
  }
  try {
    await mkdir(dir);
  } catch (error) {
    // Somebody else has made it in the meantime; a file of that name is the system's to refuse.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !(await stat(dir)).isDirectory()) throw error;
  }
}

/** Bytes of all files in a directory and below. What vanishes while it is looked at counts for nothing. */
export async function bytesIn(dir: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(dir, { withFileTypes: true }).catch(() => [])) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) bytes += await bytesIn(path);
    else if (entry.isFile())
      bytes += await stat(path).then(
        ({ size }) => size,
        () => 0,
      );
  }
  return bytes;
}

/** Bytes that this user may still write on the file system of a directory. */
export async function freeBytesIn(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

/**
 * Free bytes below which nothing more is taken: what databases need to be opened again after a write has failed, and to
 * go on with what was taken before.
 */
export const FREE_BYTES_MIN = 64 * 1024 * 1024;

interface WatchedDirectory {
  readonly path: string;
  /** Held open, so that no other directory gets its number. */
  readonly handle: FileHandle;
}

/** Whether a directory and those in it are still the ones that were opened, and have room. */
export class DirectoryWatch implements AsyncDisposable {
  readonly #directories: readonly WatchedDirectory[];

  private constructor(directories: readonly WatchedDirectory[]) {
    this.#directories = directories;
  }

  /** Watches a directory and all that are in it now. Throws the system's error. */
  static async open(dir: string): Promise<DirectoryWatch> {
    const inside = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    const paths = [dir, ...inside.map(({ name }) => join(dir, name))];
    const directories: WatchedDirectory[] = [];
    const watch = new DirectoryWatch(directories);
    try {
      for (const path of paths) directories.push({ path, handle: await open(path, 'r') });
      return watch;
    } catch (error) {
      await watch[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Why what is written there can't be kept, looked at now; undefined where it can. */
  async whyNotKept(): Promise<string | undefined> {
    for (const { path, handle } of this.#directories) {
      if (!(await isThere(path, handle))) return `the directory ${path} was removed or replaced while it was in use`;
    }
    const [{ path }] = this.#directories as [WatchedDirectory];
    const free = await freeBytesIn(path);
    if (free >= FREE_BYTES_MIN) return undefined;
    return `the disk of ${path} has ${free} bytes left, fewer than the ${FREE_BYTES_MIN} that are kept free`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { handle } of this.#directories) await handle.close();
  }
}

async function isThere(path: string, handle: FileHandle): Promise<boolean> {
  try {
    const [opened, found] = await Promise.all([handle.stat(), stat(path)]);
    return opened.dev === found.dev && opened.ino === found.ino;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}
