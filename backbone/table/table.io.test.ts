import { describe, expect, it } from 'vitest';
import { runMarkedDirectoryCases } from '../disk/marked-directory.cases.ts';
import { makeDirectoryHarness } from '../disk/temporary-directory.ts';
import { uintKey } from '../keys/order.ts';
import { openEmbeddedTable } from './embedded-table.ts';
import { MemoryTable } from './memory-table.fixtures.ts';
import { runTableCases, type TableHarness } from './table.cases.ts';

runTableCases('memory', async (): Promise<TableHarness> => {
  let table = new MemoryTable();
  return {
    open: async () => (table = table.kill()),
    [Symbol.asyncDispose]: () => table[Symbol.asyncDispose](),
  };
});

describe('a table in memory', () => {
  it('loses in a crash what came after the last synced write, and nothing when it is killed', async () => {
    const table = new MemoryTable();
    const put = (key: number, sync: boolean): Promise<void> =>
      table.write([{ kind: 'put', key: uintKey(key), value: uintKey(key) }], { sync });
    await put(1, false);
    await put(2, true);
    await put(3, false);
    await table.write([{ kind: 'delete', key: uintKey(1) }], { sync: false });
    const keysOf = async (one: MemoryTable): Promise<Uint8Array[]> =>
      (await Array.fromAsync(one.scan({}))).map(([key]) => key);
    expect(await keysOf(table.crash())).toStrictEqual([uintKey(1), uintKey(2)]);
    expect(await keysOf(table.kill())).toStrictEqual([uintKey(2), uintKey(3)]);
  });
});

runTableCases('embedded', () => makeDirectoryHarness('table', openEmbeddedTable));
runMarkedDirectoryCases({ kind: 'table', format: 1, isExclusive: true, open: openEmbeddedTable });
