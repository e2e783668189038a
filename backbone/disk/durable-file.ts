import { randomUUID } from 'node:crypto';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { codeOf } from '../storage-errors.ts';

/** The start of the name of every file that is still being written; such files are never read. */
export const UNFINISHED_PREFIX = '.unfinished-';

/**
 * Creates `path` with exactly `bytes`, all or nothing: after a crash at any moment the file is either absent or whole.
 * Gives `true` once it would survive a loss of power, `false` when a file of that name was there already (which is left
 * as it is, and is durable too when this returns).
 *
 * The bytes go to a temporary neighbour, which is synced and then linked under its name. Linking, unlike renaming,
 * never replaces, so of many writers of one name exactly one succeeds.
 */
export async function createDurably(path: string, bytes: Uint8Array): Promise<boolean> {
  const unfinished = join(dirname(path), `${UNFINISHED_PREFIX}${randomUUID()}`);
  const file = await open(unfinished, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(unfinished, path);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  } finally {
    await unlink(unfinished);
    await syncDirectory(dirname(path));
  }
}

/** Makes the names in a directory durable: without this a loss of power may take back a file that was itself synced. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a directory and what leads to it, durably; harmless when it is there. */
export async function makeDirectoryDurably(dir: string): Promise<void> {
  const first = await mkdir(dir, { recursive: true });
  if (first === undefined) return;
  // Every new name lies in its parent, from the first directory that was made down to the last.
  for (let made = resolve(dir); ; made = dirname(made)) {
    await syncDirectory(dirname(made));
    if (made === resolve(first) || basename(made) === '') return;
  }
}
