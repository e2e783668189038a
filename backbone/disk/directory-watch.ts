import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../storage-errors.ts';
import { freeBytesIn } from './directory.ts';

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
