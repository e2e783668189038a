import { describe, expect, it } from 'vitest';
import { addReading } from '#core/stats/merge.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { makeTemporaryDirectory } from '../disk/temporary-directory.ts';
import type { ResultRef } from '../manifests/manifest.ts';
import { openEmbeddedObjects } from '../objects/embedded-objects.ts';
import { ObjectDamaged, type Objects } from '../objects/objects.ts';
import { BlockBuilder } from './block-builder.ts';
import { encodeResultBlock } from './result-format.ts';
import { openResultReader } from './result-reader.ts';
import { removeResult, ResultWriter } from './result-writer.ts';
import { compareRows, groupRows } from './results.ts';

const RESULT: ResultRef = {
  name: 'results/x/v1-base-1',
  from: [0, 0],
  to: [9, 9],
  readings: 0,
  madeAtMs: 0,
  kind: 'base',
};

async function openObjects(stack: AsyncDisposableStack): Promise<Objects> {
  const { dir } = stack.use(await makeTemporaryDirectory('results'));
  return stack.use(await openEmbeddedObjects({ dir }));
}

/** A block of the slices [first, last], each with one reading whose value is its slice. */
function blockOf(partition: number, group: string, first: number, last: number) {
  const rows = last - first + 1;
  const table = new StatsTable();
  table.allocateMany(rows);
  const slices = Float64Array.from({ length: rows }, (_, i) => first + i);
  slices.forEach((slice, i) => addReading(table, i, slice * 1000, slice, false));
  const slots = Int32Array.from(slices, (_, i) => i);
  const columns = { sliceMs: 1000, revisions: new Float64Array(rows).fill(1), flags: new Uint8Array(rows) };
  const block = encodeResultBlock({ partition, groups: [group], ends: [rows], slices, ...columns, table, slots });
  const extent = { first: { partition, group, slice: first }, last: { partition, group, slice: last }, slices: rows };
  return { extent, block };
}

async function writeSample(objects: Objects): Promise<void> {
  const writer = new ResultWriter(objects, RESULT.name);
  for (const [partition, group, first, last] of [
    [0, 'a', 0, 99],
    [0, 'a', 100, 127],
    [0, 'b', 50, 60],
    [0, 'a', 128, 199],
    [1, 'a', 150, 160],
  ] as const) {
    const { extent, block } = blockOf(partition, group, first, last);
    await writer.add(extent, block);
  }
  await writer.finish(['a', 'b']);
}

async function extents(objects: Objects, group: string, from: number, to: number): Promise<number[][]> {
  const found: number[][] = [];
  for await (const { partition, slice, count, table, firstSlot } of openResultReader(objects).blocks(
    RESULT,
    group,
    from,
    to,
  )) {
    for (let i = 0; i < count; i++) expect(table.sum[0]![firstSlot + i]).toBe(slice[i]);
    found.push([partition, slice[0]!, slice[count - 1]!]);
  }
  return found;
}

/** Base64 of the object and the directory of a result of format 1, with the rows that are listed below. */
const FORMAT_ONE = {
  blocks:
    'AQAEAKHk+E4AAAAABQAAABAAAABbImEiXQEAAABUAAAAAgICgAEAAgABAAQABQAAAFQAAAAAQB/60AcAAFQAAAAQUwAAAQICAQABAAEAAgsBAAKAAQACAAECAgECBAEAAQABAAABAAIAxqK2fgAAAAAFAAAAEAAAAFsiYSJdAQAAAMgCAAACCQKAAQACAAEAAgAEAAAAyAIAAEAN6APIAgAAQJyRAQECCQEAAQABAAKQAQAGAQACgAEAAgABAgkBApABAAIBAAEAAQAAAQACAL3klB4AAAAABQAAABAAAABbImIiXQEAAAAFAAAAAgICgAEAAgABAAIABAAAAAUAAADoQx8ABQAAABkAAAABAgIBAAEAAQACCwEAAoABAAIAAQICAQIDAQABAAEAAAEAAQCfgt4PAQAAAAUAAAAPAAAAWyJhIl0AAAAAAYABAAQBgAEAAgABAAEAAQAAANAHAAABAYABAAQBAAEAAQABDAEAAYABAAIAAQGAAQAEAQGAAQAIAQABAAEAAA==',
  directory:
    'V0RJUgEAAAAof14PBAAAABUAAABbIltcImFcIl0iLCJbXCJiXCJdIl0FAAAAAMgBAjMOAADk8AAAAGVnYWUC+vwBgAEDAgGAAQICAYgBAQICAwIEAAIIAgg=',
};

describe('a result reader', () => {
  it('gives every row of a block that holds many groups to the group that has it', async () => {
    await using stack = new AsyncDisposableStack();
    const objects = await openObjects(stack);
    const rows = Array.from({ length: 40 }, (_, i) =>
      ['a', 'b', 'c', 'd', 'e'].map((group) => [group, i * 37] as const),
    );
    const names = rows.flat().map(([group, slice]) => ({ partition: 0, group, slice }));
    for (const rowsPerBlock of [1, 3, 7, 64, 1000]) {
      const name = `results/x/${rowsPerBlock}`;
      const writer = new ResultWriter(objects, name);
      const builder = new BlockBuilder(1000);
      let held = 0;
      const flush = async (): Promise<void> => {
        const built = builder.build(0);
        held = 0;
        if (built !== undefined) await writer.add(built.extent, built.bytes);
      };
      const one = new StatsTable(1);
      addReading(one, one.allocate(), 1, 1, false);
      for (const { group, slice } of names.toSorted(compareRows)) {
        if (held++ === rowsPerBlock) {
          await flush();
          held = 1;
        }
        builder.open(group, slice);
        builder.take(one, 0, 1, 0);
      }
      await flush();
      await writer.finish(['a', 'b', 'c', 'd', 'e']);
      const reader = openResultReader(objects);
      const ref = { ...RESULT, name };
      for (const [from, to] of [
        [-Infinity, Infinity],
        [0, 1],
        [37, 500],
        [1400, 9999],
        [38, 39],
      ] as const) {
        const isAsked = (slice: number): boolean => slice >= from && slice < to;
        for (const group of ['a', 'c', 'e', 'none']) {
          const found: number[] = [];
          for await (const { slice, count } of reader.blocks(ref, group, from, to))
            found.push(...slice.subarray(0, count));
          const expected = names.filter((row) => row.group === group && isAsked(row.slice));
          expect(found.filter(isAsked)).toEqual(expected.map(({ slice }) => slice));
        }
        const scanned: string[] = [];
        for await (const block of reader.scan(ref, from, to, new Set(['count']))) {
          expect(block.table.count.subarray(0, block.count)).toEqual(new Float64Array(block.count).fill(1));
          for (const { group, slice, count } of groupRows(block))
            scanned.push(
              ...Array.from(slice.subarray(0, count))
                .filter(isAsked)
                .map((at) => `${group} ${at}`),
            );
        }
        const expected = names.filter(({ slice }) => isAsked(slice)).sort(compareRows);
        expect(scanned).toEqual(expected.map(({ group, slice }) => `${group} ${slice}`));
      }
    }
  });

  it('reads results of format 1', async () => {
    await using stack = new AsyncDisposableStack();
    const objects = await openObjects(stack);
    await objects.put(`${RESULT.name}/0`, Buffer.from(FORMAT_ONE.blocks, 'base64'));
    await objects.put(`${RESULT.name}/directory`, Buffer.from(FORMAT_ONE.directory, 'base64'));
    expect(await openResultReader(objects).groups(RESULT)).toEqual(['["a"]', '["b"]']);
    expect(await extents(objects, '["a"]', -Infinity, Infinity)).toEqual([
      [0, 0, 3],
      [0, 200, 201],
      [1, 2, 2],
    ]);
    expect(await extents(objects, '["a"]', 3, 200)).toEqual([[0, 0, 3]]);
    expect(await extents(objects, '["b"]', 2, 3)).toEqual([[0, 1, 2]]);
    const scan = openResultReader(objects).scan(RESULT, 2, 100, new Set(['sum']));
    const scanned = await Array.fromAsync(scan, ({ partition, groups, count }) => [partition, groups, count]);
    expect(scanned).toEqual([
      [0, ['["a"]'], 4],
      [0, ['["b"]'], 2],
      [1, ['["a"]'], 1],
    ]);
  });

  it('a reader finds the blocks that overlap a range, in every partition, and no others', async () => {
    await using stack = new AsyncDisposableStack();
    const objects = await openObjects(stack);
    await writeSample(objects);
    expect(await openResultReader(objects).groups(RESULT)).toEqual(['a', 'b']);
    expect(await extents(objects, 'a', 99, 100)).toEqual([[0, 0, 99]]);
    expect(await extents(objects, 'a', 100, 155)).toEqual([
      [0, 100, 127],
      [0, 128, 199],
      [1, 150, 160],
    ]);
    expect(await extents(objects, 'a', -Infinity, Infinity)).toHaveLength(4);
    expect(await extents(objects, 'b', 61, 1000)).toEqual([]);
    expect(await extents(objects, 'c', 0, 1000)).toEqual([]);
  });

  it('a reader says from which slice on a result may have any, also where a block leaves out decades', async () => {
    await using stack = new AsyncDisposableStack();
    const objects = await openObjects(stack);
    const builder = new BlockBuilder(1000);
    const one = new StatsTable(1);
    addReading(one, one.allocate(), 1, 1, false);
    const writer = new ResultWriter(objects, RESULT.name);
    const today = 820_000_000;
    for (const [partition, slices] of [
      [0, [3, today]],
      [1, [700]],
    ] as const) {
      for (const slice of slices) {
        builder.open('a', slice);
        builder.take(one, 0, 1, 0);
      }
      const built = builder.build(partition)!;
      await writer.add(built.extent, built.bytes);
    }
    await writer.finish(['a']);
    const reader = openResultReader(objects);
    const held = (slice: number) => reader.heldFrom(RESULT, slice);
    expect(await held(-5)).toBe(0);
    expect(await held(130)).toBe(640);
    expect(await held(800)).toBe(today);
    expect(await held(today + 1)).toBeUndefined();
  });

  it('a reader reads what it has read before from memory, within its limit', async () => {
    await using stack = new AsyncDisposableStack();
    const objects = await openObjects(stack);
    await writeSample(objects);
    const reader = openResultReader(objects);
    const read = async () => (await Array.fromAsync(reader.blocks(RESULT, 'a', 0, 200))).length;
    expect(await read()).toBe(4);
    await removeResult(objects, RESULT.name);
    expect(await objects.list('')).toEqual([]);
    expect(await read()).toBe(4);
    await expect(Array.fromAsync(openResultReader(objects, 1).blocks(RESULT, 'a', 0, 200))).rejects.toThrow(
      ObjectDamaged,
    );
  });

  it('a result without its directory is none, and one that misses an object is damaged', async () => {
    await using stack = new AsyncDisposableStack();
    const objects = await openObjects(stack);
    await writeSample(objects);
    await objects.remove(`${RESULT.name}/0`);
    await expect(extents(objects, 'a', 0, 10)).rejects.toThrow(ObjectDamaged);
    await objects.remove(`${RESULT.name}/directory`);
    await expect(openResultReader(objects).groups(RESULT)).rejects.toThrow(ObjectDamaged);
  });

  it('a writer refuses blocks that overlap or come out of order', async () => {
    await using stack = new AsyncDisposableStack();
    const objects = await openObjects(stack);
    const writer = new ResultWriter(objects, RESULT.name);
    const add = async (group: string, first: number, last: number) => {
      const { extent, block } = blockOf(0, group, first, last);
      await writer.add(extent, block);
    };
    await add('b', 0, 9);
    await expect(add('b', 9, 12)).rejects.toThrow('without overlap');
    await expect(add('a', 10, 12)).rejects.toThrow('without overlap');
  });
});
