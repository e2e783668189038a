import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addCovered, coveredTotal, mergeAdditive, setCovered, subtractAdditive, subtractReading } from './additive.ts';
import { addReading, copySelective, equalSlots, mergeInto, mergeSelective } from './merge.ts';
import { StatsTable } from './stats-table.ts';
import { foldSteps, scaledValue, type Step, steps } from './stats.fixtures.ts';
import { statsOf } from './stats.oracle.ts';
import { readStats } from './stats.ts';

function merged(...parts: readonly (readonly Step[])[]): StatsTable {
  const table = foldSteps([]);
  for (const part of parts) mergeInto(table, 0, foldSteps(part), 0);
  return table;
}

describe('stats are a commutative monoid, bit by bit', () => {
  it('merges in either order to the same bits', () => {
    fc.assert(fc.property(steps, steps, (a, b) => equalSlots(merged(a, b), 0, merged(b, a), 0)));
  });

  it('merges in either grouping to the same bits', () => {
    fc.assert(
      fc.property(steps, steps, steps, (a, b, c) => {
        const right = merged(b, c);
        const grouped = foldSteps(a);
        mergeInto(grouped, 0, right, 0);
        return equalSlots(merged(a, b, c), 0, grouped, 0);
      }),
    );
  });

  it('is unchanged by the identity on either side', () => {
    fc.assert(
      fc.property(steps, (a) => {
        const right = foldSteps(a);
        mergeInto(right, 0, foldSteps([]), 0);
        return equalSlots(right, 0, foldSteps(a), 0) && equalSlots(merged([], a), 0, foldSteps(a), 0);
      }),
    );
  });

  it('folds two lists joined to the merge of their folds', () => {
    fc.assert(fc.property(steps, steps, (a, b) => equalSlots(foldSteps([...a, ...b]), 0, merged(a, b), 0)));
  });

  it('folds every order of the same steps to the same bits', () => {
    const shuffled = steps.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(fc.property(shuffled, ([list, other]) => equalSlots(foldSteps(list), 0, foldSteps(other), 0)));
  });
});

describe('the additive part is a group', () => {
  it('is restored bit by bit when what was added is subtracted', () => {
    fc.assert(
      fc.property(steps, steps, (a, b) => {
        const table = foldSteps(a);
        mergeAdditive(table, 0, foldSteps(b), 0);
        subtractAdditive(table, 0, foldSteps(b), 0);
        return equalSlots(table, 0, foldSteps(a), 0);
      }),
    );
  });

  it('is restored bit by bit when a reading is subtracted again', () => {
    fc.assert(
      fc.property(steps, scaledValue, fc.boolean(), (list, value, buckets) => {
        const table = foldSteps(list);
        addReading(table, 0, 7, value, buckets);
        subtractReading(table, 0, value, buckets);
        copySelective(table, 0, foldSteps(list), 0);
        return equalSlots(table, 0, foldSteps(list), 0);
      }),
    );
  });

  it('goes below zero without loss', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const table = foldSteps([]);
        subtractAdditive(table, 0, foldSteps(list), 0);
        const negative = readStats(table, 0);
        const positive = readStats(foldSteps(list), 0);
        expect(negative.sum).toBe(-positive.sum);
        expect(negative.squares).toBe(-positive.squares);
        expect(negative.increase).toBe(-positive.increase);
        expect(negative.integral).toBe(-positive.integral);
        expect(negative.coveredMs).toBe(-positive.coveredMs);
      }),
    );
  });
});

describe('the selective part is a semilattice', () => {
  it('takes the same part twice as once', () => {
    fc.assert(
      fc.property(steps, steps, (a, b) => {
        const once = foldSteps(a);
        mergeSelective(once, 0, foldSteps(b), 0);
        const twice = foldSteps(a);
        mergeSelective(twice, 0, foldSteps(b), 0);
        mergeSelective(twice, 0, foldSteps(b), 0);
        return equalSlots(once, 0, twice, 0);
      }),
    );
  });
});

describe('stats', () => {
  it('equals slow bigint arithmetic over the set of readings', () => {
    const reading = fc.record({
      ms: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.maxSafeInteger()),
      value: fc.oneof(scaledValue, fc.integer({ min: -2, max: 2 })),
    });
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 40 }), fc.boolean(), (readings, buckets) => {
        const table = new StatsTable();
        const slot = table.allocate();
        for (const { ms, value } of readings) addReading(table, slot, ms, value, buckets);
        expect(readStats(table, slot)).toEqual(statsOf(readings, buckets));
      }),
    );
  });
});

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
