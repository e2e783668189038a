import { describe, expect, it } from 'vitest';
import { metricNamed } from './metric.fixtures.ts';
import { amountUnit, implausible, scaledBound, secondsOf, squareOf } from './metric.ts';

describe('a bound of values', () => {
  it.each([
    ['0.001', 2, 'up', 1],
    ['0.001', 2, 'down', 0],
    ['-0.001', 2, 'up', 0],
    ['-0.001', 2, 'down', -1],
    ['12.50', 1, 'up', 125],
    ['12.51', 1, 'up', 126],
    ['12.51', 1, 'down', 125],
    ['-12.51', 1, 'down', -126],
    ['+3', 0, 'up', 3],
    ['9007199254740991', 0, 'down', Number.NaN],
    ['900719925474099', 1, 'down', 9_007_199_254_740_990],
    ['900719925474100', 1, 'down', Number.NaN],
    ['.5', 1, 'up', Number.NaN],
    ['1e3', 1, 'up', Number.NaN],
    ['0.0000000001', 1, 'up', Number.NaN],
  ] as const)('%s at %i decimals is, %s, %d', (text, decimals, towards, scaled) => {
    expect(scaledBound(text, decimals, towards)).toBe(scaled);
  });
});

describe('a reading', () => {
  const metric = metricNamed('energy', {
    decimals: 2,
    earliestMs: Date.UTC(2000, 0, 1),
    minScaled: 1,
    maxScaled: 99_999,
  });

  it('may be at the bounds of its metric', () => {
    expect(implausible(metric, Date.UTC(2000, 0, 1), 1)).toBeUndefined();
    expect(implausible(metric, Date.UTC(2100, 0, 1), 99_999)).toBeUndefined();
    expect(implausible(metricNamed('any'), -1e15, -1e15)).toBeUndefined();
  });

  it('can not be beyond them, and is told why', () => {
    const now = Date.UTC(2026, 0, 1);
    expect(implausible(metric, Date.UTC(2000, 0, 1) - 1, 5)).toMatch(
      /^time 1999-12-31T23:59:59.999Z lies before 2000-01-01T00:00:00Z, `earliest` of metric energy/,
    );
    expect(implausible(metric, now, 0)).toBe('value 0 is below 0.01, `min` of metric energy');
    expect(implausible(metric, now, 100_000)).toBe('value 1000 is above 999.99, `max` of metric energy');
  });
});

describe('what a rate comes to over time', () => {
  it.each([
    ['kW', 'kWh', 3_600_000],
    ['W', 'Wh', 3_600_000],
    ['MW', 'MWh', 3_600_000],
    ['kvar', 'kvarh', 3_600_000],
    ['mA', 'mAh', 3_600_000],
    ['m³/h', 'm³', 3_600_000],
    ['l/min', 'l', 60_000],
    ['L / s', 'L', 1_000],
    ['kWh/d', 'kWh', 86_400_000],
    ['kg m/s', 'kg m', 1_000],
  ])('of %s is told in %s', (unit, amount, perMs) => {
    expect(amountUnit(unit)).toEqual({ unit: amount, perMs });
  });

  it.each(['°C', 'kWh', 'm³', '%', '/h', 'm/km', 'kWp', 'hPa', 'km/h²', 'x/year'])('is not known of %s', (unit) => {
    expect(amountUnit(unit)).toBeUndefined();
  });
});

describe('a unit in a product', () => {
  it('is put in brackets where it is more than a word', () => {
    expect(['kW', 'm³/h', 'km h'].map(secondsOf)).toEqual(['kW·s', '(m³/h)·s', '(km h)·s']);
    expect(['kW', '°C', 'm³/h', 'm³'].map(squareOf)).toEqual(['kW²', '°C²', '(m³/h)²', '(m³)²']);
  });
});
