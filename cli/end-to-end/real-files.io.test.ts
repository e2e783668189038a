/** Real files go through every part, each in a process of its own, and come out equal to what DuckDB says of them. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, type TemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { type RunningUp, startUp, weir, whenFolded } from '#tooling/processes/weir-process.ts';
import type { EdgeSummary } from '../compose/edge.ts';
import { askCsv, expectOraclesAnswers, expectSameLines, QUERIES, queryCsv } from './answers.fixtures.ts';
import { ReadingsOracle } from './readings.oracle.ts';
import { DATA, householdSource, plugsSource, temperatureSource } from './real-files.fixtures.ts';

/** Writes the configuration into a folder; gives its path. */
async function writeFiveFiles(dir: string, mqttPort: number): Promise<string> {
  const file = join(dir, 'five.yaml');
  await writeFile(file, configuration(mqttPort));
  return file;
}

function configuration(mqttPort: number): string {
  const plugs = (house: number): string =>
    plugsSource(
      house,
      [
        ['load', '1'],
        ['work', '0'],
      ].map(
        ([metric, property]) =>
          `{ metric: ${metric}, value: value, when: { property: '${property}' }, device: '{house}-{household}-{plug}', tags: { house: '{house}' } }`,
      ),
    );
  const sub = (number: number, device: string): string =>
    `{ metric: sub, value: Sub_metering_${number}, device: ${device}, tags: { region: IDF } }`;
  return `
metrics:
  power: { unit: kW, decimals: 3, kind: gauge, interval: 1m, send: readings }
  power-in-panes: { unit: kW, decimals: 3, kind: gauge, interval: 1m, pane: 15m, send: panes }
  sub: { unit: Wh, decimals: 3, kind: gauge, interval: 1m, send: readings }
  machine: { unit: F, decimals: 6, kind: gauge, interval: 5m }
  ambient: { unit: F, decimals: 6, kind: gauge, interval: 1h, send: readings }
  load: { unit: W, decimals: 3, kind: gauge, interval: 1s }
  work: { unit: kWh, decimals: 3, kind: counter, interval: 1s, send: readings }
agent: { id: five-files, broker: 'mqtt://127.0.0.1:${mqttPort}' }
sources:${householdSource([
    '{ metric: power, value: Global_active_power, device: home }',
    '{ metric: power-in-panes, value: Global_active_power, device: home }',
    sub(1, 'kitchen'),
    sub(2, 'laundry'),
    sub(3, 'heating'),
  ])}${temperatureSource('machine')}${temperatureSource('ambient')}${plugs(0)}${plugs(1)}
views:
  power: { metric: power, by: [device], slice: 1m }
  power-in-panes: { metric: power-in-panes, by: [device], slice: 15m }
  sub-by-device: { metric: sub, by: [device], slice: 1m }
  sub-by-region: { metric: sub, by: [region], slice: 1m }
  machine: { metric: machine, by: [device], slice: 1m }
  ambient: { metric: ambient, by: [device], slice: 1h }
  load-by-plug: { metric: load, by: [device], slice: 1m }
  load-by-house: { metric: load, by: [house], slice: 1m }
  work-by-plug: { metric: work, by: [device], slice: 1m }
`;
}

/** What one view is asked, and the SQL by which the oracle takes the same readings. */
interface FileQuery {
  readonly view: string;
  readonly decimals: number;
  readonly from: string;
  readonly to: string;
  readonly takes: readonly string[];
  /** The view's slices are an hour: it can't be asked for minutes. */
  readonly hourly?: true;
}

const WINTER = { from: '2006-12-01', to: '2007-01-31' };
const NAB = { from: '2013-07-01', to: '2014-06-30' };
const DEBS = { from: '2013-08-31', to: '2013-09-02' };

const FILE_QUERIES: readonly FileQuery[] = [
  { view: 'power', decimals: 3, ...WINTER, takes: [household('Global_active_power', 'home', 'home')] },
  { view: 'sub-by-device', decimals: 3, ...WINTER, takes: subMeters((device) => device) },
  { view: 'sub-by-region', decimals: 3, ...WINTER, takes: subMeters(() => 'IDF') },
  { view: 'machine', decimals: 6, ...NAB, takes: [sensor('machine')] },
  { view: 'ambient', decimals: 6, ...NAB, takes: [sensor('ambient')], hourly: true },
  { view: 'load-by-plug', decimals: 3, ...DEBS, takes: plugs('1', `house || '-' || household || '-' || plug`) },
  { view: 'load-by-house', decimals: 3, ...DEBS, takes: plugs('1', 'house') },
  { view: 'work-by-plug', decimals: 3, ...DEBS, takes: plugs('0', `house || '-' || household || '-' || plug`) },
];

function csv(file: string, options: string): string {
  return `read_csv('${join(DATA, file).replaceAll("'", "''")}', all_varchar = true, null_padding = true, parallel = false, ${options})`;
}

/** All of the file is winter: Paris is an hour ahead of UTC. The damaged last line has no time that can be read. */
function household(column: string, device: string, group: string): string {
  return `
    select row_number() over (), '${device}', '${group}',
           epoch_ms(try_strptime("Datetime", '%d/%m/%Y %H:%M:%S') - interval 1 hour),
           cast(cast("${column}" as decimal(18, 3)) * 1000 as hugeint)
    from ${csv('uci-household-power.csv', 'header = true')}
    where "${column}" not in ('', '?') and try_strptime("Datetime", '%d/%m/%Y %H:%M:%S') is not null`;
}

function subMeters(groupOf: (device: string) => string): string[] {
  return ['kitchen', 'laundry', 'heating'].map((device, i) =>
    household(`Sub_metering_${i + 1}`, device, groupOf(device)),
  );
}

/** Up to fifteen decimals, rounded half to even by counting the excess digits: DuckDB's own casts round half away from zero. */
function sensor(name: string): string {
  return `
    with digits as (
      select row_number() over () as seen, cast("timestamp" as timestamp) as moment,
             cast(cast("value" as decimal(28, 15)) * 1000000000000000 as hugeint) as n
      from ${csv(`nab-${name}-temperature.csv`, 'header = true')}
    ), parts as (select seen, moment, n // 1000000000 as whole, n % 1000000000 as excess from digits)
    select seen, '${name}', '${name}', epoch_ms(moment),
           whole + if(excess > 500000000 or (excess = 500000000 and whole % 2 = 1), 1, 0)
    from parts`;
}

/** The first file's rows come before the second's, as in the configuration; its ids ascend with the rows. */
function plugs(property: string, group: string): string[] {
  return [0, 1].map(
    (house) => `
    select cast(id as bigint) + ${house * 1_000_000}, house || '-' || household || '-' || plug, ${group}, cast(ts as bigint) * 1000,
           cast(cast("value" as decimal(18, 3)) * 1000 as hugeint)
    from ${csv(`debs2014-house${house}.csv`, `header = false, names = ['id', 'ts', 'value', 'property', 'plug', 'household', 'house']`)}
    where property = '${property}'`,
  );
}

let folder: TemporaryDirectory;
let server: RunningUp;
let summary: EdgeSummary;
const answers = new Map<string, readonly string[]>();

beforeAll(async () => {
  folder = await makeTemporaryDirectory('real-files');
  // The server reads metrics and views alone, so where the agent will find it is told to the agent only.
  server = await startUp(['--config', await writeFiveFiles(folder.dir, 1), '--data', 'data'], { cwd: folder.dir });
  const config = await writeFiveFiles(folder.dir, server.mqttPort);
  const edge = await weir(['edge', '--config', config, '--once', '--log-level', 'warn'], { cwd: folder.dir });
  expect(edge).toMatchObject({ status: 0, stderr: '' });
  summary = JSON.parse(edge.stdout) as EdgeSummary;
  await whenFolded(server.url, 'five-files', summary.frames, '2014-05-28T15:00:00Z');
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const asked = ({ view, from, to, decimals }: FileQuery) => ({
  view,
  from,
  to,
  decimals,
  url: server.url,
  cwd: folder.dir,
});

const queriesFor = ({ hourly }: FileQuery): typeof QUERIES => (hourly === true ? QUERIES.slice(1) : QUERIES);

async function oracleOf({ takes }: FileQuery): Promise<ReadingsOracle> {
  const oracle = await ReadingsOracle.open();
  for (const take of takes) await oracle.take(take);
  return oracle;
}

async function operate(command: 'batch' | 'verify', ...flags: readonly string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await weir([command, ...flags, '--url', server.url], { cwd: folder.dir });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('five real files', () => {
  it('are accounted for to the last reading, the damaged line with its number and reason', async () => {
    const { rows, readings, counted, repeats, amended, missing, quarantined } = summary;
    expect(readings).toBe(counted + repeats + amended + missing + quarantined);
    // Five rules read the household's rows; the damaged last line, with one field of eight, is quarantined for each.
    expect({ rows, missing, quarantined }).toEqual({
      rows: 19_447 + 22_695 + 7_267 + 400,
      missing: 10,
      quarantined: 5,
    });
    const listed = await weir(['quarantine', '--format', 'json', '--url', server.url], { cwd: folder.dir });
    const { refused } = JSON.parse(listed.stdout) as { refused: { items: object[] }[] };
    expect(refused.flatMap(({ items }) => items)).toEqual([
      { line: 19_448, readings: 5, reason: 'the row has 1 field where the file has 8 columns', text: '30/1' },
    ]);
  });

  it.each(FILE_QUERIES)('answer $view as DuckDB does', async (query) => {
    using oracle = await oracleOf(query);
    answers.set(query.view, await expectOraclesAnswers(oracle, asked(query), queriesFor(query)));
  });

  it('count as many readings as there are different times of each series', async () => {
    let expected = 0;
    for (const query of FILE_QUERIES.filter(
      ({ view }) => !view.endsWith('-by-region') && !view.endsWith('-by-house'),
    )) {
      using oracle = await oracleOf(query);
      expected += (await oracle.count()) * (query.view === 'power' ? 2 : 1);
    }
    expect(summary.counted).toBe(expected);
  });

  it('are printed by the command as the API gives them', async () => {
    const [power] = FILE_QUERIES;
    const flags = ['--window', '1d', '--zone', 'Europe/Paris'];
    expectSameLines(await queryCsv(asked(power!), flags), await askCsv(asked(power!), flags), 'weir query');
  });

  it('answer the same whether they were sent as readings or as panes', async () => {
    const readings = FILE_QUERIES.find(({ view }) => view === 'power')!;
    for (const { flags } of QUERIES.slice(1)) {
      const told = await askCsv(asked(readings), flags);
      const inPanes = await askCsv({ ...asked(readings), view: 'power-in-panes' }, flags);
      expectSameLines(inPanes.replaceAll(REVISION, ''), told.replaceAll(REVISION, ''), flags.join(' '));
    }
  });

  it('answer the same after a batch and after a full one, and verify says that nothing differs', async () => {
    expect(await operate('batch')).toMatchObject({ version: 1, readings: summary.counted });
    await expectSameAnswers(QUERIES);
    expect(await operate('batch', '--full')).toMatchObject({ version: 1, readings: summary.counted });
    await expectSameAnswers(QUERIES.slice(1, 4));
    expect(await operate('verify')).toMatchObject({ different: 0 });
  });
});

/** The last field of a line: how many log records contributed, which is where panes and readings do differ. */
const REVISION = /,[^,\r]+(?=\r)/g;

async function expectSameAnswers(queries: typeof QUERIES): Promise<void> {
  for (const query of FILE_QUERIES) {
    const possible = queriesFor(query);
    for (const one of possible.filter((each) => queries.includes(each))) {
      const { flags } = one;
      expectSameLines(
        await askCsv(asked(query), flags),
        answers.get(query.view)?.[possible.indexOf(one)] ?? '',
        `${query.view} ${flags.join(' ')}`,
      );
    }
  }
}
