import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytesIn, makeDirectory } from './directory.ts';
import { makeTemporaryDirectory } from './temporary-directory.ts';

describe('a directory', () => {
  it('is made with all that leads to it, and may be there already', async () => {
    await using folder = await makeTemporaryDirectory('directory');
    const deep = join(folder.dir, 'a/b/c');
    await Promise.all([makeDirectory(deep), makeDirectory(deep)]);
    await makeDirectory(deep);
    expect((await stat(deep)).isDirectory()).toBe(true);
  });

  it('below a file, or where the system makes none, is refused and not waited for', async () => {
    await using folder = await makeTemporaryDirectory('directory');
    await writeFile(join(folder.dir, 'file'), '');
    await expect(makeDirectory(join(folder.dir, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeDirectory(join(folder.dir, 'file/below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(makeDirectory('/proc/weir')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('has the bytes of all files in it and below, and one that is absent has none', async () => {
    await using folder = await makeTemporaryDirectory('directory');
    await makeDirectory(join(folder.dir, 'a/b'));
    await writeFile(join(folder.dir, 'a/one'), 'x'.repeat(100));
    await writeFile(join(folder.dir, 'a/b/two'), 'x'.repeat(23));
    expect(await bytesIn(folder.dir)).toBe(123);
    expect(await bytesIn(join(folder.dir, 'absent'))).toBe(0);
  });
});
