import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { startUp, weir } from '#tooling/processes/weir-process.ts';
import { INFLUX_BUCKET, INFLUX_ORG, startInfluxd } from '#tooling/servers/influxd.ts';
import { besideGoal, type Figure, figureOf, measure, printFigures } from '../measure.ts';

const DEVICES = 500;
const MINUTES = 4_000;
const SLICES = DEVICES * MINUTES;
const START_S = Date.UTC(2026, 0, 1) / 1_000;
const RUNS = 3;
const GOAL = 300_000;
const LOOK_EVERY_MS = 50;

/** What is written of a slice, from least to most. */
const FIELDS = {
  'influx-one-field': ['sum'],
  influx: ['count', 'sum', 'min', 'max'],
  'influx-all-fields': undefined,
} as const;

/** A reading of each device a minute, so a slice each. */
function fileText(): string {
  const lines = ['at,d,kw'];
  for (let minute = 0; minute < MINUTES; minute++)
    for (let device = 0; device < DEVICES; device++)
      lines.push(`${START_S + minute * 60},m-${device},${((device * 7_919 + minute * 104_729) % 100_003) / 1_000}`);
  return `${lines.join('\n')}\n`;
}

function configuration(mqttPort: number, stores = {}): string {
  return JSON.stringify({
    metrics: { power: { unit: 'kW', decimals: 3, kind: 'gauge', interval: '1m', send: 'readings' } },
    agent: { id: 'bench', broker: `mqtt://127.0.0.1:${mqttPort}`, spool: { dir: 'spool', bytes: '1GB' } },
    sources: {
      meters: {
        kind: 'csv',
        file: 'm.csv',
        time: { columns: ['at'], format: 'unix' },
        series: [{ metric: 'power', value: 'kw', device: '{d}' }],
      },
    },
    views: { power: { metric: 'power', by: ['device'], slice: '1m' } },
    batch: { every: 'never' },
    stores,
  });
}

/** Has a server take the file and compute it, so that its slices are a batch result. */
async function store(cwd: string): Promise<void> {
  await writeFile(join(cwd, 'm.csv'), fileText());
  await writeFile(join(cwd, 'weir.yaml'), configuration(1));
  await using server = await startUp(['--config', 'weir.yaml', '--data', 'data'], { cwd });
  await writeFile(join(cwd, 'weir.yaml'), configuration(server.mqttPort));
  await weir(['edge', '--config', 'weir.yaml', '--once', '--log-level', 'error'], { cwd });
  await weir(['batch', '--url', server.url], { cwd });
}

/** Slices per second from the start of a server until InfluxDB has acknowledged all of them, and the most memory meanwhile, in MB. */
async function fill(cwd: string, fields: readonly string[] | undefined): Promise<{ rate: number; memory: number }> {
  await using influxd = await startInfluxd(join(cwd, 'influxd'));
  const { url, tokenFile } = influxd;
  const told = { url, org: INFLUX_ORG, bucket: INFLUX_BUCKET, token: { file: tokenFile } };
  await rm(join(cwd, 'data', 'stores'), { recursive: true, force: true });
  await writeFile(
    join(cwd, 'weir.yaml'),
    configuration(1, { influx: fields === undefined ? told : { ...told, fields } }),
  );
  const startMs = performance.now();
  await using server = await startUp(['--config', 'weir.yaml', '--data', 'data'], { cwd });
  let memory = 0;
  for (;;) {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const valueOf = (name: string): number => Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'm').exec(text)?.[1]);
    memory = Math.max(memory, valueOf('process_resident_memory_bytes') / 1e6);
    if (valueOf('weir_store_slices_total') >= SLICES) break;
    await sleep(LOOK_EVERY_MS);
  }
  const rate = (SLICES / (performance.now() - startMs)) * 1_000;
  await influxd.kill();
  await rm(join(cwd, 'influxd'), { recursive: true });
  return { rate, memory };
}

async function* benchInflux(): AsyncGenerator<Figure> {
  await using folder = await makeTemporaryDirectory('bench-influx');
  await store(folder.dir);
  let most = 0;
  for (const [name, fields] of Object.entries(FIELDS)) {
    const run = async (): Promise<number> => {
      const { rate, memory } = await fill(folder.dir, fields);
      most = Math.max(most, memory);
      return rate;
    };
    yield besideGoal(await measure({ name, unit: 'slices/s', runs: RUNS, run }), GOAL);
  }
  yield figureOf('influx-memory', most, 'MB', { runs: 3 * RUNS });
}

await printFigures(benchInflux());
