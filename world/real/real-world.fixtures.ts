import { once } from 'node:events';
import { appendFile, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningProcess } from '#tooling/processes/node-process.ts';
import { type RunningUp, startUp, startWeir } from '#tooling/processes/weir-process.ts';
import { HEADING, lineOf } from '../cast/logger-file.ts';
import { itemOf } from '../cast/sensor.ts';
import { declared, type Places } from '../cast/weir-config.ts';
import { ATTACKS } from '../plan/attacks.ts';
import { type Plan, type PlannedReading, SERVER, type Step, type StepKind } from '../plan/plan.ts';
import { spanMs } from '../truth/span.ts';

/** The steps that real processes live; of a plan, the others are left out. */
export const REAL_KINDS: ReadonlySet<StepKind> = new Set<StepKind>([
  'send',
  'send-broken',
  'ask',
  'batch',
  'verify',
  'attack',
  'kill',
  'restart',
]);

/** How much faster than its own time a plan is lived. */
const HASTE = 25;
const RETRY_MS = 100;
const ANSWER_TIMEOUT_MS = 10_000;

/** The processes of a plan on this machine: its disk, its loopback, its clock. What they have taken is known here. */
export class RealWorld implements AsyncDisposable {
  readonly plan: Plan;
  readonly taken: PlannedReading[] = [];
  /** What a process or an answer has done that it may not. */
  readonly faults: string[] = [];
  /** When every series sent its last reading, in ms since 1970. */
  closedMs = 0;
  readonly happened = new Map<StepKind, number>();
  readonly #folder: string;
  readonly #agents = new Map<string, RunningProcess>();
  readonly #ports = new Map<string, number>();
  readonly #queues = new Map<string, Promise<void>>();
  #server: RunningUp | undefined;

  private constructor(plan: Plan, folder: string) {
    this.plan = plan;
    this.#folder = folder;
  }

  /** Starts the server and the agents of a plan in a folder. */
  static async start(plan: Plan, folder: string): Promise<RealWorld> {
    const world = new RealWorld(plan, folder);
    await writeFile(join(folder, 'server.json'), JSON.stringify(declared(plan.setting, undefined, NOWHERE)));
    await world.#startServer();
    for (const agent of plan.setting.agents) {
      world.#ports.set(agent, await freePort());
      await writeFile(world.#fileOf(agent), HEADING);
      const config = JSON.stringify(declared(plan.setting, agent, world.#placesOf(agent)));
      await writeFile(join(folder, `${agent}.json`), config);
      world.#startAgent(agent);
    }
    return world;
  }

  get url(): string {
    return this.#server!.url;
  }

  /** Lives the steps in their order, and ends with a last reading of each series; resolves once all is taken. */
  async live(): Promise<void> {
    let atMs = 0;
    for (const step of this.plan.steps.filter(({ kind }) => REAL_KINDS.has(kind))) {
      await sleep((step.atMs - atMs) / HASTE);
      atMs = step.atMs;
      this.happened.set(step.kind, (this.happened.get(step.kind) ?? 0) + 1);
      await this.#take(step);
    }
    this.closedMs = this.plan.startsAtMs + Math.ceil(atMs);
    const { setting } = this.plan;
    for (const agent of setting.agents) {
      const readings = setting.series.flatMap((one, series): PlannedReading[] => {
        const intervalMs = spanMs(setting.metrics[one.metric]!.interval);
        return one.agent === agent
          ? [{ series, timeMs: Math.ceil(this.closedMs / intervalMs) * intervalMs, value: 1 }]
          : [];
      });
      await this.#send(agent, readings);
    }
    await Promise.all(this.#queues.values());
  }

  async #take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'send':
        return this.#send(step.agent, step.readings);
      case 'send-broken':
        return this.#queue(step.agent, async () => {
          const { status } = await this.#post(step.agent, step.item);
          if (status >= 500) this.faults.push(`${step.agent} answers ${status} to ${step.what}`);
        });
      case 'attack':
        return this.#attack(step);
      case 'kill':
        return step.machine === SERVER ? this.#killServer() : this.#killAgent(step.machine);
      case 'restart':
        return step.machine === SERVER ? this.#stopServer() : this.#stopAgent(step.machine);
      case 'ask':
        return this.#ask('GET', `/api/v1/views/${step.view}/windows?from=2000-01-01&to=2000-01-02&window=1h`);
      case 'batch':
        return this.#ask('POST', '/api/v1/batch', JSON.stringify({ full: step.full }));
      case 'verify':
        return this.#ask('POST', '/api/v1/verify', '{}');
      default:
        return undefined;
    }
  }

  async #send(agent: string, readings: readonly PlannedReading[]): Promise<void> {
    const { setting } = this.plan;
    const inFile = readings.filter(({ series }) => setting.series[series]!.by === 'file');
    const byHttp = readings.filter((one) => !inFile.includes(one));
    if (inFile.length > 0) {
      await appendFile(this.#fileOf(agent), inFile.map((one) => lineOf(setting, one)).join(''));
      this.taken.push(...inFile);
    }
    if (byHttp.length === 0) return;
    this.#queue(agent, async () => {
      const body = byHttp.map((one) => itemOf(setting, one));
      const { status, text } = await this.#post(agent, body);
      const { quarantined } = JSON.parse(text) as { readonly quarantined: readonly unknown[] };
      if (status !== 200 || quarantined.length > 0) this.faults.push(`${agent} refused good readings: ${text}`);
      this.taken.push(...byHttp);
    });
  }

  /** One request of a sensor after the other, each as often as it takes. */
  #queue(agent: string, act: () => Promise<void>): void {
    const before = this.#queues.get(agent) ?? Promise.resolve();
    this.#queues.set(agent, before.then(act));
  }

  async #post(agent: string, body: unknown): Promise<{ readonly status: number; readonly text: string }> {
    for (;;) {
      try {
        const response = await fetch(`http://127.0.0.1:${this.#ports.get(agent)!}/readings`, {
          method: 'POST',
          body: typeof body === 'string' ? body : JSON.stringify(Array.isArray(body) ? body : [body]),
          headers: { 'content-type': 'application/json' },
          signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
        });
        const text = await response.text();
        if (response.status < 500) return { status: response.status, text };
      } catch {
        // Sent again: the agent knows what it has.
      }
      await sleep(RETRY_MS);
    }
  }

  /** Asks something; that it isn't answered now is no fault, that it fails without a reason is. */
  async #ask(method: 'GET' | 'POST', path: string, body?: string): Promise<void> {
    const request = { method, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS), ...(body === undefined ? {} : { body }) };
    try {
      const response = await fetch(`${this.url}${path}`, {
        ...request,
        headers: { 'content-type': 'application/json' },
      });
      const text = await response.text();
      if (/"status":500/.test(text)) this.faults.push(`${method} ${path} is answered ${text}`);
    } catch {
      // Nobody was there.
    }
  }

  async #attack({ attack, agent }: Extract<Step, { kind: 'attack' }>): Promise<void> {
    const { door, bytes } = ATTACKS[attack]!;
    const { httpPort, mqttPort } = this.#server!;
    const port = { http: httpPort, mqtt: mqttPort, source: this.#ports.get(agent)! }[door];
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    socket.end(bytes);
    await sleep(RETRY_MS);
    socket.destroy();
  }

  async #killServer(): Promise<void> {
    await this.#server!.kill();
    await this.#startServer();
  }

  async #stopServer(): Promise<void> {
    this.#server!.process.kill('SIGTERM');
    const status = await this.#server!.ended;
    if (status !== 0) this.faults.push(`the server ended with ${status}: ${this.#server!.stderr()}`);
    await this.#startServer();
  }

  async #killAgent(agent: string): Promise<void> {
    await this.#agents.get(agent)!.kill();
    this.#startAgent(agent);
  }

  async #stopAgent(agent: string): Promise<void> {
    const running = this.#agents.get(agent)!;
    running.process.kill('SIGTERM');
    await running.ended;
    this.#startAgent(agent);
  }

  async #startServer(): Promise<void> {
    const { httpPort, mqttPort } = this.#server ?? {};
    const ports = httpPort === undefined || mqttPort === undefined ? {} : { httpPort, mqttPort };
    this.#server = await startUp(['--config', 'server.json', '--data', 'data'], { cwd: this.#folder, ...ports });
    this.#hearEnd(SERVER, this.#server);
  }

  #startAgent(agent: string): void {
    const args = ['edge', '--config', `${agent}.json`, '--log-level', 'error'];
    const running = startWeir(args, { cwd: this.#folder });
    this.#agents.set(agent, running);
    this.#hearEnd(agent, running);
  }

  /** A process that ends by itself, and not by a signal, has failed. */
  #hearEnd(name: string, running: RunningProcess): void {
    void running.ended.then((status) => {
      if (status !== null && status !== 0)
        this.faults.push(`${name} ended by itself with ${status}: ${running.stderr()}`);
    });
  }

  #fileOf(agent: string): string {
    return join(this.#folder, `${agent}.csv`);
  }

  #placesOf(agent: string): Places {
    const broker = `mqtt://127.0.0.1:${this.#server!.mqttPort}`;
    const listen = `127.0.0.1:${this.#ports.get(agent)!}`;
    return { broker, spool: join(this.#folder, `spool-of-${agent}`), listen, file: this.#fileOf(agent) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of [...this.#agents.values(), this.#server]) await running?.kill();
  }
}

const NOWHERE: Places = { broker: '', spool: '', listen: '', file: '' };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a server that listens has a port');
  return address.port;
}
