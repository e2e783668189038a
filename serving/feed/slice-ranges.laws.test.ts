import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SliceRanges } from './slice-ranges.ts';

const SLICES = 40;
const range = fc
  .tuple(fc.nat(SLICES - 1), fc.integer({ min: 1, max: 6 }))
  .map(([from, count]) => [from, from + count] as const);

function held(ranges: SliceRanges): ReadonlySet<number> {
  const edges = ranges.edges();
  const all = new Set<number>();
  for (let i = 0; i < edges.length; i += 2) for (let slice = edges[i]!; slice < edges[i + 1]!; slice++) all.add(slice);
  return all;
}

function rangesOf(some: readonly (readonly [number, number])[]): SliceRanges {
  const ranges = new SliceRanges();
  for (const [from, to] of some) ranges.add(from, to);
  return ranges;
}

function setOf(some: readonly (readonly [number, number])[]): Set<number> {
  return new Set(some.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i)));
}

describe('ranges of slices', () => {
  it('hold what was put in, sorted, with gaps between them', () => {
    fc.assert(
      fc.property(fc.array(range), (some) => {
        const ranges = rangesOf(some);
        expect(held(ranges)).toEqual(setOf(some));
        expect(ranges.slices).toBe(setOf(some).size);
        const edges = ranges.edges();
        for (let i = 1; i < edges.length; i++) expect(edges[i]!).toBeGreaterThan(edges[i - 1]!);
      }),
    );
  });

  it('are cut to a span', () => {
    fc.assert(
      fc.property(fc.array(range), fc.nat(SLICES), fc.nat(SLICES), (some, from, to) => {
        const ranges = rangesOf(some);
        ranges.clip(from, to);
        expect(held(ranges)).toEqual(new Set([...setOf(some)].filter((slice) => slice >= from && slice < to)));
      }),
    );
  });

  it('are taken in their order, and nothing of them is lost', () => {
    fc.assert(
      fc.property(fc.array(range), fc.nat(SLICES), (some, count) => {
        const ranges = rangesOf(some);
        const taken = ranges.take(count);
        const inOrder = [...setOf(some)].sort((a, b) => a - b);
        expect([...held(taken)]).toEqual(inOrder.slice(0, count));
        expect([...held(ranges)]).toEqual(inOrder.slice(count));
      }),
    );
  });

  it('lose nothing when they are made fewer, and close the narrowest gaps first', () => {
    fc.assert(
      fc.property(fc.array(range), fc.integer({ min: 1, max: 4 }), (some, countMax) => {
        const ranges = rangesOf(some);
        const gaps = ranges
          .edges()
          .slice(2)
          .filter((_, i) => i % 2 === 0)
          .map((edge, i) => edge - ranges.edges()[2 * i + 1]!);
        ranges.coarsen(countMax);
        expect(ranges.count).toBeLessThanOrEqual(countMax);
        for (const slice of setOf(some)) expect(held(ranges)).toContain(slice);
        const closed = gaps.sort((a, b) => a - b).slice(0, Math.max(0, gaps.length + 1 - countMax));
        expect(ranges.slices).toBe(setOf(some).size + closed.reduce((sum, gap) => sum + gap, 0));
      }),
    );
  });

  it('have no end where none was said', () => {
    const ranges = rangesOf([[3, 5]]);
    ranges.add(7, Number.POSITIVE_INFINITY);
    ranges.add(9, 11);
    expect(ranges.edges()).toEqual([3, 5, 7, Number.POSITIVE_INFINITY]);
    expect(ranges.slices).toBe(Number.POSITIVE_INFINITY);
  });
});
