import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IntervalSet } from './interval-set.ts';

const numbers = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 });

describe('an interval set', () => {
  it('an interval set holds what a plain set holds, in whatever order it came', () => {
    fc.assert(
      fc.property(numbers, (added) => {
        const intervals = new IntervalSet();
        const plain = new Set<number>();
        for (const n of added) {
          expect(intervals.add(n)).toBe(!plain.has(n));
          plain.add(n);
        }
        for (let n = 0; n <= 32; n++) expect(intervals.has(n)).toBe(plain.has(n));
        expect(intervals.highest).toBe(Math.max(0, ...plain));
      }),
    );
  });

  it('gaps and members make up the whole range, and the contiguous part ends at the first gap', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 0, max: 35 }), (added, upTo) => {
        const intervals = new IntervalSet();
        for (const n of added) intervals.add(n);
        const missing = intervals
          .gaps(upTo, 100)
          .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
        const expected = Array.from({ length: upTo }, (_, i) => i + 1).filter((n) => !added.includes(n));
        expect(missing).toEqual(expected);
        const first = Array.from({ length: 40 }, (_, i) => i + 1).find((n) => !added.includes(n)) ?? 0;
        expect(intervals.contiguous).toBe(first - 1);
      }),
    );
  });

  it('a snapshot opens to an equal set with as few intervals as there can be', () => {
    fc.assert(
      fc.property(numbers, (added) => {
        const intervals = new IntervalSet();
        for (const n of added) intervals.add(n);
        const edges = intervals.snapshot();
        expect(new IntervalSet(edges).snapshot()).toEqual(edges);
        for (let i = 2; i < edges.length; i += 2) expect(edges[i]!).toBeGreaterThan(edges[i - 1]! + 1);
      }),
    );
  });

  it('takes a range as it takes each of its numbers', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat(8));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), (ranges) => {
        const [byRange, byNumber] = [new IntervalSet(), new IntervalSet()];
        for (const [from, more] of ranges) {
          byRange.addRange(from, from + more);
          for (let n = from; n <= from + more; n++) byNumber.add(n);
          expect(byRange.snapshot()).toEqual(byNumber.snapshot());
        }
      }),
    );
  });
});
