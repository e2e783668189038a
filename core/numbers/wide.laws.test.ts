import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addProduct,
  addProductAnd,
  addSafe,
  addWide,
  clearWide,
  isZeroWide,
  makeWide,
  readWide,
  SQUARE_LIMBS,
  subtractWide,
  SUM_LIMBS,
  WIDE_BASE,
  WideRangeError,
  writeWide,
} from './wide.ts';

const MAX = Number.MAX_SAFE_INTEGER;

/** Safe integers, many of them beside a limb's or a half limb's edge. */
const safe = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(0, 1, -1, MAX, -MAX, WIDE_BASE, -WIDE_BASE, WIDE_BASE - 1, 1 - WIDE_BASE),
  fc
    .tuple(fc.constantFrom(20, 27, 31, 32, 33, 40, 41, 52), fc.integer({ min: -2, max: 2 }), fc.constantFrom(1, -1))
    .map(([bits, beside, sign]) => sign * (2 ** bits + beside)),
);

const sumSized = fc.bigInt({ min: -(2n ** 106n), max: 2n ** 106n });
const squareSized = fc.oneof(sumSized, fc.bigInt({ min: -(2n ** 160n), max: 2n ** 160n }));

function limbsAt(columns: readonly Float64Array[], index: number): number[] {
  return columns.map((column) => column[index]!);
}

/** Canonical limbs by plain BigInt arithmetic. */
function canonical(value: bigint, limbs: number): number[] {
  return Array.from({ length: limbs }, (_, k) => {
    const shifted = value >> BigInt(40 * k);
    return Number(k === limbs - 1 ? shifted : shifted & (2n ** 40n - 1n));
  });
}

describe('laws of wide integers', () => {
  it('adding safe integers and products agrees with BigInt, limb by limb, and leaves neighbours alone', () => {
    const step = fc.oneof(
      safe.map((x) => ({ x, y: undefined })),
      fc.tuple(safe, safe).map(([x, y]) => ({ x, y })),
    );
    fc.assert(
      fc.property(squareSized, fc.array(step, { maxLength: 60 }), (start, steps) => {
        const columns = makeWide(SQUARE_LIMBS, 3);
        writeWide(columns, 1, start);
        let expected = start;
        for (const { x, y } of steps) {
          if (y === undefined) addSafe(columns, 1, x);
          else addProduct(columns, 1, x, y);
          expected += BigInt(x) * BigInt(y ?? 1);
          expect(limbsAt(columns, 1)).toStrictEqual(canonical(expected, SQUARE_LIMBS));
        }
        expect(readWide(columns, 1)).toBe(expected);
        expect(isZeroWide(columns, 0) && isZeroWide(columns, 2)).toBe(true);
      }),
    );
  });

  it('a product with an addend agrees with BigInt, around every limit', () => {
    const addend = fc.oneof(
      safe,
      fc.integer({ min: -3, max: 3 }).map((n) => 2 ** 51 + n),
      fc.integer(),
    );
    const factor = fc.oneof(
      safe,
      fc.integer({ min: -3, max: 3 }).map((n) => 2 ** 32 + n),
      fc.integer(),
    );
    fc.assert(
      fc.property(squareSized, factor, factor, addend, fc.boolean(), (start, a, b, x, isNegative) => {
        const columns = makeWide(SQUARE_LIMBS, 1);
        writeWide(columns, 0, start);
        const signed = isNegative ? -x : x;
        addProductAnd(columns, 0, a, b, signed);
        expect(limbsAt(columns, 0)).toStrictEqual(
          canonical(start + BigInt(a) * BigInt(b) + BigInt(signed), SQUARE_LIMBS),
        );
      }),
    );
  });

  it('a sum in three limbs takes products of safe integers', () => {
    fc.assert(
      fc.property(sumSized, safe, safe, (start, a, b) => {
        const columns = makeWide(SUM_LIMBS, 1);
        writeWide(columns, 0, start);
        addProduct(columns, 0, a, b);
        expect(readWide(columns, 0)).toBe(start + BigInt(a) * BigInt(b));
      }),
    );
  });

  it('adding and subtracting wide numbers agrees with BigInt, also into more limbs', () => {
    fc.assert(
      fc.property(squareSized, sumSized, (a, b) => {
        const into = makeWide(SQUARE_LIMBS, 1);
        const from = makeWide(SUM_LIMBS, 2);
        writeWide(into, 0, a);
        writeWide(from, 1, b);
        addWide(into, 0, from, 1);
        expect(limbsAt(into, 0)).toStrictEqual(canonical(a + b, SQUARE_LIMBS));
        subtractWide(into, 0, from, 1);
        expect(limbsAt(into, 0)).toStrictEqual(canonical(a, SQUARE_LIMBS));
        subtractWide(from, 1, from, 1);
        expect(isZeroWide(from, 1)).toBe(true);
      }),
    );
  });

  it('the order of additions changes no bit', () => {
    const shuffled = fc
      .array(safe, { minLength: 1, maxLength: 30 })
      .chain((values) => fc.tuple(fc.constant(values), fc.shuffledSubarray(values, { minLength: values.length })));
    fc.assert(
      fc.property(shuffled, ([values, others]) => {
        const columns = makeWide(SUM_LIMBS, 2);
        for (const value of values) addSafe(columns, 0, value);
        for (const value of others) addSafe(columns, 1, value);
        expect(limbsAt(columns, 0).map(Object.is.bind(null, 0))).toStrictEqual(
          limbsAt(columns, 1).map(Object.is.bind(null, 0)),
        );
        expect(limbsAt(columns, 0)).toStrictEqual(limbsAt(columns, 1));
      }),
    );
  });

  it('writing and reading is the identity, and never leaves a negative zero', () => {
    fc.assert(
      fc.property(squareSized, (value) => {
        const columns = makeWide(SQUARE_LIMBS, 1);
        writeWide(columns, 0, value);
        expect(readWide(columns, 0)).toBe(value);
        addProduct(columns, 0, MAX, -MAX);
        addProduct(columns, 0, -MAX, -MAX);
        writeWide(columns, 0, value - value);
        expect(limbsAt(columns, 0).some((limb) => Object.is(limb, -0))).toBe(false);
      }),
    );
  });
});

describe('the ends of the range', () => {
  it('the largest sum and square of 2^53 readings fit', () => {
    const readings = 2n ** 53n;
    const largest = BigInt(MAX);
    const sums = makeWide(SUM_LIMBS, 1);
    const squares = makeWide(SQUARE_LIMBS, 1);
    for (const sign of [1n, -1n]) {
      writeWide(sums, 0, sign * readings * largest);
      addSafe(sums, 0, Number(sign) * MAX);
      expect(readWide(sums, 0)).toBe(sign * (readings + 1n) * largest);
    }
    writeWide(squares, 0, readings * largest * largest);
    addProduct(squares, 0, MAX, MAX);
    expect(readWide(squares, 0)).toBe((readings + 1n) * largest * largest);
  });

  it('a number that does not fit is refused by name and changes nothing', () => {
    const columns = makeWide(SUM_LIMBS, 1);
    writeWide(columns, 0, 42n);
    expect(() => writeWide(columns, 0, 2n ** 133n)).toThrow(WideRangeError);
    expect(() => writeWide(columns, 0, -(2n ** 134n))).toThrow('integer of 135 bits does not fit in 3 limbs');
    expect(readWide(columns, 0)).toBe(42n);
    clearWide(columns, 0);
    expect(isZeroWide(columns, 0)).toBe(true);
  });
});
