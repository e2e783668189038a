import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SliceRow } from '#backbone/changes/changes.ts';
import { groupRows } from '#backbone/results/results.ts';
import { addReading } from '#core/stats/merge.ts';
import { encodeRow } from '#core/stats/row-codec.ts';
import { StatsDataFault } from '#core/stats/stats-errors.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { RunReader } from '../recompute/run-file.ts';
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

/** The rows of each run, as partition, group, slice, count of readings and revision. */
async function runsOf(name: string, rows: readonly SliceRow[], rowsMax?: number) {
  using runs = new ChangeRuns(join(dir, name), 60_000, rowsMax);
  for (const row of rows) runs.add(row);
  using reader = new RunReader();
  return runs
    .finish()
    .map(({ blocks }) =>
      blocks.flatMap((place) =>
        [...groupRows(reader.rows(place))].flatMap(({ partition, group, count, slice, revision, table, firstSlot }) =>
          Array.from({ length: count }, (_, i) => [
            partition,
            group,
            slice[i]!,
            table.count[firstSlot + i]!,
            revision[i]!,
          ]),
        ),
      ),
    );
}

describe('the runs of rows of changes', () => {
  it('hold the rows of each partition in the order of results, those of one slice merged', async () => {
    const rows = [
      rowOf({ slice: 1, partition: 0, part: 2 }),
      rowOf({ slice: 1, partition: 0, part: 4, revision: 3 }),
      rowOf({ slice: 1, partition: 1 }),
      rowOf({ slice: 200, partition: 1 }),
      rowOf({ slice: 2, partition: 0, group: 'b' }),
      rowOf({ slice: 2, partition: 1, group: 'b' }),
    ];
    expect(await runsOf('groups', rows)).toEqual([
      [
        [0, 'a', 1, 2, 4],
        [0, 'b', 2, 1, 1],
        [1, 'a', 1, 1, 1],
        [1, 'b', 2, 1, 1],
        [1, 'a', 200, 1, 1],
      ],
    ]);
  });

  it('go on in another run when there are too many for one', async () => {
    const rows = Array.from({ length: 2_500 }, (_, slice) => rowOf({ slice }));
    const runs = await runsOf('full', rows, 2_000);
    expect(runs.map((run) => run.length)).toEqual([2_000, 500]);
    expect(runs.flat().map(([, , slice]) => slice)).toEqual(rows.map(({ slice }) => slice));
  });

  it('are none where there are no rows', async () => {
    expect(await runsOf('none', [])).toEqual([]);
  });

  it('can not be made of rows whose stats are damaged', () => {
    using runs = new ChangeRuns(join(dir, 'damaged'), 60_000);
    runs.add(rowOf({ stats: stats.subarray(1) }));
    expect(() => runs.finish()).toThrow(StatsDataFault);
  });
});
