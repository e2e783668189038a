import { RunningSystem } from '../load/running-system.ts';
import { millisecondsOf } from '../measure.ts';
import { FleetAgent } from '../workloads/fleet-agent.ts';
import { grown, type Study } from './study.ts';

const METRIC = 'load';
const VIEW = 'load-by-device';
const AGENTS = 10;
const INTERVAL_MS = 60_000;
const STEPS = 3;
const START_MS = Date.UTC(2024, 0, 10);
const LOOK_EVERY_MS = 20;

const CONFIG = {
  metrics: { [METRIC]: { unit: 'W', decimals: 0, kind: 'gauge', interval: '1m' } },
  backbone: { kind: 'embedded', partitions: 4 },
  views: { [VIEW]: { metric: METRIC, by: ['device'], slice: '1m' } },
};

export const fleet: Study = {
  name: 'fleet',
  summary:
    'as many series in ten agents, a reading of each per minute into windows by device; the third of these minutes',
  sizeLabel: 'series',
  sizes: { tiny: [20, 40], short: [1_000, 10_000, 100_000], full: [1_000, 10_000, 100_000, 1_000_000] },
  timeLabel: 'taken in and answered, ms',
  run: async (series) => {
    await using system = await RunningSystem.start(() => CONFIG);
    const broker = `mqtt://127.0.0.1:${system.server.mqttPort}`;
    await using stack = new AsyncDisposableStack();
    const agents: FleetAgent[] = [];
    const devices = series / AGENTS;
    for (let i = 0; i < AGENTS; i++) {
      const options = { id: `fleet-${i}`, broker, metric: METRIC, devices, intervalMs: INTERVAL_MS };
      agents.push(stack.use(await FleetAgent.connect(options)));
    }
    await Promise.all(agents.map((agent) => agent.introduce()));
    const lasts = agents.map((agent) => agent.deviceAt(devices - 1));
    let ms = 0;
    for (let step = 0; step < STEPS; step++) {
      ms = await millisecondsOf(async () => {
        await Promise.all(agents.map((agent) => agent.measure(START_MS + step * INTERVAL_MS, step)));
        for (const device of lasts) await whenCounted(system, device, step + 1);
      });
    }
    return await grown(ms, system);
  },
};

async function whenCounted({ server }: RunningSystem, device: string, count: number): Promise<void> {
  const [from, to] = [START_MS, START_MS + STEPS * INTERVAL_MS].map((ms) => new Date(ms).toISOString());
  const path = `/api/v1/views/${VIEW}/windows?from=${from}&to=${to}&window=1h&stats=count&device=${device}`;
  for (;;) {
    const answer = await fetch(`${server.url}${path}`);
    const { windows = [] } = (await answer.json()) as { windows?: readonly { stats: { count: number } }[] };
    if (windows.some(({ stats }) => stats.count >= count)) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
