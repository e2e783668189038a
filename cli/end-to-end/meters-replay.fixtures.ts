/** A file of meters that goes through every part, each a process, while some of them are killed. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type RunningUp, startUp, startWeir, whenFolded } from '#tooling/processes/weir-process.ts';
import type { EdgeSummary } from '../compose/edge.ts';
import { askCsv, expectOraclesAnswers } from './answers.fixtures.ts';
import { ReadingsOracle } from './readings.oracle.ts';

const SERIES = 40;
/** Readings of each series, five seconds apart. */
const STEPS = 3_000;
const STEP_S = 5;
/** The night in which the clocks of Europe go forward: its Sunday has 23 hours. */
const START_S = Date.UTC(2024, 2, 30, 22, 30) / 1000;
const LAST = new Date((START_S + (STEPS - 1) * STEP_S) * 1000).toISOString();

/** Each 97th row is there twice, and each 101st stands half an hour of rows too late. */
const REPEATED_EVERY = 97;
const LATE_EVERY = 101;
const STEPS_LATE = 360;

/** Where a killed process is in its life: between being started and the end of the replay, some seconds. */
const KILL_AFTER_MS_MAX = 2_500;

const ORACLES_QUERIES = [
  { flags: ['--window', '1m'], windows: { sizeMs: 60_000 } },
  { flags: ['--window', '1d', '--zone', 'Europe/Paris'], windows: { sizeMs: 'day', zone: 'Europe/Paris' } },
] as const;

/** What differs between replays that have to end the same. */
export interface ReplayOptions {
  /** The configuration's `backbone` section, as YAML in one line. */
  readonly backbone?: string;
  readonly send?: 'readings' | 'panes';
  /** How many times each is killed (`kill -9`), at moments that the seed decides. */
  readonly kills?: number;
  readonly seed?: number;
  /** Kills whatever runs beside server and agent, and starts it again. */
  readonly killMore?: () => Promise<void>;
  /** The configuration's `stores` section, likewise. */
  readonly stores?: string;
  /** Looks at the server once all is folded, and again after a batch. */
  readonly look?: (server: RunningUp) => Promise<void>;
}

/** What a replay ended with. */
export interface Replayed {
  readonly summary: EdgeSummary;
  /** Windows of a minute, as CSV without the revision: it counts log records, of which a restart makes more. */
  readonly csv: string;
  readonly afterBatch: string;
}

/** Replays the file; every answer is compared with DuckDB's, and the result is verified. */
export async function replayMeters(dir: string, options: ReplayOptions = {}): Promise<Replayed> {
  await writeFile(join(dir, 'meters.csv'), fileText());
  await writeFile(join(dir, 'weir.yaml'), configuration(1, options));
  const first = await start(dir);
  await writeFile(join(dir, 'weir.yaml'), configuration(first.mqttPort, options));
  const { server, edge } = await killAtMoments(dir, first, options);
  await using running = server;
  expect({ status: await edge.ended, stderr: edge.stderr() }).toMatchObject({ status: 0 });
  const summary = JSON.parse(edge.stdout()) as EdgeSummary;
  await whenFolded(running.url, 'meters', summary.frames, LAST);
  const query = { view: 'by-region', url: running.url, cwd: dir, from: '2024-03-30', to: '2024-04-02', decimals: 3 };
  const csv = await askCsv(query, ['--window', '1m']);
  await options.look?.(running);
  await runToEnd(dir, ['batch', '--url', running.url]);
  const afterBatch = await askCsv(query, ['--window', '1m']);
  await options.look?.(running);
  using oracle = await oracleOf(dir);
  await expectOraclesAnswers(oracle, query, ORACLES_QUERIES);
  expect(JSON.parse(await runToEnd(dir, ['verify', '--url', running.url]))).toMatchObject({ different: 0 });
  return { summary, csv: withoutRevision(csv), afterBatch: withoutRevision(afterBatch) };
}

async function killAtMoments(dir: string, first: RunningUp, { kills = 0, seed = 1, killMore }: ReplayOptions) {
  const random = chances(seed);
  const startEdge = () => startWeir(['edge', '--config', 'weir.yaml', '--once'], { cwd: dir });
  let server = first;
  let edge = startEdge();
  const killers = [
    async () => {
      await server.kill();
      server = await start(dir, server);
    },
    async () => {
      await edge.kill();
      edge = startEdge();
    },
    ...(killMore === undefined ? [] : [killMore]),
  ];
  for (let kill = 0; kill < kills; kill++) {
    for (const killer of killers) {
      await sleep(random.next().value * KILL_AFTER_MS_MAX);
      await killer();
    }
  }
  return { server, edge };
}

function start(dir: string, before?: RunningUp): Promise<RunningUp> {
  const ports = before === undefined ? {} : { httpPort: before.httpPort, mqttPort: before.mqttPort };
  return startUp(['--config', 'weir.yaml', '--data', 'data'], { cwd: dir, ...ports });
}

async function runToEnd(dir: string, args: readonly string[]): Promise<string> {
  const command = startWeir(args, { cwd: dir });
  expect({ status: await command.ended, stderr: command.stderr() }).toEqual({ status: 0, stderr: '' });
  return command.stdout();
}

/** The same numbers for the same seed (Park and Miller, 1988). */
function* chances(seed: number): Generator<number, never> {
  for (let state = (seed % 2_147_483_646) + 1; ;) {
    state = (state * 48_271) % 2_147_483_647;
    yield state / 2_147_483_647;
  }
}

function fileText(): string {
  const random = chances(42);
  const rows: string[] = [];
  const late: string[] = [];
  for (let step = 0; step < STEPS; step++) {
    for (let series = 0; series < SERIES; series++) {
      const row = `${START_S + step * STEP_S},m-${series},r-${series % 3},${((random.next().value - 0.5) * 2_000).toFixed(3)}`;
      const number = step * SERIES + series;
      (number % LATE_EVERY === 0 ? late : rows).push(row);
      if (number % REPEATED_EVERY === 0) rows.push(row);
    }
    if (step % STEPS_LATE === STEPS_LATE - 1) rows.push(...late.splice(0));
  }
  return `at,meter,region,kw\n${[...rows, ...late].join('\n')}\n`;
}

function configuration(
  mqttPort: number,
  { backbone = '{ kind: embedded }', send = 'readings', stores = '{}' }: ReplayOptions,
): string {
  return `
metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 5s, pane: 1m, send: ${send} } }
agent: { id: meters, broker: 'mqtt://127.0.0.1:${mqttPort}' }
sources:
  meters:
    kind: csv
    file: meters.csv
    time: { columns: [at], format: unix }
    series: [{ metric: power, value: kw, device: '{meter}', tags: { region: '{region}' } }]
backbone: ${backbone}
stores: ${stores}
views: { by-region: { metric: power, by: [region], slice: 1m } }
`;
}

async function oracleOf(dir: string): Promise<ReadingsOracle> {
  const oracle = await ReadingsOracle.open();
  await oracle.take(`
    select row_number() over (), meter, region, cast("at" as bigint) * 1000, cast(cast(kw as decimal(18, 3)) * 1000 as hugeint)
    from read_csv('${join(dir, 'meters.csv')}', all_varchar = true, header = true, parallel = false)`);
  return oracle;
}

/** Lines without their last field, the number of log records that contributed. */
function withoutRevision(csv: string): string {
  return csv.replaceAll(/,[^,\r]+(?=\r)/g, '');
}
