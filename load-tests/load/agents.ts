import { figureOf } from '../measure.ts';
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
  tiny: { vus: 1, frames: 3, prepareSeconds: 12 },
  short: { vus: 2, frames: 30, prepareSeconds: 20 },
  full: { vus: 2, frames: 150, prepareSeconds: 60 },
} as const;
/** For sending all of them, at a hundredth of the rate that is wanted. */
const SEND_SECONDS = { tiny: 30, short: 60, full: 300 } as const;
const GOAL = 200_000;

export const agents: Scenario = {
  name: 'agents',
  summary: 'agents that send frames by MQTT over WebSocket, as fast as the server stores them',
  run: async (size): Promise<LoadResult> => {
    const { vus, frames, prepareSeconds } = SIZES[size];
    await using system = await RunningSystem.start(() => ({
      metrics: { power: { unit: 'W', decimals: 0, kind: 'gauge', interval: '1s', send: 'readings' } },
      mqtt: { websocket: true },
      views: { power: { metric: 'power', by: ['region'], slice: '1m' } },
    }));
    const seconds = prepareSeconds + SEND_SECONDS[size];
    const run = await runK6('agents', seconds, {
      BROKER_URL: `ws://127.0.0.1:${system.server.mqttPort}/mqtt`,
      VUS: String(vus),
      FRAMES: String(frames),
      RATE: '0',
      PREPARE_SECONDS: String(prepareSeconds),
      TIMEOUT_SECONDS: String(seconds),
    });
    const acknowledged = run.metrics['acknowledged']?.values['count'] ?? 0;
    const counted = await system.whenCounted('power', acknowledged);
    const [first, last] = [run.metrics['first_ms']?.values['min'], run.metrics['last_ms']?.values['max']];
    const rate = figureOf('agents-rate', (acknowledged / ((last ?? 0) - (first ?? 0))) * 1_000, 'readings/s');
    const missed = size === 'tiny' || rate.value >= GOAL ? [] : [`agents-rate: ${rate.value}, not ${GOAL} readings/s`];
    return loadResult('agents', run, storedOf(acknowledged, counted, await system.differences()), {
      figures: [
        rate,
        k6Figure('agents-acknowledged', run, 'acknowledged', 'count', 'readings'),
        ...k6Percentiles('agents-puback', run, 'puback_ms'),
        ...memoryFigure('agents', await system.peakMemoryBytes()),
      ],
      missed,
    });
  },
};
