import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  claimKey,
  INTERVAL_MS_MAX,
  NAME_LENGTH_MAX,
  nameable,
  PANE_MS_MAX,
  parseSeries,
  SERIES_TAGS_MAX,
  type SeriesEntry,
  SeriesKeys,
  TAG_VALUE_LENGTH_MAX,
  UNIT_LENGTH_MAX,
} from './series.ts';

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

  it.each([
    ['names of one character and of the most', { metric: 'm', device: 'd'.repeat(NAME_LENGTH_MAX) }],
    ['a metric as long as may be', { metric: 'm'.repeat(NAME_LENGTH_MAX), device: 'd' }],
    ['a unit as long as may be', { unit: 'u'.repeat(UNIT_LENGTH_MAX) }],
    ['no decimals', { decimals: 0 }],
    ['the most decimals', { decimals: 9 }],
    ['the shortest interval and pane', { intervalMs: 1, paneMs: 1 }],
    ['the longest interval and pane', { intervalMs: INTERVAL_MS_MAX, paneMs: PANE_MS_MAX }],
    ['the least roll-over', { rollover: 1 }],
    ['the greatest roll-over', { rollover: Number.MAX_SAFE_INTEGER }],
    ['no roll-over', { rollover: null }],
    ['the finest step that is said', { rolloverStep: 2 }],
    ['the coarsest step', { rolloverStep: 10 ** 9 }],
    ['the shortest hold', { kind: 'gauge' as const, rollover: null, holdMs: 1 }],
    ['the longest hold', { kind: 'gauge' as const, rollover: null, holdMs: 3 * INTERVAL_MS_MAX }],
    ['a time since which it is expected', { sinceMs: -1 }],
    ['a register that may fall', { kind: 'total' as const, rollover: null }],
  ])('is taken with %s', (_what, change) => {
    const device = 'device' in change ? change.device : energy.device;
    const whole = { ...energy, ...change, device, tags: { device } };
    expect(parseSeries(whole)).toEqual(whole);
  });

  it('may have as many tags, and as long, as there is room for', () => {
    const tags = Object.fromEntries(
      Array.from({ length: SERIES_TAGS_MAX - 1 }, (_, i) => [
        `${i}`.padEnd(NAME_LENGTH_MAX, 't'),
        'v'.repeat(i === 0 ? TAG_VALUE_LENGTH_MAX : 0),
      ]),
    );
    const whole = { ...energy, tags: { ...tags, device: energy.device } };
    expect(parseSeries(whole)).toEqual(whole);
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
    ['number', { ...energy, kind: 'total' }],
    ['number', { ...energy, holdMs: 1000 }],
    ['number', { ...energy, kind: 'gauge', rollover: null, holdMs: 0 }],
    ['number', { ...energy, kind: 'gauge', rollover: null, holdMs: 3 * INTERVAL_MS_MAX + 1 }],
    ['number', { ...energy, sinceMs: 0.5 }],
    ['number', { ...energy, sinceMs: 2 ** 52 }],
    ['number', { ...energy, rolloverStep: 1 }],
    ['number', { ...energy, rolloverStep: 10 ** 9 + 1 }],
    ['number', { ...energy, rollover: null, rolloverStep: 10 }],
    ['tags', { ...energy, tags: { region: 'DK1' } }],
    ['tags', { ...energy, tags: { device: 'house-2' } }],
    ['tags', { ...energy, tags: { ...many, device: 'house-1' } }],
    ['text', { ...energy, device: 'd'.repeat(NAME_LENGTH_MAX + 1) }],
    ['text', { ...energy, device: '' }],
    ['text', { ...energy, unit: 'u'.repeat(UNIT_LENGTH_MAX + 1) }],
    ['number', { ...energy, decimals: -1 }],
    ['number', { ...energy, intervalMs: INTERVAL_MS_MAX + 1 }],
    ['number', { ...energy, paneMs: 0 }],
    ['number', { ...energy, rollover: Number.MAX_SAFE_INTEGER + 1 }],
    ['tags', { ...energy, tags: null }],
    ['tags', { ...energy, tags: { device: 'house-1', region: 1 } }],
    ['tags', { ...energy, tags: { device: 'house-1', '': '' } }],
    ['tags', { ...energy, tags: { device: 'house-1', ['t'.repeat(NAME_LENGTH_MAX + 1)]: '' } }],
    ['tags', { ...energy, tags: { device: 'house-1', region: 'v'.repeat(TAG_VALUE_LENGTH_MAX + 1) } }],
  ])('is refused as %s: case %#', (code, value) => {
    if (code === 'missing') Reflect.deleteProperty(value as object, 'metric');
    expect(parseSeries(value)).toMatchObject({ kind: 'series-fault', code });
  });

  it('of format 1 is a gauge or a counter, and says nothing of its own', () => {
    expect(parseSeries(energy, 1)).toEqual(energy);
    const total = { ...energy, kind: 'total', rollover: null };
    expect(parseSeries(total, 1)).toMatchObject({ code: 'choice', message: /gauge or counter$/ });
    expect(parseSeries({ ...energy, rolloverStep: 10 }, 1)).toMatchObject({ code: 'unknown', field: 'rolloverStep' });
  });

  it('says of a number that is wrong what it may be', () => {
    expect(parseSeries({ ...energy, decimals: 10 })).toMatchObject({ message: /decimals .* from 0 to 9$/ });
    expect(parseSeries({ ...energy, intervalMs: 0 })).toMatchObject({
      message: /intervalMs .* from 1 to 31622400000$/,
    });
    expect(parseSeries({ ...energy, paneMs: 0 })).toMatchObject({ message: /paneMs .* from 1 to 86400000$/ });
  });

  it('is claimed by a key that no other metric and device have', () => {
    const name = fc.string({ maxLength: 4, unit: fc.constantFrom('a', '"', ',', '\\', '/', '[') });
    fc.assert(
      fc.property(name, name, name, name, (metric, device, otherMetric, otherDevice) => {
        const same = metric === otherMetric && device === otherDevice;
        expect(claimKey({ metric, device }) === claimKey({ metric: otherMetric, device: otherDevice })).toBe(same);
      }),
    );
  });
});

describe('an entry of an agent that took any name', () => {
  it('is given names that a frame can carry, and otherwise left as it is', () => {
    const anything = fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 300 })
      .map((units) => String.fromCharCode(...units));
    fc.assert(
      fc.property(
        anything,
        fc.dictionary(anything, anything, { maxKeys: 40, noNullPrototype: true }),
        (device, tags) => {
          const entry = { ...energy, device, tags: { ...tags, device } };
          const named = nameable(entry);
          expect(parseSeries(named)).toEqual(named);
          expect({ ...named, device, tags: {} }).toEqual({ ...entry, tags: {} });
          if (!('code' in parseSeries(entry))) expect(named).toBe(entry);
        },
      ),
    );
  });
});

describe('the keys of the series of a dictionary', () => {
  it('tell apart what differs in metric, device or tags, whatever the order of the tags', () => {
    const text = fc.constantFrom('a', '"', ',', '[]', '');
    const entries = fc.array(
      fc.record({ metric: text, device: text, tags: fc.dictionary(text, text, { maxKeys: 3 }) }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(entries, (list) => {
        const keys = new SeriesKeys();
        const told = list.map((entry) => keys.keyOf(entry));
        const turned = list.map(({ tags, ...rest }) =>
          keys.keyOf({ ...rest, tags: Object.fromEntries(Object.entries(tags).toReversed()) }),
        );
        expect(turned).toEqual(told);
        const facts = list.map(({ metric, device, tags }) =>
          JSON.stringify([metric, device, Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1))]),
        );
        for (const [i, key] of told.entries())
          for (const [j, other] of told.entries()) expect(key === other).toBe(facts[i] === facts[j]);
      }),
    );
  });

  it('are those of metric and device for the first tags of each', () => {
    const keys = new SeriesKeys();
    const entry = (phase: string) => ({ metric: 'm', device: 'd', tags: { device: 'd', phase } });
    expect(['1', '2', '1'].map((phase) => keys.keyOf(entry(phase)) === claimKey(entry(phase)))).toEqual([
      true,
      false,
      true,
    ]);
  });
});
