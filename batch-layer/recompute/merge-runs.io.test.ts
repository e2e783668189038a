import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { MemoryObjects } from '#backbone/objects/memory-objects.fixtures.ts';
import { BlockBuilder } from '#backbone/results/block-builder.ts';
import { RESULT_BLOCK_ROWS_MAX } from '#backbone/results/result-format.ts';
import { BAND_SLICES, compareRows, type RowName } from '#backbone/results/results.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { ResultOutdated } from '../batch-errors.ts';
import { FoldPool } from './fold-pool.ts';
import { runMergeJob } from './merge-runs.ts';
import { fetchRun, isOutdated, mergeRuns, resultRows, storeRun } from './result-runs.ts';
import { type RunBlock, RunReader, RunWriter, type SortedRun } from './run-file.ts';

const one = new StatsTable(1);
one.count[one.allocate()] = 1;

/** A run of rows that count one reading each. */
function runOf(dir: string, names: readonly RowName[]): SortedRun {
  using writer = new RunWriter(join(dir, randomUUID()));
  const builder = new BlockBuilder(1000);
  let partition = 0;
  const flush = (): void => {
    const built = builder.build(partition);
    if (built !== undefined) writer.add(built.extent, built.bytes);
  };
  for (const row of names.toSorted(compareRows)) {
    if (builder.isFull || row.partition !== partition) flush();
    partition = row.partition;
    builder.open(row.group, row.slice);
    builder.take(one, 0, 1, 0);
  }
  flush();
  return writer.finish(new Set(names.map(({ group }) => group)));
}

/** The rows of blocks with their counts. */
function rowsOf(blocks: readonly RunBlock[]): (RowName & { readonly count: number })[] {
  using reader = new RunReader();
  return blocks.flatMap((place) => {
    const { partition, groups, ends, slice, count, table, firstSlot } = reader.rows(place);
    return Array.from({ length: count }, (_, i) => {
      const group = groups.find((__, stretch) => i < ends[stretch]!)!;
      return { partition, group, slice: slice[i]!, count: table.count[firstSlot + i]! };
    });
  });
}

const names = (partition: number, group: string, first: number, count: number, step = 1): RowName[] =>
  Array.from({ length: count }, (_, i) => ({ partition, group, slice: first + step * i }));

describe('a merge of runs', () => {
  it('fills a block to its limit before it begins the next', async () => {
    await using directory = await makeTemporaryDirectory('merge');
    const { dir } = directory;
    const count = RESULT_BLOCK_ROWS_MAX - 100;
    const inputs = [0, 1].map((first) => ({ ...runOf(dir, names(0, 'a', first, count, 2)), order: 0 }));
    const merged = runMergeJob({ merges: [inputs], sliceMs: 1000, outPath: join(dir, 'out') });
    expect(merged.map(({ slices }) => slices)).toStrictEqual([
      RESULT_BLOCK_ROWS_MAX,
      2 * count - RESULT_BLOCK_ROWS_MAX,
    ]);
    expect(rowsOf(merged)).toEqual(names(0, 'a', 0, 2 * count).map((row) => ({ ...row, count: 1 })));
  });

  it('orders rows by partition, band, group and slice, and adds up those that several runs have', async () => {
    await using directory = await makeTemporaryDirectory('merge');
    const { dir } = directory;
    const early = [...names(0, 'b', -3, 300), ...names(1, 'a', 5, 2)];
    const late = [...names(0, 'a', 100, 400), ...names(0, 'b', 290, 500)];
    const inputs = [early, late].map((rows) => ({ ...runOf(dir, rows), order: 0 }));
    const merged = runMergeJob({ merges: [inputs], sliceMs: 1000, outPath: join(dir, 'out') });
    const counts = new Map<string, RowName & { count: number }>();
    for (const row of [...early, ...late]) {
      const key = JSON.stringify(row);
      counts.set(key, { ...row, count: (counts.get(key)?.count ?? 0) + 1 });
    }
    const found = rowsOf(merged);
    expect(found).toEqual([...counts.values()].sort(compareRows));
    expect(found.filter(({ count }) => count === 2)).toHaveLength(7);
  });

  it('passes blocks on as they are where nothing overlaps them', async () => {
    await using directory = await makeTemporaryDirectory('merge');
    const { dir } = directory;
    const [first, second] = [0, 10 * BAND_SLICES].map((from) => runOf(dir, names(0, 'a', from, 700)));
    const inputs = [second!, first!].map((run) => ({ ...run, order: 0 }));
    const merged = runMergeJob({ merges: [inputs], sliceMs: 1000, outPath: join(dir, 'out') });
    const bytes = (blocks: readonly RunBlock[]): readonly Uint8Array[] => {
      using reader = new RunReader();
      return blocks.map((block) => reader.read(block));
    };
    expect(bytes(merged)).toEqual(bytes([...first!.blocks, ...second!.blocks]));
  });

  it('leaves blocks that nothing overlaps where they are, and shares the others out', async () => {
    await using directory = await makeTemporaryDirectory('merge');
    const { dir } = directory;
    const bands = (numbers: readonly number[]): SortedRun =>
      runOf(
        dir,
        numbers.flatMap((band) => ['a', 'b', 'c'].flatMap((group) => names(0, group, band * BAND_SLICES, 100))),
      );
    const first = bands([0, 1, 2, 3, 4, 5, 6]);
    const second = runOf(dir, names(0, 'b', 6 * BAND_SLICES + 50, 60));
    const third = runOf(dir, [...names(0, 'a', 20 * BAND_SLICES, 500), ...names(1, 'd', 0, 300)]);
    await using pool = new FoldPool(2);
    const runs = [first, second, third].map((run) => ({ run, order: 0 }));
    const { blocks, groups } = await mergeRuns(runs, 1000, dir, pool, AbortSignal.timeout(60_000));
    const rows = [first, second, third].flatMap((run) => rowsOf(run.blocks));
    const one = rowsOf(
      runMergeJob({
        merges: [runs.map(({ run }) => ({ ...run, order: 0 }))],
        sliceMs: 1000,
        outPath: join(dir, 'one'),
      }),
    );
    expect(rowsOf(blocks)).toEqual(one);
    expect(one.reduce((sum, { count }) => sum + count, 0)).toBe(rows.length);
    expect(groups.toSorted()).toEqual(['a', 'b', 'c', 'd']);
    const isUntouched = (block: RunBlock): boolean => blocks.includes(block);
    expect(first.blocks.map(isUntouched)).toEqual([true, false, true]);
    expect(third.blocks.every(isUntouched)).toBe(true);
  });

  it('writes no block about others that stay where they are', async () => {
    await using directory = await makeTemporaryDirectory('merge');
    const { dir } = directory;
    const rows = (band: number, group: string, first: number): RowName[] =>
      names(0, group, band * BAND_SLICES + first, 64 - first / 8);
    const many = Array.from({ length: 16 }, (_, i) => `g${i + 10}`);
    // Of bands 0 and 2 two runs have rows among one another, of band 1 one has all.
    const [first, ...others] = [[0, 1, 2], [0], [2]].map((bands, i) =>
      runOf(
        dir,
        bands.flatMap((band) => many.flatMap((group) => rows(band, group, i === 0 ? 0 : 64))),
      ),
    );
    const objects = new MemoryObjects();
    await using pool = new FoldPool(1);
    const runs = [first!, ...others].map((run) => ({ run, order: 0 }));
    const merged = await mergeRuns(runs, 1000, dir, pool, AbortSignal.timeout(60_000));
    expect(merged.blocks).toContain(first!.blocks[1]);
    await storeRun(objects, 'stored', merged);
    const stored = rowsOf(merged.blocks);
    expect(stored).toEqual(stored.toSorted(compareRows));
    expect(stored).toHaveLength(3 * 1024 + 2 * 16 * 56);
  });
});

describe('a run', () => {
  it('is stored as a result and fetched again', async () => {
    await using directory = await makeTemporaryDirectory('merge');
    const { dir } = directory;
    const rows = [...names(0, 'a', 0, 3_000), ...names(0, 'b', 5, 10), ...names(3, 'c', 0, 1)];
    const run = runOf(dir, rows);
    const objects = new MemoryObjects();
    await storeRun(objects, 'stored', run);
    const fetched = await fetchRun(objects, 'stored', join(dir, 'fetched'));
    expect(rowsOf(fetched.blocks)).toEqual(rowsOf(run.blocks));
    expect(fetched.groups).toEqual(['a', 'b', 'c']);
    const stored = await Array.fromAsync(resultRows(objects, 'stored'), ({ group, count }) => [group, count] as const);
    expect(stored.reduce((sum, [, count]) => sum + count, 0)).toBe(rows.length);
  });

  it('is not made of a result of format 1, which is told by its directory', async () => {
    await using directory = await makeTemporaryDirectory('merge');
    const { dir } = directory;
    const objects = new MemoryObjects();
    const run = runOf(dir, names(0, 'a', 0, 3));
    await storeRun(objects, 'new', run);
    expect(await isOutdated(objects, { ...REF, name: 'new' })).toBe(false);
    const head = objects.stored.get('new/directory')!.slice();
    head[4] = 1;
    objects.stored.set('old/directory', head);
    expect(await isOutdated(objects, { ...REF, name: 'old' })).toBe(true);
    await expect(fetchRun(objects, 'old', join(dir, 'old'))).rejects.toThrow(/columns|older weir/);
    expect(new ResultOutdated('old').message).toContain('Run `weir batch`');
  });
});

const REF = { from: [], to: [], readings: 0, madeAtMs: 0, kind: 'base' } as const;
