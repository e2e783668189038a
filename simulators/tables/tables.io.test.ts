import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeliveryColumns } from '../deliveries/delivery-columns.ts';
import { ENERGY, type SimulatedMetric, USAGE } from '../fleet/fleet.ts';
import { findScenario, openSimulation } from '../scenarios/scenario.ts';
import { type TrueStats, truthOf } from '../truth/truth.ts';
import { writeLongCsv, writeNdjson, writeWideCsv } from './delivery-tables.ts';
import { writeWalkCsv } from './walk-table.ts';

const FROM_MS = Date.UTC(2026, 9, 25);
const SLICE_MS = 900_000;

let folder: string;
let duckdb: DuckDBConnection;

const simulation = openSimulation(findScenario('denmark-in-trouble'), {
  meters: 12,
  seed: 7,
  faults: { late: 0.05, conflicting: 0.05, silent: 0.5, wrongClock: 0.5, counterReset: 0.5, rollover: 0.5 },
});
const deliveries = new DeliveryColumns(0);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-tables-'));
  duckdb = await (await DuckDBInstance.create()).connect();
  const run = simulation.run({ fromMs: FROM_MS, toMs: FROM_MS + 4 * 3_600_000 });
  while (!run.isOver) run.advance(Number.POSITIVE_INFINITY, 10_000, deliveries);
});

afterAll(async () => {
  duckdb.closeSync();
  await rm(folder, { recursive: true });
});

async function rowsOf(sql: string): Promise<Record<string, string | null>[]> {
  const reader = await duckdb.runAndReadAll(sql);
  const columns = reader.columnNames();
  return reader.getRows().map((row) => {
    return Object.fromEntries(
      columns.map((name, i) => [name, row[i] === null ? null : `${row[i] as bigint | string}`]),
    );
  });
}

/** DuckDB's answer over a relation of (time, metric, device, region, value) in file order, by the rules of the design. */
function answerSql(relation: string, metric: SimulatedMetric): string {
  const holdMs = 3 * metric.intervalMs;
  const rollover = metric.rolloverScaled;
  const increase =
    metric.kind === 'gauge'
      ? '0'
      : `case when pt is null then 0 when v >= pv or (v > 0 and (pv - v) * 10 <= pv) then v - pv
         when pv * 10 >= ${rollover} * 9 and pv <= ${rollover} then ${rollover} - pv + 1 + v else v end`;
  return `
    with read as (select row_number() over () as n, * from ${relation}),
    inforce as (
      select device, any_value(region) as region, time, arg_max(cast(value * 1000 as hugeint), n) as v
      from read where metric = '${metric.name}' group by device, time),
    linked as (
      select *, lag(time) over w as pt, lag(v) over w as pv from inforce window w as (partition by device order by time)),
    plain as (
      select region, time // ${SLICE_MS} as slice, count(*) as count, sum(v) as sum, sum(v * v) as squares,
        min(v) as min, max(v) as max, sum(${increase}) as increase,
        min({t: time, v: v}) as first, max({t: time, v: v}) as last
      from linked group by all),
    held as (
      select *, unnest(range(pt // ${SLICE_MS}, (least(time, pt + ${holdMs}) - 1) // ${SLICE_MS} + 1)) as slice
      from linked where pt is not null and '${metric.kind}' = 'gauge'),
    parts as (
      select region, slice, pv,
        least(time, pt + ${holdMs}, (slice + 1) * ${SLICE_MS}) - greatest(pt, slice * ${SLICE_MS}) as ms from held),
    areas as (select region, slice, sum(ms) as covered, sum(pv * ms) as integral from parts group by all)
    select region, slice * ${SLICE_MS} as start, count, sum, squares, min, max, increase, first.t as ft, first.v as fv,
      last.t as lt, last.v as lv, covered, integral
    from plain full join areas using (region, slice)`;
}

function linesOfDuckdb(rows: readonly Record<string, string | null>[]): string[] {
  const columns = 'start count sum squares min max increase ft fv lt lv covered integral'.split(' ');
  return rows.map((row) => [row['region'], ...columns.map((column) => row[column] ?? '0')].join(' ')).sort();
}

function linesOfTruth(answer: ReadonlyMap<string, TrueStats>): string[] {
  return [...answer.values()]
    .map((s) =>
      [
        `${s.group.join(' ')} ${s.sliceStartMs} ${s.count} ${s.sum} ${s.sumOfSquares} ${s.min ?? 0n} ${s.max ?? 0n}`,
        `${s.increase} ${s.first?.timeMs ?? 0n} ${s.first?.value ?? 0n} ${s.last?.timeMs ?? 0n} ${s.last?.value ?? 0n}`,
        `${s.coveredMs} ${s.integral}`,
      ].join(' '),
    )
    .sort();
}

function truth(metric: SimulatedMetric): string[] {
  return linesOfTruth(
    truthOf(deliveries, simulation.series, { metric, by: ['region'], sliceMs: SLICE_MS, skewMsMax: null }),
  );
}

const CSV_TYPES = `{'time': 'BIGINT', 'metric': 'VARCHAR', 'device': 'VARCHAR', 'region': 'VARCHAR', 'kind': 'VARCHAR',
  'value': 'DECIMAL(18,3)'}`;

describe('the truth of a troubled fleet', () => {
  it.each([USAGE, ENERGY])(
    'of $name equals what DuckDB computes from the long CSV of its deliveries',
    async (metric) => {
      const path = join(folder, `long-${metric.name}.csv`);
      const { rows } = await writeLongCsv(path, deliveries, simulation.series);
      expect(rows).toBe(deliveries.count);
      const relation = `read_csv('${path}', header = true, columns = ${CSV_TYPES})`;
      const expected = truth(metric);
      expect(expected.length).toBeGreaterThan(30);
      expect(linesOfDuckdb(await rowsOf(answerSql(relation, metric)))).toEqual(expected);
    },
  );

  it('equals what DuckDB computes from their NDJSON', async () => {
    const path = join(folder, 'long.ndjson');
    await writeNdjson(path, deliveries, simulation.series);
    const relation = `read_json('${path}', format = 'newline_delimited', columns = ${CSV_TYPES})`;
    expect(linesOfDuckdb(await rowsOf(answerSql(relation, ENERGY)))).toEqual(truth(ENERGY));
  });

  it('equals what DuckDB computes from their wide CSV', async () => {
    const path = join(folder, 'wide.csv');
    const { config } = await writeWideCsv(path, deliveries, simulation.series);
    const rules = config.source['series'] as {
      metric: string;
      value: string;
      device: string;
      tags: { region: string };
    }[];
    const columns = rules.map(({ value }) => `'${value}': 'DECIMAL(18,3)'`).join(', ');
    await duckdb.run(`create table wide as select row_number() over () as line, *
      from read_csv('${path}', header = true, columns = {'time': 'BIGINT', ${columns}})`);
    await duckdb.run(`create table rules as select unnest(${JSON.stringify(rules.map((rule) => rule.value)).replaceAll('"', "'")})
      as name, unnest(${JSON.stringify(rules.map((rule) => rule.tags.region)).replaceAll('"', "'")}) as region`);
    await duckdb.run(`create table long as select time, name[:8] as device, name[10:] as metric, region, value
      from (unpivot wide on columns(* exclude (time, line)) into name name value value) join rules using (name) order by line`);
    expect(linesOfDuckdb(await rowsOf(answerSql('long', USAGE)))).toEqual(truth(USAGE));
  });
});

describe('a table of random walks', () => {
  it('has a row per series and second, and values of 31 bits that walk in small steps', async () => {
    const path = join(folder, 'walk.csv');
    const table = { path, seed: 5, seriesCount: 50, seconds: 400, fromMs: FROM_MS, decimals: 3 };
    expect((await writeWalkCsv(table)).rows).toBe(20_000);
    const [row] = await rowsOf(`
      with read as (select time, device, cast(value * 1000 as bigint) as v from read_csv('${path}', columns =
        {'time': 'BIGINT', 'device': 'VARCHAR', 'region': 'VARCHAR', 'value': 'DECIMAL(18,3)'})),
      steps as (select v - lag(v) over (partition by device order by time) as step, * from read)
      select count(*) as rows, count(distinct device) as devices, min(time) as first, max(time) as last,
        min(v) as low, max(v) as high, max(abs(step)) as step, count(distinct step) as steps from steps`);
    expect(row).toMatchObject({ rows: '20000', devices: '50' });
    expect(Number(row!['first'])).toBe(FROM_MS / 1_000);
    expect(Number(row!['last'])).toBe(FROM_MS / 1_000 + 399);
    expect(Number(row!['low'])).toBeGreaterThanOrEqual(0);
    expect(Number(row!['high'])).toBeGreaterThan(2 ** 30);
    expect(Number(row!['high'])).toBeLessThan(2 ** 31);
    expect(Number(row!['step'])).toBeLessThanOrEqual(1_024);
    expect(Number(row!['steps'])).toBeGreaterThan(1_900);
  });

  it('is the same bytes for the same seed, with as many decimals as asked', async () => {
    const hashes = await Promise.all(
      [5, 5, 6].map(async (seed, i) => {
        const path = join(folder, `walk-${i}.csv`);
        await writeWalkCsv({ path, seed, seriesCount: 3, seconds: 20, fromMs: FROM_MS, decimals: 0 });
        return createHash('sha256')
          .update(await readFile(path))
          .digest('hex');
      }),
    );
    expect(hashes[0]).toBe(hashes[1]);
    expect(hashes[0]).not.toBe(hashes[2]);
    expect(await readFile(join(folder, 'walk-0.csv'), 'utf8')).toMatch(
      /^time,device,region,value\n(\d+,walk-\d,DK[12],\d+\n){60}$/,
    );
  });

  it('is refused where it is impossible, by name', async () => {
    const table = { path: join(folder, 'no.csv'), seed: 1, seriesCount: 1, seconds: 1, fromMs: 0, decimals: 12 };
    await expect(writeWalkCsv(table)).rejects.toThrow(/decimals 12 is not possible; choose from 0 to 9/);
  });
});
