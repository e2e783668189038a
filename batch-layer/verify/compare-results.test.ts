import { describe, expect, it } from 'vitest';
import type { GroupRows } from '#backbone/results/results.ts';
import { PENDING } from '#core/slices/merge-rows.ts';
import { addReading } from '#core/stats/merge.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { readStats } from '#core/stats/stats.ts';
import { compareResults, DIFFERENCES_TOLD_MAX } from './compare-results.ts';

interface Row {
  readonly partition?: number;
  readonly group?: string;
  readonly slice: number;
  readonly values?: readonly number[];
  readonly revision?: number;
  readonly flags?: number;
}

/** Each row as a block of its own, in a table whose first slots hold something else. */
function blocksOf(rows: readonly Row[], firstSlot = 0): GroupRows[] {
  return rows.map(({ partition = 0, group = 'g', slice, values = [slice], revision = 1, flags = 0 }) => {
    const table = new StatsTable();
    for (let slot = 0; slot <= firstSlot; slot++) addReading(table, table.allocate(), 99, 99, false);
    table.reset(firstSlot);
    for (const value of values) addReading(table, firstSlot, value, value, false);
    return {
      partition,
      group,
      count: 1,
      slice: Float64Array.of(slice),
      revision: Float64Array.of(revision),
      flags: Uint8Array.of(flags),
      table,
      firstSlot,
    };
  });
}

async function* stream(blocks: readonly GroupRows[]): AsyncIterable<GroupRows> {
  yield* blocks;
}

async function compare(expected: readonly Row[], found: readonly Row[]) {
  const comparison = await compareResults(stream(blocksOf(expected)), stream(blocksOf(found, 2)));
  return { ...comparison, told: comparison.told.map(({ what, slice, group }) => `${what} ${slice} ${group}`) };
}

describe('comparing results', () => {
  it('finds nothing where all rows are the same, wherever their slots are', async () => {
    const rows = [{ slice: 1 }, { slice: 2 }, { group: 'h', slice: 1 }, { partition: 1, slice: 0 }];
    expect(await compare(rows, rows)).toEqual({ slices: 4, different: 0, pending: 0, told: [] });
    expect(await compare([], [])).toEqual({ slices: 0, different: 0, pending: 0, told: [] });
  });

  it('names what is missing and what is unexpected, at either end and between', async () => {
    const all = [{ slice: 1 }, { slice: 2 }, { group: 'h', slice: 1 }, { partition: 1, slice: 0 }];
    for (const [i, { slice, group = 'g' }] of all.entries()) {
      const lacking = all.filter((_, at) => at !== i);
      expect(await compare(all, lacking)).toMatchObject({
        slices: 4,
        different: 1,
        told: [`missing ${slice} ${group}`],
      });
      expect(await compare(lacking, all)).toMatchObject({
        slices: 4,
        different: 1,
        told: [`unexpected ${slice} ${group}`],
      });
    }
  });

  it('names other stats and another number of records', async () => {
    const rows = [{ slice: 1, values: [1, 5] }, { slice: 2 }];
    expect(await compare(rows, [{ slice: 1, values: [1, 6] }, { slice: 2 }])).toMatchObject({ told: ['stats 1 g'] });
    expect(await compare(rows, [rows[0]!, { slice: 2, revision: 2 }])).toMatchObject({ told: ['revision 2 g'] });
  });

  it('leaves min, max, first and last out where they wait for a refold, and keeps both tables as they were', async () => {
    const expected = blocksOf([{ slice: 1, values: [2, 4, 6] }]);
    const [selected, counted] = [
      [1, 3, 8],
      [1, 3, 9],
    ].map((values) => blocksOf([{ slice: 1, values, flags: PENDING }]));
    const before = readStats(selected![0]!.table, 0);
    expect(before).toMatchObject({ min: 1, max: 8, sum: 12n });
    // Squares differ: 2² + 4² + 6² is not 1 + 9 + 64.
    expect(await compareResults(stream(expected), stream(selected!))).toMatchObject({ different: 1, pending: 1 });
    expect(readStats(selected![0]!.table, 0)).toEqual(before);
    expect(await compareResults(stream(expected), stream(counted!))).toMatchObject({ different: 1, pending: 1 });
    const amended = blocksOf([{ slice: 1, values: [2, 4, 6], flags: PENDING }]);
    amended[0]!.table.min[0] = -7;
    amended[0]!.table.lastMs[0] = 1000;
    expect(await compareResults(stream(expected), stream(amended))).toMatchObject({ different: 0, pending: 1 });
    expect(amended[0]!.table.min[0]).toBe(-7);
    amended[0]!.flags[0] = 0;
    expect(await compareResults(stream(expected), stream(amended))).toMatchObject({ different: 1, pending: 0 });
  });

  it('counts all differences and names some', async () => {
    const rows = Array.from({ length: DIFFERENCES_TOLD_MAX + 5 }, (_, slice) => ({ slice }));
    const { different, told } = await compare(rows, []);
    expect([different, told.length]).toEqual([DIFFERENCES_TOLD_MAX + 5, DIFFERENCES_TOLD_MAX]);
  });
});
