import { openAsBlob } from 'node:fs';
import { join } from 'node:path';
import { locate } from '#tooling/servers/locate-server.ts';
import { freePort, startPeerServer, textOf } from './peer-process.ts';
import { type OpenPeer, type Peer, PEER_MEMORY_BYTES, type ShapeFile, timed, type Traits } from './peer.ts';
import type { AnswerRow, Question } from './question.ts';
import { victoriaMetricsRecipe } from './recipes.ts';

const TRAITS: Traits = {
  synced: 'no: readings lie in memory for some seconds',
  sums: 'doubles',
  late: 'taken, within the retention; who asks again gets the new answer',
  twice: 'counted twice, unless deduplication by an interval is set',
  completeness: 'no',
};

/** VictoriaMetrics, one process; the file is imported as CSV, questions are MetricsQL. */
export const victoriaMetrics: Peer = {
  name: 'victoriametrics',
  title: 'VictoriaMetrics',
  how: '`go install github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics@v1.151.0`.',
  traits: TRAITS,
  locate: async () => {
    const found = await locate(victoriaMetricsRecipe);
    if (found.kind === 'missing') return found;
    return { kind: 'found', version: found.version, open: (dir, file) => openVictoria(found.path, dir, file) };
  },
};

/** Columns of the file, by their numbers. */
const IMPORT = '/api/v1/import/csv?format=1:time:rfc3339,2:label:device,3:label:region,4:metric:readings';

async function openVictoria(command: string, dir: string, { csv, readings }: ShapeFile): Promise<OpenPeer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = [
    `-httpListenAddr=127.0.0.1:${port}`,
    `-storageDataPath=${join(dir, 'victoria')}`,
    '-retentionPeriod=100y',
    `-memory.allowedBytes=${PEER_MEMORY_BYTES}`,
    '-search.maxUniqueTimeseries=2000000',
    '-search.maxQueryDuration=10m',
    '-search.maxPointsPerTimeseries=1000000',
  ];
  const isReady = async (): Promise<boolean> => (await fetch(`${url}/health`)).ok;
  const server = await startPeerServer({ command, args, cwd: dir }, join(dir, 'victoria.log'), isReady);
  const countAll = async (): Promise<number> => {
    const query = `sum(count_over_time(readings[100y]))`;
    const { data } = JSON.parse(await get(url, '/api/v1/query', { query, nocache: '1' })) as PromAnswer;
    return Number(data.result[0]?.value?.[1] ?? 0);
  };
  return {
    pid: server.pid,
    dataDir: join(dir, 'victoria'),
    load: async () => {
      const { ms } = await timed(async () => {
        await textOf(await fetch(url + IMPORT, { method: 'POST', body: await openAsBlob(csv) }));
        await textOf(await fetch(`${url}/internal/force_flush`));
      });
      const count = await countAll();
      if (count !== readings.count) throw new Error(`VictoriaMetrics has ${count} of ${readings.count} readings`);
      return ms / 1_000;
    },
    ask: async (question) => {
      const { ms, result: texts } = await timed(async () => {
        const parts: string[] = [];
        for (const query of queriesOf(question))
          parts.push(await get(url, '/api/v1/query_range', rangeOf(question, query)));
        return parts;
      });
      return { ms, rows: rowsOf(question, texts) };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

interface PromAnswer {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value?: readonly [seconds: number, value: string];
      readonly values?: readonly (readonly [seconds: number, value: string])[];
    }[];
  };
}

/** A query for each statistic. */
function queriesOf({ by, windowMs, kind }: Question): readonly string[] {
  const over = `(readings[${windowMs}ms])`;
  const regions = (how: string, query: string): string => (by === 'region' ? `${how}(${query}) by (region)` : query);
  const count = regions('sum', `count_over_time${over}`);
  if (kind === 'counter') return [count, regions('sum', `increase${over}`)];
  return [
    count,
    regions('sum', `sum_over_time${over}`),
    regions('min', `min_over_time${over}`),
    regions('max', `max_over_time${over}`),
  ];
}

/** Its windows are open at their start: asked for a millisecond before their ends they hold [start, end). */
function rangeOf({ windowMs, fromMs, toMs }: Question, query: string): Readonly<Record<string, string>> {
  const start = (fromMs + windowMs - 1) / 1_000;
  return { query, start: String(start), end: String((toMs - 1) / 1_000), step: `${windowMs}ms`, nocache: '1' };
}

function rowsOf({ by, windowMs }: Question, texts: readonly string[]): readonly AnswerRow[] {
  const rows = new Map<string, { readonly group: string; readonly startMs: number; readonly values: string[] }>();
  for (const text of texts) {
    for (const { metric, values = [] } of (JSON.parse(text) as PromAnswer).data.result) {
      const group = metric[by] ?? '';
      for (const [seconds, value] of values) {
        const startMs = Math.round(seconds * 1_000) + 1 - windowMs;
        const key = `${group} ${startMs}`;
        const row = rows.get(key);
        if (row === undefined) rows.set(key, { group, startMs, values: [value] });
        else row.values.push(value);
      }
    }
  }
  return [...rows.values()];
}

async function get(url: string, path: string, parameters: Readonly<Record<string, string>>): Promise<string> {
  return textOf(await fetch(url + path, { method: 'POST', body: new URLSearchParams(parameters) }));
}
