import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { lastLines } from '#tooling/servers/server-recipes.ts';

/** A virtual machine of Java takes ten seconds on a busy machine. */
const READY_TIMEOUT_MS = 90_000;
const READY_POLL_MS = 50;
const STOP_TIMEOUT_MS = 10_000;

/** A process of a peer; it ends when it is disposed of, and with this one. */
export interface PeerProcess extends AsyncDisposable {
  readonly pid: number;
}

export interface PeerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** Starts a server that writes what it has to say to `log`, and waits until `isReady`. */
export async function startPeerServer(
  { command, args, env = {}, cwd }: PeerCommand,
  log: string,
  isReady: () => Promise<boolean>,
): Promise<PeerProcess> {
  await using file = await open(log, 'w');
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', file.fd, file.fd] });
  const owned = own(child);
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  while (child.exitCode === null && child.signalCode === null && performance.now() < deadlineMs) {
    if (await isReady().catch(() => false)) return owned;
    await delay(READY_POLL_MS);
  }
  await owned[Symbol.asyncDispose]();
  throw new Error(`${command} did not get ready:\n${lastLines(await readFile(log, 'utf8'))}`);
}

/** An engine in a process that reads statements from its input, as JSON a line each, and answers likewise. */
export interface StatementProcess extends PeerProcess {
  /** Runs a statement; gives its rows and how long it took there. Throws what the engine says. */
  run(statement: string): Promise<StatementAnswer>;
}

export interface StatementAnswer {
  readonly ms: number;
  readonly rows: readonly (readonly string[])[];
}

export function startStatementProcess({ command, args, env = {}, cwd }: PeerCommand): StatementProcess {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints = lastLines(complaints + text)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ...own(child),
    run: async (statement) => {
      child.stdin.write(`${JSON.stringify(statement)}\n`);
      const { done, value } = await lines.next();
      if (done === true) throw new Error(`${command} ended:\n${complaints}`);
      const answer = JSON.parse(value) as StatementAnswer | { readonly error: string };
      if ('error' in answer) throw new Error(answer.error);
      return answer;
    },
  };
}

function own(child: ChildProcess): PeerProcess {
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('error', () => undefined);
  return {
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      process.removeListener('exit', endWithUs);
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await gone;
      clearTimeout(timer);
    },
  };
}

/** A port of the loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a listening server has a port');
  return address.port;
}

/** The body of an answer; throws where it is none of 2xx. */
export async function textOf(response: Response): Promise<string> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url} was answered by ${response.status}: ${text.slice(0, 500)}`);
  return text;
}
