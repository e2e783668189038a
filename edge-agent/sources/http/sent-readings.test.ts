import { describe, expect, it } from 'vitest';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { NAME_LENGTH_MAX, SERIES_TAGS_MAX, TAG_VALUE_LENGTH_MAX } from '#core/series/series.ts';
import { SeriesList } from '../source.ts';
import { metricsOf } from '../sources.fixtures.ts';
import { readSentReadings } from './sent-readings.ts';

const NOW_MS = Date.parse('2024-06-01T00:00:00Z');

function read(device: string, tags: Readonly<Record<string, string>> = {}) {
  const reading = { time: NOW_MS, metric: 'power', device, value: 1, tags };
  const metrics = metricsOf(metricNamed('power'));
  const { accepted, quarantined } = readSentReadings([reading], metrics, new SeriesList(), NOW_MS);
  return { accepted, reasons: quarantined.map(({ reason }) => reason) };
}

function tagsUpTo(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, 'x']));
}

describe('readings that were sent', () => {
  it('are quarantined where no frame could carry the names of their series', () => {
    for (const [device, tags, field] of [
      ['d'.repeat(NAME_LENGTH_MAX + 1), {}, 'device'],
      ['d\ud800', {}, 'device'],
      ['d\u0007', {}, 'device'],
      ['d', { 'a\u0001': 'x' }, 'tags'],
      ['d', { ['t'.repeat(NAME_LENGTH_MAX + 1)]: 'x' }, 'tags'],
      ['d', { '\udc00': 'x' }, 'tags'],
      ['d', { t: 'x'.repeat(TAG_VALUE_LENGTH_MAX + 1) }, 'tags'],
      ['d', { t: '\ud800' }, 'tags'],
      ['d', { t: '\n' }, 'tags'],
      ['d', tagsUpTo(SERIES_TAGS_MAX), 'tags'],
    ] as const) {
      const { accepted, reasons } = read(device, tags);
      expect(accepted).toBe(0);
      expect(reasons).toEqual([expect.stringContaining(`series field ${field}`)]);
    }
  });

  it('are taken with names as long as a frame carries', () => {
    expect(read('d'.repeat(NAME_LENGTH_MAX)).accepted).toBe(1);
    expect(read('表', { ['t'.repeat(NAME_LENGTH_MAX)]: '水'.repeat(TAG_VALUE_LENGTH_MAX) }).accepted).toBe(1);
    expect(read('d', tagsUpTo(SERIES_TAGS_MAX - 1)).accepted).toBe(1);
    expect(read('d', { ['__proto__']: 'x', constructor: 'y' }).accepted).toBe(1);
  });
});
