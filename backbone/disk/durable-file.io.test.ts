import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDurably, makeDirectoryDurably } from './durable-file.ts';
import { claimDirectory, readMarker } from './marker.ts';
import { makeTemporaryDirectory } from './temporary-directory.ts';

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
