import { WebSocket } from 'ws';
import { freePort } from '../peers/peer-process.ts';
import { runK6 } from './k6-run.ts';
import { RunningSystem } from './running-system.ts';
import {
  k6Figure,
  k6Percentiles,
  loadResult,
  type LoadResult,
  memoryFigure,
  type Scenario,
  storedOf,
} from './scenario.ts';

const SIZES = {
  tiny: { clients: 20, agents: 1, seconds: 6, burstSeconds: 2 },
  short: { clients: 500, agents: 2, seconds: 20, burstSeconds: 5 },
  full: { clients: 5_000, agents: 5, seconds: 60, burstSeconds: 20 },
} as const;
/** Readers that connect, subscribe, and read nothing: they leave pings unanswered, too, and are cut off in a minute. */
const SLOW_READERS = 20;
const SLOW_SUBSCRIPTIONS = 10;
/** Connecting and settling take as long again as the shortest load. */
const K6_MARGIN_SECONDS = 25;

export const dashboards: Scenario = {
  name: 'dashboards',
  summary: 'subscribers of live windows, a change a second each, then all at once; some come back, some read nothing',
  run: async (size): Promise<LoadResult> => {
    const { clients, agents, seconds, burstSeconds } = SIZES[size];
    await using system = await RunningSystem.start((broker) => configOf('server', broker, 1));
    const { url, mqttPort } = system.server;
    const ports: number[] = [];
    for (let i = 0; i < agents; i++) {
      const port = await freePort();
      await system.startAgent([port], configOf(`load-${i}`, `mqtt://127.0.0.1:${mqttPort}`, port));
      ports.push(port);
    }
    using _slow = slowReaders(url);
    const run = await runK6('dashboards', seconds + burstSeconds + K6_MARGIN_SECONDS, {
      WEIR_URL: url,
      SOURCE_URLS: ports.map((port) => `http://127.0.0.1:${port}`).join(','),
      CLIENTS: String(clients),
      SECONDS: String(seconds),
      BURST_SECONDS: String(burstSeconds),
    });
    const slowLeft = await readersOfStream(url);
    const fed = run.metrics['fed']?.values['count'] ?? 0;
    const counted = await system.whenCounted('moments', fed);
    return loadResult('dashboards', run, storedOf(fed, counted, await system.differences()), {
      figures: [
        { name: 'dashboards-clients', value: clients, unit: 'clients', runs: 1 },
        k6Figure('dashboards-updates', run, 'updates', 'rate', 'updates/s'),
        ...k6Percentiles('dashboards-update', run, 'update_ms'),
        ...k6Percentiles('dashboards-burst', run, 'burst_ms'),
        ...k6Percentiles('dashboards-snapshot', run, 'snapshot_ms'),
        { name: 'dashboards-slow-left', value: slowLeft, unit: 'clients', runs: 1 },
        ...memoryFigure('dashboards', await system.peakMemoryBytes()),
      ],
      faults: size === 'full' && slowLeft > 0 ? [`${slowLeft} readers that read nothing are not cut off`] : [],
    });
  },
};

function configOf(id: string, broker: string, port: number) {
  return {
    metrics: { moment: { unit: 'ms', decimals: 0, kind: 'gauge', interval: '1s', send: 'readings' } },
    agent: { id, broker },
    sources: { clocks: { kind: 'http', listen: `127.0.0.1:${port}` } },
    views: { moments: { metric: 'moment', by: ['region'], slice: '1m' } },
  };
}

/** How many readers the stream has. */
async function readersOfStream(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^weir_serving_stream_clients (\d+)$/m.exec(text)?.[1]);
}

/** Opens readers that subscribe to everything and leave it unread. */
function slowReaders(url: string): Disposable {
  const sockets = Array.from({ length: SLOW_READERS }, () => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream`);
    socket.on('error', () => undefined);
    socket.on('open', () => {
      for (let i = 0; i < SLOW_SUBSCRIPTIONS; i++)
        socket.send(JSON.stringify({ type: 'subscribe', id: `${i}`, view: 'moments', window: '1m' }));
      socket.pause();
    });
    return socket;
  });
  return { [Symbol.dispose]: () => sockets.forEach((socket) => socket.terminate()) };
}
