/** Files in the shapes that operators and devices give go through every part, as each example says, and add up as DuckDB adds them up. */
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { startUp, weir, whenFolded } from '#tooling/processes/weir-process.ts';
import type { EdgeSummary } from '../compose/edge.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

/** What one example is expected to say. */
interface OperatorsFile {
  readonly name: string;
  /** Of the check: rows, readings, series and readings that are missing, as counted by hand. */
  readonly counts: string;
  /** When the windows of the query begin that the example shows, by hand: days are local ones, of 23 to 25 hours. */
  readonly starts: readonly string[];
  readonly stat: 'sum' | 'increase';
  /** For each window and group, in order, the group and the amount. */
  readonly sql: string;
}

/** The days around the end of summer time, which is at 01:00 UTC on 27 October 2024. */
const CENTRAL_DAYS = ['2024-10-25T22:00:00Z', '2024-10-26T22:00:00Z', '2024-10-27T23:00:00Z'];

const file = (name: string): string => `'${join(EXAMPLES, 'data/made-up', name).replaceAll("'", "''")}'`;
const csv = (name: string, delim = ';'): string =>
  `read_csv(${file(name)}, all_varchar = true, header = true, delim = '${delim}')`;
const number = (column: string): string => `cast(replace("${column}", ',', '.') as decimal(18, 6))`;
/** What a telegram shows by a code. */
const register = (code: string): string => `cast(regexp_extract(one, '${code}.([0-9.]+)', 1) as decimal(18, 3))`;
/** The local day in which a stretch began that ends at a local time. */
const dayBefore = (column: string, format: string, minutes: number): string =>
  `cast(strptime("${column}", '${format}') - interval ${minutes} minutes as date)`;

const OPERATORS_FILES: readonly OperatorsFile[] = [
  {
    name: 'spain',
    counts: '73 rows: 73 readings of 1 series, 0 missing, 0 to quarantine',
    starts: CENTRAL_DAYS,
    stat: 'sum',
    sql: `select CUPS, sum(${number('AE_kWh')}) from ${csv('spain-hours.csv')} group by CUPS, Fecha order by strptime(Fecha, '%d/%m/%Y')`,
  },
  {
    name: 'denmark',
    counts: '49 rows: 49 readings of 1 series, 0 missing, 0 to quarantine',
    starts: CENTRAL_DAYS.slice(0, 2),
    stat: 'sum',
    sql: `select "MålepunktsID", sum(${number('Mængde')}) from ${csv('denmark-eloverblik.csv')} group by 1, left(Fra_dato, 10) order by left(Fra_dato, 10)`,
  },
  {
    name: 'netherlands',
    counts: '11 rows: 44 readings of 4 series, 0 missing, 0 to quarantine',
    starts: [
      ...['20', '21', '22', '23', '24', '25', '26'].map((day) => `2024-10-${day}T22:00:00Z`),
      ...['27', '28', '29'].map((day) => `2024-10-${day}T23:00:00Z`),
    ],
    stat: 'increase',
    sql: `with registers as (unpivot (select strptime(Datum, '%d-%m-%Y') as day, ${number('Verbruik laag')} as low,
            ${number('Verbruik normaal')} as normal from ${csv('netherlands-day-registers.csv')}) on low, normal into name tariff value shown)
          select tariff, used from (select day, tariff, lead(shown) over (partition by tariff order by day) - shown as used from registers)
          where used is not null order by day, tariff`,
  },
  {
    name: 'smart-meter',
    counts: '50 rows: 100 readings of 4 series, 0 missing, 0 to quarantine',
    starts: ['09', '10', '11'].map((hour) => `2024-01-27T${hour}:00:00Z`),
    stat: 'increase',
    sql: `with telegrams as (select unnest(string_split(content, '/WEIR5')) as one from read_text(${file('netherlands-p1.txt')})),
          shown as (select strptime(regexp_extract(one, '0-0:1.0.0.([0-9]{12})', 1), '%y%m%d%H%M%S') as moment, ${register('1-0:1.8.1')} as low,
            ${register('1-0:1.8.2')} as normal from telegrams where one <> ''),
          used as (select date_trunc('hour', moment) as hour, low - lag(low) over (order by moment) as low,
            normal - lag(normal) over (order by moment) as normal from shown)
          select tariff, sum(amount) from (unpivot used on low, normal into name tariff value amount) group by hour, tariff order by hour, tariff`,
  },
  {
    name: 'belgium',
    counts: '584 rows: 580 readings of 2 series, 4 missing, 0 to quarantine',
    starts: CENTRAL_DAYS,
    stat: 'sum',
    sql: `select "EAN-code", sum(${number('Volume')}) from ${csv('belgium-fluvius-quarters.csv')} where Register like 'Afname %' group by 1, "Van (datum)" order by "Van (datum)"`,
  },
  {
    name: 'britain',
    counts: '144 rows: 144 readings of 1 series, 0 missing, 0 to quarantine',
    starts: ['2024-10-26T23:00:00Z'],
    stat: 'sum',
    sql: `select MPAN, sum(${number('Consumption (kWh)')}) from ${csv('britain-settlement-periods.csv', ',')} where "Settlement Date" = '27/10/2024' group by MPAN`,
  },
  {
    name: 'austria',
    counts: '196 rows: 196 readings of 1 series, 0 missing, 0 to quarantine',
    starts: CENTRAL_DAYS.slice(0, 2),
    stat: 'sum',
    sql: `select 'home', sum(${number('Gemessener Verbrauch (kWh)')}) from ${csv('austria-quarters.csv')} group by ${dayBefore('Messzeitpunkt', '%d.%m.%Y %H:%M', 15)} order by ${dayBefore('Messzeitpunkt', '%d.%m.%Y %H:%M', 15)}`,
  },
  {
    name: 'ireland',
    counts: '196 rows: 196 readings of 2 series, 0 missing, 0 to quarantine',
    starts: ['2024-10-25T23:00:00Z', '2024-10-26T23:00:00Z'],
    stat: 'sum',
    sql: `select MPRN, sum(${number('Read Value')}) from ${csv('ireland-hdf.csv', ',')} where "Read Type" like '%Import%' group by MPRN, ${dayBefore('Read Date and End Time', '%d-%m-%Y %H:%M', 30)} order by ${dayBefore('Read Date and End Time', '%d-%m-%Y %H:%M', 30)}`,
  },
  {
    name: 'shelly',
    counts: '120 rows: 1080 readings of 9 series, 0 missing, 0 to quarantine',
    starts: ['2024-10-26T10:00:00Z', '2024-10-26T11:00:00Z'],
    stat: 'sum',
    sql: `select 'shelly', sum(${['a', 'b', 'c'].map((phase) => number(`${phase}_total_act_energy`)).join(' + ')}) from ${csv('shelly-emdata.csv', ',')} group by cast(timestamp as bigint) // 3600 order by cast(timestamp as bigint) // 3600`,
  },
  {
    name: 'enphase',
    counts: '48 rows: 192 readings of 4 series, 0 missing, 0 to quarantine',
    // The gateway was asked from 09:00 to 12:55; what was made since the last time belongs to the later one.
    starts: ['09', '10', '11', '12'].map((hour) => `2024-10-26T${hour}:00:00Z`),
    stat: 'increase',
    sql: `with shown as (select cast(production[2]->>'readingTime' as bigint) as moment, cast(production[2]->>'whLifetime' as decimal(18, 3)) as wh
            from read_ndjson(${file('enphase-production.ndjson')}, columns = {production: 'JSON[]'}))
          select 'roof', sum(wh - before) from (select moment, wh, lag(wh) over (order by moment) as before from shown)
          group by moment // 3600 order by moment // 3600`,
  },
];

/** The rows of a query, with text for what they hold. */
async function ask(sql: string): Promise<readonly (readonly string[])[]> {
  const duckdb = await DuckDBInstance.create(':memory:');
  const connection = await duckdb.connect();
  const reader = await connection.runAndReadAll(sql);
  connection.closeSync();
  duckdb.closeSync();
  return reader.getRows().map((row) => row.map(String));
}

describe('an example in the shape of an operator’s file', () => {
  it.each(OPERATORS_FILES)('$name is checked as a person counts it, and adds up', async (example) => {
    const { name, counts, starts, stat, sql } = example;
    await using folder = await makeTemporaryDirectory('operators-files');
    const cwd = folder.dir;
    await symlink(join(EXAMPLES, 'data'), join(cwd, 'data'));
    const text = await readFile(join(EXAMPLES, `${name}.yaml`), 'utf8');
    const config = ['--config', `${name}.yaml`];
    const write = (port: number): Promise<void> =>
      writeFile(
        join(cwd, `${name}.yaml`),
        text.replace(`${name}-1 }`, `${name}-1, broker: 'mqtt://127.0.0.1:${port}' }`),
      );
    await write(1);
    const checked = await weir(['check', ...config], { cwd });
    expect(checked.stdout).toContain(`  ${counts}\n`);
    expect(checked.stdout).toContain(`${name}.yaml can be used.`);

    await using server = await startUp([...config, '--data', 'data-of-server'], { cwd });
    await write(server.mqttPort);
    const edge = await weir(['edge', ...config, '--once', '--log-level', 'warn'], { cwd });
    expect(edge).toMatchObject({ status: 0, stderr: '' });
    const { frames, ...told } = JSON.parse(edge.stdout) as EdgeSummary;
    expect(told).toMatchObject({ quarantined: 0, repeats: 0, amended: 0, ambiguous: 0, unchecked: 0 });
    const [, end] = / to (\S+);/.exec(checked.stdout)!;
    await whenFolded(server.url, `${name}-1`, frames, end!);

    // As the example's first lines say it.
    const [, shown] = /^# {3}weir (query .*)$/m.exec(text)!;
    const asked = shown!.split(' ');
    if (!asked.includes('--stats')) asked.push('--stats', stat);
    const answer = await weir([...asked, '--format', 'csv', '--url', server.url], { cwd });
    const windows = answer.stdout
      .trimEnd()
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(','))
      .filter(([, , , amount]) => amount !== '');
    expect([...new Set(windows.map(([start]) => start))]).toEqual(starts);
    const amounts = (await ask(sql)).map(([group, amount]) => [group, Number(amount)]);
    expect(windows.map(([, , group, amount]) => [group, Number(amount)])).toEqual(amounts);
  });
});
