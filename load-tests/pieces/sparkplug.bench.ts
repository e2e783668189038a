import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate } from 'mqtt-packet';
import { pino } from 'pino';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { startEdgeAgent } from '#edge-agent/edge-agent.ts';
import { BatchColumns } from '#edge-agent/sources/batch-columns.ts';
import { startMosquitto } from '#edge-agent/sources/mqtt/brokers.fixtures.ts';
import { RowReader } from '#edge-agent/sources/rows/row-reader.ts';
import { SeriesList } from '#edge-agent/sources/source.ts';
import { declaredSource, metricsOf } from '#edge-agent/sources/sources.fixtures.ts';
import type { NodeMessage } from '#edge-agent/sources/sparkplug/edge-node.ts';
import { EdgeNodes } from '#edge-agent/sources/sparkplug/edge-nodes.ts';
import { METRIC_COLUMNS, MetricRows, metricRowsSection } from '#edge-agent/sources/sparkplug/metric-rows.ts';
import { decodePayload } from '#edge-agent/sources/sparkplug/payload.ts';
import { born, double, type SentMessage, TahuNode } from '#edge-agent/sources/sparkplug/tahu-node.fixtures.ts';
import { parseMessageTopic } from '#edge-agent/sources/sparkplug/topic.ts';
import { locateServer } from '#tooling/servers/locate-server.ts';
import { besideGoal, type Figure, figureOf, measure, printFigures } from '../measure.ts';

const DEVICES = 10;
const METRICS = 100;
const ROUNDS = 1_000;
const COUNT = DEVICES * METRICS * ROUNDS;
const RUNS = 3;
const GOAL = 300_000;
/** Messages that are on the way at a time: a broker drops what it can't pass on. */
const ON_THE_WAY = 500;
const START_MS = Date.UTC(2026, 0, 1);

const power = metricsOf(metricNamed('power', { intervalMs: 1_000, send: 'panes' }));
const series = Array.from({ length: METRICS }, (_, i) => ({
  metric: 'power',
  value: `Inputs/Channel ${i}`,
  device: `{device}-${i}`,
  tags: { node: '{node}' },
}));

/** One node with ten devices of a hundred metrics by alias, each once a second. */
function session(): readonly SentMessage[] {
  const node = new TahuNode('plant', 'line1');
  const devices = Array.from({ length: DEVICES }, (_, i) => `press-${i}`);
  const valueOf = (i: number): number => ((i * 2_654_435_761) % 1_000_000) / 1_000;
  const sent = [node.birth([], START_MS)];
  devices.forEach((device, d) => {
    const metrics = series.map(({ value }, i) => born(value, d * METRICS + i, valueOf(i), START_MS));
    sent.push(node.deviceBirth(device, metrics, START_MS));
  });
  for (let round = 1; round <= ROUNDS; round++) {
    const atMs = START_MS + round * 1_000;
    devices.forEach((device, d) => {
      const metrics = series.map((_, i) => double(d * METRICS + i, valueOf(round * METRICS + i), atMs));
      sent.push(node.deviceData(device, metrics, atMs));
    });
  }
  return sent;
}

/** Bytes of payloads to batches, in one thread. */
function decodeAll(messages: readonly SentMessage[]): number {
  const batch = new BatchColumns();
  const section = metricRowsSection({ missing: [''], series: series.map((rule) => ({ ...rule, when: {} })) });
  const options = { section, columns: METRIC_COLUMNS, metrics: power, nowMs: Date.now };
  const rows = new MetricRows(new RowReader({ ...options, registry: new SeriesList(), batch }));
  const names = new Set(series.map(({ value }) => value));
  const nodes = new EdgeNodes<NodeMessage>({
    isTaken: (name) => names.has(name),
    reorderMs: 2_000,
    deliver: (taken) => rows.read(taken, 1),
  });
  let read = 0;
  for (const { topic, payload } of messages) {
    const decoded = decodePayload(payload);
    if (typeof decoded === 'string') throw new Error(decoded);
    nodes.receive({ topic: parseMessageTopic(topic)!, payload: decoded, bytes: payload.length }, 0);
    if (batch.count + METRICS <= batch.entry.length) continue;
    read += batch.close({ checkpoint: {}, watermarkMs: null, ambiguousTimes: 0 }).count;
  }
  return read + batch.count;
}

/** By a broker into an agent, whose journal is synced; gives metrics per second. */
async function journalAll(packets: readonly Buffer[], url: string): Promise<number> {
  await using place = await makeTemporaryDirectory('bench');
  const source = declaredSource({ kind: 'sparkplug', url, rebirth: false, series });
  await using agent = await startEdgeAgent({
    id: 'bench',
    // Nobody listens there: what is measured ends at the agent's disk.
    broker: 'mqtt://127.0.0.1:9',
    spool: { dir: place.dir, bytes: 1_000_000_000 },
    metrics: power,
    sources: [['plant', source]],
    folder: place.dir,
    stdin: () => process.stdin,
    nowMs: Date.now,
    random: Math.random,
    logger: pino({ level: 'silent' }),
  });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.resume();
  await once(socket, 'connect');
  socket.write(
    generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId: 'node', clean: true, keepalive: 0 }),
  );
  // The births are told until all of them have been heard at least once, and nothing more of them is under way.
  const births = packets.slice(0, 1 + DEVICES);
  let heard = 0;
  while (heard < 2 * DEVICES * METRICS || heard < agent.totals().readings) {
    if (heard < 2 * DEVICES * METRICS) for (const birth of births) socket.write(birth);
    heard = agent.totals().readings;
    await sleep(500);
  }
  const startMs = performance.now();
  const before = agent.totals().readings;
  const messagesRead = (): number => (agent.totals().readings - before) / METRICS;
  for (let at = 1 + DEVICES; at < packets.length;) {
    for (; at < packets.length && at - messagesRead() < ON_THE_WAY; at++) socket.write(packets[at]!);
    await sleep(1);
  }
  while (agent.totals().readings - before < COUNT) await sleep(1);
  const tookMs = performance.now() - startMs;
  socket.destroy();
  return (COUNT / tookMs) * 1_000;
}

async function* benchSparkplug(): AsyncGenerator<Figure> {
  const messages = session();
  const unit = 'metrics/s';
  const decode = (): number => {
    const startMs = performance.now();
    return (decodeAll(messages) / (performance.now() - startMs)) * 1_000;
  };
  yield await measure({ name: 'sparkplug-decode', unit, runs: RUNS, warmUps: 1, run: decode });
  const packets = messages.map(({ topic, payload }) =>
    generate({ cmd: 'publish', topic, payload: Buffer.from(payload), qos: 0, retain: false, dup: false }),
  );
  const mosquitto = await locateServer('mosquitto');
  if (mosquitto.kind !== 'found') throw new Error(mosquitto.message);
  await using broker = await startMosquitto(mosquitto.path);
  const journal = (): Promise<number> => journalAll(packets, broker.url);
  yield besideGoal(await measure({ name: 'sparkplug-journaled', unit, runs: RUNS, run: journal }), GOAL);
  yield figureOf('sparkplug-memory', process.memoryUsage.rss() / 1e6, 'MB');
}

await printFigures(benchSparkplug());
