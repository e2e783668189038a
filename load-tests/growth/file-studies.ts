import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RunningSystem } from '../load/running-system.ts';
import { millisecondsOf } from '../measure.ts';
import { writeMeterFile } from '../workloads/meter-file.ts';
import { type Grown, grown, type Study } from './study.ts';

const INTERVAL_MINUTES = 15;
const START_MS = Date.UTC(2020, 0, 1);
const STEPS_PER_DAY = (24 * 60) / INTERVAL_MINUTES;
const METRIC = 'load';
const VIEW = 'load-by-device';

interface Fleet {
  readonly meters: number;
  readonly steps: number;
  readonly partitions: number;
}

/** A server that a file of a fleet is read into; `ask` is what is timed, the taking in where it isn't given. */
async function grownBy(fleet: Fleet, ask?: (system: RunningSystem) => Promise<unknown>): Promise<Grown> {
  await using system = await RunningSystem.start((broker) => ({
    metrics: { [METRIC]: { unit: 'W', decimals: 0, kind: 'gauge', interval: `${INTERVAL_MINUTES}m` } },
    backbone: { kind: 'embedded', partitions: fleet.partitions },
    agent: { id: 'growth', broker, spool: { bytes: '4GB' } },
    sources: {
      meters: {
        kind: 'csv',
        file: 'meters.csv',
        time: { columns: ['time'], format: 'unix' },
        series: [{ metric: METRIC, value: 'value', device: '{device}' }],
      },
    },
    views: { [VIEW]: { metric: METRIC, by: ['device'], slice: `${INTERVAL_MINUTES}m` } },
  }));
  await mkdir(system.dir, { recursive: true });
  const { meters, steps } = fleet;
  const path = join(system.dir, 'meters.csv');
  const count = await writeMeterFile({ path, meters, steps, stepMs: INTERVAL_MINUTES * 60_000, fromMs: START_MS });
  let ms = await millisecondsOf(async () => {
    await system.readFiles();
    const counted = await system.whenCounted(VIEW, count);
    if (counted !== count) throw new Error(`${count} readings were sent, and ${counted} are counted`);
  });
  if (ask !== undefined) {
    await system.run('batch', '--url', system.server.url);
    ms = await millisecondsOf(() => ask(system));
  }
  return await grown(ms, system);
}

export const series: Study = {
  name: 'series',
  summary: 'as many meters of one agent, an hour of each, from a file into windows by device',
  sizeLabel: 'series',
  sizes: { tiny: [100, 200], short: [1_000, 10_000, 100_000], full: [1_000, 10_000, 100_000] },
  timeLabel: 'taken in, ms',
  run: (meters) => grownBy({ meters, steps: 4, partitions: 1 }),
};

export const history: Study = {
  name: 'history',
  summary: 'as many days of twenty meters; the windows of the last day are asked for',
  sizeLabel: 'days',
  sizes: { tiny: [1, 2], short: [1, 7, 31], full: [1, 7, 31, 365, 1_826] },
  timeLabel: 'the last day answered, ms',
  run: (days) =>
    grownBy({ meters: 20, steps: days * STEPS_PER_DAY, partitions: 1 }, async ({ server }) => {
      const to = START_MS + days * 86_400_000;
      const [from, until] = [to - 86_400_000, to].map((ms) => new Date(ms).toISOString());
      const answer = await fetch(`${server.url}/api/v1/views/${VIEW}/windows?from=${from}&to=${until}&window=1h`);
      if (!answer.ok) throw new Error(`the windows were answered by ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
    }),
};

export const partitions: Study = {
  name: 'partitions',
  summary: 'as many partitions of the log, for a thousand meters of one agent and a day',
  sizeLabel: 'partitions',
  sizes: { tiny: [1, 2], short: [1, 4], full: [1, 2, 4, 8, 16] },
  timeLabel: 'taken in, ms',
  run: (count) => grownBy({ meters: 1_000, steps: STEPS_PER_DAY, partitions: count }),
};
