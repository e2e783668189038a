import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addCovered, coveredTotal, setCovered } from './covered.ts';
import { StatsTable } from './stats-table.ts';

/** Durations of links, and totals of whole fleets over centuries. */
const durationMs = fc.oneof(
  fc.integer({ min: -10_000, max: 10_000 }),
  fc.maxSafeInteger(),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 2 ** 52, 2 ** 52 + 1),
);

function totalOf(durations: readonly number[]): StatsTable {
  const table = new StatsTable(1);
  table.allocate();
  for (const ms of durations) addCovered(table, 0, ms, 0);
  return table;
}

describe('covered time', () => {
  it('covered time is the exact sum of its parts, in one form whatever their order', () => {
    fc.assert(
      fc.property(fc.array(durationMs, { maxLength: 30 }), (durations) => {
        const exact = durations.reduce((sum, ms) => sum + BigInt(ms), 0n);
        const table = totalOf(durations);
        expect(coveredTotal(table, 0)).toBe(exact);
        expect(table.coveredMs[0]).toBe(Number(exact));
        const reversed = totalOf(durations.toReversed());
        expect([reversed.coveredMs[0], reversed.coveredRest.at(0)]).toEqual([
          table.coveredMs[0],
          table.coveredRest.at(0),
        ]);
      }),
      { numRuns: 300 },
    );
  });

  it('covered time is set to the form that adding leaves, and parts of any size add up', () => {
    const total = fc.bigInt({ min: -(1n << 104n), max: 1n << 104n });
    fc.assert(
      fc.property(total, total, (a, b) => {
        const [left, right, both] = [totalOf([]), totalOf([]), totalOf([])];
        expect(setCovered(left, 0, a) && setCovered(right, 0, b) && setCovered(both, 0, a + b)).toBe(true);
        addCovered(left, 0, right.coveredMs[0]!, right.coveredRest.at(0));
        expect(coveredTotal(left, 0)).toBe(a + b);
        expect([left.coveredMs[0], left.coveredRest.at(0)]).toEqual([both.coveredMs[0], both.coveredRest.at(0)]);
      }),
      { numRuns: 300 },
    );
  });

  it('covered time beyond what the columns hold is refused', () => {
    const table = totalOf([5]);
    expect(setCovered(table, 0, 1n << 105n)).toBe(false);
    expect(coveredTotal(table, 0)).toBe(5n);
  });
});
