import { join } from 'node:path';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { writeWalkCsv } from '#simulators/tables/walk-table.ts';
import { besideGoal, type Figure, median } from './benchmark.ts';
import { replay } from './replay.ts';

const SERIES = 1_000;
const SECONDS = 2_000;
const RUNS = 3;
const GOAL = 500_000;

/** A long file of 1,000 series, a reading per second each, from the file to the log: by what `weir edge --once` says it took. */
export async function benchIngest(): Promise<readonly Figure[]> {
  await using folder = await makeTemporaryDirectory('bench');
  const path = join(folder.dir, 'walk.csv');
  const { config } = await writeWalkCsv({
    path,
    seed: 1,
    seriesCount: SERIES,
    seconds: SECONDS,
    fromMs: Date.UTC(2024, 0, 1),
    decimals: 3,
  });
  const views = { 'walk-by-region': { metric: 'walk', by: ['region'], slice: '1m' } };
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run++) {
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
    rates.push(summary.counted / summary.seconds);
  }
  return [besideGoal({ name: 'ingest', value: Math.round(median(rates)), unit: 'readings/s', runs: RUNS }, GOAL)];
}
