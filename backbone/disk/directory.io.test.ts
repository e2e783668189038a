import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytesIn, DirectoryWatch, makeDirectory } from './directory.ts';
import { createDurably, makeDirectoryDurably } from './durable-file.ts';
import { claimDirectory, readMarker } from './marker.ts';
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

describe('a durable file', () => {
  it('of many that create one file exactly one succeeds, and nothing is left beside it', async () => {
    await using place = await makeTemporaryDirectory('disk');
    const path = join(place.dir, 'file');
    const made = await Promise.all(
      Array.from({ length: 10 }, (_, index) => createDurably(path, new TextEncoder().encode(`by ${index}`))),
    );
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await readFile(path, 'utf8')).toBe(`by ${made.indexOf(true)}`);
    expect(await readdir(place.dir)).toEqual(['file']);
  });

  it('a directory is made with all that leads to it, and harmlessly again', async () => {
    await using place = await makeTemporaryDirectory('disk');
    await makeDirectoryDurably(join(place.dir, 'a', 'b', 'c'));
    await makeDirectoryDurably(join(place.dir, 'a', 'b', 'c'));
    expect(await readdir(join(place.dir, 'a', 'b'))).toEqual(['c']);
  });

  it('all that claim one directory at once get the facts of the one that was first', async () => {
    await using place = await makeTemporaryDirectory('disk');
    const dir = join(place.dir, 'new');
    const markers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => claimDirectory(dir, { kind: 'log', format: 1, facts: { by: index } })),
    );
    const [by] = markers.map(({ facts }) => facts['by']);
    expect(by).toBeTypeOf('number');
    for (const marker of markers) expect(marker).toEqual({ kind: 'log', format: 1, facts: { by } });
    const text = await readFile(join(dir, 'weir.json'), 'utf8');
    expect(text).toBe(`{"kind":"log","format":1,"by":${by}}\n`);
    expect(await readMarker(dir, 'log', 1)).toEqual({ kind: 'log', format: 1, facts: { by } });
  });
});
