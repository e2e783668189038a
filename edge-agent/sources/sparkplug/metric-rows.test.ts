import { describe, expect, it } from 'vitest';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { BATCH_READINGS_MAX, BatchColumns } from '../batch-columns.ts';
import { isText } from '../rows/row-condition.ts';
import { RowReader } from '../rows/row-reader.ts';
import type { SeriesRule } from '../rows/rows-section.ts';
import { type ReadingBatch, SeriesList } from '../source.ts';
import { FAR_FUTURE_MS, metricsOf } from '../sources.fixtures.ts';
import type { TakenMetric } from './edge-node.ts';
import { METRIC_COLUMNS, MetricRows, metricRowsSection, metricsOfBatch } from './metric-rows.ts';
import { decodePayload, timestampMs } from './payload.ts';
import { double, encodePayload, type TahuMetric } from './tahu-node.fixtures.ts';

const T = Date.UTC(2026, 0, 1);

function ruleOf(value: string, given: Partial<SeriesRule> = {}): SeriesRule {
  return { metric: 'heat', value, device: '{device}', when: {}, tags: { node: '{group}/{node}' }, ...given };
}

/** Reads the metrics of one message of a device. */
function read(
  metrics: readonly TahuMetric[],
  series: readonly SeriesRule[],
  device: string | null = 'press',
): { readonly batch: ReadingBatch; readonly registry: SeriesList } {
  const payload = decodePayload(encodePayload({ metrics: [...metrics] }));
  if (typeof payload === 'string') throw new Error(payload);
  const registry = new SeriesList();
  const batch = new BatchColumns(100);
  const section = metricRowsSection({ missing: [''], series });
  const metricsByName = metricsOf(metricNamed('heat'), metricNamed('supply'));
  const options = { columns: METRIC_COLUMNS, metrics: metricsByName, nowMs: () => FAR_FUTURE_MS };
  const rows = new MetricRows(new RowReader({ ...options, section, registry, batch }));
  const type = device === null ? 'NDATA' : 'DDATA';
  const message = { topic: { type, group: 'Zürich', node: 'n1', device } as const, payload, bytes: 1 };
  const taken = payload.metrics.map((metric): TakenMetric => {
    return { definition: metric, metric, atMs: timestampMs(metric.timestamp) };
  });
  rows.read({ message, metrics: taken, refused: null }, 7);
  return { batch: batch.close({ checkpoint: {}, watermarkMs: null, ambiguousTimes: 0 }), registry };
}

describe('the rows of metrics', () => {
  it('become readings by the rules of their names, with what the topic says', () => {
    const { batch, registry } = read(
      [double('Température', 21.5, T), double('other', 1, T), double('supply', 12, T + 1)],
      [ruleOf('Température'), ruleOf('supply', { metric: 'supply', device: '{node}', tags: { of: '{metric}' } })],
    );
    expect([...batch.value]).toEqual([21_500, 12_000]);
    expect([...batch.timeMs]).toEqual([T, T + 1]);
    expect(registry.descriptions).toEqual([
      { metric: 'heat', device: 'press', tags: { node: 'Zürich/n1', device: 'press' } },
      { metric: 'supply', device: 'n1', tags: { of: 'supply', device: 'n1' } },
    ]);
    expect(batch.tallies).toMatchObject({ rows: 3, readings: 2, missing: 0, quarantined: 0 });
  });

  it('are for those rules alone whose `when` fits the topic', () => {
    const { batch } = read(
      [double('a', 1, T)],
      [ruleOf('a', { when: { node: isText('n1') } }), ruleOf('a', { when: { node: isText('n2') } })],
    );
    expect(batch.count).toBe(1);
  });

  it('are missing where there is no value, and refused where there is none that a reading can have', () => {
    const odd: readonly TahuMetric[] = [
      double('a', null, T),
      { name: 'a', value: Uint8Array.of(1), type: 'Bytes', timestamp: T },
      { name: 'a', value: 'Süd', type: 'String', timestamp: T },
      { name: 'a', value: 5, type: 'Double' },
    ];
    const { batch } = read(odd, [ruleOf('a')]);
    expect(batch.tallies).toMatchObject({ rows: 4, readings: 0, missing: 1, quarantined: 3 });
    expect(batch.refusals).toEqual([
      { line: 7, readings: 1, reason: expect.stringContaining('is bytes'), text: `Zürich n1 press a ${T} ` },
      {
        line: 7,
        readings: 1,
        reason: expect.stringContaining('not a decimal number'),
        text: `Zürich n1 press a ${T} Süd`,
      },
      { line: 7, readings: 1, reason: expect.stringContaining('has a timestamp'), text: 'Zürich n1 press a  5' },
    ]);
  });

  it('name no device where the node speaks of itself', () => {
    const { batch } = read([double('a', 1, T)], [ruleOf('a'), ruleOf('a', { device: '{node}' })], null);
    expect([batch.count, batch.refusals.map(({ reason }) => reason)]).toEqual([1, [expect.stringContaining('device')]]);
  });

  it('are refused where name or text is longer than anything that is meant', () => {
    const { batch } = read([{ name: 'a', value: 'x'.repeat(70_000), type: 'String', timestamp: T }], [ruleOf('a')]);
    expect(batch.refusals[0]!.reason).toContain('65536 bytes');
  });

  it('are as many as surely fit into a batch, whatever the rules', () => {
    expect(metricsOfBatch([ruleOf('a'), ruleOf('b')])).toBe(BATCH_READINGS_MAX);
    expect(metricsOfBatch([ruleOf('a'), ruleOf('a'), ruleOf('b')])).toBe(BATCH_READINGS_MAX / 2);
  });
});
