import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareKeys,
  intKey,
  joinKeys,
  prefixRange,
  readIntKey,
  readKey,
  readUintKey,
  stringKey,
  tupleKey,
  uintKey,
} from './order.ts';

const uint = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 255, 256, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1));
const int = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -1, 1, -256, 2 ** 32, 2 ** 53 - 1, -(2 ** 53 - 1)));
/** Few letters, so that prefixes and equal strings are common, and the zero that the closing is made of. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('\0', '\u0001', 'a', 'b', '\u00ff', '\uffff', '𝄞'), maxLength: 6 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
const part = fc.oneof(int, text);

/** The order of strings by code points, the slow way. */
function compareText(a: string, b: string): number {
  const left = Array.from(a, (letter) => letter.codePointAt(0)!);
  const right = Array.from(b, (letter) => letter.codePointAt(0)!);
  for (const [index, code] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (code !== other) return code - other;
  }
  return left.length - right.length;
}

/** An independent order of bytes: Node's own. */
function keyOrder(a: Uint8Array, b: Uint8Array): number {
  return Math.sign(Buffer.compare(a, b));
}

describe('keys', () => {
  it('of uints stand in the order of the numbers, and can be read back', () => {
    fc.assert(
      fc.property(uint, uint, (a, b) => {
        expect(keyOrder(uintKey(a), uintKey(b))).toBe(Math.sign(a - b));
        expect(readUintKey(uintKey(a))).toBe(a);
      }),
    );
  });

  it('of ints stand in the order of the numbers, and can be read back', () => {
    fc.assert(
      fc.property(int, int, (a, b) => {
        expect(keyOrder(intKey(a), intKey(b))).toBe(a < b ? -1 : a > b ? 1 : 0);
        expect(readIntKey(intKey(a))).toBe(a);
      }),
    );
  });

  it('of strings stand in the order of their code points, and can be read back', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(keyOrder(stringKey(a), stringKey(b))).toBe(Math.sign(compareText(a, b)));
        expect(readKey(stringKey(a), ['string'])).toEqual([a]);
      }),
    );
  });

  it('of tuples stand in the order of their parts, the first that differs deciding', () => {
    fc.assert(
      fc.property(text, int, text, text, int, text, (a1, a2, a3, b1, b2, b3) => {
        const expected = compareText(a1, b1) || (a2 < b2 ? -1 : a2 > b2 ? 1 : 0) || compareText(a3, b3);
        expect(keyOrder(tupleKey(a1, a2, a3), tupleKey(b1, b2, b3))).toBe(Math.sign(expected));
      }),
    );
  });

  it('of tuples can be read back by their shape', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), uint, (parts, first) => {
        const shape = parts.map((one) => (typeof one === 'number' ? ('int' as const) : ('string' as const)));
        expect(readKey(joinKeys(uintKey(first), tupleKey(...parts)), ['uint', ...shape])).toEqual([first, ...parts]);
      }),
    );
  });

  it('that begin with a prefix are those of its range', () => {
    // Few bytes, so that many keys begin with the prefix or lie beside it.
    const bytes = fc.array(fc.constantFrom(0, 1, 0xfe, 0xff), { maxLength: 4 }).map((all) => Uint8Array.from(all));
    fc.assert(
      fc.property(bytes, bytes, (key, prefix) => {
        const { gte, lt } = prefixRange(prefix);
        const within = keyOrder(key, gte) >= 0 && (lt === undefined || keyOrder(key, lt) < 0);
        expect(within).toBe(Buffer.compare(key.subarray(0, prefix.length), prefix) === 0);
      }),
    );
  });

  it('are compared as Node compares buffers', () => {
    const bytes = fc.uint8Array({ maxLength: 4 });
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(keyOrder(a, b));
      }),
    );
  });

  it('refuse what has no place in the order', () => {
    for (const wrong of [-1, 0.5, 2 ** 53, Number.NaN]) expect(() => uintKey(wrong)).toThrow('safe integer');
    for (const wrong of [0.5, 2 ** 53, -(2 ** 53), Number.NaN]) expect(() => intKey(wrong)).toThrow('safe integer');
    expect(() => stringKey('\ud800')).toThrow('surrogate');
  });
});
