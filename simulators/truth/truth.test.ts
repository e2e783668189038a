import { describe, expect, it } from 'vitest';
import type { Delivery } from '../deliveries/delivery-columns.ts';
import { increaseOf, truthKey, truthOf, type TruthQuery } from './truth.ts';

const SERIES = [
  { metric: 'usage', device: 'a', tags: { device: 'a', region: 'DK1' } },
  { metric: 'usage', device: 'b', tags: { device: 'b', region: 'DK1' } },
  { metric: 'energy', device: 'a', tags: { device: 'a', region: 'DK1' } },
];

const GAUGE: TruthQuery = {
  metric: { name: 'usage', kind: 'gauge', intervalMs: 10, rolloverScaled: null, conflict: 'last' },
  by: ['region'],
  sliceMs: 100,
  skewMsMax: null,
};

const COUNTER: TruthQuery = {
  ...GAUGE,
  metric: { name: 'energy', kind: 'counter', intervalMs: 10, rolloverScaled: 999, conflict: 'last' },
};

function at(timeMs: number, value: number, series = 0, atMs = timeMs): Delivery {
  return { series, timeMs, value, atMs };
}

// Each expected figure here is worked out by hand from the rules.
describe('the truth', () => {
  it('holds a gauge until its next reading, three intervals at most, and cuts the integral at slice edges', () => {
    const answer = truthOf([at(85, 4), at(105, 6), at(170, 1), at(175, 2)], SERIES, GAUGE);
    expect(answer.get(truthKey(['DK1'], 0))).toMatchObject({ count: 1n, sum: 4n, integral: 60n, coveredMs: 15n });
    // 4 for 5 ms, 6 for 30 of 65 ms, 1 for 5 ms; the last reading holds for nobody.
    expect(answer.get(truthKey(['DK1'], 100))).toMatchObject({ count: 3n, sum: 9n, integral: 205n, coveredMs: 40n });
  });

  it('has slices that a held value reaches although nothing was read in them', () => {
    const query = { ...GAUGE, sliceMs: 5 };
    const answer = truthOf([at(0, 3), at(20, 9)], SERIES, query);
    expect([...answer.keys()]).toHaveLength(5);
    expect(answer.get(truthKey(['DK1'], 10))).toMatchObject({ count: 0n, min: null, first: null, integral: 15n });
  });

  it('gives the increase to the later reading, through roll-over and reset', () => {
    const answer = truthOf([at(10, 900, 2), at(90, 950, 2), at(110, 20, 2), at(120, 5, 2)], SERIES, COUNTER);
    expect(answer.get(truthKey(['DK1'], 0))).toMatchObject({ increase: 50n });
    // From 950 through 999 to 20 are 70 steps; then the meter was exchanged and counted 5.
    expect(answer.get(truthKey(['DK1'], 100))).toMatchObject({ increase: 75n });
  });

  it('tells a roll-over from a reset by the top tenth of what the counter shows', () => {
    expect(increaseOf(900n, 10n, 999n)).toBe(110n);
    expect(increaseOf(899n, 10n, 999n)).toBe(10n);
    expect(increaseOf(999n, 0n, 999n)).toBe(1n);
    expect(increaseOf(1_000n, 10n, 999n)).toBe(10n);
    expect(increaseOf(950n, 10n, null)).toBe(10n);
    expect(increaseOf(950n, -10n, 999n)).toBe(0n);
  });

  it('takes a fall by a tenth at most for a dip', () => {
    expect(increaseOf(100n, 90n, null)).toBe(-10n);
    expect(increaseOf(100n, 89n, null)).toBe(89n);
    expect(increaseOf(999n, 950n, 999n)).toBe(-49n);
    expect(increaseOf(1n, 0n, null)).toBe(0n);
  });

  it('counts a repeat once, and of different values the last', () => {
    const answer = truthOf([at(1, 5), at(2, 7), at(1, 5), at(2, 8)], SERIES, GAUGE);
    expect(answer.get(truthKey(['DK1'], 0))).toMatchObject({ count: 2n, sum: 13n, sumOfSquares: 89n, max: 8n });
  });

  it('breaks ties of time by value', () => {
    const answer = truthOf([at(1, 5), at(1, 7, 1)], SERIES, GAUGE);
    expect(answer.get(truthKey(['DK1'], 0))).toMatchObject({
      first: { timeMs: 1n, value: 5n },
      last: { timeMs: 1n, value: 7n },
    });
  });

  it('refuses what is dated further ahead of its delivery than the skew', () => {
    const late = [at(1_000, 5, 0, 900), at(1_000, 6, 1, 899)];
    const answer = truthOf(late, SERIES, { ...GAUGE, skewMsMax: 100 });
    expect(answer.get(truthKey(['DK1'], 1_000))).toMatchObject({ count: 1n, sum: 5n });
  });

  it('answers for its metric alone', () => {
    expect(truthOf([at(1, 5, 2)], SERIES, GAUGE).size).toBe(0);
  });
});
