import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { subtractAdditive } from '#core/stats/additive.ts';
import { mergeInto } from '#core/stats/merge.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { foldSteps, steps } from '#core/stats/stats.fixtures.ts';
import { readStats, type Stats } from '#core/stats/stats.ts';
import { SlotStats } from './slot-stats.ts';

/** Every part of stats as it is read one by one. */
function partsOf(stats: Stats): Stats {
  const { count, sum, squares, increase, integral, coveredMs, accountedMs, unchecked } = stats;
  const { min, max, first, last, histogram } = stats;
  const selected = { min, max, first, last, histogram };
  return { count, sum, squares, increase, integral, coveredMs, accountedMs, unchecked, ...selected };
}

describe('the stats of a slot, part by part', () => {
  it('are those that are read whole, wherever the cursor stands, also below zero', () => {
    fc.assert(
      fc.property(steps, steps, (added, taken) => {
        const table = new StatsTable(3);
        table.allocateMany(3);
        mergeInto(table, 1, foldSteps(added), 0);
        mergeInto(table, 2, foldSteps(added), 0);
        subtractAdditive(table, 2, foldSteps(taken), 0);
        const cursor = new SlotStats(table);
        for (const slot of [2, 0, 1, 2]) expect(partsOf(cursor.at(slot))).toEqual(readStats(table, slot));
      }),
    );
  });
});
