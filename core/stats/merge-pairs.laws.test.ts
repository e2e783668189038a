import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { subtractAdditive } from './additive.ts';
import { mergePairs } from './merge-pairs.ts';
import { equalSlots, mergeInto } from './merge.ts';
import { StatsTable } from './stats-table.ts';
import { foldSteps, steps } from './stats.cases.ts';

const SLOTS = 3;

function tableOf(rows: Parameters<typeof foldSteps>[0][], negative: boolean): StatsTable {
  const table = new StatsTable();
  for (const list of rows) {
    const slot = table.allocate();
    mergeInto(table, slot, foldSteps(list), 0);
    // Twice what was added: corrections may be below zero.
    if (negative) for (let i = 0; i < 2; i++) subtractAdditive(table, slot, foldSteps(list), 0);
  }
  return table;
}

describe('merges', () => {
  it('many merges at once give the bits of one after another', () => {
    const rows = fc.array(steps, { minLength: SLOTS, maxLength: SLOTS });
    const pair = fc.tuple(fc.nat(SLOTS - 1), fc.nat(SLOTS - 1));
    fc.assert(
      fc.property(rows, rows, fc.boolean(), fc.array(pair, { maxLength: 8 }), (rows1, rows2, negative, pairs) => {
        const [together, single, from] = [tableOf(rows1, false), tableOf(rows1, false), tableOf(rows2, negative)];
        mergePairs(
          together,
          Int32Array.from(pairs, ([slot]) => slot),
          from,
          Int32Array.from(pairs, ([, slot]) => slot),
        );
        for (const [slot, fromSlot] of pairs) mergeInto(single, slot, from, fromSlot);
        for (let slot = 0; slot < SLOTS; slot++) expect(equalSlots(together, slot, single, slot)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
