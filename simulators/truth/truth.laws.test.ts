import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { METRIC_KINDS } from '#core/metrics/metric.ts';
import type { Delivery } from '../deliveries/delivery-columns.ts';
import type { MeterSeries } from '../fleet/fleet.ts';
import { truthKey, truthOf, type TrueReading, type TrueStats, type TruthQuery } from './truth.ts';

const SERIES: readonly MeterSeries[] = ['DK1', 'DK2', 'DK1'].map((region, i) => ({
  metric: 'm',
  device: `d${i}`,
  tags: { device: `d${i}`, region },
}));

const metrics = fc.record({
  name: fc.constant('m'),
  kind: fc.constantFrom(...METRIC_KINDS),
  intervalMs: fc.constantFrom(1, 7, 60),
  rolloverScaled: fc.constantFrom(null, 99),
  conflict: fc.constant('last' as const),
});

/** Times crowd, so that neighbours, repeats and slice edges meet. */
const deliveries = fc.array(
  fc.record({
    series: fc.integer({ min: 0, max: 2 }),
    timeMs: fc.integer({ min: -50, max: 200 }),
    value: fc.integer({ min: -20, max: 99 }),
    atMs: fc.integer({ min: 0, max: 300 }),
  }),
  { maxLength: 40 },
);

/** One value for each (series, time): a function of both. */
const agreeing = deliveries.map((list) => list.map((d) => ({ ...d, value: (d.timeMs * 31 + d.series * 7) % 90 })));

const permuted = agreeing.chain((list) =>
  fc.tuple(fc.constant(list), fc.shuffledSubarray([...list.keys()], { minLength: list.length })),
);

function ask(
  list: readonly Delivery[],
  query: Partial<TruthQuery> & Pick<TruthQuery, 'metric'>,
): Map<string, TrueStats> {
  return truthOf(list, SERIES, { by: ['region'], sliceMs: 10, skewMsMax: null, ...query });
}

/** All slices and groups added up. */
function whole(answer: ReadonlyMap<string, TrueStats>): object {
  const all = [...answer.values()];
  const sum = (field: (stats: TrueStats) => bigint): bigint => all.reduce((total, stats) => total + field(stats), 0n);
  const pick = <T>(field: (stats: TrueStats) => T | null, isBetter: (a: T, b: T) => boolean): T | null =>
    all.reduce<T | null>((best, stats) => {
      const value = field(stats);
      return value !== null && (best === null || isBetter(value, best)) ? value : best;
    }, null);
  const isBefore = (a: TrueReading, b: TrueReading): boolean =>
    a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.value < b.value);
  return {
    count: sum((s) => s.count),
    sum: sum((s) => s.sum),
    sumOfSquares: sum((s) => s.sumOfSquares),
    increase: sum((s) => s.increase),
    integral: sum((s) => s.integral),
    coveredMs: sum((s) => s.coveredMs),
    min: pick(
      (s) => s.min,
      (a, b) => a < b,
    ),
    max: pick(
      (s) => s.max,
      (a, b) => a > b,
    ),
    first: pick((s) => s.first, isBefore),
    last: pick(
      (s) => s.last,
      (a, b) => isBefore(b, a),
    ),
  };
}

describe('the truth', () => {
  it('does not depend on the order of deliveries that agree', () => {
    fc.assert(
      fc.property(permuted, metrics, ([list, order], metric) => {
        expect(
          ask(
            order.map((i) => list[i]!),
            { metric },
          ),
        ).toEqual(ask(list, { metric }));
      }),
    );
  });

  it('does not change when deliveries are repeated later', () => {
    fc.assert(
      fc.property(agreeing, metrics, (list, metric) => {
        expect(ask([...list, ...list], { metric })).toEqual(ask(list, { metric }));
      }),
    );
  });

  it('of one slice that holds everything is that of its parts added up', () => {
    fc.assert(
      fc.property(deliveries, metrics, fc.integer({ min: 1, max: 100 }), (list, metric, sliceMs) => {
        const shifted = list.map((d) => ({ ...d, timeMs: d.timeMs + 50 }));
        expect(whole(ask(shifted, { metric, sliceMs }))).toEqual(
          whole(ask(shifted, { metric, sliceMs: 1_000, by: [] })),
        );
      }),
    );
  });

  it('never covers more time of a slice than its series have', () => {
    fc.assert(
      fc.property(deliveries, metrics, (list, metric) => {
        for (const stats of ask(list, { metric, by: ['device'] }).values()) {
          expect(stats.coveredMs >= 0n && stats.coveredMs <= 10n).toBe(true);
        }
      }),
    );
  });

  it('takes the last of different values, or the first where the metric says so', () => {
    fc.assert(
      fc.property(deliveries, metrics, (list, metric) => {
        const backwards = list.toReversed();
        const first = { ...metric, conflict: 'first' as const };
        expect(ask(backwards, { metric: first })).toEqual(ask(list, { metric }));
      }),
    );
  });

  it('names a slice by its group and start', () => {
    fc.assert(
      fc.property(deliveries, metrics, (list, metric) => {
        for (const [key, { group, sliceStartMs }] of ask(list, { metric })) {
          expect(key).toBe(truthKey(group, sliceStartMs));
          expect(Math.abs(sliceStartMs % 10)).toBe(0);
        }
      }),
    );
  });
});
