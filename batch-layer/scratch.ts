import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the archive's disk has room for what work writes for itself. It is cleared when the archive is opened. */
export function scratchOf(archiveDir: string): string {
  return join(archiveDir, 'scratch');
}

/**
 * Gives `act` a directory of its own there, and removes it when that has ended. Where both fail, the failure of `act` is
 * thrown: it is the one that says what went wrong.
 */
export async function withScratch<T>(archiveDir: string, act: (dir: string) => Promise<T>): Promise<T> {
  const dir = join(scratchOf(archiveDir), randomUUID());
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true });
  try {
    await mkdir(dir, { recursive: true });
    const made = await act(dir);
    await remove();
    return made;
  } catch (failure) {
    await remove().catch(() => undefined);
    throw failure;
  }
}
