import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DirectoryWatch } from './directory-watch.ts';
import { makeTemporaryDirectory } from './temporary-directory.ts';

describe('a directory that is watched', () => {
  it('keeps what is written while it and those in it are the ones that were opened', async () => {
    await using place = await makeTemporaryDirectory('watch');
    const dir = join(place.dir, 'data');
    await mkdir(join(dir, 'log'), { recursive: true });
    await mkdir(join(dir, 'state'));
    await using watch = await DirectoryWatch.open(dir);
    expect(await watch.whyNotKept()).toBeUndefined();
    await rename(join(dir, 'state'), join(place.dir, 'aside'));
    expect(await watch.whyNotKept()).toBe(`the directory ${dir}/state was removed or replaced while it was in use`);
    await mkdir(join(dir, 'state'));
    expect(await watch.whyNotKept()).toContain(`${dir}/state was removed or replaced`);
    await rm(join(dir, 'state'), { recursive: true });
    await rename(join(place.dir, 'aside'), join(dir, 'state'));
    expect(await watch.whyNotKept()).toBeUndefined();
    await rm(dir, { recursive: true });
    expect(await watch.whyNotKept()).toContain(`${dir} was removed or replaced`);
  });
});
