import { describe, expect, it } from 'vitest';
import { NAME_LENGTH_MAX, PANE_MS_MAX, UNIT_LENGTH_MAX } from '../series/series.ts';
import { metricsSchema } from './metric-config.ts';
import { metricNamed } from './metric.fixtures.ts';
import type { Metric } from './metric.ts';

const GAUGE = { unit: 'kW', decimals: 3, kind: 'gauge', interval: '1m' };
const COUNTER = { ...GAUGE, kind: 'counter' };

/** The one metric of a section, or the messages of its issues by key. */
function declared(metric: object, name = 'power'): Metric | Record<string, string> {
  const parsed = metricsSchema.safeParse({ [name]: metric });
  if (parsed.success) return parsed.data.get(name)!;
  return Object.fromEntries(parsed.error.issues.map(({ path, message }) => [path.slice(1).join('.'), message]));
}

describe('a declared metric', () => {
  it('is sent as panes of ten seconds, rounds, amends and has no quantiles unless it says otherwise', () => {
    const expected = metricNamed('power', {
      send: 'panes',
      repeatHorizonMs: null,
      earliestMs: Date.UTC(2000, 0, 1),
    });
    expect(expected).toMatchObject({ quantiles: false, paneMs: 10_000, excess: 'round', conflict: 'last' });
    expect(declared(GAUGE)).toStrictEqual(expected);
  });

  it('keeps what it says of each', () => {
    const bounds = { earliest: '2020-01-01T00:00:00+01:00', min: 0.0001, max: '99.9' };
    const said = { quantiles: true, pane: '1m', send: 'adaptive', excess: 'refuse', conflict: 'first' };
    expect(declared({ ...COUNTER, ...said, rollover: 99_999.999, repeatHorizon: '2d', ...bounds })).toMatchObject({
      quantiles: true,
      paneMs: 60_000,
      send: 'adaptive',
      excess: 'refuse',
      conflict: 'first',
      rolloverScaled: 99_999_999,
      repeatHorizonMs: 172_800_000,
      earliestMs: Date.UTC(2019, 11, 31, 23),
      minScaled: 1,
      maxScaled: 99_900,
    });
  });

  it.each([
    [{ decimals: 0 }],
    [{ decimals: 9 }],
    [{ unit: 'u'.repeat(UNIT_LENGTH_MAX) }],
    [{ pane: '1d' }],
    [{ pane: '1ms' }],
    [{ kind: 'counter', rollover: '0.001' }],
    [{ hold: '1098d' }],
    [{ hold: '1ms' }],
    [{ kind: 'total' }],
    [{ kind: 'delta' }],
  ])('may be at the ends of its ranges: %j', (change) => {
    expect(declared({ ...GAUGE, ...change })).toHaveProperty('name', 'power');
    expect(declared(GAUGE, 'n'.repeat(NAME_LENGTH_MAX))).toHaveProperty('unit', 'kW');
    expect(PANE_MS_MAX).toBe(86_400_000);
  });

  it.each([
    ['decimals', { decimals: 10 }],
    ['decimals', { decimals: -1 }],
    ['unit', { unit: '' }],
    ['unit', { unit: 'u'.repeat(UNIT_LENGTH_MAX + 1) }],
    ['kind', { kind: 'register' }],
    ['hold', { hold: 'for ever' }],
    ['hold', { hold: '1099d' }],
    ['hold', { kind: 'counter', hold: '1h' }],
    ['hold', { kind: 'delta', hold: '1h' }],
    ['rollover', { kind: 'total', rollover: '100' }],
    ['interval', { interval: 'often' }],
    ['pane', { pane: '7s' }],
    ['pane', { pane: '2d' }],
    ['earliest', { earliest: 'long ago' }],
    ['earliest', { earliest: '2020-01-01T00:00:00' }],
    ['min', { min: 'none' }],
    ['max', { max: '1e9' }],
    ['max', { min: 5, max: 4.9999 }],
    ['rollover', { rollover: '100' }],
    ['rollover', { kind: 'counter', rollover: '0' }],
    ['rollover', { kind: 'counter', rollover: '-1' }],
    ['rollover', { kind: 'counter', rollover: '1.2345' }],
    ['rollover', { kind: 'counter', rollover: 'many' }],
  ])('is refused by its key %s: %j', (key, change) => {
    expect(Object.keys(declared({ ...GAUGE, ...change }))).toStrictEqual([key]);
  });

  it('says how long its value holds where that is not what it would be anyway', () => {
    expect(declared({ ...GAUGE, hold: '12h' })).toHaveProperty('holdMs', 43_200_000);
    expect(declared({ ...GAUGE, hold: '3m' })).toStrictEqual(declared(GAUGE));
  });

  it('rolls over by the last digit in which its highest value is written', () => {
    const stepOf = (rollover: string | number) => declared({ ...COUNTER, rollover });
    expect(stepOf(838_860.7)).toMatchObject({ rolloverScaled: 838_860_700, rolloverStep: 100 });
    expect(stepOf('99999')).toMatchObject({ rolloverScaled: 99_999_000, rolloverStep: 1000 });
    expect(stepOf('838860.70')).toMatchObject({ rolloverScaled: 838_860_700, rolloverStep: 10 });
    for (const finest of ['838860.700', 99_999.999]) expect(stepOf(finest)).not.toHaveProperty('rolloverStep');
  });

  it('tells a gauge that only a counter rolls over, and a counter what its roll-over has to be', () => {
    expect(declared({ ...GAUGE, rollover: '100' })).toMatchObject({ rollover: /only a counter/ });
    expect(declared({ ...COUNTER, rollover: '0' })).toMatchObject({ rollover: /no positive number with up to 3/ });
  });

  it('has a name', () => {
    expect(metricsSchema.safeParse({ '': GAUGE }).success).toBe(false);
    expect(metricsSchema.safeParse({ ['n'.repeat(NAME_LENGTH_MAX + 1)]: GAUGE }).success).toBe(false);
  });
});
