import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { whenFull } from './demo.ts';

describe('the disk of a demonstration', () => {
  it('is full at its cap, and no longer waited for after the stop', async () => {
    await using folder = await makeTemporaryDirectory('demo');
    await writeFile(join(folder.dir, 'one'), 'x'.repeat(123));
    await whenFull(folder.dir, 123, new AbortController().signal);
    const stopped = new AbortController();
    let isOver = false;
    const waiting = whenFull(folder.dir, 124, stopped.signal).then(() => (isOver = true));
    expect(isOver).toBe(false);
    stopped.abort();
    await waiting;
  });
});
