import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startStatementProcess, type StatementProcess } from './peer-process.ts';
import { type OpenPeer, type Peer, PEER_MEMORY_BYTES, type ShapeFile, timed, type Traits } from './peer.ts';
import { answerRows, type SqlDialect, sqlOf } from './question.ts';

const DIALECT: SqlDialect = {
  windowOf: (windowMs) => `time_bucket(INTERVAL '${windowMs} milliseconds', time)`,
  toMs: (start) => `epoch_ms(${start})`,
  instant: (ms) => `epoch_ms(${ms})`,
  lag: 'lag(value) OVER (PARTITION BY device ORDER BY time)',
};

const TRAITS: Traits = {
  synced: 'yes, a table at a time',
  sums: 'exact (DECIMAL)',
  late: 'taken; who asks again gets the new answer',
  twice: 'counted twice',
  completeness: 'no',
};

const HOW = 'npm package `@duckdb/node-api`; it comes with the development dependencies.';

/** DuckDB's own table, sorted by device and time. */
export const duckDb: Peer = {
  name: 'duckdb',
  title: 'DuckDB',
  how: HOW,
  traits: TRAITS,
  locate: () => locate('table'),
};

/** DuckDB on one Parquet file, sorted likewise, packed with zstd. */
export const duckDbParquet: Peer = {
  name: 'duckdb-parquet',
  title: 'DuckDB, Parquet',
  how: HOW,
  traits: { ...TRAITS, synced: 'no: a file is whole or not', late: 'another file' },
  locate: () => locate('parquet'),
};

async function locate(store: 'table' | 'parquet'): ReturnType<Peer['locate']> {
  const manifest = fileURLToPath(new URL('../../node_modules/@duckdb/node-api/package.json', import.meta.url));
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { readonly version: string };
  return { kind: 'found', version, open: (dir, file) => openDuckDb(dir, file, store) };
}

/** The rows of a file, in the order in which a table is best packed. */
function rowsOf(csv: string, decimals: number): string {
  const columns = `{time: 'TIMESTAMP', device: 'VARCHAR', region: 'VARCHAR', value: 'DECIMAL(15, ${decimals})'}`;
  return `SELECT * FROM read_csv('${csv}', header = true, columns = ${columns}) ORDER BY device, time`;
}

function copyOf(csv: string, decimals: number, parquet: string): string {
  return `COPY (${rowsOf(csv, decimals)}) TO '${parquet}' (FORMAT parquet, COMPRESSION zstd)`;
}

function startEngine(dir: string): StatementProcess {
  const child = fileURLToPath(new URL('./duckdb.child.ts', import.meta.url));
  return startStatementProcess({ command: process.execPath, args: [child, join(dir, 'duck.db')], cwd: dir });
}

/** Bytes of a file of CSV as a Parquet file that is packed with zstd; both lie in `dir`. */
export async function parquetBytesOf(dir: string, csv: string, decimals: number): Promise<number> {
  await using engine = startEngine(dir);
  const parquet = join(dir, 'readings.parquet');
  await engine.run(copyOf(csv, decimals, parquet));
  return (await stat(parquet)).size;
}

async function openDuckDb(dir: string, { shape, csv }: ShapeFile, store: 'table' | 'parquet'): Promise<OpenPeer> {
  await using stack = new AsyncDisposableStack();
  const engine = stack.use(startEngine(dir));
  await engine.run(`SET memory_limit = '${PEER_MEMORY_BYTES / 1024 ** 2}MiB'; SET temp_directory = '${dir}/spill'`);
  const parquet = join(dir, 'readings.parquet');
  const { decimals } = shape;
  const statements = {
    table: [`CREATE TABLE readings AS ${rowsOf(csv, decimals)}`, 'CHECKPOINT'],
    parquet: [copyOf(csv, decimals, parquet)],
  }[store];
  const table = store === 'table' ? 'readings' : `read_parquet('${parquet}')`;
  const owned = stack.move();
  return {
    pid: engine.pid,
    dataDir: dir,
    load: async () => {
      const { ms } = await timed(async () => {
        for (const statement of statements) await engine.run(statement);
      });
      return ms / 1_000;
    },
    ask: async (question) => {
      const { ms, rows: found } = await engine.run(sqlOf(question, table, DIALECT));
      return { ms, rows: answerRows(found) };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
