import { WebSocket } from 'ws';
import { RunningSystem } from '../load/running-system.ts';
import { SeverableLink } from '../load/severable-link.ts';
import { ToldCount } from '../load/told-count.ts';
import { millisecondsOf } from '../measure.ts';
import { freePort } from '../peers/peer-process.ts';
import { grown, type Study } from './study.ts';

const METRIC = 'load';
const VIEW = 'load-by-region';
const REGION = 'north';
const START_MS = Date.UTC(2024, 0, 10);
/** Sockets that are opened at a time: a server lets fewer wait than there are subscribers. */
const OPENED_AT_ONCE = 200;
/** Of each hour that an agent is cut off, readings a minute each. */
const BACKLOG_METERS = 500;

function configOf(broker: string, port: number) {
  return {
    metrics: { [METRIC]: { unit: 'W', decimals: 0, kind: 'gauge', interval: '1m', send: 'readings' } },
    agent: { id: 'growth', broker },
    sources: {
      meters: {
        kind: 'line-protocol',
        listen: `127.0.0.1:${port}`,
        series: [{ metric: METRIC, value: 'meter.load', device: '{host}', tags: { region: '{region}' } }],
      },
    },
    views: { [VIEW]: { metric: METRIC, by: ['region'], slice: '1m' } },
  };
}

async function post(port: number, meters: number, minutes: readonly number[]): Promise<void> {
  let body = '';
  for (const minute of minutes) {
    for (let i = 0; i < meters; i++)
      body += `meter,host=m-${i},region=${REGION} load=${(i + minute) % 900} ${START_MS + minute * 60_000}\n`;
  }
  const { status } = await fetch(`http://127.0.0.1:${port}/api/v2/write?precision=ms`, { method: 'POST', body });
  if (status !== 204) throw new Error(`the agent answered ${status}`);
}

export const subscribers: Study = {
  name: 'subscribers',
  summary: 'as many subscribers of one region; from a reading to the last of them that is told of it',
  sizeLabel: 'subscribers',
  sizes: { tiny: [1, 5], short: [1, 10, 100, 1_000], full: [1, 10, 100, 1_000, 10_000] },
  timeLabel: 'the last one told, ms',
  run: async (count) => {
    const port = await freePort();
    await using system = await RunningSystem.start((broker) => configOf(broker, port));
    await system.startAgent([port]);
    using told = await openSubscribers(system.server.url, count);
    await post(port, 1, [0]);
    await told.all(1);
    const ms = await millisecondsOf(async () => {
      await post(port, 1, [1]);
      await told.all(2);
    });
    return await grown(ms, system);
  },
};

interface Subscribers extends Disposable {
  /** Resolves when each was told of so many readings. */
  all(readings: number): Promise<void>;
}

async function openSubscribers(url: string, count: number): Promise<Subscribers> {
  const open: Subscriber[] = [];
  while (open.length < count) {
    const some = Array.from({ length: Math.min(OPENED_AT_ONCE, count - open.length) }, () => new Subscriber(url));
    await Promise.all(some.map((one) => one.reach(0)));
    open.push(...some);
  }
  return {
    all: async (readings) => {
      await Promise.all(open.map((one) => one.reach(readings)));
    },
    [Symbol.dispose]: () => open.forEach((one) => one.close()),
  };
}

/** A subscriber of the region's windows, and how many readings it was told of; -1 before the first message. */
class Subscriber {
  readonly #socket: WebSocket;
  readonly #windows = new Map<string, number>();
  #told = -1;
  #awaited: { readonly readings: number; readonly resolve: () => void } | undefined;

  constructor(url: string) {
    const where = { region: [REGION] };
    const asked = { type: 'subscribe', id: 'w', view: VIEW, window: '1m', stats: ['count'], where };
    this.#socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream`);
    this.#socket.on('open', () => this.#socket.send(JSON.stringify(asked)));
    this.#socket.on('message', (data: Buffer) => this.#take(data.toString()));
  }

  async reach(readings: number): Promise<void> {
    if (this.#told >= readings) return;
    await new Promise<void>((resolve) => (this.#awaited = { readings, resolve }));
  }

  close(): void {
    this.#socket.terminate();
  }

  #take(text: string): void {
    const { windows = [] } = JSON.parse(text) as { windows?: { start: string; stats: { count: number } }[] };
    for (const { start, stats } of windows) this.#windows.set(start, stats.count);
    this.#told = this.#windows.values().reduce((sum, one) => sum + one, 0);
    if (this.#awaited !== undefined && this.#told >= this.#awaited.readings) this.#awaited.resolve();
  }
}

export const backlog: Study = {
  name: 'backlog',
  summary: 'as many hours of five hundred meters, a reading a minute each, that an agent holds when it is let in',
  sizeLabel: 'hours',
  sizes: { tiny: [0.1, 0.2], short: [1, 3, 6], full: [1, 3, 6, 12, 24] },
  timeLabel: 'drained, ms',
  run: async (hours) => {
    const port = await freePort();
    await using system = await RunningSystem.start((broker) => configOf(broker, port));
    await using link = await SeverableLink.open(system.server.mqttPort);
    await system.startAgent([port], configOf(`mqtt://127.0.0.1:${link.port}`, port));
    using told = await ToldCount.open(system.server.url, VIEW, REGION);
    await post(port, BACKLOG_METERS, [0]);
    await told.reach(BACKLOG_METERS);
    link.cut();
    const minutes = Math.round(hours * 60);
    for (let minute = 1; minute <= minutes; minute += 10) {
      const some = Array.from({ length: Math.min(10, minutes - minute + 1) }, (_, i) => minute + i);
      await post(port, BACKLOG_METERS, some);
    }
    const backAtMs = await link.mend();
    const drainedAtMs = await told.reach(BACKLOG_METERS * (minutes + 1));
    return await grown(drainedAtMs - backAtMs, system);
  },
};
