/** Compares what `weir query` prints with what the oracle says. */
import { expect } from 'vitest';
import { weir } from '#tooling/processes/weir-process.ts';
import type { OracleWindow, OracleWindows, ReadingsOracle } from './readings.oracle.ts';

export interface AskedQuery {
  readonly view: string;
  readonly url: string;
  readonly cwd: string;
  readonly from: string;
  readonly to: string;
  readonly decimals: number;
}

const HOUR_MS = 3_600_000;

/** The windows that every file is asked for: by minute, hour and day, in two zones, and hopping. */
export const QUERIES: readonly { readonly flags: readonly string[]; readonly windows: OracleWindows }[] = [
  { flags: ['--window', '1m'], windows: { sizeMs: 60_000 } },
  { flags: ['--window', '1h'], windows: { sizeMs: HOUR_MS } },
  { flags: ['--window', '1d'], windows: { sizeMs: 'day' } },
  { flags: ['--window', '1d', '--zone', 'Europe/Paris'], windows: { sizeMs: 'day', zone: 'Europe/Paris' } },
  { flags: ['--window', '24h', '--every', '1h'], windows: { sizeMs: 24 * HOUR_MS, everyMs: HOUR_MS } },
];

/** Relative error that two ways of rounding an exact value to a double may differ by. */
const RELATIVE_ERROR_MAX = 1e-12;

/** Asks all queries; fails where any window differs from the oracle's. Gives the CSV texts, to compare with later ones. */
export async function expectOraclesAnswers(
  oracle: ReadingsOracle,
  query: AskedQuery,
  queries = QUERIES,
): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const { flags, windows } of queries) {
    const csv = await askCsv(query, flags);
    expectWindows(parseWindows(csv), await oracle.windows(windows, query.decimals));
    texts.push(csv);
  }
  return texts;
}

/** What the API answers as CSV: the same bytes that `weir query --format csv` prints. */
export async function askCsv({ view, url, from, to }: AskedQuery, flags: readonly string[]): Promise<string> {
  const query = new URLSearchParams({ from, to, stats: STATS, format: 'csv' });
  for (let i = 0; i < flags.length; i += 2) query.set(flags[i]!.replace('--', ''), flags[i + 1]!);
  // Reading an answer keeps this thread busy for longer than the server keeps an idle connection.
  const headers = { connection: 'close' };
  const response = await fetch(`${url}/api/v1/views/${view}/windows?${query.toString()}`, { headers });
  const body = await response.text();
  expect({ status: response.status, body: response.ok ? '' : body }).toEqual({ status: 200, body: '' });
  return body;
}

/** The same by the command. */
export async function queryCsv({ view, url, cwd, from, to }: AskedQuery, flags: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await weir(
    ['query', view, '--from', from, '--to', to, ...flags, '--stats', STATS, '--format', 'csv', '--url', url],
    { cwd },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const STATS = 'count,sum,min,max,mean,variance';

/** Rows of the CSV with readings: `start,end,<one tag>,count,sum,min,max,mean,variance,completeness,final,revision`. */
export function parseWindows(csv: string): readonly OracleWindow[] {
  const [, ...lines] = csv.trimEnd().split('\r\n');
  return lines
    .map((line) => line.split(','))
    .filter(([, , , count]) => count !== '0')
    .map(([start = '', , group = '', count = '', sum = '', min = '', max = '', mean, variance]) => {
      return { start, group, count, sum, min, max, mean: Number(mean), variance: Number(variance) };
    });
}

/** Fails with the first line in which two answers differ; a diff of tens of thousands of lines would help nobody. */
export function expectSameLines(told: string, expected: string, what: string): void {
  if (told === expected) return;
  const expectedLines = expected.split('\n');
  const toldLines = told.split('\n');
  const line = toldLines.findIndex((text, i) => text !== expectedLines[i]);
  expect({ what, line, text: toldLines[line] }).toEqual({ what, line, text: expectedLines[line] });
  expect({ what, lines: toldLines.length }).toEqual({ what, lines: expectedLines.length });
}

function expectWindows(told: readonly OracleWindow[], expected: readonly OracleWindow[]): void {
  expect(expected.length).toBeGreaterThan(0);
  const exact = ({ start, group, count, sum, min, max }: OracleWindow): string =>
    [start, group, count, sum, min, max].join(' ');
  expectSameLines(told.map(exact).join('\n'), expected.map(exact).join('\n'), 'windows');
  const apart = told.filter(
    ({ mean, variance }, i) => !isClose(mean, expected[i]!.mean) || !isClose(variance, expected[i]!.variance),
  );
  expect(apart).toEqual([]);
}

function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= RELATIVE_ERROR_MAX * Math.max(Math.abs(a), Math.abs(b));
}
