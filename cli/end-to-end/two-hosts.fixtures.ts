import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Tools of Linux (util-linux), no packages. */
const UNSHARE = 'unshare';
const NSENTER = 'nsenter';

/** Addresses that are no loopback, of a network that is nobody's (RFC 5737). */
export const SERVER_HOST = '198.51.100.1';
const AGENT_HOST = '198.51.100.2';

const WEIR = fileURLToPath(new URL('../weir.ts', import.meta.url));

/** Whether this machine can be two hosts, which is said on standard error where it can't: not every kernel lets one, and no package changes that. */
export function canBeTwoHosts(): boolean {
  try {
    execFileSync(UNSHARE, ['-rn', 'ip', 'link', 'add', 'weir0', 'type', 'veth', 'peer', 'name', 'weir1'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    const message = 'this machine makes no network namespaces (unshare, ip): tests on two hosts are left out';
    process.stderr.write(`${message}\n`);
    return false;
  }
}

/** Two hosts on this machine: network namespaces with a cable between them, and nothing else. */
export class TwoHosts implements AsyncDisposable {
  readonly #holders: readonly ChildProcess[];
  readonly #running = new Set<ChildProcess>();

  private constructor(holders: readonly ChildProcess[]) {
    this.#holders = holders;
  }

  static async open(): Promise<TwoHosts> {
    const server = spawn(UNSHARE, ['-rn', 'sleep', '600'], { stdio: 'ignore' });
    await namespaceOf(server.pid!);
    // Of the same users, so that the cable may be laid between the two.
    const agent = spawn(NSENTER, [...inside(server), UNSHARE, '-n', 'sleep', '600'], { stdio: 'ignore' });
    await namespaceOf(agent.pid!, server.pid!);
    const hosts = new TwoHosts([server, agent]);
    const cable = ['weir0', 'type', 'veth', 'peer', 'name', 'weir1', 'netns', String(agent.pid)];
    await hosts.#on(server, ['ip', 'link', 'add', ...cable]);
    for (const [host, end, address] of [
      [server, 'weir0', SERVER_HOST],
      [agent, 'weir1', AGENT_HOST],
    ] as const) {
      await hosts.#on(host, ['ip', 'addr', 'add', `${address}/24`, 'dev', end]);
      for (const link of ['lo', end]) await hosts.#on(host, ['ip', 'link', 'set', link, 'up']);
    }
    return hosts;
  }

  /** Starts a command of weir; what it says comes to `said`. */
  start(host: 'server' | 'agent', args: readonly string[], said: (text: string) => void): ChildProcess {
    const child = spawn(NSENTER, [...inside(this.#holder(host)), process.execPath, WEIR, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', said);
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  /** Runs a command of weir; gives its output. */
  async run(host: 'server' | 'agent', args: readonly string[]): Promise<string> {
    return (await this.#on(this.#holder(host), [process.execPath, WEIR, ...args])).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [...this.#running, ...this.#holders]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    }
  }

  #holder(host: 'server' | 'agent'): ChildProcess {
    return this.#holders[host === 'server' ? 0 : 1]!;
  }

  #on(host: ChildProcess, command: readonly string[]) {
    return run(NSENTER, [...inside(host), ...command]);
  }
}

function inside(host: ChildProcess): readonly string[] {
  return ['--preserve-credentials', '-U', '-n', '-t', String(host.pid)];
}

/** Waits until a process is in a network namespace of its own, other than that of `beside` and of ours. */
async function namespaceOf(pid: number, beside?: number): Promise<void> {
  const others = await Promise.all(
    ['self', ...(beside === undefined ? [] : [beside])].map((one) => readlink(`/proc/${one}/ns/net`)),
  );
  for (;;) {
    const own = await readlink(`/proc/${pid}/ns/net`).catch(() => others[0]!);
    if (!others.includes(own)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
