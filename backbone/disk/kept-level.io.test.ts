import { execFile } from 'node:child_process';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openEmbeddedKeyValue } from '../key-value/embedded-key-value.ts';
import { openEmbeddedLog } from '../log/embedded-log.ts';
import { DirectoryGone, StoreUnavailable } from '../storage-errors.ts';
import { openEmbeddedTable } from '../table/embedded-table.ts';
import type { Table } from '../table/table.ts';
import { tearingAt } from './failing-level.fixtures.ts';
import { makeTemporaryDirectory } from './temporary-directory.ts';

const put = (table: Table, key: number): Promise<void> =>
  table.write([{ kind: 'put', key: Uint8Array.of(key), value: Uint8Array.of(key) }], { sync: true });

async function keysIn(table: Table): Promise<number[]> {
  return Array.fromAsync(table.scan({}), ([key]) => key[0]!);
}

describe('what is acknowledged after a write that failed', () => {
  it('is in a table when it is opened again', async () => {
    await using place = await makeTemporaryDirectory('kept');
    {
      await using table = await openEmbeddedTable(place, tearingAt(2));
      await put(table, 1);
      await expect(put(table, 2)).rejects.toThrow(StoreUnavailable);
      expect(await keysIn(table)).toEqual([1]);
      await Promise.all([put(table, 3), put(table, 4)]);
      await put(table, 5);
    }
    await using table = await openEmbeddedTable(place);
    expect(await keysIn(table)).toEqual([1, 3, 4, 5]);
  });

  it('fails too where it was written together with it', async () => {
    await using place = await makeTemporaryDirectory('kept');
    await using table = await openEmbeddedTable(place, tearingAt(1));
    const outcomes = await Promise.allSettled([put(table, 1), put(table, 2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await keysIn(table)).toEqual([]);
  });

  it('is in a key-value store when it is opened again, under a revision of its own', async () => {
    await using place = await makeTemporaryDirectory('kept');
    const revisions: unknown[] = [];
    {
      await using state = await openEmbeddedKeyValue(place, tearingAt(2));
      revisions.push(await state.create('a', Uint8Array.of(1)));
      await expect(state.create('b', Uint8Array.of(2))).rejects.toThrow(StoreUnavailable);
      revisions.push(await state.create('c', Uint8Array.of(3)));
    }
    await using state = await openEmbeddedKeyValue(place);
    expect(await state.list('')).toEqual(['a', 'c']);
    revisions.push(await state.create('d', Uint8Array.of(4)));
    expect(revisions).toEqual([1, 2, 3].map((revision) => ({ kind: 'stored', revision })));
  });

  it('is on a real disk that refuses, once the table writes into another file', async () => {
    await using place = await makeTemporaryDirectory('kept');
    const writer = fileURLToPath(import.meta.resolve('./table-writer.child.ts'));
    // No file may be larger than 512 kB: the ninth entry or so doesn't fit into the first log file.
    const command = `ulimit -f 512; exec "$0" "$1" "$2" 40`;
    const { stdout } = await promisify(execFile)('bash', ['-c', command, process.execPath, writer, place.dir]);
    expect(stdout).toContain('-');
    expect(stdout.replaceAll('-', '')).toHaveLength(40);
    await using table = await openEmbeddedTable(place);
    expect(await keysIn(table)).toHaveLength(40);
  });
});

describe('a database whose directory is removed or replaced while it is open', () => {
  it('acknowledges nothing more', async () => {
    await using place = await makeTemporaryDirectory('kept');
    const dir = join(place.dir, 'table');
    await using table = await openEmbeddedTable({ dir });
    await put(table, 1);
    await rm(dir, { recursive: true });
    await expect(put(table, 2)).rejects.toThrow(DirectoryGone);
    await expect(put(table, 3)).rejects.toThrow('removed or replaced');
  });

  it('acknowledges nothing more where another one lies in its place', async () => {
    await using place = await makeTemporaryDirectory('kept');
    const dir = join(place.dir, 'log');
    await using log = await openEmbeddedLog({ dir, partitions: 1 });
    await log.append(0, Uint8Array.of(1));
    const other = join(place.dir, 'other');
    await (await openEmbeddedLog({ dir: other, partitions: 1 }))[Symbol.asyncDispose]();
    await rename(dir, join(place.dir, 'moved'));
    await rename(other, dir);
    await expect(log.append(0, Uint8Array.of(2))).rejects.toThrow(DirectoryGone);
  });
});
