import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { METER_SOURCE } from '../workloads/meter-file.ts';
import { runK6 } from './k6-run.ts';
import { RunningSystem } from './running-system.ts';
import {
  k6Figure,
  k6Percentiles,
  loadResult,
  type LoadResult,
  memoryFigure,
  type Scenario,
  storedOf,
} from './scenario.ts';

const SIZES = {
  tiny: { rate: 20, seconds: 6, firstSeconds: 2 },
  short: { rate: 100, seconds: 20, firstSeconds: 5 },
  full: { rate: 500, seconds: 60, firstSeconds: 15 },
} as const;
const SERIES = 1_000;
const REGIONS = 10;
const DAYS = 8;
const INTERVAL_MINUTES = 15;
const STEPS = (DAYS * 24 * 60) / INTERVAL_MINUTES;
const FROM_MS = Date.UTC(2026, 0, 5);

export const readers: Scenario = {
  name: 'readers',
  summary: 'questions about a week of 1,000 meters by REST, at a rate that does not wait for answers',
  run: async (size): Promise<LoadResult> => {
    const { rate, seconds, firstSeconds } = SIZES[size];
    await using system = await RunningSystem.start((broker) => ({
      metrics: { load: { unit: 'kW', decimals: 3, kind: 'gauge', interval: `${INTERVAL_MINUTES}m` } },
      agent: { id: 'load', broker },
      sources: {
        meters: METER_SOURCE,
      },
      views: {
        'load-by-region': { metric: 'load', by: ['region'], slice: `${INTERVAL_MINUTES}m` },
        'load-by-device': { metric: 'load', by: ['device'], slice: `${INTERVAL_MINUTES}m` },
      },
    }));
    await mkdir(system.dir, { recursive: true });
    await pipeline(Readable.from(rows()), createWriteStream(join(system.dir, 'meters.csv')));
    await system.readFiles();
    await system.run('batch', '--url', system.server.url);
    const run = await runK6('readers', firstSeconds + seconds, {
      WEIR_URL: system.server.url,
      RATE: String(rate),
      SECONDS: String(seconds),
      FIRST_SECONDS: String(firstSeconds),
      SERIES: String(SERIES),
      REGIONS: String(REGIONS),
      FROM: new Date(FROM_MS).toISOString(),
      TO: new Date(FROM_MS + 7 * 86_400_000).toISOString(),
    });
    const percentiles = ['first', 'region', 'again', 'device', 'rows', 'all-devices'].flatMap((kind) =>
      k6Percentiles(`readers-${kind}`, run, `http_req_duration{kind:${kind}}`),
    );
    const counted = await system.countOf('load-by-region');
    return loadResult('readers', run, storedOf(SERIES * STEPS, counted, await system.differences()), {
      figures: [
        k6Figure('readers-rate', run, 'http_reqs', 'rate', 'answers/s'),
        ...percentiles,
        ...memoryFigure('readers', await system.peakMemoryBytes()),
      ],
    });
  },
};

/** The meters' file, a step of all meters at a time. */
function* rows(): Generator<string> {
  yield 'time,device,region,value\n';
  for (let step = 0; step < STEPS; step++) {
    const time = FROM_MS / 1_000 + step * INTERVAL_MINUTES * 60;
    let text = '';
    for (let i = 0; i < SERIES; i++)
      text += `${time},meter-${i},region-${i % REGIONS},${((i * 7_919 + step * 104_729) % 9_000) / 1_000}\n`;
    yield text;
  }
}
