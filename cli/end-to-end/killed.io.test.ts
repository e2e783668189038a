/**
 * Server and agent are killed (`kill -9`) at seeded moments while a file is replayed, and started again: what they end
 * with is what they end with undisturbed. `WEIR_KILLS` says how many moments each; WEIR_SEED where they lie.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import type { EdgeSummary } from '../edge/edge.ts';
import { askCsv, expectOraclesAnswers, expectSameLines } from '../testing/answer.cases.ts';
import { ReadingsOracle } from '../testing/readings.oracle.ts';
import { type RunningUp, startUp, startWeir } from '../testing/weir-process.ts';
import { whenFolded } from '../testing/when-folded.ts';

const KILLS = Number(process.env['WEIR_KILLS'] ?? 3);
const SEED = Number(process.env['WEIR_SEED'] ?? 1);

const SERIES = 40;
/** Readings of each series, ten seconds apart. */
const STEPS = 3_000;
const START_S = Date.UTC(2026, 2, 28, 20) / 1000;
const DAY_QUESTIONS = [
  { flags: ['--window', '1m'], windows: { sizeMs: 60_000 } },
  { flags: ['--window', '1d', '--zone', 'Europe/Paris'], windows: { sizeMs: 'day', zone: 'Europe/Paris' } },
] as const;

/** The time of the last row. */
const LAST = new Date((START_S + (STEPS - 1) * 10) * 1000).toISOString();

/** Where a killed process was in its life: between being started and the end of the replay, some seconds. */
const KILL_AFTER_MS_MAX = 2_500;

/** The same numbers for the same seed (Park and Miller, 1988). */
function* chances(seed: number): Generator<number, never> {
  for (let state = (seed % 2_147_483_646) + 1; ;) {
    state = (state * 48_271) % 2_147_483_647;
    yield state / 2_147_483_647;
  }
}

/** A reading per series and ten seconds; each 97th row is there twice, each 101st stands an hour's worth of rows too late. */
function fileText(): string {
  const random = chances(42);
  const rows: string[] = [];
  const late: string[] = [];
  for (let step = 0; step < STEPS; step++) {
    for (let series = 0; series < SERIES; series++) {
      const row = `${START_S + step * 10},m-${series},r-${series % 3},${((random.next().value - 0.5) * 2_000).toFixed(3)}`;
      const at = step * SERIES + series;
      if (at % 101 === 0) late.push(row);
      else rows.push(row);
      if (at % 97 === 0) rows.push(row);
    }
    if (step % 360 === 359) rows.push(...late.splice(0));
  }
  return `at,meter,region,kw\n${[...rows, ...late].join('\n')}\n`;
}

const configuration = (mqttPort: number): string => `
metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 10s, send: readings } }
agent: { id: killed, broker: 'mqtt://127.0.0.1:${mqttPort}' }
sources:
  meters:
    kind: csv
    file: meters.csv
    time: { columns: [at], format: unix }
    series: [{ metric: power, value: kw, device: '{meter}', tags: { region: '{region}' } }]
views: { by-region: { metric: power, by: [region], slice: 1m } }
`;

const start = (dir: string, before?: RunningUp): Promise<RunningUp> =>
  startUp(['--config', 'weir.yaml', '--data', 'data'], {
    cwd: dir,
    ...(before === undefined ? {} : { httpPort: before.httpPort, mqttPort: before.mqttPort }),
  });

const question = ({ url }: RunningUp, dir: string) => ({
  view: 'by-region',
  url,
  cwd: dir,
  from: '2026-03-28',
  to: '2026-03-31',
  decimals: 3,
});

/** Runs the replay with `killsOf` kills of each kind; gives the summary and the answers, before and after a batch. */
async function replay(
  dir: string,
  kills: number,
  seed: number,
): Promise<{ summary: EdgeSummary; csv: string; afterBatch: string }> {
  await writeFile(join(dir, 'meters.csv'), fileText());
  await writeFile(join(dir, 'weir.yaml'), configuration(1));
  let server = await start(dir);
  await writeFile(join(dir, 'weir.yaml'), configuration(server.mqttPort));
  const random = chances(seed);
  let edge = startWeir(['edge', '--config', 'weir.yaml', '--once'], { cwd: dir });
  for (let kill = 0; kill < 2 * kills; kill++) {
    await sleep(random.next().value * KILL_AFTER_MS_MAX);
    if (kill % 2 === 0) {
      await server.kill();
      server = await start(dir, server);
    } else {
      await edge.kill();
      edge = startWeir(['edge', '--config', 'weir.yaml', '--once'], { cwd: dir });
    }
  }
  expect({ status: await edge.ended, stderr: edge.stderr() }).toMatchObject({ status: 0 });
  const summary = JSON.parse(edge.stdout()) as EdgeSummary;
  await whenFolded(server.url, 'killed', summary.frames, LAST);
  const csv = await askCsv(question(server, dir), ['--window', '1m']);
  const batch = startWeir(['batch', '--url', server.url], { cwd: dir });
  expect({ status: await batch.ended, stderr: batch.stderr() }).toEqual({ status: 0, stderr: '' });
  const afterBatch = await askCsv(question(server, dir), ['--window', '1m']);
  using oracle = await oracleOf(dir);
  await expectOraclesAnswers(oracle, question(server, dir), DAY_QUESTIONS);
  const verify = startWeir(['verify', '--url', server.url], { cwd: dir });
  expect({ status: await verify.ended, stdout: JSON.parse(verify.stdout()) as object }).toMatchObject({
    status: 0,
    stdout: { different: 0 },
  });
  await server.kill();
  return { summary, csv, afterBatch };
}

async function oracleOf(dir: string): Promise<ReadingsOracle> {
  const oracle = await ReadingsOracle.open();
  await oracle.take(`
    select row_number() over (), meter, region, cast("at" as bigint) * 1000, cast(cast(kw as decimal(18, 3)) * 1000 as hugeint)
    from read_csv('${join(dir, 'meters.csv')}', all_varchar = true, header = true, parallel = false)`);
  return oracle;
}

describe('a replay', () => {
  it(
    `whose server and agent are killed ${KILLS} times each ends as one that nobody disturbs`,
    { timeout: 60_000 + KILLS * 20_000 },
    async () => {
      await using undisturbed = await makeTemporaryDirectory('undisturbed');
      await using killed = await makeTemporaryDirectory('killed');
      const expected = await replay(undisturbed.dir, 0, SEED);
      const ended = await replay(killed.dir, KILLS, SEED);
      // An agent that was killed starts a new incarnation, so the same readings stand in more frames.
      const { frames: _, bytes: __, seconds: ___, ...counts } = expected.summary;
      expect(ended.summary).toMatchObject(counts);
      expectSameLines(withoutRevision(ended.csv), withoutRevision(expected.csv), 'before a batch');
      expectSameLines(withoutRevision(ended.afterBatch), withoutRevision(expected.csv), 'after a batch');
    },
  );
});

/** Lines without their last field, the number of log records that contributed. */
function withoutRevision(csv: string): string {
  return csv.replaceAll(/,[^,\r]+(?=\r)/g, '');
}
