import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayStartS, HOUR_S, ORIGIN_S, weekOf, WORLD_FIRST_MS } from '../climate/civil-clock.ts';
import { HourlyCurve } from '../climate/hourly-curve.ts';
import { openFleet } from '../fleet/fleet.ts';
import { PURPOSE, RandomStream } from '../random/stream.ts';
import { LevelNoise } from './level-noise.ts';

const SEED = 11;
const FIRST_S = WORLD_FIRST_MS / 1_000;
const LAST_S = Date.UTC(2028, 0, 1) / 1_000;
const METERS = 12;
const fleet = openFleet(SEED, METERS);

/** Any second, and often one near an edge: of a week, of an hour, of a change between winter and summer time. */
const seconds = fc.oneof(
  fc.integer({ min: FIRST_S, max: LAST_S }),
  fc
    .tuple(fc.integer({ min: 2, max: 400 }), fc.integer({ min: -90, max: 90 }))
    .map(([week, beside]) => dayStartS(week, 0) + beside),
  fc
    .tuple(fc.integer({ min: 400, max: 60_000 }), fc.integer({ min: -2, max: 2 }))
    .map(([hour, beside]) => ORIGIN_S + hour * HOUR_S + beside),
  fc
    .tuple(
      fc.constantFrom(Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1), Date.UTC(2024, 1, 29)),
      fc.integer({ min: -7_200, max: 7_200 }),
    )
    .map(([atMs, beside]) => atMs / 1_000 + beside),
);
const meters = fc.integer({ min: 0, max: METERS - 1 });

describe('a household', () => {
  it('has an energy that grows by its load in every second, exactly', () => {
    fc.assert(
      fc.property(meters, seconds, (meter, atS) => {
        const { household } = fleet.meters[meter]!;
        expect(household.energy(atS + 1) - household.energy(atS)).toBe(household.load(atS));
      }),
      { numRuns: 2_000 },
    );
  });

  it('has an energy that equals the sum of all loads between two seconds', () => {
    fc.assert(
      fc.property(meters, seconds, fc.integer({ min: 1, max: 20_000 }), (meter, fromS, length) => {
        const { household } = fleet.meters[meter]!;
        let sum = household.energy(fromS);
        for (let atS = fromS; atS < fromS + length; atS++) sum += household.load(atS);
        expect(household.energy(fromS + length)).toBe(sum);
      }),
      { numRuns: 20 },
    );
  });

  it('always draws something, and energies stay exact integers', () => {
    fc.assert(
      fc.property(meters, seconds, (meter, atS) => {
        const { household } = fleet.meters[meter]!;
        expect(household.load(atS)).toBeGreaterThan(0);
        expect(Number.isSafeInteger(household.load(atS))).toBe(true);
        expect(Number.isSafeInteger(household.energy(atS))).toBe(true);
        expect(household.energy(atS)).toBeGreaterThan(0);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is the same whenever and in whichever order it is asked', () => {
    fc.assert(
      fc.property(meters, fc.array(seconds, { minLength: 1, maxLength: 8 }), (meter, asked) => {
        const fresh = openFleet(SEED, meter + 1).meters[meter]!.household;
        for (const atS of asked) {
          const { household } = fleet.meters[meter]!;
          expect(fresh.load(atS)).toBe(household.load(atS));
          expect(fresh.register(atS)).toBe(household.register(atS));
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('what a household is made of', () => {
  it('an hourly curve has a sum that grows by its level in every second', () => {
    const stream = new RandomStream(1, 2, PURPOSE.fronts);
    fc.assert(
      fc.property(fc.integer({ min: ORIGIN_S, max: ORIGIN_S + 400 * HOUR_S }), (atS) => {
        const curve = new HourlyCurve((hour) => stream.below(1_000, hour));
        expect(curve.sum(atS + 1) - curve.sum(atS)).toBe(curve.level(atS));
      }),
    );
  });

  it('noise has a sum that grows by its level in every second, and stays between its heights', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e10 }), fc.integer({ min: 1, max: 300 }), (atS, stepS) => {
        const noise = new LevelNoise(new RandomStream(1, 2, PURPOSE.fastNoise), stepS, 20_000);
        expect(noise.sum(atS + 1) - noise.sum(atS)).toBe(noise.level(atS));
        expect(Math.abs(noise.level(atS))).toBeLessThan(20_000);
      }),
    );
  });

  it('every second lies in the week that begins before it and ends after it', () => {
    fc.assert(
      fc.property(seconds, (atS) => {
        const week = weekOf(atS);
        expect(dayStartS(week, 0)).toBeLessThanOrEqual(atS);
        expect(dayStartS(week, 7)).toBeGreaterThan(atS);
        expect(dayStartS(week, 7)).toBe(dayStartS(week + 1, 0));
      }),
    );
  });
});
