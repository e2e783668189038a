import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

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
