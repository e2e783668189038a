import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linesUntilKilled } from '#tooling/processes/node-process.ts';
import { UNFINISHED_PREFIX } from '../disk/durable-file.ts';
import { runMarkedDirectoryCases } from '../disk/marked-directory.cases.ts';
import { type DirectoryHarness, makeDirectoryHarness } from '../disk/temporary-directory.ts';
import { describeOnNatsServer } from '../nats/nats-server.fixtures.ts';
import { openEmbeddedObjects, UNFINISHED_AGE_MAX_MS } from './embedded-objects.ts';
import { MemoryObjects } from './memory-objects.fixtures.ts';
import { openNatsObjects } from './nats-objects.ts';
import { runObjectsCases } from './objects.cases.ts';
import type { Objects } from './objects.ts';

const makeHarness = (): Promise<DirectoryHarness<Objects>> => makeDirectoryHarness('objects', openEmbeddedObjects);

runObjectsCases('embedded', makeHarness);
runMarkedDirectoryCases({ kind: 'objects', format: 1, isExclusive: false, open: openEmbeddedObjects });

describe('embedded objects', () => {
  it('are whole or absent after the process that put them was killed in the middle', async () => {
    await using harness = await makeHarness();
    const writer = new URL('./object-writer.child.ts', import.meta.url);
    // The fourth has begun and is being written.
    const lines = await linesUntilKilled(writer, [harness.dir], (line) => line === '4 begun');
    const done = lines.filter((line) => line.endsWith(' done')).map((line) => Number.parseInt(line, 10));
    await using objects = await harness.open();
    const listed = await objects.list('');
    for (const n of done) expect(listed).toContainEqual({ name: `a/${n}`, bytes: 4 * 1024 * 1024 });
    for (const { name, bytes } of listed) {
      expect(bytes).toBe(4 * 1024 * 1024);
      const n = Number(name.slice(2));
      expect((await objects.get(name))?.every((byte) => byte === n)).toBe(true);
    }
  });

  it('never show a torn write, which is cleared away once its writer must be dead', async () => {
    await using harness = await makeHarness();
    const folder = join(harness.dir, 'objects');
    await mkdir(folder);
    const torn = join(folder, `${UNFINISHED_PREFIX}torn`);
    await writeFile(torn, 'half of');
    const old = join(folder, `${UNFINISHED_PREFIX}old`);
    await writeFile(old, 'half of');
    // The clock of the disk, by which its writer left it.
    const { mtimeMs: nowMs } = await stat(torn);
    await utimes(old, new Date(nowMs), new Date(nowMs - UNFINISHED_AGE_MAX_MS - 1_000));
    await using objects = await openEmbeddedObjects({ dir: harness.dir, nowMs });
    expect(await objects.list('')).toEqual([]);
    expect(await readdir(folder)).toEqual([`${UNFINISHED_PREFIX}torn`]);
  });
});

await describeOnNatsServer((nats) => {
  runObjectsCases('nats', async () => {
    const place = nats.newPlace();
    return { open: () => openNatsObjects(place), [Symbol.asyncDispose]: async () => {} };
  });
});

runObjectsCases('memory', async () => {
  const stored = new Map<string, Uint8Array>();
  return { open: async () => new MemoryObjects(stored), [Symbol.asyncDispose]: () => Promise.resolve() };
});
