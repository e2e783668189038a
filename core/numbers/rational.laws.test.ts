import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divideToDouble, integerRoot, sqrtToDouble } from './rational.ts';

interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

const view = new DataView(new ArrayBuffer(8));

function bitsOf(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

function fromBits(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** A positive finite double as an exact fraction, taken from its bits; Infinity as 2^1024, where rounding puts it. */
function exactly(value: number): Fraction {
  const bits = bitsOf(value);
  const exponent = Number(bits >> 52n);
  const significand = (bits & (2n ** 52n - 1n)) + (exponent === 0 ? 0n : 2n ** 52n);
  const power = Math.max(exponent, 1) - 1075;
  if (exponent === 2047) return { over: 2n ** 1024n, under: 1n };
  return power < 0
    ? { over: significand, under: 2n ** BigInt(-power) }
    : { over: significand * 2n ** BigInt(power), under: 1n };
}

function middleOf(a: Fraction, b: Fraction): Fraction {
  return { over: a.over * b.under + b.over * a.under, under: 2n * a.under * b.under };
}

function compare(a: Fraction, b: Fraction): number {
  const left = a.over * b.under;
  const right = b.over * a.under;
  return left < right ? -1 : left > right ? 1 : 0;
}

function squared(a: Fraction): Fraction {
  return { over: a.over * a.over, under: a.under * a.under };
}

/** Whether `rounded` is the double nearest to `exact` (through `image` of both neighbours' middles), ties to even. */
function isNearest(rounded: number, exact: Fraction, image: (middle: Fraction) => Fraction): boolean {
  const bits = bitsOf(rounded);
  const even = (bits & 1n) === 0n;
  const here = exactly(rounded);
  if (bits > 0n) {
    const below = compare(exact, image(middleOf(exactly(fromBits(bits - 1n)), here)));
    if (below < 0 || (below === 0 && !even)) return false;
  }
  if (rounded === Number.POSITIVE_INFINITY) return true;
  const above = compare(exact, image(middleOf(here, exactly(fromBits(bits + 1n)))));
  return above < 0 || (above === 0 && even);
}

const positive = fc.oneof(
  fc.bigInt({ min: 1n, max: 2n ** 64n }),
  fc.bigInt({ min: 1n, max: 2n ** 170n }),
  fc
    .tuple(fc.bigInt({ min: 1n, max: 2n ** 60n }), fc.integer({ min: 0, max: 1_200 }))
    .map(([n, by]) => n << BigInt(by)),
);

/** Middles of two neighbouring doubles, and what lies one part in 2^200 beside them: where rounding goes wrong. */
const nearTie = fc
  .tuple(
    fc.bigInt({ min: 0n, max: bitsOf(Number.MAX_VALUE) }),
    fc.integer({ min: -1, max: 1 }),
    fc.constantFrom(1n, 3n, 7n, 10n ** 9n),
  )
  .map(([bits, beside, factor]): Fraction => {
    const middle = middleOf(exactly(fromBits(bits)), exactly(fromBits(bits + 1n)));
    const fine = 2n ** 200n;
    return { over: (middle.over * fine + BigInt(beside)) * factor, under: middle.under * fine * factor };
  });

const fraction = fc.oneof(
  fc.tuple(positive, positive).map(([over, under]): Fraction => ({ over, under })),
  nearTie,
);

describe('laws of rounding once', () => {
  it('a quotient is the double nearest to it, ties to even, subnormals and overflow included', () => {
    fc.assert(
      fc.property(fraction, ({ over, under }) => {
        expect(isNearest(divideToDouble(over, under), { over, under }, (middle) => middle)).toBe(true);
        expect(divideToDouble(-over, under)).toBe(-divideToDouble(over, under) + 0);
        expect(divideToDouble(over, -under)).toBe(divideToDouble(-over, under));
      }),
      { numRuns: 1_000 },
    );
  });

  it('a square root is the double nearest to it, ties to even', () => {
    const squares = fc.tuple(nearTie, fc.integer({ min: -1, max: 1 })).map(([root, beside]) => {
      const { over, under } = squared(root);
      return { over: over * 2n ** 60n + BigInt(beside), under: under * 2n ** 60n };
    });
    fc.assert(
      fc.property(fc.oneof(fraction, squares), ({ over, under }) => {
        expect(isNearest(sqrtToDouble(over, under), { over, under }, squared)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('every power of two comes back as itself', () => {
    for (let power = -1_074; power < 1_024; power++) {
      const value = fromBits(power < -1_022 ? 1n << BigInt(power + 1_074) : BigInt(power + 1_023) << 52n);
      const { over, under } = exactly(value);
      expect(divideToDouble(over * 3n ** 40n, under * 3n ** 40n)).toBe(value);
    }
  });

  it('an integer root squared does not exceed its number, and the next one does', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          positive,
          positive.map((n) => n * n),
          positive.map((n) => n * n - 1n),
        ),
        (n) => {
          const root = integerRoot(n);
          expect(root * root <= n && n < (root + 1n) * (root + 1n)).toBe(true);
        },
      ),
    );
  });

  it('zero is never negative', () => {
    expect(Object.is(divideToDouble(0n, -5n), 0)).toBe(true);
    expect(Object.is(divideToDouble(-1n, 1n << 2_000n), 0)).toBe(true);
    expect(Object.is(sqrtToDouble(0n, 5n), 0)).toBe(true);
  });
});
