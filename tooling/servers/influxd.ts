import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { locateServer } from './locate-server.ts';
import { ServerNeeded } from './server-for-tests.ts';
import { lastLines } from './server-recipes.ts';

/** A usual start takes two seconds; on a busy machine it may be many times as long. */
const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 20;

/** What the server is set up with at its first start. */
export const INFLUX_ORG = 'weir';
export const INFLUX_BUCKET = 'views';
const TOKEN = 'a-token-of-tests';

/** A row of a Flux answer, by the names of its columns; all are text. */
export type FluxRow = Readonly<Record<string, string>>;

/** An influxd of the test's own. It ends with `await using`, and with the process that started it. */
export interface Influxd extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The process now running; another one after a restart. */
  readonly pid: number;
  /** May do everything. */
  readonly token: string;
  /** A file that holds it. */
  readonly tokenFile: string;
  /** The rows that a Flux query gives, of all tables. */
  query(flux: string): Promise<readonly FluxRow[]>;
  /** Asks its API; throws where the answer is none of 2xx. */
  ask(method: string, path: string, body?: object): Promise<unknown>;
  /** Ends the process, `SIGKILL` by default, and waits until it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and files, and waits until it is ready. */
  restart(): Promise<void>;
}

/** The server did not get ready; `message` ends with the last lines of its log. */
export class InfluxdNotReady extends Error {
  readonly kind = 'influxd-not-ready';

  constructor(reason: string, log: string) {
    super(`influxd did not get ready: ${reason}\n${lastLines(log)}`);
    this.name = 'InfluxdNotReady';
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/ready`, { signal: AbortSignal.timeout(READY_TIMEOUT_MS) })).ok;
  } catch {
    // Refused or cut off: not ready is the answer.
    return false;
  }
}

/** Starts the process and waits until it answers. Throws InfluxdNotReady. */
async function launch(path: string, dir: string, port: number): Promise<{ child: ChildProcess; port: number }> {
  const logFile = join(dir, 'influxd.log');
  // A log of its own for each start: it names the port that was taken.
  await using log = await open(logFile, 'w');
  const files = ['--bolt-path', join(dir, 'influxd.bolt'), '--engine-path', join(dir, 'engine')];
  const args = [...files, '--http-bind-address', `127.0.0.1:${port}`, '--reporting-disabled'];
  const child = spawn(path, args, { stdio: ['ignore', log.fd, log.fd] });
  const failed = once(child, 'error').then(([error]) => (error as Error).message);
  if (child.pid === undefined) throw new InfluxdNotReady(await failed, '');
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  while (!hasEnded(child) && performance.now() < deadlineMs) {
    const taken = /msg=Listening .*\bport=(\d+)/.exec(await readFile(logFile, 'utf8'))?.[1];
    if (taken !== undefined && (await isReady(Number(taken)))) return { child, port: Number(taken) };
    await delay(READY_POLL_MS);
  }
  const reason = hasEnded(child) ? `it ended with status ${child.exitCode}` : `not within ${READY_TIMEOUT_MS} ms`;
  child.kill('SIGKILL');
  throw new InfluxdNotReady(reason, await readFile(logFile, 'utf8'));
}

/**
 * Starts a real influxd on the loopback interface, whose files are in `dir`, set up with INFLUX_ORG and INFLUX_BUCKET. Throws
 * ServerNeeded when there is none on this machine (ask `serverForTests` before), and InfluxdNotReady.
 */
export async function startInfluxd(dir: string): Promise<Influxd> {
  const location = await locateServer('influxd');
  if (location.kind === 'missing') throw new ServerNeeded(location.message);
  await mkdir(dir, { recursive: true });
  const first = await launch(location.path, dir, 0);
  const { port } = first;
  let { child } = first;
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const url = `http://127.0.0.1:${port}`;
  const tokenFile = join(dir, 'token');
  await writeFile(tokenFile, `${TOKEN}\n`);

  const send = async (method: string, path: string, body?: object): Promise<string> => {
    const headers = { authorization: `Token ${TOKEN}`, 'content-type': 'application/json' };
    const response = await fetch(url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`influxd answers ${method} ${path} with ${response.status}: ${text}`);
    return text;
  };
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (hasEnded(child)) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  };
  const setup = { username: 'weir', password: 'a-password-of-tests', org: INFLUX_ORG, bucket: INFLUX_BUCKET };
  await send('POST', '/api/v2/setup', { ...setup, token: TOKEN });
  return {
    url,
    port,
    get pid() {
      return child.pid ?? 0;
    },
    token: TOKEN,
    tokenFile,
    query: async (query) =>
      parseFluxCsv(await send('POST', `/api/v2/query?org=${INFLUX_ORG}`, { query, dialect: { annotations: [] } })),
    ask: async (method, path, body) => {
      const text = await send(method, path, body);
      return text === '' ? undefined : (JSON.parse(text) as unknown);
    },
    kill,
    restart: async () => {
      await kill();
      ({ child } = await launch(location.path, dir, port));
    },
    [Symbol.asyncDispose]: async () => {
      process.removeListener('exit', endWithUs);
      await kill();
    },
  };
}

/** The rows of an answer in CSV without annotations: tables follow each other with an empty line between and a heading each. */
function parseFluxCsv(text: string): readonly FluxRow[] {
  const rows: FluxRow[] = [];
  let heading: readonly string[] | undefined;
  for (const line of text.split('\r\n')) {
    if (line === '') heading = undefined;
    else {
      const fields = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
      );
      if (heading === undefined) heading = fields;
      else rows.push(Object.fromEntries(heading.map((name, i) => [name, fields[i] ?? ''])));
    }
  }
  return rows;
}
