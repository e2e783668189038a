import { join } from 'node:path';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { writeWalkCsv } from '#simulators/tables/walk-table.ts';
import { besideGoal, type Figure, measure, printFigures } from '../measure.ts';
import { replay } from '../workloads/replay.ts';

const SERIES = 1_000;
const SECONDS = 2_000;
const RUNS = 3;
const GOAL = 500_000;

/** A long file of 1,000 series, a reading per second each, from the file to the log: by what `weir edge --once` says it took. */
export async function benchIngest(): Promise<readonly Figure[]> {
  await using folder = await makeTemporaryDirectory('bench');
  const { config } = await writeWalkCsv({
    path: join(folder.dir, 'walk.csv'),
    seed: 1,
    seriesCount: SERIES,
    seconds: SECONDS,
    fromMs: Date.UTC(2024, 0, 1),
    decimals: 3,
  });
  const views = { 'walk-by-region': { metric: 'walk', by: ['region'], slice: '1m' } };
  const ingest = async (): Promise<number> => {
    await using place = await makeTemporaryDirectory('bench');
    // JSON is YAML.
    const { summary } = await replay(place.dir, (port) =>
      JSON.stringify({
        ...config,
        source: undefined,
        sources: { walk: config.source },
        agent: { id: 'bench', broker: `mqtt://127.0.0.1:${port}` },
        views,
      }),
    );
    return summary.counted / summary.seconds;
  };
  return [besideGoal(await measure({ name: 'ingest', unit: 'readings/s', runs: RUNS, run: ingest }), GOAL)];
}

if (import.meta.main) await printFigures(await benchIngest());
