import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MARKER_FILE } from '../disk/marker.ts';
import { makeTemporaryDirectory } from '../disk/temporary-directory.ts';
import { DirectoryInUse, DirectoryMismatch, DirectoryUnusable, NewerFormat } from '../storage-errors.ts';
import { openEmbeddedTable } from './embedded-table.ts';
import { runTableCases, type TableHarness } from './table.cases.ts';

runTableCases('embedded', makeHarness);

async function makeHarness(): Promise<TableHarness & { readonly dir: string }> {
  const place = await makeTemporaryDirectory('table');
  const { dir } = place;
  return {
    dir,
    open: () => openEmbeddedTable({ dir }),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

describe('the embedded table', () => {
  it('a table that is open refuses to be opened again, naming its directory', async () => {
    await using harness = await makeHarness();
    await using _table = await harness.open();
    const second = harness.open();
    await expect(second).rejects.toThrow(DirectoryInUse);
    await expect(second).rejects.toThrow(harness.dir);
  });

  it('a table of a newer format is refused by name and left as it is', async () => {
    await using harness = await makeHarness();
    await writeFile(join(harness.dir, MARKER_FILE), '{"kind":"table","format":2}\n');
    const opening = harness.open();
    await expect(opening).rejects.toThrow(NewerFormat);
    await expect(opening).rejects.toThrow(/format 2.*formats up to 1/);
  });

  it('a directory that holds something else is not taken for a table', async () => {
    await using harness = await makeHarness();
    await writeFile(join(harness.dir, MARKER_FILE), '{"kind":"log","format":1,"partitions":4,"generation":"g"}\n');
    await expect(harness.open()).rejects.toThrow(DirectoryMismatch);
    await writeFile(join(harness.dir, MARKER_FILE), '{"kind":"ta');
    await expect(harness.open()).rejects.toThrow(DirectoryMismatch);
  });

  it('a place that is not a directory is refused with the reason', async () => {
    await using harness = await makeHarness();
    const file = join(harness.dir, 'file');
    await writeFile(file, 'not a directory');
    await expect(openEmbeddedTable({ dir: file })).rejects.toThrow(DirectoryUnusable);
  });
});
