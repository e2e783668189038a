/** Every recipe is followed as it is written, block by block. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import { blocksOf, Cook } from './recipes.fixtures.ts';

const RECIPES = new URL('../../docs/recipes/', import.meta.url);

/** Longer than a recipe takes on a busy machine, and less than a test may. */
const RECIPE_MS_MAX = 50_000;

const mosquitto = await serverForTests('mosquitto');
const publisher = await serverForTests('mosquitto_pub');
const telegraf = await serverForTests('telegraf');

/** What a recipe needs beside weir. */
const NEEDED: Readonly<Record<string, readonly ({ readonly path: string } | undefined)[]>> = {
  'csv-file': [],
  'followed-file': [],
  'ndjson-file': [],
  http: [],
  'mqtt-broker': [mosquitto, publisher],
  'mqtt-devices': [publisher],
  telegraf: [telegraf],
  sparkplug: [mosquitto],
  poll: [],
  'simulated-fleet': [],
};

const possible = Object.entries(NEEDED).filter(([, programs]) => programs.every((program) => program !== undefined));

describe('a recipe', () => {
  it('is one of those that are tried', async () => {
    const files = (await readdir(RECIPES)).filter((file) => file !== 'README.md');
    expect(files.toSorted()).toEqual(
      Object.keys(NEEDED)
        .map((name) => `${name}.md`)
        .toSorted(),
    );
    const overview = await readFile(new URL('README.md', RECIPES), 'utf8');
    expect(files.filter((file) => !overview.includes(`(${file})`))).toEqual([]);
  });

  it.each(possible)('%s works as it is written', async (name, programs) => {
    const blocks = blocksOf(await readFile(new URL(`${name}.md`, RECIPES), 'utf8'));
    await using folder = await makeTemporaryDirectory('recipe');
    await using cook = await Cook.begin(
      folder.dir,
      programs.map((program) => program!.path),
    );
    await cook.follow(blocks, performance.now() + RECIPE_MS_MAX);
  });
});

describe('the README', () => {
  it('leads from a device that publishes to its window, as it is written', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    const [section] = /^## A device of your own[^]*?(?=^## )/m.exec(readme)!;
    await using folder = await makeTemporaryDirectory('readme');
    await using cook = await Cook.begin(folder.dir, []);
    const devices = await readFile(new URL('../../examples/devices.yaml', import.meta.url), 'utf8');
    await mkdir(join(folder.dir, 'examples'));
    await writeFile(join(folder.dir, 'examples/devices.yaml'), cook.moved(devices));
    await cook.follow(blocksOf(section), performance.now() + RECIPE_MS_MAX);
  });
});
