import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { metricsSchema } from '#core/metrics/metric-config.ts';
import { startEdgeAgent } from '#edge-agent/edge-agent.ts';
import type { MqttSource } from '#edge-agent/sources/mqtt/mqtt-source.ts';
import { SOURCE_KINDS, sourcesSchema } from '#edge-agent/sources/source-kinds.ts';
import { type Figure, figureOf, measure, printFigures } from '../measure.ts';

const RUNS = 3;
const MESSAGES = 400_000;
const SPOOL_BYTES = 1 << 30;
const DEVICES = fileURLToPath(new URL('../workloads/mqtt-devices.child.ts', import.meta.url));

const METRICS = metricsSchema.parse({
  temperature: { unit: '°C', decimals: 1, kind: 'gauge', interval: '10s' },
});

const TOPIC = {
  topic: 'zigbee2mqtt/+',
  names: ['device'],
  series: [{ metric: 'temperature', value: 'temperature', device: '{device}' }],
};

/** JSON messages of devices into the synced journal of an agent: the devices are a process, the agent is this one. */
async function* benchMqtt(): AsyncGenerator<Figure> {
  let cpuMs = 0;
  yield await measure({
    name: 'mqtt-json',
    unit: 'messages/s',
    runs: RUNS,
    run: async () => {
      const before = process.cpuUsage();
      const rate = await publishedPerSecond();
      const { user, system } = process.cpuUsage(before);
      cpuMs = (user + system) / 1_000;
      return rate;
    },
  });
  yield figureOf('mqtt-json-cpu', (cpuMs / MESSAGES) * 1_000, 'µs/message', { decimals: 1 });
  yield figureOf('mqtt-json-memory', process.memoryUsage.rss() / 1e6, 'MB');
}

async function publishedPerSecond(): Promise<number> {
  await using place = await makeTemporaryDirectory('bench');
  const { home } = sourcesSchema(SOURCE_KINDS).parse({
    home: { kind: 'mqtt', listen: '127.0.0.1:0', topics: [TOPIC] },
  });
  const listening = Promise.withResolvers<MqttSource>();
  await using _agent = await startEdgeAgent({
    id: 'bench-1',
    // Nobody is there: what is measured ends in the journal.
    broker: 'mqtt://127.0.0.1:1',
    spool: { dir: join(place.dir, 'spool'), bytes: SPOOL_BYTES },
    metrics: METRICS,
    sources: [
      [
        'home',
        {
          ...home!,
          open: (name, options) => {
            const source = home!.open(name, options) as MqttSource;
            listening.resolve(source);
            return source;
          },
        },
      ],
    ],
    folder: place.dir,
    stdin: () => process.stdin,
    nowMs: Date.now,
    random: Math.random,
    logger: pino({ level: 'error' }),
  });
  const { port } = await (await listening.promise).listening!;
  const child = spawn(process.execPath, [DEVICES, String(port), String(MESSAGES)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const tookMs = Number(await text(child.stdout));
  return (MESSAGES / tookMs) * 1_000;
}

await printFigures(benchMqtt());
