import { strict as assert } from 'node:assert';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { BatchColumns } from '#edge-agent/sources/batch-columns.ts';
import { RowReader } from '#edge-agent/sources/rows/row-reader.ts';
import { SeriesList } from '#edge-agent/sources/source.ts';
import { FAR_FUTURE_MS, metricsOf } from '#edge-agent/sources/sources.fixtures.ts';
import type { NodeMessage } from '#edge-agent/sources/sparkplug/edge-node.ts';
import { EdgeNodes } from '#edge-agent/sources/sparkplug/edge-nodes.ts';
import { METRIC_COLUMNS, MetricRows, metricRowsSection } from '#edge-agent/sources/sparkplug/metric-rows.ts';
import { decodePayload } from '#edge-agent/sources/sparkplug/payload.ts';
import { SpokenSeries } from '#edge-agent/sources/sparkplug/spoken-series.ts';
import {
  born,
  double,
  type SentMessage,
  type TahuMetric,
  TahuNode,
} from '#edge-agent/sources/sparkplug/tahu-node.fixtures.ts';
import { parseMessageTopic } from '#edge-agent/sources/sparkplug/topic.ts';
import { checkBatch, type Door, type Outcome } from './door.ts';

const T = Date.UTC(2026, 0, 1);
const REORDER_MS = 2_000;
const METRICS = metricsOf(metricNamed('power'));
const SECTION = metricRowsSection({
  missing: [''],
  series: [{ metric: 'power', value: 'kw', device: '{node}/{device}', when: {}, tags: {} }],
});

/** A payload of 64 KiB has no more metrics. */
const METRICS_MAX = 32_768;
const batch = new BatchColumns(METRICS_MAX);

const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();

/** A session as bytes: before each topic and each payload the length of it, a byte and two. */
function packed(...sent: readonly SentMessage[]): Uint8Array {
  return Buffer.concat(
    sent.flatMap(({ topic, payload }) => [
      Uint8Array.of(topic.length),
      utf8.encode(topic),
      Uint8Array.of(payload.length >> 8, payload.length & 0xff),
      payload,
    ]),
  );
}

function unpacked(bytes: Uint8Array): SentMessage[] {
  const sent: SentMessage[] = [];
  for (let at = 0; at < bytes.length;) {
    const payloadAt = at + 1 + bytes[at]! + 2;
    const topic = utf8Decoder.decode(bytes.subarray(at + 1, payloadAt - 2));
    at = payloadAt + ((bytes[payloadAt - 2] ?? 0) << 8) + (bytes[payloadAt - 1] ?? 0);
    sent.push({ topic, payload: bytes.subarray(payloadAt, at) });
  }
  return sent;
}

function sessions(): readonly Uint8Array[] {
  const node = new TahuNode('plant', 'line1');
  const odd: readonly TahuMetric[] = [
    { name: 'kw', value: -5, type: 'Int64', timestamp: T + 3 },
    { name: 'kw', value: true, type: 'Boolean', timestamp: T + 4 },
    { name: 'kw', value: 7, type: 'Float', timestamp: T + 5, properties: { Quality: { type: 'Int32', value: 192 } } },
    { name: 'kw', value: '8.5', type: 'String', timestamp: T + 6 },
    { name: 'kw', value: Uint8Array.of(1), type: 'Bytes', timestamp: T + 7 },
  ];
  const [birth, device, first, second, third] = [
    node.birth([born('kw', 1, 5, T)], T),
    node.deviceBirth('press', [born('kw', 2, 6, T), born('amps', 3, 7, T)], T),
    node.deviceData('press', [double(2, 6.25, T + 1), double(3, 8, T + 1), double(9, 1, T + 1)], T + 1),
    node.data([double(1, null, T + 2), ...odd], T + 2),
    node.deviceData('press', [double(2, 6.5, T + 8)], T + 8),
  ];
  return [
    packed(birth, device, first, second, third, node.deviceDeath('press', T + 9), node.death()),
    packed(birth, third, second, device, first),
    packed(first, birth, node.death(), node.birth([born('kw', 1, 5, T)], T)),
  ];
}

/** What edge nodes say, by topics and payloads; each metric that a rule takes gives a reading, or tells why not. */
export const sparkplug: Door = {
  name: 'Sparkplug B',
  samples: sessions(),
  open: (bytes) => {
    const options = { section: SECTION, columns: METRIC_COLUMNS, metrics: METRICS, nowMs: () => FAR_FUTURE_MS };
    const rows = new MetricRows(new RowReader({ ...options, registry: new SeriesList(), batch }));
    const spoken = new SpokenSeries();
    let delivered = 0;
    let expected = 0;
    const nodes = new EdgeNodes<NodeMessage>({
      isTaken: (name) => name === 'kw',
      reorderMs: REORDER_MS,
      deliver: (taken) => {
        expected += taken.metrics.length + (taken.refused === null ? 0 : 1);
        const from = batch.count;
        rows.read(taken, ++delivered);
        spoken.heard(taken.message.topic, batch, from, batch.count);
        if (taken.ends) batch.breakOff(spoken.end(taken.message.topic, T));
      },
    });
    let received = 0;
    let outcome: Outcome = 'refused';
    unpacked(bytes).forEach(({ topic, payload }, i) => {
      const parsed = parseMessageTopic(topic);
      const decoded = decodePayload(payload);
      if (parsed === null || typeof decoded === 'string') return;
      outcome = 'accepted';
      received++;
      nodes.receive({ topic: parsed, payload: decoded, bytes: payload.length }, i);
    });
    nodes.tick(Number.POSITIVE_INFINITY);
    nodes.leave(0);
    assert.equal(delivered, received, 'each message is delivered once');
    const read = batch.close({ checkpoint: {}, watermarkMs: null, ambiguousTimes: 0 });
    const { readings, missing, quarantined } = read.tallies;
    assert.equal(readings + missing + quarantined, expected, 'each metric that is taken is counted once');
    checkBatch(read);
    for (const { atMs } of read.breaks ?? []) assert(Number.isSafeInteger(atMs) && atMs >= T, 'a break has a time');
    return outcome;
  },
};
