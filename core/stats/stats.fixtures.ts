/** Generators for the laws of this folder, aimed at where exact arithmetic could fail. */
import fc from 'fast-check';
import { SCALED_MAX } from '../numbers/scaled.ts';
import { addAccounted } from './accounted.ts';
import { addLink, type LinkRule } from './link.ts';
import { addReading } from './merge.ts';
import { StatsTable } from './stats-table.ts';
import type { Reading } from './stats.oracle.ts';

/** Scaled values, with the borders of doubles, limbs and pieces far more often than chance would give them. */
export const scaledValue: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.maxSafeInteger(),
  fc
    .tuple(
      fc.constantFrom(20, 21, 26, 27, 31, 32, 39, 40, 41, 42, 43, 44, 51, 52, 53),
      fc.integer({ min: -2, max: 2 }),
      fc.boolean(),
    )
    .map(([bits, beside, negative]) => {
      const value = Math.max(-SCALED_MAX, Math.min(SCALED_MAX, 2 ** bits + beside));
      return negative ? 0 - value : value;
    }),
);

/**
 * The values of one run: close together, far apart, or both, at any level. Lists of more than a few values are rare in
 * fast-check, so long ones are short ones repeated.
 */
export function runValues(maxLength: number): fc.Arbitrary<number[]> {
  const near = fc
    .tuple(
      scaledValue,
      fc.constantFrom(1, 1000, 2 ** 24, 2 ** 41, 2 ** 44),
      fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength }),
    )
    .map(([level, unit, steps]) => {
      let value = level;
      return steps.map((step) => {
        const next = value + step * unit;
        return (value = Math.abs(next) > SCALED_MAX ? level : next);
      });
    });
  const long = near.chain((list) =>
    fc.integer({ min: 1, max: maxLength }).map((length) => Array.from({ length }, (_, i) => list[i % list.length]!)),
  );
  return fc.oneof(near, long, fc.array(scaledValue, { minLength: 1, maxLength }));
}

export const HOLD_MS_MAX = 3000;
/** Dividing by ten leaves a rest, so the border of the top tenth lies between integers. */
export const ROLLOVER = 99_999_999;

export const linkRule: fc.Arbitrary<LinkRule> = fc.oneof(
  fc.record({
    kind: fc.constant('gauge' as const),
    holdMsMax: fc.constantFrom(1, 999, HOLD_MS_MAX),
    quantiles: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('counter' as const),
    rollover: fc.constantFrom(
      null,
      { highest: ROLLOVER, step: 1 },
      { highest: 999, step: 1 },
      { highest: 990, step: 10 },
      { highest: SCALED_MAX, step: 1000 },
    ),
    quantiles: fc.boolean(),
  }),
  fc.record({ kind: fc.constantFrom('total' as const, 'delta' as const), quantiles: fc.boolean() }),
);

/** A counter's values: growth, resets, and steps over the highest value from both sides of its top tenth. */
export const counterValue: fc.Arbitrary<number> = fc.oneof(
  scaledValue,
  fc.integer({ min: 0, max: ROLLOVER }),
  fc.integer({ min: 89_999_998, max: 90_000_001 }),
  fc.integer({ min: ROLLOVER - 2, max: ROLLOVER + 2 }),
  fc.integer({ min: 898, max: 901 }),
  fc.integer({ min: -2, max: 2 }),
);

/** One series: readings of ascending times with gaps below, at and beyond the held time, across slice edges and 0. */
export function seriesReadings(maxLength: number): fc.Arbitrary<Reading[]> {
  const gap = fc.oneof(
    fc.integer({ min: 1, max: 20 }),
    fc.constantFrom(999, 1000, 1001, HOLD_MS_MAX - 1, HOLD_MS_MAX, HOLD_MS_MAX + 1, 20_000),
  );
  const value = fc.oneof(scaledValue, counterValue);
  return fc
    .tuple(fc.constantFrom(-5001, -5000, -1, 0, 1, 1_700_000_000_000), fc.array(fc.tuple(gap, value), { maxLength }))
    .map(([start, steps]) => {
      let ms = start;
      return steps.map(([gapMs, of]) => ({ ms: (ms += gapMs), value: of }));
    });
}

/** One step in the life of a slot; the first of a table's slots is the one looked at. */
export interface Step {
  readonly kind: 'reading' | 'link' | 'accounted' | 'unchecked';
  readonly ms: number;
  readonly value: number;
  readonly other: number;
  readonly rule: LinkRule;
}

/** Steps that collide in time, so that ties occur. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom<Step['kind'][]>('reading', 'reading', 'link', 'accounted', 'unchecked'),
    ms: fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      // Plus 0, since no time is −0.
      fc.maxSafeInteger().map((ms) => Math.trunc(ms / 4) + 0),
    ),
    value: fc.oneof(scaledValue, fc.integer({ min: -2, max: 2 })),
    other: counterValue,
    rule: linkRule,
  }),
  { maxLength: 12 },
);

/** A new table whose slot 0 is the fold of the steps. */
export function foldSteps(list: readonly Step[]): StatsTable {
  const table = new StatsTable(1);
  table.allocate();
  for (const step of list) applyStep(table, step);
  return table;
}

function applyStep(table: StatsTable, { kind, ms, value, other, rule }: Step): void {
  if (kind === 'reading') addReading(table, 0, ms, value, rule.quantiles);
  else if (kind === 'unchecked') table.unchecked[0]! += 1;
  else if (kind === 'accounted') addAccounted(table, 0, value, 0);
  else addLink({ table, slotOf: () => 0 }, rule, 1000, 1, ms, value, ms + 1 + Math.abs(value % 5000), other);
}
