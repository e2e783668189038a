import { openAsBlob } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { locate } from '#tooling/servers/locate-server.ts';
import { freePort, startPeerServer, textOf } from './peer-process.ts';
import { type OpenPeer, type Peer, PEER_MEMORY_BYTES, type ShapeFile, timed, type Traits } from './peer.ts';
import { answerRows, type SqlDialect, sqlOf } from './question.ts';
import { questDbRecipe } from './recipes.ts';

const DIALECT: SqlDialect = {
  windowOf: (windowMs) => `timestamp_floor('${windowMs / 1_000}s', time)`,
  toMs: (start) => `${start}::long / 1000`,
  instant: (ms) => `${ms * 1_000}::timestamp`,
  lag: 'lag(value) OVER (PARTITION BY device ORDER BY time)',
};

const TRAITS: Traits = {
  synced: 'no, unless cairo.commit.mode is sync',
  sums: 'doubles',
  late: 'taken: written between the others; who asks again gets the new answer',
  twice: 'counted twice, unless the table has DEDUP keys',
  completeness: 'no',
};

const TABLE = `CREATE TABLE readings (time TIMESTAMP, device SYMBOL CAPACITY 8192, region SYMBOL, value DOUBLE)
  TIMESTAMP(time) PARTITION BY DAY WAL`;
const LOOK_EVERY_MS = 20;
const HEAP = '-Xmx512m';

/** QuestDB, one process; a table by day, in the order of time, the file imported as CSV. */
export const questDb: Peer = {
  name: 'questdb',
  title: 'QuestDB',
  how: 'Maven `org.questdb:questdb:9.1.0`, run by a Java of 17 or newer.',
  traits: TRAITS,
  locate: async () => {
    const found = await locate(questDbRecipe);
    if (found.kind === 'missing') return found;
    return { kind: 'found', version: found.version, open: (dir, file) => openQuestDb(found.path, dir, file) };
  },
};

async function openQuestDb(command: string, dir: string, { csv, readings }: ShapeFile): Promise<OpenPeer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const root = join(dir, 'questdb');
  await mkdir(join(root, 'conf'), { recursive: true });
  await writeFile(join(root, 'conf', 'server.conf'), configOf(port));
  const ask = async (sql: string): Promise<readonly (readonly string[])[]> => rowsOf(await query(url, sql));
  await using stack = new AsyncDisposableStack();
  const isReady = async (): Promise<boolean> => (await query(url, 'SELECT 1')) !== '';
  const server = stack.use(
    await startPeerServer({ command, args: [HEAP], cwd: root }, join(dir, 'questdb.log'), isReady),
  );
  await textOf(await fetch(`${url}/exec?${new URLSearchParams({ query: TABLE }).toString()}`));
  const whenStored = async (): Promise<void> => {
    while (Number((await ask('SELECT count() FROM readings'))[0]?.[0]) < readings.count) await delay(LOOK_EVERY_MS);
  };
  const owned = stack.move();
  return {
    pid: server.pid,
    dataDir: join(root, 'db'),
    load: async () => {
      const { ms } = await timed(async () => {
        const form = new FormData();
        form.append('data', await openAsBlob(csv), 'readings.csv');
        await textOf(
          await fetch(`${url}/imp?name=readings&forceHeader=true&atomicity=abort`, { method: 'POST', body: form }),
        );
        await whenStored();
      });
      return ms / 1_000;
    },
    ask: async (question) => {
      const { ms, result } = await timed(() => query(url, sqlOf(question, 'readings', DIALECT)));
      return { ms, rows: answerRows(rowsOf(result)) };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function configOf(port: number): string {
  return [
    `http.bind.to=127.0.0.1:${port}`,
    'http.min.enabled=false',
    'pg.enabled=false',
    'line.tcp.enabled=false',
    'telemetry.enabled=false',
    'shared.worker.count=2',
    `ram.usage.limit.bytes=${PEER_MEMORY_BYTES}`,
    '',
  ].join('\n');
}

/** The answer as CSV with a heading. */
async function query(url: string, sql: string): Promise<string> {
  return textOf(await fetch(`${url}/exp?${new URLSearchParams({ query: sql }).toString()}`));
}

/** Its texts are in quotes, and hold none here. */
function rowsOf(csv: string): readonly (readonly string[])[] {
  const [, ...lines] = csv.trim().split('\r\n');
  return lines.map((line) => line.replaceAll('"', '').split(','));
}
