import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { locateServer } from './locate-server.ts';
import { ServerNeeded } from './server-for-tests.ts';
import { lastLines } from './server-recipes.ts';

/** Frames are far below 8 MB; the server's own default of 1 MB is too near to the largest. */
export const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;

export interface NatsServerOptions {
  /** Where JetStream keeps its files; made when it is not there. Configuration and server log are beside them. */
  readonly storeDir: string;
  /** Whether JetStream syncs each write before it acknowledges it (true), or every two minutes, as it does by itself. */
  readonly syncAlways: boolean;
  /** A port of the loopback interface; 0, the default, takes a free one, which a restart keeps. */
  readonly port?: number;
  /** Further lines for the server's configuration file. */
  readonly config?: string;
}

/** A nats-server of the test's own. It ends with `await using`, and with the process that started it. */
export interface NatsServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The process now running; another one after a restart. */
  readonly pid: number;
  /** Ends the process, `SIGKILL` by default, and waits until it is gone. Nothing happens when it is not running. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and store (after killing it, should it still run) and waits until it is ready. */
  restart(): Promise<void>;
}

/** The server did not get ready; `message` ends with the last lines of its log. */
export class ServerNotReady extends Error {
  readonly kind = 'server-not-ready';

  constructor(reason: string, log: string) {
    super(`nats-server did not get ready: ${reason}\n${lastLines(log)}`);
    this.name = 'ServerNotReady';
  }
}

function configText(options: NatsServerOptions, port: number): string {
  return [
    `listen: "127.0.0.1:${port === 0 ? -1 : port}"`,
    `ports_file_dir: ${JSON.stringify(options.storeDir)}`,
    `max_payload: ${MAX_PAYLOAD_BYTES}`,
    'jetstream {',
    `  store_dir: ${JSON.stringify(options.storeDir)}`,
    ...(options.syncAlways ? ['  sync_interval: always'] : []),
    '}',
    options.config ?? '',
  ].join('\n');
}

/** The port that the running server took: it writes its addresses to a file named by its process. */
async function portTaken(dir: string, pid: number): Promise<number | undefined> {
  const file = (await readdir(dir)).find((name) => name.endsWith(`_${pid}.ports`));
  if (file === undefined) return undefined;
  const text = await readFile(join(dir, file), 'utf8');
  const port = /(?:nats|tls):\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
  return port === undefined ? undefined : Number(port);
}

const GREETING_TIMEOUT_MS = 2_000;

/**
 * Whether a server answers: it greets each connection with an INFO line (NATS client protocol), and listens only after
 * JetStream has recovered its streams.
 */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    const [greeting] = (await once(socket, 'data', { signal: AbortSignal.timeout(GREETING_TIMEOUT_MS) })) as [Buffer];
    return greeting.toString('latin1').startsWith('INFO ');
  } catch {
    // Refused, closed or silent: not ready is the answer.
    return false;
  } finally {
    socket.destroy();
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Loading a store of some GB with two busy cores; a usual start takes 50 ms. */
const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 10;

/** Starts the process and waits until it answers. Throws ServerNotReady. */
async function launch(
  path: string,
  options: NatsServerOptions,
  port: number,
): Promise<{ child: ChildProcess; port: number }> {
  const configFile = join(options.storeDir, 'nats-server.conf');
  const logFile = join(options.storeDir, 'nats-server.log');
  await writeFile(configFile, configText(options, port));
  await using log = await open(logFile, 'a');
  const child = spawn(path, ['--config', configFile], { stdio: ['ignore', log.fd, log.fd] });
  const { pid } = child;
  if (pid === undefined) {
    const [error] = (await once(child, 'error')) as [Error];
    throw new ServerNotReady(error.message, '');
  }
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  while (!hasEnded(child) && performance.now() < deadlineMs) {
    const taken = await portTaken(options.storeDir, pid);
    if (taken !== undefined && (await answers(taken))) return { child, port: taken };
    await delay(READY_POLL_MS);
  }
  const reason = hasEnded(child)
    ? `it ended with status ${child.exitCode}`
    : `not within ${READY_TIMEOUT_MS / 1_000} s`;
  child.kill('SIGKILL');
  throw new ServerNotReady(reason, await readFile(logFile, 'utf8'));
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

/**
 * Starts a real nats-server with JetStream on the loopback interface, ready to be used. Throws ServerNeeded when there
 * is none on this machine (ask `serverForTests` before), and ServerNotReady.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const location = await locateServer('nats-server');
  if (location.kind === 'missing') throw new ServerNeeded(location.message);
  await mkdir(options.storeDir, { recursive: true });
  const first = await launch(location.path, options, options.port ?? 0);
  const { port } = first;
  let { child } = first;
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);

  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const { pid } = child;
    await end(child, signal);
    // A killed server leaves its file of ports, and the number of its process can be given again.
    for (const name of await readdir(options.storeDir)) {
      if (name.endsWith(`_${pid}.ports`)) await rm(join(options.storeDir, name), { force: true });
    }
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    get pid() {
      assert(child.pid !== undefined, 'a launched process has a number');
      return child.pid;
    },
    kill,
    restart: async () => {
      await kill();
      ({ child } = await launch(location.path, options, port));
    },
    [Symbol.asyncDispose]: async () => {
      process.removeListener('exit', endWithUs);
      await kill();
    },
  };
}
