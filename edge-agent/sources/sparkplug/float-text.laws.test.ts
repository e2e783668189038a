import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floatText } from './metric-text.ts';

/** The least number of digits by which a float is told from all others, found by trying. */
function digitsOf(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    if (Math.fround(Number(value.toPrecision(digits))) === value) return digits;
  }
  return 9;
}

/** Below it floats have fewer bits, and their texts more digits than needed. */
const NORMAL_MIN = 2 ** -126;

const digitsIn = (text: string): number =>
  text
    .replace(/e.*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '').length;

describe('the text of a float', () => {
  it('reads back as the float, and of a normal one no shorter text does', () => {
    const floats = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc
        .tuple(fc.integer({ min: -99_999_999, max: 99_999_999 }), fc.integer({ min: -9, max: 9 }))
        .map(([digits, power]) => Math.fround(digits * 10 ** power)),
    );
    fc.assert(
      fc.property(floats, (value) => {
        const text = floatText(value);
        expect(Math.fround(Number(text)) + 0).toBe(value + 0);
        if (Math.abs(value) >= NORMAL_MIN) expect(digitsIn(text)).toBeLessThanOrEqual(digitsOf(value));
      }),
      { numRuns: 20_000 },
    );
  });
});
