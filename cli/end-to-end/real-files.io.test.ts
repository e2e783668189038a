/** Real files go through every part, each in a process of its own, and come out equal to what DuckDB says of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, type TemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { type RunningUp, startUp, weir, whenFolded } from '#tooling/processes/weir-process.ts';
import type { EdgeSummary } from '../compose/edge.ts';
import { askCsv, expectOraclesAnswers, expectSameLines, queryCsv, QUERIES } from './answers.fixtures.ts';
import { FILE_QUERIES, type FileQuery, writeFiveFiles } from './five-files.fixtures.ts';
import { ReadingsOracle } from './readings.oracle.ts';

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
