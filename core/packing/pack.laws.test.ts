import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nastyInteger, outlierColumn } from './nasty-numbers.fixtures.ts';
import { COLUMN_ROOM, PackReader } from './pack-reader.ts';
import { PackWriter } from './pack-writer.ts';

const MAX = Number.MAX_SAFE_INTEGER;

function readBack(bytes: Uint8Array, from: number, count: number): number[] | null {
  const reader = new PackReader();
  const out = new Float64Array(count + COLUMN_ROOM);
  reader.open(bytes, from);
  if (!reader.column(out, count, -MAX, MAX) || !reader.finished()) return null;
  return [...out.subarray(0, count)];
}

describe('a column', () => {
  it('gives back every sequence of safe integers', () => {
    fc.assert(
      fc.property(outlierColumn, fc.integer({ min: 0, max: 3 }), (values, room) => {
        const writer = new PackWriter();
        writer.column(Float64Array.from(values), values.length);
        expect(readBack(writer.finish(room * 4), room * 4, values.length)).toEqual(values);
      }),
    );
  });

  it('gives back every sequence when it is kept plain', () => {
    fc.assert(
      fc.property(outlierColumn, (values) => {
        const writer = new PackWriter();
        writer.plainColumn(Float64Array.from(values), values.length);
        expect(readBack(writer.finish(0), 0, values.length)).toEqual(values);
      }),
    );
  });

  it('gives back full blocks of every width', () => {
    for (let width = 1; width <= 53; width++) {
      const top = width === 53 ? MAX : 2 ** width - 1;
      const values = Float64Array.from({ length: 300 }, (_, i) => [top, -top, top - 1, i % 2, -1][i % 5]!);
      const writer = new PackWriter();
      writer.plainColumn(values, values.length);
      expect({ width, values: readBack(writer.finish(0), 0, values.length) }).toEqual({ width, values: [...values] });
    }
  });

  it('gives back what it holds relative to another, even where distances are no safe integers', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(nastyInteger, nastyInteger), { maxLength: 300 }), (pairs) => {
        const count = pairs.length;
        const bases = Float64Array.from(pairs, ([base]) => base);
        const values = Float64Array.from(pairs, ([, value]) => value);
        const writer = new PackWriter();
        writer.relativeColumn(values, bases, count);
        const reader = new PackReader();
        const out = new Float64Array(count + COLUMN_ROOM);
        reader.open(writer.finish(0), 0);
        expect(reader.relativeColumn(out, bases, count, -MAX, MAX)).toBe(true);
        expect(out.subarray(0, count)).toEqual(values);
      }),
    );
  });

  it('of random bytes is read or refused, and what is read is within its limits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(600), (bytes, count) => {
        const reader = new PackReader();
        const out = new Float64Array(count + COLUMN_ROOM);
        reader.open(bytes, 0);
        if (!reader.column(out, count, -1000, 1000)) expect(reader.failed).toBe(true);
        else expect(out.subarray(0, count).every((value) => Math.abs(value) <= 1000)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('bytes between columns', () => {
  it('hold every varint and every wide integer', () => {
    const wide = fc.oneof(fc.bigInt({ min: -(2n ** 190n), max: 2n ** 190n }), fc.bigInt({ min: -300n, max: 300n }));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.maxSafeNat(), wide)), (pairs) => {
        const writer = new PackWriter();
        for (const [small, large] of pairs) {
          writer.bytes.varint(small);
          writer.bytes.wide(large);
        }
        const reader = new PackReader();
        reader.open(writer.finish(0), 0);
        for (const [small, large] of pairs)
          expect([reader.bytes.varint(), reader.bytes.wide()]).toEqual([small, large]);
        expect(reader.finished()).toBe(true);
      }),
    );
  });
});
