import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a demonstration may take of a disk: some weeks of two hundred meters. */
export const DEMO_BYTES_MAX = 2_000_000_000;

const LOOK_EVERY_MS = 60_000;

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

/** Resolves once the directory holds `bytesMax` or more, or when the signal aborts. */
export async function whenFull(dir: string, bytesMax: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await bytesIn(dir)) < bytesMax) {
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
