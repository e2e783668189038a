import { describe, expect, it } from 'vitest';
import { intKey, joinKeys, prefixRange, stringKey, uintKey } from '../keys/order.ts';
import { MemoryTable } from '../table/memory-table.fixtures.ts';
import type { Table } from '../table/table.ts';
import { ChangeTable } from './change-table.ts';
import type { SliceRow } from './changes.ts';
import { rowsOfSpan, spansOfRows } from './row-span.ts';

/** Writes a row as version 0.1.0 wrote it. */
async function write(table: Table, row: SliceRow): Promise<void> {
  const { view, version, group, slice, partition, epoch, part, flags, revision, stats } = row;
  const names = [stringKey('row'), stringKey(view), uintKey(version), stringKey(group)];
  const key = joinKeys(...names, intKey(slice), uintKey(partition), uintKey(epoch), uintKey(part));
  const head = Buffer.alloc(7);
  head[0] = flags;
  head.writeUIntLE(revision, 1, 6);
  await table.write([{ kind: 'put', key, value: Buffer.concat([head, stats]) }], { sync: true });
}

function rowAt(slice: number, group: string, part: number, epoch = 0): SliceRow {
  const place = { view: 'v', version: 300, group, slice, partition: 2, epoch, part };
  return { ...place, revision: 2 ** 40 + slice, flags: Math.abs(slice) % 4, stats: Buffer.of(slice % 256, part) };
}

function plain(row: SliceRow): SliceRow {
  return { ...row, stats: Buffer.from(row.stats) };
}

describe('rows that version 0.1.0 wrote', () => {
  it('are brought over as they are when the table is opened, once', async () => {
    const table = new MemoryTable();
    const rows = ['["a"]', '["b"]'].flatMap((group) =>
      Array.from({ length: 40 }, (_, slice) => [rowAt(slice, group, 8), rowAt(slice, group, 9 + slice, 5)]).flat(),
    );
    for (const row of rows) await write(table, row);
    const other = { ...rowAt(3, '["a"]', 8), view: 'w' };
    await write(table, other);
    const opened = await ChangeTable.open(table);
    expect((await Array.fromAsync(opened.allRows('v', 300))).map(plain)).toEqual(rows);
    expect((await Array.fromAsync(opened.allRows('w', 300))).map(plain)).toEqual([other]);
    // Three spans of one part in each group, and one for each row of a part of its own.
    expect(await Array.fromAsync(opened.allSpans('v', 300))).toHaveLength(2 * (3 + 40));
    const again = await ChangeTable.open(table.crash());
    expect((await Array.fromAsync(again.allRows('v', 300))).map(plain)).toEqual(rows);
    const flagged = await Array.fromAsync(again.flaggedSpans('v', 300, 2));
    expect(flagged.flatMap(rowsOfSpan).filter(({ flags }) => flags > 0)).toHaveLength(2 * 2 * 30);
    // And an extent for each view and epoch.
    expect(table.size).toBe(2 * (3 + 40) + 1 + flagged.length + 1 + 3);
  });

  it('are brought over in several writes where they are many, spans whole', async () => {
    const table = new MemoryTable();
    const rows = Array.from({ length: 10_030 }, (_, slice) => rowAt(slice, '["a"]', 8));
    for (const row of rows) await write(table, row);
    const opened = await ChangeTable.open(table);
    expect((await Array.fromAsync(opened.allRows('v', 300))).map(plain)).toEqual(rows);
    expect(await Array.fromAsync(opened.allSpans('v', 300))).toHaveLength(Math.ceil(10_030 / 16));
  });
});

describe('spans that stood by group', () => {
  it('are brought over under their bands as they are, with their flags and extents, however often that is interrupted', async () => {
    const table = new MemoryTable();
    const groups = ['["a"]', '["b"]'];
    const rows = groups.flatMap((group) => [-200, -1, 0, 300].map((slice) => rowAt(slice, group, 8, 4)));
    for (const span of spansOfRows(rows)) {
      const names = [stringKey(span.view), uintKey(span.version), stringKey(span.group), intKey(span.opener)];
      const tail = [uintKey(span.partition), uintKey(span.epoch), uintKey(span.part)];
      const key = (kind: string) => joinKeys(stringKey(kind), ...names, ...tail);
      await table.write([{ kind: 'put', key: key('span'), value: span.bytes }], { sync: true });
      if (span.flags !== 0)
        await table.write([{ kind: 'put', key: key('flagged'), value: Buffer.of() }], { sync: true });
    }
    await ChangeTable.open(table);
    const opened = await ChangeTable.open(table.crash());
    const inBands = [-200, -1, 0, 300].flatMap((slice) => groups.map((group) => rowAt(slice, group, 8, 4)));
    expect((await Array.fromAsync(opened.allRows('v', 300))).map(plain)).toEqual(inBands.map(plain));
    expect([...opened.extents('v', 300)]).toMatchObject([{ partition: 2, epoch: 4, fromSlice: -208, toSlice: 304 }]);
    const flagged = await Array.fromAsync(opened.flaggedSpans('v', 300, 2));
    expect(flagged.map(({ opener }) => opener)).toEqual([-1, -1]);
    expect(await Array.fromAsync(table.scan(prefixRange(stringKey('span'))))).toEqual([]);
    expect(await Array.fromAsync(table.scan(prefixRange(stringKey('flagged'))))).toEqual([]);
  });
});
