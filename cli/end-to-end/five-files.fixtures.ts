/** The five real files in one configuration, and what DuckDB reads from each. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DATA = fileURLToPath(new URL('../../examples/data', import.meta.url));

/** Writes the configuration into a folder; gives its path. */
export async function writeFiveFiles(dir: string, mqttPort: number): Promise<string> {
  const file = join(dir, 'five.yaml');
  await writeFile(file, configuration(mqttPort));
  return file;
}

function configuration(mqttPort: number): string {
  const plugs = (house: number): string => `
  plugs-${house}:
    kind: csv
    file: ${DATA}/debs2014-house${house}.csv
    columns: [id, ts, value, property, plug, household, house]
    time: { columns: [ts], format: unix }
    series:
      - { metric: load, value: value, when: { property: '1' }, device: '{house}-{household}-{plug}', tags: { house: '{house}' } }
      - { metric: work, value: value, when: { property: '0' }, device: '{house}-{household}-{plug}', tags: { house: '{house}' } }`;
  const sensor = (name: string, metric: string): string => `
  ${name}:
    kind: csv
    file: ${DATA}/nab-${name}-temperature.csv
    time: { columns: [timestamp], format: yyyy-MM-dd HH:mm:ss }
    series: [{ metric: ${metric}, value: value, device: ${name} }]`;
  return `
metrics:
  power: { unit: kW, decimals: 3, kind: gauge, interval: 1m, send: readings }
  power-in-panes: { unit: kW, decimals: 3, kind: gauge, interval: 1m, pane: 5m, send: panes }
  sub: { unit: Wh, decimals: 3, kind: gauge, interval: 1m, send: readings }
  machine: { unit: F, decimals: 6, kind: gauge, interval: 5m }
  ambient: { unit: F, decimals: 6, kind: gauge, interval: 1h, send: readings }
  load: { unit: W, decimals: 3, kind: gauge, interval: 1s }
  work: { unit: kWh, decimals: 3, kind: counter, interval: 1s, send: readings }
agent: { id: five-files, broker: 'mqtt://127.0.0.1:${mqttPort}' }
sources:
  household:
    kind: csv
    file: ${DATA}/uci-household-power.csv
    missing: ['', '?']
    time: { columns: [Datetime], format: dd/MM/yyyy HH:mm:ss, zone: Europe/Paris }
    series:
      - { metric: power, value: Global_active_power, device: home }
      - { metric: power-in-panes, value: Global_active_power, device: home }
      - { metric: sub, value: Sub_metering_1, device: kitchen, tags: { region: IDF } }
      - { metric: sub, value: Sub_metering_2, device: laundry, tags: { region: IDF } }
      - { metric: sub, value: Sub_metering_3, device: heating, tags: { region: IDF } }
${sensor('machine', 'machine')}
${sensor('ambient', 'ambient')}
${plugs(0)}
${plugs(1)}
views:
  power: { metric: power, by: [device], slice: 1m }
  power-in-panes: { metric: power-in-panes, by: [device], slice: 5m }
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
export interface FileQuery {
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

export const FILE_QUERIES: readonly FileQuery[] = [
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
