import { writeFile } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { LineReader } from '#edge-agent/sources/line-protocol/line-reader.ts';
import { SeriesList } from '#edge-agent/sources/source.ts';
import { metricsOf } from '#edge-agent/sources/sources.fixtures.ts';
import { startUp, startWeir } from '#tooling/processes/weir-process.ts';
import { besideGoal, type Figure, figureOf, measure, printFigures, ratePerSecond } from '../measure.ts';

const HOSTS = 125;
const CPUS = 8;
const SECONDS = 2_000;
const LINES = HOSTS * CPUS * SECONDS;
/** What Telegraf and InfluxDB's clients send at a time, or a little more. */
const REQUEST_LINES = 5_000;
const CONNECTIONS = 4;
const RUNS = 3;
const GOAL = 500_000;
const START_MS = Date.UTC(2026, 0, 1);
/** The last pane of each series waits for what may still come; what lies before it is waited for. */
const PANE_SECONDS = 10;
const LOGGED_TO_MS = START_MS + (SECONDS - PANE_SECONDS) * 1_000;
const LOGGED_LINES = HOSTS * CPUS * (SECONDS - PANE_SECONDS);
const PORT_TRIES = 200;

const RULE = { metric: 'idle', value: 'cpu.usage_idle', device: '{host}', tags: { cpu: '{cpu}' }, when: {} };

/** As Telegraf's input `cpu` writes them: a second of all hosts after the other, in requests. */
function requests(): readonly Buffer[] {
  const bodies: Buffer[] = [];
  let lines: string[] = [];
  for (let i = 0; i < LINES; i++) {
    const host = String(Math.floor(i / CPUS) % HOSTS).padStart(3, '0');
    const idle = ((i * 2_654_435_761) % 10_000_000) / 100_000;
    const user = (100 - idle) / 2;
    const atNs = `${START_MS + Math.floor(i / (HOSTS * CPUS)) * 1_000}000000`;
    lines.push(
      `cpu,cpu=cpu${i % CPUS},host=web-${host},region=eu-west usage_user=${user},usage_system=${user / 3},` +
        `usage_idle=${idle},usage_iowait=0 ${atNs}\n`,
    );
    if (lines.length < REQUEST_LINES) continue;
    bodies.push(Buffer.from(lines.join('')));
    lines = [];
  }
  return bodies;
}

/** Bytes to batches, in one thread. */
function readAll(bodies: readonly Buffer[]): number {
  const metrics = metricsOf(metricNamed('idle', { decimals: 5 }));
  const section = { missing: [''], series: [RULE] };
  const reader = new LineReader({ section, metrics, registry: new SeriesList(), nowMs: Date.now });
  let readings = 0;
  for (const body of bodies) {
    for (const { count } of reader.read([body], 'ns', START_MS)!.batches) readings += count;
  }
  return readings;
}

function configOf(broker: string, port: number): string {
  return JSON.stringify({
    metrics: { idle: { unit: '%', decimals: 5, kind: 'gauge', interval: '1s' } },
    agent: { id: 'bench', broker },
    sources: {
      telegraf: { kind: 'line-protocol', listen: `127.0.0.1:${port}`, lateness: '0s', series: [{ ...RULE, when: {} }] },
    },
    views: { 'idle-by-host': { metric: 'idle', by: ['device'], slice: '1m' } },
  });
}

/** Posts one body; throws where it is not stored. */
function post(body: Buffer, port: number, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method: 'POST', path: '/api/v2/write', agent };
    const request = httpRequest(options, (response) => {
      response.resume();
      response.once('end', () =>
        response.statusCode === 204 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
      );
    });
    request.once('error', reject);
    request.end(body);
  });
}

interface Written {
  /** Lines per second until each request was answered, so is in the agent's synced journal. */
  readonly answered: number;
  /** The same until all but the last pane of each series was in the server's synced log. */
  readonly logged: number;
}

/** Lines into an agent, a process, which sends them to a server, another one. */
async function writeAll(bodies: readonly Buffer[]): Promise<Written> {
  await using place = await makeTemporaryDirectory('bench');
  const file = join(place.dir, 'weir.yaml');
  const port = 20_000 + (process.pid % 20_000);
  await writeFile(file, configOf('mqtt://127.0.0.1:1', port));
  await using server = await startUp(['--config', file, '--data', join(place.dir, 'data')], { cwd: place.dir });
  await writeFile(file, configOf(`mqtt://127.0.0.1:${server.mqttPort}`, port));
  await using _edge = startWeir(['edge', '--config', file, '--log-level', 'warn'], { cwd: place.dir });
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  await whenTaken(port, agent);
  const startMs = performance.now();
  let next = 0;
  const connection = async (): Promise<void> => {
    for (let at = next++; at < bodies.length; at = next++) await post(bodies[at]!, port, agent);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  const answeredMs = performance.now() - startMs;
  while ((await watermarkOf(server.url)) < LOGGED_TO_MS) await sleep(5);
  const loggedMs = performance.now() - startMs;
  agent.destroy();
  return { answered: (LINES / answeredMs) * 1_000, logged: (LOGGED_LINES / loggedMs) * 1_000 };
}

async function whenTaken(port: number, agent: Agent): Promise<void> {
  for (let tries = 0; tries < PORT_TRIES; tries++) {
    const isTaken = await post(Buffer.from(''), port, agent).then(
      () => true,
      () => false,
    );
    if (isTaken) return;
    await sleep(100);
  }
  throw new Error(`nothing listens at port ${port}`);
}

async function watermarkOf(url: string): Promise<number> {
  const response = await fetch(`${url}/api/v1/ledger/bench`);
  if (!response.ok) return Number.NEGATIVE_INFINITY;
  const { watermark } = (await response.json()) as { readonly watermark: string | null };
  return watermark === null ? Number.NEGATIVE_INFINITY : Date.parse(watermark);
}

async function* benchLineProtocol(): AsyncGenerator<Figure> {
  const bodies = requests();
  const unit = 'lines/s';
  const read = (): number => ratePerSecond(() => readAll(bodies));
  yield await measure({ name: 'line-protocol-read', unit, runs: RUNS, warmUps: 1, run: read });
  const answered: number[] = [];
  const logged = await measure({
    name: 'line-protocol',
    unit,
    runs: RUNS,
    run: async () => {
      const written = await writeAll(bodies);
      answered.push(written.answered);
      return written.logged;
    },
  });
  yield figureOf('line-protocol-answered', answered.toSorted((a, b) => a - b)[RUNS >> 1]!, unit, { runs: RUNS });
  yield besideGoal(logged, GOAL);
}

await printFigures(benchLineProtocol());
