import { describe, expect, it } from 'vitest';
import { amountUnit, secondsOf, squareOf } from './unit.ts';

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
