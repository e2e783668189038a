import { describe, expect, it } from 'vitest';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { BatchColumns } from '../batch-columns.ts';
import { RowReader } from '../rows/row-reader.ts';
import { SeriesList } from '../source.ts';
import { metricsOf } from '../sources.fixtures.ts';
import { MESSAGE_FIELD_BYTES_MAX, MessageFields, RECEIVED_COLUMN, RECEIVED_TIME } from './message-fields.ts';

const section = {
  missing: [''],
  decimal: '.' as const,
  time: RECEIVED_TIME,
  series: [{ metric: 'power', value: 'kw', device: '{site}', when: {}, tags: {} }],
};

describe('the fields of a message', () => {
  it('become readings at the time of receipt by the rules that rows have, or are missing, or refused and quoted', () => {
    const batch = new BatchColumns(10);
    const registry = new SeriesList();
    const fields = new MessageFields(section);
    const reader = new RowReader({
      section,
      columns: fields.columns,
      metrics: metricsOf(metricNamed('power')),
      registry,
      batch,
      nowMs: () => 1e15,
    });
    const read = (line: number, values: Readonly<Record<string, string>>): void => {
      fields.begin(`message ${line}`);
      fields.set(fields.positionOf(RECEIVED_COLUMN)!, '1700000000123');
      for (const [name, value] of Object.entries(values)) fields.set(fields.positionOf(name)!, value);
      fields.read(reader, line);
    };
    expect(fields.positionOf('other')).toBeUndefined();
    read(1, { site: 'roof', kw: ' 1.5 ' });
    read(2, { site: 'roof' });
    read(3, { site: 'roof', kw: 'much' });
    read(4, { kw: '2' });
    read(5, { site: 'x'.repeat(2 * MESSAGE_FIELD_BYTES_MAX), kw: '2' });
    read(6, { site: 'roof', kw: '2' });
    const { count, value, timeMs, tallies, refusals } = batch.close({
      checkpoint: {},
      watermarkMs: null,
      ambiguousTimes: 0,
    });
    expect([count, [...value], [...timeMs]]).toEqual([2, [1_500, 2_000], [1_700_000_000_123, 1_700_000_000_123]]);
    expect(tallies).toMatchObject({ rows: 6, readings: 2, missing: 1, quarantined: 3 });
    expect(refusals.map(({ line, text }) => [line, text])).toEqual([
      [3, 'message 3'],
      [4, 'message 4'],
      [5, 'message 5'],
    ]);
    expect(refusals[2]!.reason).toContain('65536 bytes');
    expect(registry.descriptions).toEqual([{ metric: 'power', device: 'roof', tags: { device: 'roof' } }]);
  });
});
