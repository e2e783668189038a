/** Compares what InfluxDB has of a view with what the API answers of its slices. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { SLICE_STATISTICS } from '#backbone/answers/slice-feed.ts';
import { decodeRow } from '#core/stats/row-codec.ts';
import { statistic } from '#core/stats/statistics.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { readStats } from '#core/stats/stats.ts';
import type { Influxd } from '#tooling/servers/influxd.ts';
import { INFLUX_BUCKET, INFLUX_ORG } from '#tooling/servers/influxd.ts';
import type { StoreStatus } from '#view-stores/store-status.ts';
import { expectSameLines } from './answers.fixtures.ts';

const LOOK_EVERY_MS = 50;
/** What two ways to add doubles up may differ by. */
const RELATIVE_ERROR_MAX = 1e-11;

/** The section `stores` that names an influxd, as YAML in one line. */
export function storesOf({ url, tokenFile }: Pick<Influxd, 'url' | 'tokenFile'>): string {
  return `{ influx: { url: '${url}', org: ${INFLUX_ORG}, bucket: ${INFLUX_BUCKET}, token: { file: '${tokenFile}' } } }`;
}

/** What a server says of its store. */
export async function storeStatus(url: string): Promise<StoreStatus> {
  const { stores } = (await (await fetch(`${url}/api/v1/status`)).json()) as { stores: readonly StoreStatus[] };
  return stores[0]!;
}

/** Resolves once the store has been told all that is committed by now. */
export async function whenTold(url: string): Promise<void> {
  for (;;) {
    const { state, untold, behindSeconds } = await storeStatus(url);
    if (state === 'following' && untold === 0 && behindSeconds === 0) return;
    await sleep(LOOK_EVERY_MS);
  }
}

export interface ComparedView {
  readonly view: string;
  readonly tag: string;
  readonly slice: string;
  readonly decimals: number;
  readonly kind: 'gauge' | 'counter';
  readonly from: string;
  readonly to: string;
}

/** What can be answered of the other kind alone. */
const NOT_OF: Readonly<Record<ComparedView['kind'], readonly string[]>> = {
  gauge: ['increase'],
  counter: ['integral', 'timeMean'],
};

/** Fails where a point differs from its slice in any field, where one is missing, or where there is one too many. */
export async function expectPointsOfSlices(influxd: Influxd, url: string, compared: ComparedView): Promise<void> {
  const { view, tag, slice, kind, decimals } = compared;
  const stats = SLICE_STATISTICS.filter((name) => !NOT_OF[kind].includes(name));
  const api = await askRows(url, compared, slice, stats);
  const rows = await influxd.query(
    `from(bucket: "${INFLUX_BUCKET}") |> range(start: 0) |> filter(fn: (r) => r._measurement == "${view}")
      |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")`,
  );
  const table = new StatsTable(1);
  const slot = table.allocate();
  const points = rows.map((row) => {
    const read = decodeRow(Buffer.from(row['state']!, 'base64'), table, slot);
    expect(typeof read).toBe('number');
    const exact = stats.map((name) => statistic(readStats(table, slot), name, { kind, unit: '', decimals }) ?? '');
    const [completeness, isFinal, revision] = [row['completeness']!, row['final']!, row['revision']!];
    // The plain fields are the doubles nearest to the exact values.
    const plain = stats.map((name) => (row[name] === undefined || row[name] === '' ? '' : String(Number(row[name]))));
    return {
      exact: [
        new Date(row['_time']!).toISOString(),
        row[tag] ?? '',
        ...exact,
        String(Number(completeness)),
        isFinal,
        revision,
      ].join(' '),
      plain: plain.join(' '),
    };
  });
  expect(points.length).toBeGreaterThan(0);
  points.sort((a, b) => (a.exact < b.exact ? -1 : 1));
  const expected = api
    .map((row) => ({
      exact: [new Date(row[0]!).toISOString(), ...row.slice(2)].join(' '),
      plain: row
        .slice(3, 3 + stats.length)
        .map((text) => (text === '' ? '' : String(Number(text))))
        .join(' '),
    }))
    .sort((a, b) => (a.exact < b.exact ? -1 : 1));
  expectSameLines(points.map(({ exact }) => exact).join('\n'), expected.map(({ exact }) => exact).join('\n'), view);
  expectSameLines(points.map(({ plain }) => plain).join('\n'), expected.map(({ plain }) => plain).join('\n'), view);
}

/** Fails where hours that Flux adds up from points differ from those of the API. */
export async function expectFluxHours(influxd: Influxd, url: string, compared: ComparedView): Promise<void> {
  const { view, tag } = compared;
  const names = ['count', 'sum', 'min', 'max'] as const;
  const api = (await askRows(url, compared, '1h', names)).filter(([, , , count]) => count !== '0');
  const inFlux = new Map<string, string>();
  for (const [i, name] of names.entries()) {
    const fn = name === 'count' ? 'sum' : name;
    const rows = await influxd.query(
      `from(bucket: "${INFLUX_BUCKET}") |> range(start: 0)
        |> filter(fn: (r) => r._measurement == "${view}" and r._field == "${name}")
        |> window(every: 1h) |> ${fn}() |> group() |> keep(columns: ["_start", "${tag}", "_value"])`,
    );
    for (const row of rows)
      inFlux.set(`${new Date(row['_start']!).toISOString()} ${row[tag] ?? ''} ${i}`, row['_value']!);
  }
  for (const [start, , group, ...values] of api) {
    for (const [i, text] of values.slice(0, names.length).entries()) {
      const told = Number(inFlux.get(`${new Date(start!).toISOString()} ${group} ${i}`));
      const error = Math.abs(told - Number(text)) / Math.max(1, Math.abs(Number(text)));
      expect({ start, group, name: names[i], told, isClose: error <= RELATIVE_ERROR_MAX }).toMatchObject({
        isClose: true,
      });
    }
  }
}

/** Rows of an answer: start, end, the tag, statistics, completeness, final, revision. */
async function askRows(
  url: string,
  { view, from, to }: ComparedView,
  window: string,
  stats: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const query = new URLSearchParams({ from, to, window, stats: stats.join(','), format: 'csv' });
  const response = await fetch(`${url}/api/v1/views/${view}/windows?${query.toString()}`, {
    headers: { connection: 'close' },
  });
  const body = await response.text();
  expect({ status: response.status, body: response.ok ? '' : body }).toEqual({ status: 200, body: '' });
  const [, ...lines] = body.trimEnd().split('\r\n');
  return lines.map((line) => line.split(','));
}
