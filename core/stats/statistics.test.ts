import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  findStatistic,
  type MeasuredMetric,
  parseStatistics,
  statistic,
  STATISTICS,
  type StatValue,
  whyUnanswerable,
} from './statistics.ts';
import { UnknownStatistic } from './stats-errors.ts';
import { scaledValue } from './stats.fixtures.ts';
import { linksOf, statsOf } from './stats.oracle.ts';
import type { Stats } from './stats.ts';

const GAUGE = { kind: 'gauge', holdMsMax: 3000, quantiles: true } as const;

/** A statistic of a metric of so many decimals, a gauge of kW unless it is said to be another. */
function tell(stats: Stats, name: string, decimals: number, about: Partial<MeasuredMetric> = {}): StatValue {
  return statistic(stats, name, { kind: 'gauge', unit: 'kW', decimals, ...about });
}

function statsOfValues(values: readonly number[]): Stats {
  const readings = values.map((value, i) => ({ ms: i * 1000, value }));
  return statsOf(readings, true, linksOf(readings, GAUGE, 2 ** 50).get(0));
}

describe('a statistic', () => {
  const four = statsOfValues([1500, 2500, -1000, 4000]);

  it('of an integer kind is told with all its digits and no more', () => {
    expect(tell(four, 'count', 3)).toBe('4');
    expect(tell(four, 'sum', 3)).toBe('7');
    expect(tell(four, 'min', 3)).toBe('-1');
    expect(tell(four, 'max', 3)).toBe('4');
    expect(tell(four, 'first', 3)).toBe('1.5');
    expect(tell(four, 'last', 3)).toBe('4');
    expect(tell({ ...four, sum: 123_456_789_012_345_678_901_234_567_890n }, 'sum', 9)).toBe(
      '123456789012345678901.23456789',
    );
  });

  it('of an integral is in unit times seconds', () => {
    // 1.5 kW, 2.5 kW and -1 kW for a second each.
    expect(tell(four, 'integral', 3)).toBe('3');
    expect(tell({ ...four, integral: 1n }, 'integral', 9)).toBe('0.000000000001');
    expect(tell(four, 'timeMean', 3)).toBe('1');
  });

  it('of an increase is told of what registers grew by, and of what deltas add up to', () => {
    const grown = { ...four, increase: -1234n };
    for (const kind of ['counter', 'total'] as const) expect(tell(grown, 'increase', 2, { kind })).toBe('-12.34');
    expect(tell(four, 'increase', 3, { kind: 'delta' })).toBe(tell(four, 'sum', 3));
  });

  it('of an amount is in the unit of what the values are a rate of, or that they have', () => {
    const hours = { ...four, integral: 3_600_000_000n, coveredMs: 3_600_000n };
    expect(tell(hours, 'amount', 3)).toBe('1');
    expect(tell(hours, 'amount', 3, { unit: 'l/min' })).toBe('60');
    expect(tell({ ...hours, integral: 1_000_000_000n }, 'amount', 3)).toBe('0.2777777777777778');
    expect(tell({ ...four, increase: 70n }, 'amount', 1, { kind: 'total', unit: 'kWh' })).toBe('7');
    expect(tell(four, 'amount', 3, { kind: 'delta', unit: 'kWh' })).toBe('7');
  });

  it('says its unit', () => {
    const unitOf = (name: string, about: Partial<MeasuredMetric> = {}) =>
      findStatistic(name)!.unitOf({ kind: 'gauge', unit: 'kW', decimals: 3, ...about });
    const names = ['count', 'mean', 'p99', 'variance', 'stddev', 'integral', 'timeMean', 'amount'];
    expect(names.map((name) => unitOf(name))).toEqual([null, 'kW', 'kW', 'kW²', 'kW', 'kW·s', 'kW', 'kWh']);
    expect(unitOf('amount', { kind: 'counter', unit: 'm³' })).toBe('m³');
    expect(unitOf('increase', { kind: 'delta', unit: 'kWh' })).toBe('kWh');
  });

  it('of a rounded kind is the shortest text of the nearest double', () => {
    expect(tell(four, 'mean', 3)).toBe('1.75');
    // Deviations from 1.75: -0.25, 0.75, -2.75, 2.25.
    expect(tell(four, 'variance', 3)).toBe('3.3125');
    expect(tell(four, 'stddev', 3)).toBe(String(Math.sqrt(3.3125)));
    expect(tell(statsOfValues([1, 1, 2]), 'mean', 0)).toBe('1.3333333333333333');
  });

  it('is null where there is nothing', () => {
    const nothing = statsOf([], false);
    expect(tell(nothing, 'count', 3)).toBe('0');
    for (const name of [...STATISTICS.keys(), 'p50']) {
      if (name !== 'count') expect(tell(nothing, name, 3)).toBeNull();
    }
    const one = statsOfValues([5]);
    expect(tell(one, 'integral', 3)).toBeNull();
    expect(tell(one, 'timeMean', 3)).toBeNull();
    expect(tell(one, 'increase', 3)).toBe('0');
    expect(tell({ ...one, histogram: null }, 'p50', 3)).toBeNull();
  });

  it('of a quantile is null where some readings are in no bucket', () => {
    const old = statsOfValues(Array.from({ length: 19 }, () => 1_000));
    const now = statsOfValues([5]);
    const both = { ...statsOfValues([...Array.from({ length: 19 }, () => 1_000), 5]), histogram: now.histogram };
    expect([old, now].map((stats) => tell(stats, 'p50', 3))).toEqual(['1', '0.005']);
    expect(tell(both, 'p50', 3)).toBeNull();
    expect(tell(both, 'max', 3)).toBe('1');
  });

  it('of a quantile is within its stated error of the value at that rank, and never outside the values', () => {
    fc.assert(
      fc.property(
        fc.array(scaledValue, { minLength: 1, maxLength: 50 }),
        fc.constantFrom(1, 25, 50, 99, 99.9),
        (values, percent) => {
          const rank = Math.ceil((percent * 10 * values.length) / 1000);
          const exact = values.toSorted((a, b) => a - b)[rank - 1]!;
          const told = Number(tell(statsOfValues(values), `p${percent}`, 0));
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
        expect(Number(tell(statsOfValues(values), 'variance', 3))).toBeGreaterThanOrEqual(0);
        expect(tell(statsOfValues(values.map(() => value)), 'stddev', 3)).toBe('0');
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
    ['averge', ['mean']],
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

  it('may be those that other tools use', () => {
    expect(parseStatistics('avg,mean,std,var,median,maximum').map(({ name }) => name)).toEqual([
      'mean',
      'stddev',
      'variance',
      'p50',
      'max',
    ]);
  });

  it('of quantiles reach from p1 to p99.9 with one decimal', () => {
    for (const name of ['p1', 'p99', 'p99.9', 'p2.5', 'p50.0']) expect(findStatistic(name)?.name).toBe(name);
    for (const name of ['p0', 'p0.5', 'p100', 'p99.99', 'p', 'p01', 'P50', 'p1.']) {
      expect(findStatistic(name)).toBeUndefined();
    }
  });

  it('stand in the registry as the design lists them', () => {
    expect([...STATISTICS.keys()].join(' ')).toBe(
      'count sum mean min max variance stddev first last increase integral timeMean amount',
    );
  });

  it('that a metric can not answer say why and what helps', () => {
    const gauge = { name: 'power', kind: 'gauge', unit: 'kW', decimals: 3, quantiles: false } as const;
    expect(whyUnanswerable(findStatistic('mean')!, gauge)).toBeNull();
    expect(whyUnanswerable(findStatistic('increase')!, gauge)).toContain(
      'is for a counter, total or delta, but metric power is a gauge',
    );
    const amount = findStatistic('amount')!;
    expect([gauge, { ...gauge, kind: 'delta', unit: 'x' } as const].map((one) => whyUnanswerable(amount, one))).toEqual(
      [null, null],
    );
    expect(whyUnanswerable(amount, { ...gauge, unit: '°C' })).toContain(
      'but metric power is in °C; ask for integral, or',
    );
    expect(whyUnanswerable(findStatistic('p50')!, gauge)).toContain('declare `quantiles: true`');
    expect(whyUnanswerable(findStatistic('p50')!, { ...gauge, quantiles: true })).toBeNull();
  });
});
