import { describe, expect, it } from 'vitest';
import { addLink, type LinkRule, linkRuleOf, rollsOver, sliceIndexOf } from './link.ts';
import { StatsTable } from './stats-table.ts';
import { readStats } from './stats.ts';

/** What a link adds, as [slice, increase, integral, coveredMs] in the order of the visits. */
function linked(
  rule: LinkRule,
  from: [ms: number, value: number],
  to: [ms: number, value: number],
  sliceMs = 1000,
): unknown[] {
  const table = new StatsTable();
  const visits: number[] = [];
  const slotOf = (slice: number): number => {
    visits.push(slice);
    return table.allocate();
  };
  addLink({ table, slotOf }, rule, sliceMs, 1, ...from, ...to);
  return visits.map((slice, slot) => {
    const { increase, integral, coveredMs } = readStats(table, slot);
    return [slice, increase, integral, coveredMs];
  });
}

function increase(highest: number | null, from: number, to: number, step = 1): unknown {
  const rollover = highest === null ? null : { highest, step };
  const visits = linked({ kind: 'counter', rollover, quantiles: false }, [0, from], [1, to]);
  return visits.length === 0 ? 0n : (visits as bigint[][])[0]![1];
}

describe('a link between two readings of a gauge', () => {
  const rule: LinkRule = { kind: 'gauge', holdMsMax: 3000, quantiles: false };

  it('holds the earlier value until the later reading, cut at slice edges', () => {
    expect(linked(rule, [500, 7], [2500, 100])).toEqual([
      [0, 0n, 3500n, 500n],
      [1, 0n, 7000n, 1000n],
      [2, 0n, 3500n, 500n],
    ]);
  });

  it('gives nothing to the slice that the later reading opens, nor to one that it leaves at once', () => {
    expect(linked(rule, [1000, 7], [2000, 9])).toEqual([[1, 0n, 7000n, 1000n]]);
  });

  it('holds no longer than its value may hold, and leaves the rest uncovered', () => {
    expect(linked(rule, [0, 7], [1_000_000, 9], 10_000)).toEqual([[0, 0n, 21_000n, 3000n]]);
  });

  it('finds the slices before the epoch', () => {
    expect(linked(rule, [-1500, -2], [-500, 9])).toEqual([
      [-2, 0n, -1000n, 500n],
      [-1, 0n, -1000n, 500n],
    ]);
    expect(sliceIndexOf(-1, 1000)).toBe(-1);
    expect(sliceIndexOf(2 ** 53 - 1, 3)).toBe((2 ** 53 - 2) / 3);
  });
});

describe('a link between two readings of a counter', () => {
  it('belongs whole to the slice of the later reading', () => {
    expect(linked({ kind: 'counter', rollover: null, quantiles: false }, [0, 5], [1000, 12])).toEqual([
      [1, 7n, 0n, 0n],
    ]);
  });

  it('counts a smaller value from zero: the counter was reset', () => {
    expect(increase(null, 100, 30)).toBe(30n);
    expect(increase(null, 100, 0)).toBe(0n);
    expect(increase(null, 100, -5)).toBe(0n);
    expect(increase(null, -5, -2)).toBe(3n);
  });

  it('counts a fall by a tenth at most as what it is, and what lies below for a reset', () => {
    expect(increase(null, 2156, 2155)).toBe(-1n);
    expect(increase(null, 1000, 900)).toBe(-100n);
    expect(increase(null, 1000, 899)).toBe(899n);
    expect(increase(null, 9, 8)).toBe(8n);
    expect(increase(null, 10, 9)).toBe(-1n);
    expect(increase(null, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1)).toBe(-1n);
    // Also where it may have rolled over: nobody uses up nearly all of the register between two readings.
    expect(increase(99_999_999, 99_000_000, 98_999_999)).toBe(-1n);
  });

  it('is even again where it comes back from a dip', () => {
    expect([increase(null, 2157, 2156), increase(null, 2156, 2157)]).toEqual([-1n, 1n]);
  });

  it('rolls over where the old value lay in the top tenth of what the counter shows', () => {
    expect(increase(99_999_999, 99_999_998, 4)).toBe(6n);
    expect(increase(99_999_999, 99_999_999, 0)).toBe(1n);
    expect(increase(99_999_999, 90_000_000, 5)).toBe(10_000_005n);
    expect(increase(99_999_999, 89_999_999, 5)).toBe(5n);
  });

  it('takes what contradicts the roll-over for a reset', () => {
    expect(increase(999, 1000, 5)).toBe(5n);
    expect(increase(999, 999, -1)).toBe(0n);
  });

  it('has its border at nine tenths, to the integer', () => {
    for (let highest = 1; highest < 200; highest++) {
      for (let from = 1; from <= highest; from++) {
        expect(rollsOver({ highest, step: 1 }, from, 0)).toBe(10 * from >= 9 * highest);
      }
    }
  });

  it('gets from its highest value to 0 by a step of its own last digit', () => {
    // 838860.7 is the highest that a register of tenths shows; its metric has three decimals.
    expect(increase(838_860_700, 838_860_700, 0, 100)).toBe(100n);
    expect(increase(838_860_700, 838_857_600, 12_300, 100)).toBe(15_500n);
    // Finer values than the register's last digit lie below its next step, beyond which is no roll-over.
    expect(increase(838_860_700, 838_860_799, 0, 100)).toBe(1n);
    expect(increase(838_860_700, 838_860_800, 7, 100)).toBe(7n);
    const most = Number.MAX_SAFE_INTEGER;
    expect(increase(most, most, 0, most)).toBe(BigInt(most));
  });

  it('spans all safe integers', () => {
    expect(increase(null, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).toBe(
      2n * BigInt(Number.MAX_SAFE_INTEGER),
    );
  });
});

describe('a link between two readings of a total', () => {
  const rule: LinkRule = { kind: 'total', quantiles: false };

  it('is the signed difference, whole in the slice of the later reading', () => {
    expect(linked(rule, [0, 1010], [1000, 1002])).toEqual([[1, -8n, 0n, 0n]]);
    expect(linked(rule, [0, 9], [1000, 0])).toEqual([[1, -9n, 0n, 0n]]);
    expect(linked(rule, [0, -9], [1000, 4])).toEqual([[1, 13n, 0n, 0n]]);
    expect(linked(rule, [0, 4], [1000, 4])).toEqual([]);
  });

  it('spans all safe integers', () => {
    const most = Number.MAX_SAFE_INTEGER;
    expect(linked(rule, [0, most], [1000, -most])).toEqual([[1, -2n * BigInt(most), 0n, 0n]]);
  });
});

describe('a link between two readings of deltas', () => {
  it('adds nothing: each is the amount of an interval of its own', () => {
    expect(linked({ kind: 'delta', quantiles: false }, [0, 5], [1000, 12])).toEqual([]);
  });
});

describe('a link', () => {
  it('the rule of a metric follows from its kind, interval, hold and roll-over', () => {
    const metric = { intervalMs: 60_000, rolloverScaled: null, quantiles: true };
    expect(linkRuleOf({ ...metric, kind: 'gauge' })).toEqual({ kind: 'gauge', holdMsMax: 180_000, quantiles: true });
    expect(linkRuleOf({ ...metric, kind: 'gauge', holdMs: 5 })).toMatchObject({ holdMsMax: 5 });
    const counter = { ...metric, kind: 'counter' } as const;
    expect(linkRuleOf(counter)).toEqual({ kind: 'counter', rollover: null, quantiles: true });
    expect(linkRuleOf({ ...counter, rolloverScaled: 999 })).toMatchObject({ rollover: { highest: 999, step: 1 } });
    const coarse = { ...counter, rolloverScaled: 9990, rolloverStep: 10 };
    expect(linkRuleOf(coarse)).toMatchObject({ rollover: { highest: 9990, step: 10 } });
    for (const kind of ['total', 'delta'] as const) {
      expect(linkRuleOf({ ...metric, kind })).toEqual({ kind, quantiles: true });
    }
  });
});
