import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { INFLUX_BUCKET, INFLUX_ORG, startInfluxd } from '#tooling/servers/influxd.ts';
import { locateServer } from '#tooling/servers/locate-server.ts';
import { textOf } from './peer-process.ts';
import { type OpenPeer, type Peer, type ShapeFile, timed, type Traits } from './peer.ts';
import type { AnswerRow, Question } from './question.ts';
import { deviceName, regionName, writeLines } from './shape-readings.ts';

const TRAITS: Traits = {
  synced: 'yes, its WAL, for each request',
  sums: 'doubles',
  late: 'taken; who asks again gets the new answer, tasks that have run do not',
  twice: 'counted once; the later value holds',
  completeness: 'no',
};

/** Lines of a request: what its makers advise. */
const LINES_PER_REQUEST = 5_000;
const REQUESTS_AT_ONCE = 4;

/** InfluxDB 2, one process; the readings are written as line protocol, questions are Flux. */
export const influxDb: Peer = {
  name: 'influxdb',
  title: 'InfluxDB 2',
  how: 'influxd 2 of <https://docs.influxdata.com/influxdb/v2/install/>; without it the run builds it with Go and Rust.',
  traits: TRAITS,
  locate: async () => {
    const found = await locateServer('influxd');
    if (found.kind === 'missing') return found;
    return { kind: 'found', version: found.version, open: openInflux };
  },
};

async function openInflux(dir: string, { shape, readings }: ShapeFile): Promise<OpenPeer> {
  const lines = join(dir, 'readings.lp');
  const scale = 10 ** shape.decimals;
  await writeLines(lines, readings, '', (device, timeMs, value) => {
    return `readings,device=${deviceName(device)},region=${regionName(device)} value=${value / scale} ${timeMs}\n`;
  });
  const server = await startInfluxd(join(dir, 'influx'));
  const { url, pid, token } = server;
  const post = async (path: string, type: string, body: string): Promise<string> => {
    const headers = { authorization: `Token ${token}`, 'content-type': type, accept: 'application/csv' };
    return textOf(await fetch(url + path, { method: 'POST', headers, body }));
  };
  const write = `/api/v2/write?org=${INFLUX_ORG}&bucket=${INFLUX_BUCKET}&precision=ms`;
  return {
    pid,
    dataDir: join(dir, 'influx'),
    load: async () => {
      const { ms } = await timed(async () => {
        const requests = inParts(lines);
        const writer = async (): Promise<void> => {
          for await (const part of requests) await post(write, 'text/plain', part);
        };
        await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, writer));
      });
      return ms / 1_000;
    },
    ask: async (question) => {
      const { ms, result: texts } = await timed(async () => {
        const parts: string[] = [];
        for (const flux of queriesOf(question))
          parts.push(await post(`/api/v2/query?org=${INFLUX_ORG}`, 'application/vnd.flux', flux));
        return parts;
      });
      return { ms, rows: rowsOf(question, texts) };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The lines of a file, so many at a time; may be read by several at once. */
async function* inParts(path: string): AsyncGenerator<string> {
  await using file = await open(path);
  let part: string[] = [];
  for await (const line of file.readLines()) {
    part.push(line);
    if (part.length < LINES_PER_REQUEST) continue;
    yield part.join('\n');
    part = [];
  }
  if (part.length > 0) yield part.join('\n');
}

/**
 * A query for each statistic: windows of each series first, which the store itself computes, then those of a region together.
 * An increase needs the reading before the range.
 */
function queriesOf({ by, windowMs, fromMs, toMs, kind }: Question): readonly string[] {
  const from = new Date(kind === 'counter' ? fromMs - windowMs : fromMs).toISOString();
  const rows = `from(bucket: "${INFLUX_BUCKET}")
    |> range(start: ${from}, stop: ${new Date(toMs).toISOString()})
    |> filter(fn: (r) => r._measurement == "readings")`;
  const windowed = (fn: string): string =>
    `|> aggregateWindow(every: ${windowMs}ms, fn: ${fn}, createEmpty: false, timeSrc: "_start")`;
  const windows = (fn: string, ofGroup: string): string => {
    const together = by === 'region' ? `|> group(columns: ["region", "_start", "_stop"]) ${windowed(ofGroup)}` : '';
    return `${windowed(fn)} ${together} |> keep(columns: ["_time", "_value", "${by}"])`;
  };
  const count = `${rows} ${windows('count', 'sum')}`;
  if (kind === 'counter') {
    const steps = '|> difference(nonNegative: true, initialZero: true)';
    return [count, `${rows} ${steps} ${windows('sum', 'sum')}`];
  }
  return [count, ...['sum', 'min', 'max'].map((fn) => `${rows} ${windows(fn, fn)}`)];
}

/** Its CSV has a heading for each kind of table; columns stand in any order. */
function rowsOf({ by, fromMs }: Question, texts: readonly string[]): readonly AnswerRow[] {
  const rows = new Map<string, { readonly group: string; readonly startMs: number; readonly values: string[] }>();
  for (const text of texts) {
    let heading: readonly string[] = [];
    for (const line of text.split('\r\n')) {
      const fields = line.split(',');
      if (fields.includes('_value')) heading = fields;
      else if (fields.length > 1) {
        const field = (name: string): string => fields[heading.indexOf(name)] ?? '';
        const startMs = Date.parse(field('_time'));
        if (startMs < fromMs) continue;
        const group = field(by);
        const row = rows.get(`${group} ${startMs}`);
        if (row === undefined) rows.set(`${group} ${startMs}`, { group, startMs, values: [field('_value')] });
        else row.values.push(field('_value'));
      }
    }
  }
  return [...rows.values()];
}
