/** A server whose disk is lost while readings flow, and that is made again of a backup which was taken while they flowed. */
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { folderPerTest } from '#backbone/disk/test-folder.fixtures.ts';
import { type RunningUp, startUp, startWeir, weir } from '#tooling/processes/weir-process.ts';
import type { ServerStatus } from '../compose/server-status.ts';
import { askCsv, expectOraclesAnswers, QUERIES } from './answers.fixtures.ts';
import { ReadingsOracle } from './readings.oracle.ts';

const SERIES = 50;
const START_S = Date.UTC(2024, 4, 1) / 1000;
/** Steps of all series, ten seconds apart, that are written at once, and how long after the last. */
const STEPS = 20;
const PIECE_EVERY_MS = 50;
/** A seventh of the rows stands so many steps later than its time says. */
const STEPS_LATE = 20;

const folder = folderPerTest('backup');

function piece(number: number): string {
  const lines: string[] = [];
  for (let line = 0; line < STEPS * SERIES; line++) {
    const series = line % SERIES;
    const at = number * STEPS + Math.floor(line / SERIES) - (series % 7 === 0 ? STEPS_LATE : 0);
    lines.push(`${START_S + at * 10},m-${series},r-${series % 3},${((at * 31 + series * 7) % 2_000) - 500}.25\n`);
  }
  return lines.join('');
}

/** A file that grows, at a pace that lets it go on for a whole test, until it is told to stop; nothing waits for its pace. */
class Load implements AsyncDisposable {
  readonly #file: string;
  #stopped = false;
  #pieces = 0;
  readonly #writing: Promise<void>;

  constructor(file: string) {
    this.#file = file;
    this.#writing = this.#write();
  }

  /** Resolves with the number of readings that are in the file. */
  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#writing;
    return this.#pieces * STEPS * SERIES;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #write(): Promise<void> {
    await writeFile(this.#file, 'at,meter,region,kw\n');
    while (!this.#stopped) {
      await appendFile(this.#file, piece(this.#pieces++));
      await sleep(PIECE_EVERY_MS);
    }
  }
}

function configuration(mqttPort: number): string {
  return `
metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 10s, pane: 1m } }
agent: { id: meters, broker: 'mqtt://127.0.0.1:${mqttPort}' }
sources:
  meters:
    kind: csv
    file: meters.csv
    follow: true
    lateness: 1s
    time: { columns: [at], format: unix }
    series: [{ metric: power, value: kw, device: '{meter}', tags: { region: '{region}' } }]
views: { by-region: { metric: power, by: [region], slice: 1m } }
batch: { every: never }
`;
}

function start(data: string, before?: RunningUp): Promise<RunningUp> {
  const ports = before === undefined ? {} : { httpPort: before.httpPort, mqttPort: before.mqttPort };
  return startUp(['--config', 'weir.yaml', '--data', data], { cwd: folder.dir, ...ports });
}

async function countOf(server: RunningUp): Promise<number> {
  const csv = await askCsv(queryOf(server), ['--window', '1d']);
  const rows = csv.trimEnd().split('\r\n').slice(1);
  return rows.reduce((sum, row) => sum + Number(row.split(',')[3]), 0);
}

const queryOf = ({ url }: RunningUp) =>
  ({ view: 'by-region', url, cwd: folder.dir, from: '2024-04-30', to: '2024-05-03', decimals: 3 }) as const;

/** Resolves once more is acknowledged than now, twice, so that a frame has come which wasn't under way. */
async function whenMoreIsAcknowledged({ url }: RunningUp): Promise<void> {
  const acknowledged = async (): Promise<number> => {
    const status = (await (await fetch(`${url}/api/v1/status`)).json()) as ServerStatus;
    return status.acknowledged.reduce((sum, position) => sum + position, 0);
  };
  const before = await acknowledged();
  await expect.poll(acknowledged, { timeout: 30_000 }).toBeGreaterThan(before + 1);
}

async function run(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await weir(args, { cwd: folder.dir });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function oracle(): Promise<ReadingsOracle> {
  const opened = await ReadingsOracle.open();
  await opened.take(`
    select row_number() over (), meter, region, cast("at" as bigint) * 1000, cast(cast(kw as decimal(18, 3)) * 1000 as hugeint)
    from read_csv('${join(folder.dir, 'meters.csv')}', all_varchar = true, header = true, parallel = false)`);
  return opened;
}

describe('a server that has lost its disk', () => {
  it('has every reading once after it was restored, and after agents have sent again what the backup lacked', async () => {
    await using load = new Load(join(folder.dir, 'meters.csv'));
    await writeFile(join(folder.dir, 'weir.yaml'), configuration(1));
    await using lost = await start('data');
    await writeFile(join(folder.dir, 'weir.yaml'), configuration(lost.mqttPort));
    await using agent = startWeir(['edge', '--config', 'weir.yaml', '--log-level', 'warn'], { cwd: folder.dir });
    await whenMoreIsAcknowledged(lost);
    await run('batch', '--url', lost.url);
    await whenMoreIsAcknowledged(lost);
    const taken = await run('backup', 'backup', '--url', lost.url);
    await whenMoreIsAcknowledged(lost);
    await lost.kill();

    expect(await run('restore', 'backup', '--data', 'restored')).toMatchObject({ positions: taken['positions'] });
    await using restored = await start('restored', lost);
    const readings = await load.stop();
    await expect.poll(() => countOf(restored), { timeout: 40_000, interval: 500 }).toBe(readings);
    using truth = await oracle();
    await expectOraclesAnswers(truth, queryOf(restored), QUERIES.slice(0, 2));
    expect(await run('verify', '--url', restored.url)).toMatchObject({ different: 0 });
    await run('batch', '--url', restored.url);
    await expectOraclesAnswers(truth, queryOf(restored), QUERIES.slice(0, 2));
    expect(await run('verify', '--url', restored.url)).toMatchObject({ different: 0 });
    expect(agent.stderr()).not.toContain('"level":"error"');
  }, 120_000);
});
