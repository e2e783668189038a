import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { makeDirectory } from './directory.ts';
import { bytesIn, whenFull } from './up/disk-cap.ts';

it('a directory is made with all that leads to it, and may be there already', async () => {
  await using folder = await makeTemporaryDirectory('directory');
  const deep = join(folder.dir, 'a/b/c');
  await Promise.all([makeDirectory(deep), makeDirectory(deep)]);
  await makeDirectory(deep);
  expect((await stat(deep)).isDirectory()).toBe(true);
});

it('a directory below a file, or where the system makes none, is refused and not waited for', async () => {
  await using folder = await makeTemporaryDirectory('directory');
  await writeFile(join(folder.dir, 'file'), '');
  await expect(makeDirectory(join(folder.dir, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeDirectory(join(folder.dir, 'file/below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeDirectory('/proc/weir')).rejects.toMatchObject({ code: 'ENOENT' });
});

it('the bytes of a directory are those of all files below, and fill it at its cap', async () => {
  await using folder = await makeTemporaryDirectory('directory');
  await makeDirectory(join(folder.dir, 'a/b'));
  await writeFile(join(folder.dir, 'a/one'), 'x'.repeat(100));
  await writeFile(join(folder.dir, 'a/b/two'), 'x'.repeat(23));
  expect(await bytesIn(folder.dir)).toBe(123);
  expect(await bytesIn(join(folder.dir, 'absent'))).toBe(0);
  await whenFull(folder.dir, 123, new AbortController().signal);
  const stopped = new AbortController();
  const waiting = whenFull(folder.dir, 124, stopped.signal);
  stopped.abort();
  await waiting;
});
