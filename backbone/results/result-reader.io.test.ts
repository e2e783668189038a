import { describe, expect, it } from 'vitest';
import { addReading } from '#core/stats/merge.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { makeTemporaryDirectory } from '../disk/temporary-directory.ts';
import type { ResultRef } from '../manifests/manifest.ts';
import { openEmbeddedObjects } from '../objects/embedded-objects.ts';
import { ObjectDamaged } from '../objects/objects.ts';
import type { Objects } from '../objects/objects.ts';
import { encodeResultBlock } from './result-format.ts';
import { openResultReader } from './result-reader.ts';
import { removeResult, ResultWriter } from './result-writer.ts';

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
  const columns = { revisions: new Float64Array(rows).fill(1), flags: new Uint8Array(rows) };
  const block = encodeResultBlock({ partition, group, slices, ...columns, table, slots });
  return { extent: { partition, group, firstSlice: first, lastSlice: last, rows }, block };
}

async function writeSample(objects: Objects): Promise<void> {
  const writer = new ResultWriter(objects, RESULT.name);
  for (const [partition, group, first, last] of [
    [0, 'a', 0, 99],
    [0, 'a', 100, 199],
    [0, 'b', 50, 60],
    [1, 'a', 150, 160],
  ] as const) {
    const { extent, block } = blockOf(partition, group, first, last);
    await writer.add(extent, block);
  }
  await writer.finish();
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

describe('a result reader', () => {
  it('a reader finds the blocks that overlap a range, in every partition, and no others', async () => {
    await using stack = new AsyncDisposableStack();
    const objects = await openObjects(stack);
    await writeSample(objects);
    expect(await openResultReader(objects).groups(RESULT)).toEqual(['a', 'b']);
    expect(await extents(objects, 'a', 99, 100)).toEqual([[0, 0, 99]]);
    expect(await extents(objects, 'a', 100, 155)).toEqual([
      [0, 100, 199],
      [1, 150, 160],
    ]);
    expect(await extents(objects, 'a', -Infinity, Infinity)).toHaveLength(3);
    expect(await extents(objects, 'b', 61, 1000)).toEqual([]);
    expect(await extents(objects, 'c', 0, 1000)).toEqual([]);
  });

  it('a reader reads what it has read before from memory, within its limit', async () => {
    await using stack = new AsyncDisposableStack();
    const objects = await openObjects(stack);
    await writeSample(objects);
    const reader = openResultReader(objects);
    const read = async () => (await Array.fromAsync(reader.blocks(RESULT, 'a', 0, 200))).length;
    expect(await read()).toBe(3);
    await removeResult(objects, RESULT.name);
    expect(await objects.list('')).toEqual([]);
    expect(await read()).toBe(3);
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
