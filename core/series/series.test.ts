import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SERIES_TAGS_MAX } from './limits.ts';
import { parseSeries, seriesKey, type SeriesEntry } from './series.ts';

const energy: SeriesEntry = {
  metric: 'energy',
  unit: 'kWh',
  decimals: 3,
  kind: 'counter',
  intervalMs: 900_000,
  rollover: 99_999_999,
  quantiles: false,
  paneMs: 10_000,
  device: 'house-1',
  tags: { device: 'house-1', region: 'DK1' },
};

describe('a series', () => {
  it('is taken as it stands when every field is right', () => {
    expect(parseSeries(energy)).toEqual(energy);
    expect(parseSeries({ ...energy, kind: 'gauge', rollover: null, unit: '' })).toMatchObject({ kind: 'gauge' });
  });

  it('may have a tag of any name', () => {
    const tags = JSON.parse('{"device":"house-1","__proto__":"x","kind":"series-fault"}') as Record<string, string>;
    const parsed = parseSeries({ ...energy, tags });
    expect(parsed.kind).toBe('counter');
    expect(parsed.kind === 'counter' && Object.entries(parsed.tags)).toEqual(Object.entries(tags));
  });

  const many = Object.fromEntries(Array.from({ length: SERIES_TAGS_MAX }, (_, i) => [`t${i}`, '']));
  it.each([
    ['shape', null],
    ['shape', [energy]],
    ['missing', { ...energy, metric: undefined, unit: undefined, extra: 1, device: 1, metrics: 1 }],
    ['unknown', { ...energy, color: 'red' }],
    ['text', { ...energy, metric: '' }],
    ['text', { ...energy, metric: 'm'.repeat(129) }],
    ['text', { ...energy, device: 'a\u0000b' }],
    ['text', { ...energy, unit: '\ud800' }],
    ['choice', { ...energy, kind: 'histogram' }],
    ['choice', { ...energy, quantiles: 1 }],
    ['number', { ...energy, decimals: 10 }],
    ['number', { ...energy, decimals: 1.5 }],
    ['number', { ...energy, intervalMs: 0 }],
    ['number', { ...energy, paneMs: 86_400_001 }],
    ['number', { ...energy, rollover: 0 }],
    ['number', { ...energy, kind: 'gauge' }],
    ['tags', { ...energy, tags: { region: 'DK1' } }],
    ['tags', { ...energy, tags: { device: 'house-2' } }],
    ['tags', { ...energy, tags: { ...many, device: 'house-1' } }],
    ['tags', { ...energy, tags: { device: 'house-1', region: 1 } }],
  ])('is refused as %s: case %#', (code, value) => {
    if (code === 'missing') Reflect.deleteProperty(value as object, 'metric');
    expect(parseSeries(value)).toMatchObject({ kind: 'series-fault', code });
  });

  it('has a key that no other metric and device have', () => {
    const name = fc.string({ maxLength: 4, unit: fc.constantFrom('a', '"', ',', '\\', '/', '[') });
    fc.assert(
      fc.property(name, name, name, name, (metric, device, otherMetric, otherDevice) => {
        const same = metric === otherMetric && device === otherDevice;
        expect(seriesKey({ metric, device }) === seriesKey({ metric: otherMetric, device: otherDevice })).toBe(same);
      }),
    );
  });
});
