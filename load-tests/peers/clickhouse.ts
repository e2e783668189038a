import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { locate } from '#tooling/servers/locate-server.ts';
import { startStatementProcess } from './peer-process.ts';
import { type OpenPeer, type Peer, PEER_MEMORY_BYTES, type ShapeFile, timed, type Traits } from './peer.ts';
import { answerRows, type SqlDialect, sqlOf } from './question.ts';
import { clickHouseRecipe } from './recipes.ts';

/** Runs the statements of its input, a line of JSON each, in an engine whose tables lie in a folder. */
const SERVE_STATEMENTS = `
import json, sys, time
from chdb import session
engine = session.Session(sys.argv[1])
for line in sys.stdin:
    start = time.perf_counter()
    try:
        text = engine.query(json.loads(line), 'JSONCompactStrings').bytes().decode()
        ms = (time.perf_counter() - start) * 1000
        answer = {'ms': ms, 'rows': json.loads(text)['data'] if text else []}
    except Exception as error:
        answer = {'error': str(error)}
    print(json.dumps(answer), flush=True)
`;

const SETTINGS = [
  'max_threads = 2',
  `max_memory_usage = ${PEER_MEMORY_BYTES}`,
  `date_time_input_format = 'best_effort'`,
  `session_timezone = 'UTC'`,
];

const DIALECT: SqlDialect = {
  windowOf: (windowMs) => `toStartOfInterval(time, INTERVAL ${windowMs / 1_000} SECOND)`,
  toMs: (start) => `toUnixTimestamp(${start}) * 1000`,
  instant: (ms) => `fromUnixTimestamp64Milli(${ms}, 'UTC')`,
  lag: 'lagInFrame(value, 1, value) OVER (PARTITION BY device ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)',
};

const TRAITS: Traits = {
  synced: 'no, unless fsync_after_insert is set',
  sums: 'exact (Decimal)',
  late: 'taken; who asks again gets the new answer',
  twice: 'counted twice',
  completeness: 'no',
};

const HOW = 'PyPI package `chdb-core`: ClickHouse as an engine in a process of Python.';

/** ClickHouse with a MergeTree table, sorted by device and time. */
export const clickHouse: Peer = {
  name: 'clickhouse',
  title: 'ClickHouse',
  how: HOW,
  traits: TRAITS,
  locate: () => locateChdb('table'),
};

/** ClickHouse on one Parquet file, sorted likewise, packed with zstd. */
export const clickHouseParquet: Peer = {
  name: 'clickhouse-parquet',
  title: 'ClickHouse, Parquet',
  how: HOW,
  traits: { ...TRAITS, synced: 'no: a file is whole or not', late: 'another file' },
  locate: () => locateChdb('parquet'),
};

async function locateChdb(store: 'table' | 'parquet'): ReturnType<Peer['locate']> {
  const found = await locate(clickHouseRecipe);
  if (found.kind === 'missing') return found;
  return { kind: 'found', version: found.version, open: (dir, file) => openChdb(found.path, dir, file, store) };
}

async function openChdb(
  python: string,
  dir: string,
  { shape, csv }: ShapeFile,
  store: 'table' | 'parquet',
): Promise<OpenPeer> {
  const data = join(dir, 'chdb');
  await mkdir(data);
  await using stack = new AsyncDisposableStack();
  const engine = stack.use(startStatementProcess({ command: python, args: ['-c', SERVE_STATEMENTS, data], cwd: dir }));
  const value = `value Decimal64(${shape.decimals})`;
  const columns = `time DateTime64(3, 'UTC'), device LowCardinality(String), region LowCardinality(String), ${value}`;
  const rows = `SELECT * FROM file('${csv}', CSVWithNames, '${columns.replaceAll("'", "\\'")}')`;
  const parquet = join(dir, 'readings.parquet');
  const isTable = store === 'table';
  for (const setting of SETTINGS) await engine.run(`SET ${setting}`);
  if (isTable) {
    await engine.run('CREATE DATABASE peers');
    await engine.run(`CREATE TABLE peers.readings (${columns}) ENGINE = MergeTree ORDER BY (device, time)`);
  }
  const load = isTable
    ? `INSERT INTO peers.readings ${rows}`
    : `INSERT INTO FUNCTION file('${parquet}', Parquet) SELECT * FROM (${rows}) ORDER BY device, time
       SETTINGS output_format_parquet_compression_method = 'zstd'`;
  const table = isTable ? 'peers.readings' : `file('${parquet}', Parquet)`;
  const owned = stack.move();
  return {
    pid: engine.pid,
    dataDir: dir,
    load: async () => (await timed(() => engine.run(load))).ms / 1_000,
    ask: async (question) => {
      const { ms, rows: found } = await engine.run(sqlOf(question, table, DIALECT));
      return { ms, rows: answerRows(found) };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
