import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeAdditive } from './additive.ts';
import { additiveOf, mergedParts, mergeRun } from './merge-run.ts';
import { equalSlots, mergeInto } from './merge.ts';
import { STATS_PARTS } from './statistics.ts';
import { StatsTable } from './stats-table.ts';
import { foldSteps, type Step, steps } from './stats.fixtures.ts';
import { readStats } from './stats.ts';

const WHOLE = mergedParts(new Set(STATS_PARTS));

/** The stats of some lists side by side, from slot 1 on. */
function tableOf(lists: readonly (readonly Step[])[]): StatsTable {
  const table = new StatsTable(1 + lists.length);
  table.allocateMany(1 + lists.length);
  for (const [i, list] of lists.entries()) mergeInto(table, 1 + i, foldSteps(list), 0);
  return table;
}

const lists = fc.array(steps, { maxLength: 5 });

describe('a run of stats that is merged at once', () => {
  it('comes to the same bits as one merge after the other', () => {
    fc.assert(
      fc.property(steps, lists, fc.boolean(), (before, some, selects) => {
        const [run, each] = [foldSteps(before), foldSteps(before)];
        const from = tableOf(some);
        mergeRun(run, 0, from, 1, 1 + some.length, selects ? WHOLE : additiveOf(WHOLE));
        for (let i = 1; i <= some.length; i++) (selects ? mergeInto : mergeAdditive)(each, 0, from, i);
        expect(readStats(run, 0)).toEqual(readStats(each, 0));
        return equalSlots(run, 0, each, 0);
      }),
    );
  });

  it('leaves the parts that are not asked for as they were, also in a table that has no columns for them', () => {
    fc.assert(
      fc.property(lists, fc.subarray([...STATS_PARTS]), (some, names) => {
        const parts = mergedParts(new Set(names));
        const table = new StatsTable(3, parts);
        table.allocateMany(3);
        const whole = new StatsTable(1);
        whole.allocateMany(1);
        const from = tableOf(some);
        mergeRun(table, 1, from, 1, 1 + some.length, parts);
        mergeRun(whole, 0, from, 1, 1 + some.length, WHOLE);
        const [asked, all] = [readStats(table, 1), readStats(whole, 0)];
        for (const part of names) expect(asked[part]).toEqual(all[part]);
        expect([asked.count, asked.unchecked, asked.accountedMs]).toEqual([all.count, all.unchecked, all.accountedMs]);
        for (const slot of [0, 2]) expect(equalSlots(table, slot, foldSteps([]), 0)).toBe(true);
      }),
    );
  });
});
