import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpectedTime } from './expected-time.ts';

const SLICE_MS = 6;
const series = fc.record({
  // Below, at and beyond the slice.
  intervalMs: fc.constantFrom(1, 4, SLICE_MS, 7, 12, 20),
  fromMs: fc.integer({ min: -40, max: 40 }),
});
const slice = fc.integer({ min: -10, max: 10 });

/** Whether the instant belongs to a cell that begins in the slices [from, to). */
function isIn(ms: number, intervalMs: number, from: number, to: number): boolean {
  let slices = 1;
  while (slices * SLICE_MS < intervalMs) slices++;
  let first = Math.floor(ms / SLICE_MS);
  while (Math.abs(first % slices) !== 0) first--;
  return first >= from && first < to;
}

describe('the time that is expected', () => {
  it('is all that a series promises, instant by instant, in the cells that begin in the slices', () => {
    fc.assert(
      fc.property(
        fc.array(series, { maxLength: 6 }),
        slice,
        fc.nat(9),
        fc.option(fc.tuple(fc.integer({ min: -60, max: 60 }), fc.nat(50))),
        (all, from, count, clip) => {
          const to = from + count;
          const within = clip === null ? { fromMs: -1e9, toMs: 1e9 } : { fromMs: clip[0], toMs: clip[0] + clip[1] };
          let counted = 0;
          let readings = 0;
          for (const { intervalMs, fromMs } of all) {
            let own = 0;
            for (let ms = -200; ms < 200; ms++) {
              if (ms < fromMs || ms < within.fromMs || ms >= within.toMs) continue;
              if (isIn(ms, intervalMs, from, to)) own++;
            }
            counted += own;
            readings += own / intervalMs;
          }
          const expected = new ExpectedTime(all, SLICE_MS);
          const slices = { fromMs: from * SLICE_MS, toMs: to * SLICE_MS };
          expect(expected.ms(slices, within)).toBe(counted);
          expect(expected.readings(slices, within)).toBeCloseTo(readings, 9);
        },
      ),
    );
  });

  it('is rounded once where it is beyond the safe integers', () => {
    const year = { fromMs: 0, toMs: 31_622_400_000 };
    const fleet = Array.from({ length: 400_001 }, (_, i) => ({ intervalMs: i % 2 === 0 ? 1_000 : 6_000, fromMs: i }));
    const exact = fleet.reduce((sum, { fromMs }) => sum + BigInt(year.toMs - fromMs), 0n);
    expect(new ExpectedTime(fleet, 60_000).ms(year)).toBe(Number(exact));
  });
});
