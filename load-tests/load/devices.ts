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

const SECONDS = { tiny: 3, short: 15, full: 60 } as const;
const START_MS = Date.UTC(2026, 0, 1);

export const devices: Scenario = {
  name: 'devices',
  summary: 'readings posted to an agent, as JSON and as line protocol, through to the windows of the server',
  run: async (size): Promise<LoadResult> => {
    const seconds = SECONDS[size];
    const port = 20_000 + (process.pid % 20_000);
    const ports = { json: port, lines: port + 1 };
    await using system = await RunningSystem.start((broker) => ({
      metrics: { power: { unit: 'W', decimals: 0, kind: 'gauge', interval: '1s' } },
      agent: { id: 'load', broker },
      sources: {
        json: { kind: 'http', listen: `127.0.0.1:${ports.json}` },
        lines: {
          kind: 'line-protocol',
          listen: `127.0.0.1:${ports.lines}`,
          series: [{ metric: 'power', value: 'meter.power', device: '{host}' }],
        },
      },
      views: { power: { metric: 'power', by: ['device'], slice: '1m' } },
    }));
    await system.startAgent([ports.json, ports.lines]);
    const run = await runK6('devices', seconds, {
      SOURCE_URL: `http://127.0.0.1:${ports.json}`,
      LINES_URL: `http://127.0.0.1:${ports.lines}`,
      SECONDS: String(seconds),
      START_MS: String(START_MS),
    });
    const accepted = run.metrics['accepted']?.values['count'] ?? 0;
    // The panes that are open yet are sent some seconds later.
    const counted = await system.whenCounted('power', accepted);
    return loadResult('devices', run, storedOf(accepted, counted, await system.differences()), {
      figures: [
        k6Figure('devices-accepted', run, 'accepted', 'rate', 'readings/s'),
        ...k6Percentiles('devices-json', run, 'http_req_duration{scenario:json}'),
        ...k6Percentiles('devices-lines', run, 'http_req_duration{scenario:lines}'),
        ...memoryFigure('devices', await system.peakMemoryBytes()),
      ],
    });
  },
};
