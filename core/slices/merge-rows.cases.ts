import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CASE_PARTITIONS, changeRows, resultRows, type StoredRows } from './merge-rows.fixtures.ts';
import { type MergedSlice, mergedSlices } from './merge-rows.oracle.ts';

/** Gives the slices that a reader makes of what is stored, by number, all partitions together, without empty ones. */
export type SliceReader = (stored: StoredRows) => Promise<ReadonlyMap<number, MergedSlice>>;

/** What `stored` has to be read as. */
function expectedOf({ results, changes: some }: StoredRows): ReadonlyMap<number, MergedSlice> {
  const inOrder = [...results.flat(), ...some.toSorted((a, b) => a.order - b.order)];
  return mergedSlices(
    Array.from({ length: CASE_PARTITIONS }, (_, partition) => inOrder.filter((one) => one.partition === partition)),
  );
}

/** The law of merge-rows.ts, for whatever reads slices from what is stored. */
export function keepsTheMergeLaw(reader: string, read: SliceReader): void {
  describe(`the merge law as ${reader} keeps it`, () => {
    it('merges a base, deltas and changes as the law says', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(resultRows, { maxLength: 3 }), changeRows, async (results, some) => {
          expect(await read({ results, changes: some })).toEqual(expectedOf({ results, changes: some }));
        }),
      );
    });

    it('reads the same before and after a result covers the older changes', async () => {
      await fc.assert(
        fc.asyncProperty(changeRows, fc.nat(20), async (all, cut) => {
          const [older, newer] = [all.filter(({ order }) => order < cut), all.filter(({ order }) => order >= cut)];
          // One result per row, each of a slice and partition at most once, says the same as the rows that it covers.
          const results = older.toSorted((a, b) => a.order - b.order).map((one) => [one]);
          const expected = expectedOf({ results: [], changes: all });
          expect(await read({ results, changes: newer })).toEqual(expected);
          expect(await read({ results: [], changes: all })).toEqual(expected);
        }),
      );
    });
  });
}
