import { describe, expect, it } from 'vitest';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { BatchColumns } from '../batch-columns.ts';
import { SeriesList } from '../source.ts';
import { metricsOf } from '../sources.fixtures.ts';
import { DEVICE_KINDS } from './device-kinds.fixtures.ts';
import { MessageReader } from './message-reader.ts';
import { mqttSchema } from './mqtt-section.ts';
import { NOW_MS } from './mqtt.fixtures.ts';

const METRICS = metricsOf(metricNamed('m', { unit: 'm³' }));
describe('messages as devices and bridges send them', () => {
  it.each(Object.entries(DEVICE_KINDS))('are read: %s', (_, { rule, messages, readings, missing = 0 }) => {
    const { topics } = mqttSchema.parse({ kind: 'mqtt', url: 'mqtt://127.0.0.1', topics: [rule] });
    const batch = new BatchColumns(1_000);
    const registry = new SeriesList();
    const reader = new MessageReader({ topics, metrics: METRICS, registry, batch, nowMs: () => NOW_MS });
    for (const [topic, payload] of messages) {
      const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
      const rest = { isKept: false, isWhole: true, receivedMs: NOW_MS, bytes: 1, acknowledged: () => undefined };
      reader.read({ topic, payload: Buffer.from(text), ...rest });
    }
    const { count, entry, value, timeMs, refusals, tallies } = batch.close({
      checkpoint: {},
      watermarkMs: null,
      ambiguousTimes: reader.takeAmbiguous(),
    });
    const told = Array.from({ length: count }, (__, i) => {
      const { device, ...tags } = registry.descriptions[entry[i]!]!.tags;
      const named = [`device=${device}`, ...Object.entries(tags).map(([tag, text]) => `${tag}=${text}`)].join(' ');
      return `${named} ${value[i]! / 1_000} ${new Date(timeMs[i]!).toISOString()}`;
    });
    expect({ told, missing: tallies.missing }).toEqual({ told: readings, missing });
    // What is none of a rule's values may be refused, and says so.
    expect(refusals.every(({ reason }) => reason.includes('online'))).toBe(true);
  });
});
