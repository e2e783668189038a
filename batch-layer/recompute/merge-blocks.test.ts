import { describe, expect, it } from 'vitest';
import { MemoryObjects } from '#backbone/objects/memory-objects.fixtures.ts';
import { BlockBuilder } from '#backbone/results/block-builder.ts';
import { ResultWriter } from '#backbone/results/result-writer.ts';
import { BLOCK_ROWS_MAX } from '#core/stats/block-columns.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { mergeGroups } from './merge-blocks.ts';
import { resultBlocks, resultSources } from './result-sources.ts';

/** Stores a result that counts one reading in every second slice from `first` on. */
async function storeEverySecond(objects: MemoryObjects, name: string, first: number, rows: number): Promise<void> {
  const one = new StatsTable(1);
  one.count[one.allocate()] = 1;
  const builder = new BlockBuilder();
  const writer = new ResultWriter(objects, name);
  for (let i = 0; i < rows; i++) {
    builder.open(first + 2 * i);
    builder.take(one, 0, 1, 0);
  }
  const { extent, bytes } = builder.build(0, 'a')!;
  await writer.add(extent, bytes);
  await writer.finish();
}

describe('a merge of blocks', () => {
  it('fills a block to its limit before it begins the next', async () => {
    const objects = new MemoryObjects();
    const rows = BLOCK_ROWS_MAX - 100;
    await storeEverySecond(objects, 'even', 0, rows);
    await storeEverySecond(objects, 'odd', 1, rows);
    const sources = [...(await resultSources(objects, 'even', 0)), ...(await resultSources(objects, 'odd', 1))];
    const writer = new ResultWriter(objects, 'merged');
    await mergeGroups(sources, () => undefined, writer, new AbortController().signal);
    await writer.finish();
    const counts = await Array.fromAsync(resultBlocks(objects, 'merged'), ({ count }) => count);
    expect(counts).toStrictEqual([BLOCK_ROWS_MAX, 2 * rows - BLOCK_ROWS_MAX]);
  });
});
