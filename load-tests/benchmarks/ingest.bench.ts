import { join } from 'node:path';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { writeWalkCsv } from '#simulators/tables/walk-table.ts';
import { besideGoal, type Figure, measure, measureInTurn, type Measurement, printFigures } from '../measure.ts';
import { replay } from '../workloads/replay.ts';

const SERIES = 1_000;
const SECONDS = 2_000;
const RUNS = 3;
const GOAL = 500_000;

/** A long file of 1,000 series, a reading per second each, from the file to the log: by what `weir edge --once` says it took. */
export function benchIngest(): Promise<readonly Figure[]> {
  return withWalks(async (measurementOf) => [besideGoal(await measure(measurementOf('ingest', 'region')), GOAL)]);
}

/** The same where the server has a view by device, and in turn by region. */
export function benchIngestByDevice(): Promise<readonly Figure[]> {
  return withWalks((measurementOf) =>
    measureInTurn(measurementOf('ingest-by-device', 'device'), measurementOf('ingest-by-region', 'region')),
  );
}

type MeasurementOf = (name: string, by: 'region' | 'device') => Measurement;

/** Writes the file, for as long as `work` measures with it. */
async function withWalks(work: (of: MeasurementOf) => Promise<readonly Figure[]>): Promise<readonly Figure[]> {
  await using folder = await makeTemporaryDirectory('bench');
  const { config } = await writeWalkCsv({
    path: join(folder.dir, 'walk.csv'),
    seed: 1,
    seriesCount: SERIES,
    seconds: SECONDS,
    fromMs: Date.UTC(2024, 0, 1),
    decimals: 3,
  });
  const ingest = async (by: 'region' | 'device'): Promise<number> => {
    await using place = await makeTemporaryDirectory('bench');
    // JSON is YAML.
    const { summary } = await replay(place.dir, (port) =>
      JSON.stringify({
        ...config,
        source: undefined,
        sources: { walk: config.source },
        agent: { id: 'bench', broker: `mqtt://127.0.0.1:${port}` },
        views: { [`walk-by-${by}`]: { metric: 'walk', by: [by], slice: '1m' } },
      }),
    );
    return summary.counted / summary.seconds;
  };
  return await work((name, by) => ({ name, unit: 'readings/s', runs: RUNS, run: () => ingest(by) }));
}

if (import.meta.main) await printFigures([...(await benchIngest()), ...(await benchIngestByDevice())]);
