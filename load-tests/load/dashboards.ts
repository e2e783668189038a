import { WebSocket } from 'ws';
import { runK6 } from './k6-run.ts';
import { RunningSystem } from './running-system.ts';
import { faultsOf, k6Figure, k6Percentiles, type LoadResult, memoryFigure, type Scenario } from './scenario.ts';

const SIZES = {
  tiny: { clients: 20, seconds: 6 },
  short: { clients: 500, seconds: 20 },
  full: { clients: 5_000, seconds: 60 },
} as const;
const REGIONS = 10;
/** Readers that connect, subscribe, and read nothing. */
const SLOW_READERS = 20;
/** Connecting and settling take as long again as the shortest load. */
const K6_MARGIN_SECONDS = 20;

export const dashboards: Scenario = {
  name: 'dashboards',
  summary: 'subscribers of live windows, a change a second each; some come back, some read nothing',
  run: async (size): Promise<LoadResult> => {
    const { clients, seconds } = SIZES[size];
    const port = 20_000 + (process.pid % 20_000);
    await using system = await RunningSystem.start((broker) => ({
      metrics: { moment: { unit: 'ms', decimals: 0, kind: 'gauge', interval: '1s', send: 'readings' } },
      agent: { id: 'load', broker },
      sources: { clocks: { kind: 'http', listen: `127.0.0.1:${port}` } },
      views: { moments: { metric: 'moment', by: ['region'], slice: '1m' } },
    }));
    await system.startAgent([port]);
    const { url } = system.server;
    using _slow = slowReaders(url);
    const run = await runK6('dashboards', seconds + K6_MARGIN_SECONDS, {
      WEIR_URL: url,
      SOURCE_URL: `http://127.0.0.1:${port}`,
      CLIENTS: String(clients),
      SECONDS: String(seconds),
    });
    const fed = (run.metrics['http_reqs{name:feed}']?.values['count'] ?? 0) * REGIONS;
    const counted = await system.whenCounted('moments', fed);
    return {
      figures: [
        { name: 'dashboards-clients', value: clients, unit: 'clients', runs: 1 },
        k6Figure('dashboards-updates', run, 'updates', 'rate', 'updates/s'),
        ...k6Percentiles('dashboards-update', run, 'update_ms'),
        ...k6Percentiles('dashboards-snapshot', run, 'snapshot_ms'),
        ...memoryFigure('dashboards', await system.peakMemoryBytes()),
      ],
      faults: faultsOf(run, fed, counted, await system.differences()),
      missed: run.missed,
    };
  },
};

/** Opens readers that subscribe to everything and leave it unread. */
function slowReaders(url: string): Disposable {
  const sockets = Array.from({ length: SLOW_READERS }, () => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream`);
    socket.on('error', () => undefined);
    socket.on('open', () => {
      for (let i = 0; i < REGIONS; i++)
        socket.send(JSON.stringify({ type: 'subscribe', id: `${i}`, view: 'moments', window: '1m' }));
      socket.pause();
    });
    return socket;
  });
  return { [Symbol.dispose]: () => sockets.forEach((socket) => socket.terminate()) };
}
