import { describe, expect, it } from 'vitest';
import { mergedRun, planMerge } from './merge-plan.ts';
import type { RunBlock, SortedRun } from './run-file.ts';

/** A block of group 'a' with the slices `first` to `last`. */
function block(first: number, last: number, slices = 1000, partition = 0): RunBlock {
  const row = (slice: number) => ({ partition, group: 'a', slice });
  return { first: row(first), last: row(last), slices, path: 'run', at: first, bytes: slices };
}

const runOf = (...blocks: readonly RunBlock[]): SortedRun => ({ blocks, groups: ['a'] });

/** What a merge by so many processes keeps, and what each of its jobs reads, as first slices. */
function planned(workers: number, ...runs: readonly SortedRun[]) {
  const options = { sliceMs: 1000, workers, outPath: (job: number) => `out-${job}` };
  const { kept, jobs } = planMerge(
    runs.map((run, order) => ({ run, order })),
    options,
  );
  const slices = (blocks: readonly RunBlock[]): number[] => blocks.map(({ first }) => first.slice);
  return {
    kept: slices(kept),
    jobs: jobs.map(({ merges }) =>
      merges.map((inputs) => inputs.map((input) => [input.order, ...slices(input.blocks)] as const)),
    ),
  };
}

describe('the plan of a merge', () => {
  it('keeps blocks that nothing overlaps, from whatever runs they are', () => {
    const one = runOf(block(0, 9), block(20, 29));
    const other = runOf(block(10, 19), block(30, 39));
    expect(planned(2, one, other)).toEqual({ kept: [0, 10, 20, 30], jobs: [] });
  });

  it('merges blocks that have a row in common or lie among the rows of others, and chains of these', () => {
    const one = runOf(block(0, 9), block(20, 40), block(50, 59));
    const other = runOf(block(9, 12), block(25, 26), block(40, 45), block(46, 48));
    expect(planned(1, one, other)).toEqual({
      kept: [46, 50],
      jobs: [
        [
          [
            [0, 0],
            [1, 9],
          ],
          [
            [0, 20],
            [1, 25, 40],
          ],
        ],
      ],
    });
  });

  it('shares what has to be merged out by rows, and no job shares a row with another', () => {
    const one = runOf(block(0, 9), block(20, 29, 600), block(40, 49, 600), block(60, 69));
    const other = runOf(block(5, 6), block(25, 26, 200), block(45, 46, 200), block(65, 66));
    const firsts = planned(2, one, other).jobs.map((merges) => merges.map(([input]) => input![1]));
    expect(firsts).toEqual([
      [0, 20],
      [40, 60],
    ]);
    expect(planned(9, one, other).jobs).toHaveLength(4);
  });

  it('packs small blocks together that stand side by side in one partition', () => {
    const small = runOf(block(0, 1, 2), block(10, 11, 255), block(12, 13, 256), block(14, 15, 2), block(0, 1, 2, 1));
    expect(planned(1, small)).toEqual({ kept: [12, 14, 0], jobs: [[[[0, 0, 10]]]] });
  });

  it('gives what came out in the order of its rows', () => {
    const one = runOf(block(0, 9), block(30, 39));
    const other = runOf(block(5, 12), block(20, 29));
    const plan = planMerge(
      [one, other].map((run) => ({ run, order: 0 })),
      { sliceMs: 1000, workers: 1, outPath: () => 'out' },
    );
    const merged = mergedRun(plan, [[block(0, 12)]]);
    expect(merged.blocks.map(({ first }) => first.slice)).toEqual([0, 20, 30]);
    expect(merged.groups).toEqual(['a']);
  });
});
