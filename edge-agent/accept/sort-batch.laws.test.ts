import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchSorter } from './sort-batch.ts';

const SERIES = 5;
const rows = fc.array(fc.tuple(fc.nat(SERIES - 1), fc.integer({ min: -3, max: 3 })), { maxLength: 40 });

describe('a sorted batch', () => {
  it('holds each touched series once, its rows by time, and rows of one time in the order of the source', () => {
    const sorter = new BatchSorter();
    fc.assert(
      fc.property(rows, fc.constantFrom(SERIES, 100 * SERIES), (all, seriesCount) => {
        const { series, starts, ...columns } = sorter.sort(
          {
            count: all.length,
            entry: Int32Array.from(all, (_, row) => row),
            seriesOf: all.map(([number]) => number),
            timeMs: Float64Array.from(all, ([, timeMs]) => timeMs),
            value: Float64Array.from(all, (_, row) => 10 * row),
          },
          seriesCount,
        );
        const expected = all
          .map(([number, timeMs], row) => ({ number, timeMs, row }))
          .toSorted((a, b) => a.number - b.number || a.timeMs - b.timeMs || a.row - b.row);
        expect([...columns.entry.subarray(0, all.length)]).toEqual(expected.map(({ row }) => row));
        expect([...columns.timeMs.subarray(0, all.length)]).toEqual(expected.map(({ timeMs }) => timeMs));
        expect([...columns.value.subarray(0, all.length)]).toEqual(expected.map(({ row }) => 10 * row));
        const touched = [...new Set(expected.map(({ number }) => number))];
        expect([...series]).toEqual(touched);
        const firsts = touched.map((one) => expected.findIndex(({ number }) => number === one));
        expect([...starts]).toEqual([...firsts, all.length]);
      }),
    );
  });
});
