import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFactor, ScaledProduct } from './factor.ts';
import { DECIMALS_MAX, lastScaledFault, SCALED_MAX } from './scaled.ts';

const encoder = new TextEncoder();

function multiplied(text: string, factor: string, decimals: number, excess: 'round' | 'refuse'): number | string {
  const bytes = encoder.encode(text);
  const product = new ScaledProduct(parseFactor(factor)!, decimals).parse(bytes, 0, bytes.length, excess);
  return Number.isNaN(product) ? lastScaledFault() : product;
}

/** The slow obvious version: all digits as one fraction, divided once, rounded half to even. */
function oracle(a: Decimal, over: Decimal, under: Decimal, decimals: number, round: boolean): number | string {
  let numerator = a.digits * over.digits;
  let denominator = under.digits;
  const exponent = a.exponent + over.exponent - under.exponent + decimals;
  if (exponent < 0) denominator *= 10n ** BigInt(-exponent);
  else numerator *= 10n ** BigInt(exponent);
  const isNegative = numerator < 0n !== denominator < 0n;
  if (numerator < 0n) numerator = -numerator;
  if (denominator < 0n) denominator = -denominator;
  let magnitude = numerator / denominator;
  if (magnitude > BigInt(SCALED_MAX)) return 'out-of-range';
  const twice = 2n * (numerator - magnitude * denominator);
  if (twice > 0n && !round) return 'too-many-decimals';
  if (twice > denominator || (twice === denominator && magnitude % 2n === 1n)) magnitude++;
  if (magnitude > BigInt(SCALED_MAX)) return 'out-of-range';
  return magnitude === 0n ? 0 : Number(magnitude) * (isNegative ? -1 : 1);
}

interface Decimal {
  readonly text: string;
  readonly digits: bigint;
  readonly exponent: number;
}

const decimal = fc
  .record({
    digits: fc.oneof(
      { weight: 3, arbitrary: fc.stringMatching(/^[0-9]{1,6}$/) },
      { weight: 2, arbitrary: fc.stringMatching(/^[0-9]{1,12}50*$/).map((text) => text.slice(0, 30)) },
      { weight: 1, arbitrary: fc.stringMatching(/^[0-9]{13,30}$/) },
      { weight: 1, arbitrary: fc.bigInt({ min: 2n ** 53n - 60n, max: 2n ** 53n + 60n }).map(String) },
    ),
    pointShare: fc.double({ min: 0, max: 1, noNaN: true }),
    exponent: fc.option(fc.integer({ min: -20, max: 20 }), { freq: 3 }),
    sign: fc.constantFrom('', '', '+', '-'),
  })
  .map(({ digits, pointShare, exponent, sign }): Decimal => {
    const pointAt = Math.round(pointShare * digits.length);
    return {
      text: `${sign}${digits.slice(0, pointAt)}.${digits.slice(pointAt)}${exponent === null ? '' : `e${exponent}`}`,
      digits: BigInt(digits) * (sign === '-' ? -1n : 1n),
      exponent: (exponent ?? 0) - (digits.length - pointAt),
    };
  });
const ONE: Decimal = { text: '1', digits: 1n, exponent: 0 };
const under = fc.oneof(
  fc.constant(ONE),
  decimal.filter(({ digits }) => digits !== 0n),
);
const decimals = fc.integer({ min: 0, max: DECIMALS_MAX });

describe('laws of a product', () => {
  it('a number times a factor is what exact fractions make of it, rounded once', () => {
    fc.assert(
      fc.property(decimal, decimal, under, decimals, fc.boolean(), (number, over, below, places, round) => {
        const factor = below === ONE ? over.text : `${over.text}/${below.text}`;
        expect(multiplied(number.text, factor, places, round ? 'round' : 'refuse')).toBe(
          oracle(number, over, below, places, round),
        );
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('a factor', () => {
  it('keeps what no double keeps', () => {
    expect(multiplied('35089902', '0.001', 3, 'refuse')).toBe(35_089_902);
    expect(multiplied('9007199254740993', '1/3', 0, 'refuse')).toBe(3_002_399_751_580_331);
    expect(multiplied('0.5', '1/3', 3, 'refuse')).toBe('too-many-decimals');
    expect(multiplied('7', '-1/2', 0, 'round')).toBe(-4);
    expect(multiplied('-0', '-1', 3, 'round')).toBe(0);
  });

  it('is a decimal or two of them, and nothing else', () => {
    expect(parseFactor('1/1000')).toEqual(parseFactor('1e-3'));
    for (const text of ['', '.', 'factor', '1/0', '1/2/3', '1,5', 'e3', '1e999', ' 1', '0x10', `1${'0'.repeat(130)}`])
      expect(parseFactor(text)).toBeNull();
  });

  it('takes no text for a number that is none', () => {
    for (const text of ['', '-', '.', '1.2.3', '1 2', 'NaN', '1e', `0.${'1'.repeat(200)}`])
      expect(multiplied(text, '0.001', 3, 'round')).toBe('not-a-number');
  });
});
