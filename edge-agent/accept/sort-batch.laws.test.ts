import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortBatch } from './sort-batch.ts';

const SERIES = 5;
const rows = fc.array(fc.tuple(fc.nat(SERIES - 1), fc.integer({ min: -3, max: 3 })), { maxLength: 40 });

describe('a sorted batch', () => {
  it('holds each touched series once, its rows by time, and rows of one time in the order of the source', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(SERIES, 100 * SERIES), (all, seriesCount) => {
        const sorted = sortBatch(
          all.length,
          Int32Array.from(all, ([series]) => series),
          Float64Array.from(all, ([, timeMs]) => timeMs),
          seriesCount,
        );
        const expected = all
          .map(([series, timeMs], row) => ({ series, timeMs, row }))
          .toSorted((a, b) => a.series - b.series || a.timeMs - b.timeMs || a.row - b.row);
        expect([...sorted.order]).toEqual(expected.map(({ row }) => row));
        const touched = [...new Set(expected.map(({ series }) => series))];
        expect([...sorted.series]).toEqual(touched);
        const starts = touched.map((number) => expected.findIndex(({ series }) => series === number));
        expect([...sorted.starts]).toEqual([...starts, all.length]);
      }),
    );
  });
});
