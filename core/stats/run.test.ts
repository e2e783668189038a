import { describe, expect, it } from 'vitest';
import { addPieces } from './piece.ts';
import { addRegularRun } from './run.ts';
import { StatsTable } from './stats-table.ts';
import { statsOf } from './stats.oracle.ts';
import { readStats } from './stats.ts';

function freshTable(): StatsTable {
  const table = new StatsTable(1);
  table.allocate();
  return table;
}

describe('a run', () => {
  it.each([
    ['whose lower halves alone would sum beyond 2^53', 0, 2 ** 20 - 1],
    ['of distances just below the split', -3, 2 ** 38 + 1],
    ['of the outermost values in turn', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ['of the largest value alone', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ])('of many thousand values is exact: %s', (_, even, odd) => {
    const values = Float64Array.from({ length: 20_001 }, (__, i) => (i % 2 === 0 ? even : odd));
    const table = freshTable();
    addPieces(table, 0, values, 0, values.length, 0);
    const readings = Array.from(values, (value) => ({ ms: 0, value }));
    const { count, sum, squares, min, max } = statsOf(readings, false);
    expect(readStats(table, 0)).toMatchObject({ count, sum, squares, min, max });
  });

  it('of no readings adds nothing', () => {
    const table = freshTable();
    addRegularRun(table, 0, Float64Array.of(1), 1, 1, 0, 1000, { kind: 'gauge', holdMsMax: 1, quantiles: true });
    expect(readStats(table, 0)).toEqual(statsOf([], false));
  });

  it('of one reading needs no step', () => {
    const table = freshTable();
    addRegularRun(table, 0, Float64Array.of(5), 0, 1, 7, 0, { kind: 'gauge', holdMsMax: 1, quantiles: false });
    expect(readStats(table, 0)).toEqual(statsOf([{ ms: 7, value: 5 }], false));
  });

  it('of a gauge holds each value until the next, three intervals at most', () => {
    const table = freshTable();
    const rule = { kind: 'gauge', holdMsMax: 3000, quantiles: false } as const;
    addRegularRun(table, 0, Float64Array.of(10, 20, 90), 0, 3, 0, 60_000, rule);
    expect(readStats(table, 0)).toMatchObject({ integral: 90_000n, coveredMs: 6000n });
  });
});
