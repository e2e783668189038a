import { formatScaled } from '#core/numbers/scaled.ts';
import type { Delivery } from '../deliveries/delivery-columns.ts';
import { METER_METRICS, type MeterSeries } from '../fleet/fleet.ts';
import { RowFile } from './row-file.ts';
import { metricConfigs, type TableConfig } from './table-config.ts';

/** A file of deliveries: the rows below its heading, and the configuration that reads it back. */
export interface DeliveryTable {
  readonly rows: number;
  readonly config: TableConfig;
}

/** Writes deliveries, in their order, as long CSV: a row per reading, times in unix milliseconds. */
export async function writeLongCsv(
  path: string,
  deliveries: Iterable<Delivery>,
  series: readonly MeterSeries[],
): Promise<DeliveryTable> {
  await using file = await RowFile.create(path);
  file.text('time,metric,device,region,kind,value');
  await file.endRow();
  const names = series.map(({ metric, device, tags }) => `,${metric},${device},${tags['region']},${tags['kind']},`);
  await writeReadings(file, deliveries, series, (timeMs, index, value) => `${timeMs}${names[index]!}${value}`);
  return tableOf(file.rows - 1, longSource('csv', path));
}

/** The same as NDJSON: an object per reading, whose keys are the columns. */
export async function writeNdjson(
  path: string,
  deliveries: Iterable<Delivery>,
  series: readonly MeterSeries[],
): Promise<DeliveryTable> {
  await using file = await RowFile.create(path);
  const names = series.map(({ metric, device, tags }) =>
    JSON.stringify({ metric, device, region: tags['region'], kind: tags['kind'] }).slice(1, -1),
  );
  const row = (timeMs: number, index: number, value: string): string =>
    `{"time":${timeMs},${names[index]!},"value":${value}}`;
  await writeReadings(file, deliveries, series, row);
  return tableOf(file.rows, longSource('ndjson', path));
}

async function writeReadings(
  file: RowFile,
  deliveries: Iterable<Delivery>,
  series: readonly MeterSeries[],
  row: (timeMs: number, index: number, value: string) => string,
): Promise<void> {
  const decimals = series.map(decimalsOf);
  for (const { series: index, timeMs, value } of deliveries) {
    file.text(row(timeMs, index, formatScaled(value, decimals[index]!)));
    const flushed = file.endRow();
    if (flushed !== undefined) await flushed;
  }
}

function tableOf(rows: number, source: TableConfig['source']): DeliveryTable {
  return { rows, config: { metrics: metricConfigs(METER_METRICS), source } };
}

/**
 * Writes deliveries as wide CSV: a column per series, and a row for each run of deliveries of one time and of different
 * series. A cell without a reading is empty.
 */
export async function writeWideCsv(
  path: string,
  deliveries: Iterable<Delivery>,
  series: readonly MeterSeries[],
): Promise<DeliveryTable> {
  await using file = await RowFile.create(path);
  const columns = series.map(({ metric, device }) => `${device}-${metric}`);
  file.text(['time', ...columns].join(','));
  await file.endRow();
  const decimals = series.map(decimalsOf);
  let cells: string[] = [];
  let rowMs = Number.NaN;
  const endRow = (): Promise<void> | undefined => {
    file.text(`${rowMs},${Array.from(series, (_, i) => cells[i] ?? '').join(',')}`);
    cells = [];
    return file.endRow();
  };
  for (const { series: index, timeMs, value } of deliveries) {
    if (!Number.isNaN(rowMs) && (timeMs !== rowMs || cells[index] !== undefined)) await endRow();
    rowMs = timeMs;
    cells[index] = formatScaled(value, decimals[index]!);
  }
  if (!Number.isNaN(rowMs)) await endRow();
  const source = {
    kind: 'csv',
    file: path,
    time: { columns: ['time'], format: 'unix-ms' },
    series: series.map(({ metric, device, tags: { device: _device, ...tags } }, i) => {
      return { metric, value: columns[i]!, device, tags };
    }),
  };
  return tableOf(file.rows - 1, source);
}

function longSource(kind: 'csv' | 'ndjson', path: string): TableConfig['source'] {
  return {
    kind,
    file: path,
    time: { columns: ['time'], format: 'unix-ms' },
    series: METER_METRICS.map(({ name }) => ({
      metric: name,
      value: 'value',
      when: { metric: name },
      device: '{device}',
      tags: { region: '{region}', kind: '{kind}' },
    })),
  };
}

function decimalsOf({ metric }: MeterSeries): number {
  const declared = METER_METRICS.find(({ name }) => name === metric);
  if (declared === undefined) throw new RangeError(`metric ${metric} is none of a meter's`);
  return declared.decimals;
}
