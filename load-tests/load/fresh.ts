import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { figureOf } from '../measure.ts';
import { freePort } from '../peers/peer-process.ts';
import { runK6 } from './k6-run.ts';
import { RunningSystem } from './running-system.ts';
import { loadResult, type LoadResult, memoryFigure, type Scenario, storedOf } from './scenario.ts';

const SIZES = {
  tiny: { vus: 1, frames: 6, rate: 200_000, prepareSeconds: 12 },
  short: { vus: 2, frames: 30, rate: 500_000, prepareSeconds: 25 },
  full: { vus: 2, frames: 100, rate: 500_000, prepareSeconds: 60 },
} as const;
/** Readings of a frame, and agents of a virtual user, as in the script. */
const FRAME_READINGS = 10_000;
const AGENTS_PER_VU = 10;
/** One reading more each time, whether or not the one before is told. An agent lets the first after a rest leave at once. */
const READING_EVERY_MS = 250;
/** For those that are on their way when the load ends. */
const TOLD_TIMEOUT_MS = 30_000;
const P50_MS_MAX = 50;
const P99_MS_MAX = 150;
/** How much of the rate has to be stored in time. */
const RATE_SHARE_MIN = 0.95;

export const fresh: Scenario = {
  name: 'fresh',
  summary: 'how soon a reading is in its window at a subscriber, while agents send 500,000 others a second',
  run: async (size): Promise<LoadResult> => {
    const { vus, frames, rate, prepareSeconds } = SIZES[size];
    const port = await freePort();
    await using system = await RunningSystem.start((broker) => ({
      metrics: {
        power: { unit: 'W', decimals: 0, kind: 'gauge', interval: '1s', send: 'readings' },
        moment: { unit: 'ms', decimals: 0, kind: 'gauge', interval: '1s', send: 'readings' },
      },
      mqtt: { websocket: true },
      agent: { id: 'clock', broker },
      sources: { clock: { kind: 'http', listen: `127.0.0.1:${port}` } },
      views: {
        power: { metric: 'power', by: ['region'], slice: '1m' },
        moments: { metric: 'moment', by: ['device'], slice: '1m' },
      },
    }));
    await system.startAgent([port]);
    using clock = await Clock.open(system.server.url, port);
    const seconds = prepareSeconds + (frames * FRAME_READINGS * AGENTS_PER_VU * vus * 2) / rate;
    const end = new AbortController();
    const ticking = clock.tick(end.signal);
    const run = await runK6('agents', seconds, {
      BROKER_URL: `ws://127.0.0.1:${system.server.mqttPort}/mqtt`,
      VUS: String(vus),
      FRAMES: String(frames),
      RATE: String(rate),
      PREPARE_SECONDS: String(prepareSeconds),
      TIMEOUT_SECONDS: String(seconds),
    }).finally(() => end.abort());
    await ticking;
    const acknowledged = run.metrics['acknowledged']?.values['count'] ?? 0;
    const counted = await system.whenCounted('power', acknowledged);
    const clocks = await system.whenCounted('moments', clock.handedOver);
    const [first, last] = [run.metrics['first_ms']?.values['min'] ?? 0, run.metrics['last_ms']?.values['max'] ?? 0];
    const times = clock.timesBetween(first, last).toSorted((a, b) => a - b);
    const percentile = (quantile: number): number => times[Math.ceil(quantile * times.length) - 1] ?? Infinity;
    const [p50, p99, stored] = [percentile(0.5), percentile(0.99), (acknowledged / (last - first)) * 1_000];
    const missed = [
      ...(p50 > P50_MS_MAX ? [`half of the readings took ${Math.round(p50)} ms, not ${P50_MS_MAX}`] : []),
      ...(p99 > P99_MS_MAX ? [`one in a hundred took ${Math.round(p99)} ms, not ${P99_MS_MAX}`] : []),
      ...(stored < RATE_SHARE_MIN * rate ? [`${Math.round(stored)} readings/s were stored, not ${rate}`] : []),
    ];
    const accepted = acknowledged + clock.handedOver;
    return loadResult('fresh', run, storedOf(accepted, counted + clocks, await system.differences()), {
      figures: [
        figureOf('fresh-p50', p50, 'ms', { runs: times.length }),
        figureOf('fresh-p99', p99, 'ms', { runs: times.length }),
        figureOf('fresh-beside', stored, 'readings/s'),
        ...memoryFigure('fresh', await system.peakMemoryBytes()),
      ],
      missed: size === 'tiny' ? [] : missed,
    });
  },
};

/** Hands an agent readings that are the moments at which it does, and hears when the window of each tells of it. */
class Clock implements Disposable {
  readonly #socket: WebSocket;
  readonly #port: number;
  /** Moments that are not told yet, in their order. */
  readonly #untold: number[] = [];
  /** When each was handed over, and how long after that it was told. */
  readonly #told: { readonly atMs: number; readonly tookMs: number }[] = [];
  handedOver = 0;

  private constructor(socket: WebSocket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (data: Buffer) => this.#take(JSON.parse(data.toString()) as StreamMessage));
  }

  /** Subscribes at the server; readings go to the agent at the port. */
  static async open(url: string, port: number): Promise<Clock> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream`);
    const clock = new Clock(socket, port);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.on('error', reject);
    socket.once('message', () => resolve());
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'subscribe', id: 'clock', view: 'moments', window: '1m', stats: ['max'] })),
    );
    await promise;
    return clock;
  }

  /** Hands over a reading at every tick until the signal, and waits until the last is told. */
  async tick(signal: AbortSignal): Promise<void> {
    for (let dueMs = Date.now(); !signal.aborted; dueMs += READING_EVERY_MS) {
      await sleep(Math.max(0, dueMs - Date.now()));
      const now = Date.now();
      this.#untold.push(now);
      const reading = { time: new Date(now).toISOString(), metric: 'moment', device: 'clock', value: now };
      const answer = await fetch(`http://127.0.0.1:${this.#port}/readings`, {
        method: 'POST',
        body: JSON.stringify([reading]),
      });
      if (!answer.ok) throw new Error(`the agent answered ${answer.status}: ${await answer.text()}`);
      await answer.body?.cancel();
      this.handedOver++;
    }
    for (const endMs = Date.now() + TOLD_TIMEOUT_MS; this.#untold.length > 0; await sleep(READING_EVERY_MS))
      if (Date.now() > endMs) throw new Error(`${this.#untold.length} readings were not told`);
  }

  /** How long it took those that were handed over between two moments. */
  timesBetween(fromMs: number, toMs: number): readonly number[] {
    return this.#told.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).map(({ tookMs }) => tookMs);
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  #take({ windows = [] }: StreamMessage): void {
    const latest = Math.max(...windows.map(({ stats }) => stats.max));
    const now = Date.now();
    while (this.#untold.length > 0 && this.#untold[0]! <= latest) {
      const atMs = this.#untold.shift()!;
      this.#told.push({ atMs, tookMs: now - atMs });
    }
  }
}

interface StreamMessage {
  readonly windows?: readonly { readonly stats: { readonly max: number } }[];
}
