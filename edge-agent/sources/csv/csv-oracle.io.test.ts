import { resolve } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import type { Metric } from '#core/metrics/metric.ts';
import { SeriesList } from '../source.ts';
import { collect, metricsOf, openSection, type Collected } from '../sources.fixtures.ts';

const fixtures = resolve(import.meta.dirname, '../fixtures');

let instance: DuckDBInstance;
let duckdb: DuckDBConnection;
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  duckdb = await instance.connect();
});
afterAll(() => {
  duckdb.closeSync();
  instance.closeSync();
});

async function read(config: Readonly<Record<string, unknown>>, ...metrics: readonly Metric[]): Promise<Collected> {
  const registry = new SeriesList();
  const options = { metrics: metricsOf(...metrics), registry, folder: fixtures };
  return collect(openSection({ kind: 'csv', ...config }, options), registry);
}

/** [device, ms since 1970, scaled value] per row of a query over `file`, in the file's order. */
async function ask(
  file: string,
  columns: string,
  select: string,
): Promise<readonly (readonly [string, number, number])[]> {
  const path = resolve(fixtures, file).replaceAll("'", "''");
  const source = `read_csv('${path}', all_varchar = true, null_padding = true, parallel = false, ${columns})`;
  const reader = await duckdb.runAndReadAll(select.replace('FILE', source));
  return reader.getRows().map(([device, atMs, value]) => [String(device), Number(atMs), Number(value)]);
}

function rowsOf({ readings }: Collected, device?: string): readonly (readonly [string, number, number])[] {
  return readings
    .filter(({ tags }) => device === undefined || tags['device'] === device)
    .map(({ tags, timeMs, value }) => [tags['device']!, timeMs, value]);
}

describe('real files', () => {
  it('of a household give each column as DuckDB reads it, and quarantine the damaged last line', async () => {
    const columns = ['Global_active_power', 'Voltage', 'Sub_metering_3'];
    const collected = await read(
      {
        file: 'household.csv',
        time: { columns: ['Datetime'], format: 'dd/MM/yyyy HH:mm:ss', zone: 'Europe/Paris' },
        series: columns.map((column) => ({ metric: 'power', value: column, device: column, tags: { region: 'IDF' } })),
      },
      metricNamed('power'),
    );
    for (const column of columns) {
      // All of it is winter: Paris is an hour ahead of UTC.
      const expected = await ask(
        'household.csv',
        'header = true',
        `select '${column}', epoch_ms(try_strptime("Datetime", '%d/%m/%Y %H:%M:%S') - interval 1 hour),
                cast(cast("${column}" as decimal(18, 3)) * 1000 as bigint)
         from FILE where "${column}" <> '' and try_strptime("Datetime", '%d/%m/%Y %H:%M:%S') is not null`,
      );
      expect(expected.length).toBeGreaterThan(300);
      expect(rowsOf(collected, column)).toEqual(expected);
    }
    expect(collected.refusals).toEqual([
      { line: 363, readings: 3, reason: 'the row has 1 field where the file has 8 columns', text: '30/1' },
    ]);
    expect(collected.tallies).toMatchObject({
      rows: 362,
      readings: collected.readings.length,
      missing: 6,
      quarantined: 3,
    });
  });

  it('of a machine give fourteen decimals rounded, and both values of an hour that is there twice', async () => {
    const collected = await read(
      {
        file: 'machine-temperature.csv',
        time: { columns: ['timestamp'], format: 'yyyy-MM-dd HH:mm:ss' },
        series: [{ metric: 'temperature', value: 'value', device: 'machine' }],
      },
      metricNamed('temperature', { decimals: 6 }),
    );
    const expected = await ask(
      'machine-temperature.csv',
      'header = true',
      // DuckDB's own casts round half away from zero; here it counts the excess digits and rounds half to even.
      `with digits as (
         select cast("timestamp" as timestamp) as moment, cast(cast("value" as decimal(28, 14)) * 100000000000000 as hugeint) as n from FILE
       ), parts as (select moment, n // 100000000 as whole, n % 100000000 as excess from digits)
       select 'machine', epoch_ms(moment),
              whole + if(excess > 50000000 or (excess = 50000000 and whole % 2 = 1), 1, 0)
       from parts`,
    );
    expect(rowsOf(collected)).toEqual(expected);
    expect(new Set(collected.readings.map(({ timeMs }) => timeMs)).size).toBe(expected.length - 12);
  });

  it.each(['debs2014-house0.csv', 'debs2014-house1.csv'])(
    'of smart plugs (%s) give each property its own series',
    async (file) => {
      const collected = await read(
        {
          file,
          columns: ['id', 'ts', 'value', 'property', 'plug', 'household', 'house'],
          time: { columns: ['ts'], format: 'unix' },
          series: [
            {
              metric: 'load',
              value: 'value',
              when: { property: '1' },
              device: '{house}-{household}-{plug}',
              tags: { house: '{house}' },
            },
            { metric: 'work', value: 'value', when: { property: 0 }, device: '{house}-{household}-{plug}' },
          ],
        },
        metricNamed('load'),
        metricNamed('work'),
      );
      for (const [metric, property] of [
        ['load', '1'],
        ['work', '0'],
      ] as const) {
        const expected = await ask(
          file,
          `header = false, names = ['id', 'ts', 'value', 'property', 'plug', 'household', 'house']`,
          `select house || '-' || household || '-' || plug, cast(ts as bigint) * 1000,
                cast(cast("value" as decimal(18, 3)) * 1000 as bigint)
         from FILE where property = '${property}' order by cast(id as bigint)`,
        );
        expect(expected.length).toBeGreaterThan(50);
        expect(rowsOf({ ...collected, readings: collected.readings.filter((each) => each.metric === metric) })).toEqual(
          expected,
        );
      }
      expect(collected.tallies).toMatchObject({ rows: 200, readings: 200, missing: 0, quarantined: 0 });
    },
  );
});
