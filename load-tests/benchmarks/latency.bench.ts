import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { type RunningUp, startUp, startWeir } from '#tooling/processes/weir-process.ts';
import { besideGoal, type Figure, figureOf, printFigures } from '../measure.ts';
import { xorshift } from '../workloads/chance.ts';

const READINGS = 60;
/** Readings before those that count. */
const WARM_UPS = 10;
/** Between two readings, so that the agent has nothing else on its way. */
const REST_MS_MIN = 250;
const REST_MS_SPREAD = 500;
const GOAL_MS = 60;
const PORT_TRIES = 500;
const LOOK_EVERY_MS = 20;
const DECIMALS = 1;
const DEVICE = 'kitchen';

/**
 * How long a reading takes from the moment it is handed to an idle agent by HTTP to the changed window at a subscriber of
 * the stream: journal, frame, MQTT, synced log, fold, commit, index. Agent and server are processes. Less is better.
 */
export async function benchLatency(): Promise<readonly Figure[]> {
  await using place = await makeTemporaryDirectory('bench');
  const file = join(place.dir, 'weir.yaml');
  const sourcePort = 20_000 + (process.pid % 20_000);
  await writeFile(file, configOf(1, sourcePort));
  await using server = await startUp(['--config', file, '--data', join(place.dir, 'data')], { cwd: place.dir });
  await writeFile(file, configOf(server.mqttPort, sourcePort));
  await using _edge = startWeir(['edge', '--config', file, '--log-level', 'warn'], { cwd: place.dir });
  const counts = await countsOf(server);
  await whenTaken(sourcePort);
  const random = xorshift(1);
  const times: number[] = [];
  for (let i = 0; i < WARM_UPS + READINGS; i++) {
    await sleep(REST_MS_MIN + (random() % REST_MS_SPREAD));
    const startMs = performance.now();
    const told = counts.reach(i + 1);
    await post(sourcePort, i);
    const tookMs = (await told) - startMs;
    if (i >= WARM_UPS) times.push(tookMs);
  }
  counts.close();
  times.sort((a, b) => a - b);
  const percentile = (name: string, quantile: number): Figure =>
    figureOf(name, times[Math.ceil(quantile * READINGS) - 1]!, 'ms', { runs: READINGS, decimals: DECIMALS });
  return [besideGoal(percentile('latency', 0.5), GOAL_MS), percentile('latency-p99', 0.99)];
}

function configOf(mqttPort: number, port: number): string {
  // JSON is YAML.
  return JSON.stringify({
    metrics: { temperature: { unit: '°C', decimals: 1, kind: 'gauge', interval: '1m', send: 'readings' } },
    agent: { id: 'bench', broker: `mqtt://127.0.0.1:${mqttPort}` },
    sources: { home: { kind: 'http', listen: `127.0.0.1:${port}` } },
    views: { temperature: { metric: 'temperature', by: ['device'], slice: '1m' } },
  });
}

/** Hands the agent its reading number `index`; resolves when it is in the agent's synced journal. */
async function post(port: number, index: number): Promise<void> {
  const reading = {
    time: new Date().toISOString(),
    metric: 'temperature',
    device: DEVICE,
    value: 20 + (index % 10) / 10,
  };
  const body = JSON.stringify([reading]);
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`http://127.0.0.1:${port}/readings`, { method: 'POST', headers, body });
  if (!response.ok) throw new Error(`the agent answered ${response.status}: ${await response.text()}`);
  await response.body?.cancel();
}

async function whenTaken(port: number): Promise<void> {
  for (let tries = 0; tries < PORT_TRIES; tries++) {
    if (await fetch(`http://127.0.0.1:${port}/readings`).then(Boolean, () => false)) return;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`nothing listens at port ${port}`);
}

/** How many readings a subscriber was told of. */
interface CountsTold {
  /** When so many were told, as of `performance.now`. */
  reach(count: number): Promise<number>;
  close(): void;
}

/** Subscribes to the windows of a day; what they count together is what has come. */
async function countsOf({ url }: RunningUp): Promise<CountsTold> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream`);
  const counts = new Map<string, number>();
  let told = 0;
  let awaited: { readonly count: number; readonly resolve: (atMs: number) => void } | undefined;
  const snapshot = Promise.withResolvers<void>();
  socket.on('error', snapshot.reject);
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as StreamMessage;
    if (message.type === 'error') snapshot.reject(new Error(data.toString()));
    for (const { start, stats } of message.windows ?? []) {
      told += stats.count - (counts.get(start) ?? 0);
      counts.set(start, stats.count);
    }
    snapshot.resolve();
    if (awaited !== undefined && told >= awaited.count) awaited.resolve(performance.now());
  });
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'subscribe', id: 'all', view: 'temperature', window: '1d', stats: ['count'] })),
  );
  await snapshot.promise;
  return {
    reach: (count) => new Promise((resolve) => (awaited = { count, resolve })),
    close: () => socket.close(),
  };
}

interface StreamMessage {
  readonly type: string;
  readonly windows?: readonly { readonly start: string; readonly stats: { readonly count: number } }[];
}

if (import.meta.main) await printFigures(await benchLatency());
