import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STATISTICS, findStatistic, parseStatistics, statistic, whyUnanswerable } from './statistics.ts';
import { UnknownStatistic } from './stats-errors.ts';
import { scaledValue } from './stats.fixtures.ts';
import { linksOf, statsOf } from './stats.oracle.ts';
import type { Stats } from './stats.ts';

const GAUGE = { kind: 'gauge', holdMsMax: 3000, quantiles: true } as const;

function statsOfValues(values: readonly number[]): Stats {
  const readings = values.map((value, i) => ({ ms: i * 1000, value }));
  return statsOf(readings, true, linksOf(readings, GAUGE, 2 ** 50).get(0));
}

describe('a statistic', () => {
  const four = statsOfValues([1500, 2500, -1000, 4000]);

  it('of an integer kind is told with all its digits and no more', () => {
    expect(statistic(four, 'count', 3)).toBe('4');
    expect(statistic(four, 'sum', 3)).toBe('7');
    expect(statistic(four, 'min', 3)).toBe('-1');
    expect(statistic(four, 'max', 3)).toBe('4');
    expect(statistic(four, 'first', 3)).toBe('1.5');
    expect(statistic(four, 'last', 3)).toBe('4');
    expect(statistic({ ...four, sum: 123_456_789_012_345_678_901_234_567_890n }, 'sum', 9)).toBe(
      '123456789012345678901.23456789',
    );
  });

  it('of an integral is in unit times seconds', () => {
    // 1.5 kW, 2.5 kW and -1 kW for a second each.
    expect(statistic(four, 'integral', 3)).toBe('3');
    expect(statistic({ ...four, integral: 1n }, 'integral', 9)).toBe('0.000000000001');
    expect(statistic(four, 'timeMean', 3)).toBe('1');
  });

  it('of an increase is told for a counter', () => {
    expect(statistic({ ...four, increase: 1234n }, 'increase', 2)).toBe('12.34');
  });

  it('of a rounded kind is the shortest text of the nearest double', () => {
    expect(statistic(four, 'mean', 3)).toBe('1.75');
    // Deviations from 1.75: -0.25, 0.75, -2.75, 2.25.
    expect(statistic(four, 'variance', 3)).toBe('3.3125');
    expect(statistic(four, 'stddev', 3)).toBe(String(Math.sqrt(3.3125)));
    expect(statistic(statsOfValues([1, 1, 2]), 'mean', 0)).toBe('1.3333333333333333');
  });

  it('is null where there is nothing', () => {
    const nothing = statsOf([], false);
    expect(statistic(nothing, 'count', 3)).toBe('0');
    for (const name of [...STATISTICS.keys(), 'p50']) {
      if (name !== 'count') expect(statistic(nothing, name, 3)).toBeNull();
    }
    const one = statsOfValues([5]);
    expect(statistic(one, 'integral', 3)).toBeNull();
    expect(statistic(one, 'timeMean', 3)).toBeNull();
    expect(statistic(one, 'increase', 3)).toBe('0');
    expect(statistic({ ...one, histogram: null }, 'p50', 3)).toBeNull();
  });

  it('of a quantile is null where some readings are in no bucket', () => {
    const old = statsOfValues(Array.from({ length: 19 }, () => 1_000));
    const now = statsOfValues([5]);
    const both = { ...statsOfValues([...Array.from({ length: 19 }, () => 1_000), 5]), histogram: now.histogram };
    expect([old, now].map((stats) => statistic(stats, 'p50', 3))).toEqual(['1', '0.005']);
    expect(statistic(both, 'p50', 3)).toBeNull();
    expect(statistic(both, 'max', 3)).toBe('1');
  });

  it('of a quantile is within its stated error of the value at that rank, and never outside the values', () => {
    fc.assert(
      fc.property(
        fc.array(scaledValue, { minLength: 1, maxLength: 50 }),
        fc.constantFrom(1, 25, 50, 99, 99.9),
        (values, percent) => {
          const rank = Math.ceil((percent * 10 * values.length) / 1000);
          const exact = values.toSorted((a, b) => a - b)[rank - 1]!;
          const told = Number(statistic(statsOfValues(values), `p${percent}`, 0));
          expect(Math.abs(told - exact)).toBeLessThanOrEqual(Math.abs(exact) / 100);
          expect(told).toBeGreaterThanOrEqual(Math.min(...values));
          expect(told).toBeLessThanOrEqual(Math.max(...values));
        },
      ),
    );
  });

  it('has no negative variance, and none at all for equal values', () => {
    fc.assert(
      fc.property(fc.array(scaledValue, { minLength: 1, maxLength: 20 }), scaledValue, (values, value) => {
        expect(Number(statistic(statsOfValues(values), 'variance', 3))).toBeGreaterThanOrEqual(0);
        expect(statistic(statsOfValues(values.map(() => value)), 'stddev', 3)).toBe('0');
      }),
    );
  });
});

describe('names of statistics', () => {
  it('are parsed in their order, each once', () => {
    expect(parseStatistics('p99.9, count,mean,count').map(({ name }) => name)).toEqual(['p99.9', 'count', 'mean']);
  });

  it.each<[string, string[]]>([
    ['men', ['mean', 'min']],
    ['varience', ['variance']],
    ['timemean', ['timeMean']],
    ['p100', ['p10']],
    ['temperature', []],
    ['', []],
  ])('that are unknown are refused, and the nearest are named: %s', (asked, nearest) => {
    try {
      parseStatistics(asked);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UnknownStatistic);
      expect((error as UnknownStatistic).asked).toBe(asked);
      expect((error as UnknownStatistic).nearest).toEqual(nearest);
    }
  });

  it('of quantiles reach from p1 to p99.9 with one decimal', () => {
    for (const name of ['p1', 'p99', 'p99.9', 'p2.5', 'p50.0']) expect(findStatistic(name)?.name).toBe(name);
    for (const name of ['p0', 'p0.5', 'p100', 'p99.99', 'p', 'p01', 'P50', 'p1.']) {
      expect(findStatistic(name)).toBeUndefined();
    }
  });

  it('stand in the registry as the design lists them', () => {
    expect([...STATISTICS.keys()].join(' ')).toBe(
      'count sum mean min max variance stddev first last increase integral timeMean',
    );
  });

  it('that a metric can not answer say why and what helps', () => {
    const gauge = { name: 'power', kind: 'gauge', quantiles: false } as const;
    expect(whyUnanswerable(findStatistic('mean')!, gauge)).toBeNull();
    expect(whyUnanswerable(findStatistic('increase')!, gauge)).toContain(
      'is for a counter or total, but metric power is a gauge',
    );
    expect(whyUnanswerable(findStatistic('p50')!, gauge)).toContain('declare `quantiles: true`');
    expect(whyUnanswerable(findStatistic('p50')!, { ...gauge, quantiles: true })).toBeNull();
  });
});
