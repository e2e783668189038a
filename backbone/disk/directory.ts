import { mkdir, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

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
