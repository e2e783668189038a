import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SliceRow } from '#backbone/changes/changes.ts';
import { BLOCK_ROWS_MAX } from '#core/stats/block-columns.ts';
import { addReading } from '#core/stats/merge.ts';
import { encodeRow } from '#core/stats/row-codec.ts';
import { StatsDataFault } from '#core/stats/stats-errors.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { ChangeRuns } from './live-result.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-runs-'));
});

afterAll(() => rm(dir, { recursive: true }));

const table = new StatsTable(1);
addReading(table, table.allocate(), 1, 5, false);
const stats = encodeRow(table, 0);

function rowOf(changed: Partial<SliceRow>): SliceRow {
  const place = { view: 'v', version: 1, group: 'a', slice: 0, partition: 0, epoch: 0, part: 2 };
  return { ...place, revision: 1, flags: 0, stats, ...changed };
}

/** What the blocks of all rows hold: partition, group, and count of readings by slice. */
async function blocksOf(name: string, rows: readonly SliceRow[]) {
  using runs = new ChangeRuns(join(dir, name));
  for (const row of rows) runs.add(row);
  const blocks = [];
  for (const source of runs.finish(4)) {
    const block = await source.readRows();
    const slices = Array.from({ length: block.count }, (_, i) => [
      block.slice[i]!,
      block.table.count[block.firstSlot + i]!,
      block.revision[i]!,
    ]);
    expect([source.order, source.pending, source.rows]).toEqual([4, false, block.count]);
    expect([source.firstSlice, source.lastSlice]).toEqual([slices[0]![0], slices.at(-1)![0]]);
    blocks.push({ partition: block.partition, group: block.group, slices });
  }
  return blocks;
}

describe('the runs of rows of changes', () => {
  it('hold the rows of each partition, those of one slice merged, in blocks of one group', async () => {
    const rows = [
      rowOf({ slice: 1, partition: 0, part: 2 }),
      rowOf({ slice: 1, partition: 0, part: 4, revision: 3 }),
      rowOf({ slice: 1, partition: 1 }),
      rowOf({ slice: 2, partition: 1 }),
      rowOf({ slice: 2, partition: 0, group: 'b' }),
      rowOf({ slice: 2, partition: 1, group: 'b' }),
    ];
    const blocks = await blocksOf('groups', rows);
    expect(blocks.toSorted((a, b) => a.partition - b.partition)).toEqual([
      { partition: 0, group: 'a', slices: [[1, 2, 4]] },
      { partition: 0, group: 'b', slices: [[2, 1, 1]] },
      {
        partition: 1,
        group: 'a',
        slices: [
          [1, 1, 1],
          [2, 1, 1],
        ],
      },
      { partition: 1, group: 'b', slices: [[2, 1, 1]] },
    ]);
  });

  it('go on in another block when one is full', async () => {
    const rows = Array.from({ length: BLOCK_ROWS_MAX + 1 }, (_, slice) => rowOf({ slice }));
    const blocks = await blocksOf('full', rows);
    expect(blocks.map(({ slices }) => slices.length)).toEqual([BLOCK_ROWS_MAX, 1]);
    expect(blocks.flatMap(({ slices }) => slices.map(([slice]) => slice))).toEqual(rows.map(({ slice }) => slice));
  });

  it('are none where there are no rows', async () => {
    expect(await blocksOf('none', [])).toEqual([]);
  });

  it('can not be made of rows whose stats are damaged', () => {
    using runs = new ChangeRuns(join(dir, 'damaged'));
    runs.add(rowOf({ stats: stats.subarray(1) }));
    expect(() => runs.finish(0)).toThrow(StatsDataFault);
  });
});
