import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { peakMemoryBytes, type RunningProcess } from '#tooling/processes/node-process.ts';
import { type RunningUp, startUp, startWeir, weir } from '#tooling/processes/weir-process.ts';

const PORT_TRIES = 500;
const LOOK_EVERY_MS = 20;
/** For what the server still has to fold when the load ends. */
const SETTLED_TIMEOUT_MS = 60_000;
/** Commands read files of millions of rows here, and recompute them. */
const COMMAND_TIMEOUT_MS = 10 * 60_000;

/** A server and an agent under load, each a process, with all that they store in a temporary folder. */
export class RunningSystem implements AsyncDisposable {
  readonly dir: string;
  readonly server: RunningUp;
  readonly #owned: AsyncDisposableStack;
  #loadedMemoryBytes: number | undefined;
  readonly #file: string;

  private constructor(dir: string, server: RunningUp, file: string, owned: AsyncDisposableStack) {
    this.dir = dir;
    this.server = server;
    this.#file = file;
    this.#owned = owned;
  }

  /**
   * Starts the server; `config` gives the configuration of both for the address of its broker. What they store goes with them,
   * unless they are given a directory for it.
   */
  static async start(config: (broker: string) => unknown, directory?: string): Promise<RunningSystem> {
    await using stack = new AsyncDisposableStack();
    const dir = directory ?? stack.use(await makeTemporaryDirectory('load')).dir;
    const file = join(dir, 'weir.yaml');
    // JSON is YAML.
    await writeFile(file, JSON.stringify(config('mqtt://127.0.0.1:1')));
    const server = stack.use(await startUp(['--config', file, '--data', join(dir, 'data')], { cwd: dir }));
    await writeFile(file, JSON.stringify(config(`mqtt://127.0.0.1:${server.mqttPort}`)));
    return new RunningSystem(dir, server, file, stack.move());
  }

  /** Starts the agent, or another one by a configuration of its own, and waits until it listens at the ports. */
  async startAgent(
    ports: readonly number[],
    config?: { readonly agent: { readonly id: string } },
  ): Promise<RunningProcess> {
    const file = config === undefined ? this.#file : join(this.dir, `${config.agent.id}.yaml`);
    if (config !== undefined) await writeFile(file, JSON.stringify(config));
    const agent = startWeir(['edge', '--config', file, '--log-level', 'warn'], { cwd: this.dir });
    this.#owned.use(agent);
    for (const port of ports) await whenListening(port, agent);
    return agent;
  }

  /** Runs `weir ARGS` to its end and gives what it printed; a command for the server has to name its url. Throws where it fails. */
  async run(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await weir(args, { cwd: this.dir, timeoutMs: COMMAND_TIMEOUT_MS });
    if (status !== 0) throw new Error(`weir ${args[0]} ended with status ${status}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Reads the agent's files to their end, until all of it is acknowledged. */
  async readFiles(): Promise<void> {
    await this.run('edge', '--config', this.#file, '--once', '--log-level', 'warn');
  }

  /** How many readings the windows of a view count, all of them together. */
  async countOf(view: string): Promise<number> {
    const range = 'from=2000-01-01&to=2100-01-01&window=100y&stats=count&format=ndjson';
    const response = await fetch(`${this.server.url}/api/v1/views/${view}/windows?${range}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`windows of ${view} were answered by ${response.status}: ${text}`);
    let count = 0;
    for (const line of text.split('\n').filter((one) => one !== ''))
      count += (JSON.parse(line) as { readonly stats: { readonly count: number } }).stats.count;
    return count;
  }

  /** Waits until a view counts so many readings; gives how many it does in the end. */
  async whenCounted(view: string, count: number): Promise<number> {
    const endMs = performance.now() + SETTLED_TIMEOUT_MS;
    for (;;) {
      const counted = await this.countOf(view);
      if (counted >= count || performance.now() > endMs) return counted;
      await sleep(LOOK_EVERY_MS * 10);
    }
  }

  /** Recomputes everything and compares it bit by bit: slices that differ. What that takes of memory is no part of the load. */
  async differences(): Promise<number> {
    this.#loadedMemoryBytes = await this.peakMemoryBytes();
    const { different } = JSON.parse(await this.run('verify', '--url', this.server.url)) as {
      readonly different: number;
    };
    return different;
  }

  /** The most memory that the server has had resident before all was compared, in bytes; undefined where the system doesn't tell. */
  async peakMemoryBytes(): Promise<number | undefined> {
    return this.#loadedMemoryBytes ?? (await peakMemoryBytes(this.server.process.pid ?? 0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

async function whenListening(port: number, agent: RunningProcess): Promise<void> {
  for (let tries = 0; tries < PORT_TRIES; tries++) {
    if (await fetch(`http://127.0.0.1:${port}/`).then(Boolean, () => false)) return;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`nothing listens at port ${port}: ${agent.stderr()}`);
}
