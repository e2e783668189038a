import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addValue } from '../stats/additive.ts';
import { includeFirst, includeLast, includeRange } from '../stats/selective.ts';
import { StatsTable } from '../stats/stats-table.ts';
import { type MergedSlice, mergedSlices, type NotedRow } from './merge-rows.oracle.ts';
import { PENDING, RESETS } from './merge-rows.ts';

/** Rows of one group of a view as they are stored. */
export interface StoredRows {
  /** Batch results, base first; a result has at most one row of a slice and partition. */
  readonly results: readonly (readonly NotedRow[])[];
  /** Rows of the table of changes in any order, with orders of their own. */
  readonly changes: readonly NotedRow[];
}

/** Gives the slices that a reader makes of what is stored, by number, all partitions together, without empty ones. */
export type SliceReader = (stored: StoredRows) => Promise<ReadonlyMap<number, MergedSlice>>;

/** Partitions that the cases use. */
export const CASE_PARTITIONS = 2;

/** Slices that the cases use lie in [0, this): few enough to meet often, and across edges of pages and blocks. */
export const CASE_SLICES = 3;

const reading = fc.record({ ms: fc.nat(59_999), value: fc.integer({ min: -1000, max: 1000 }) });
const readings = fc.array(reading, { minLength: 1, maxLength: 3 });
const row: fc.Arbitrary<NotedRow> = fc
  .record({
    slice: fc.nat(CASE_SLICES - 1),
    partition: fc.nat(CASE_PARTITIONS - 1),
    order: fc.nat(19),
    revision: fc.integer({ min: 1, max: 5 }),
    isPending: fc.boolean(),
    resets: fc.boolean(),
    counted: readings,
    selected: readings,
  })
  .map((one) => (one.resets ? one : { ...one, selected: one.counted }));

const result = fc.uniqueArray(row, { maxLength: 5, selector: ({ slice, partition }) => `${slice} ${partition}` });
const changes = fc.uniqueArray(row, {
  maxLength: 8,
  selector: ({ slice, partition, order }) => `${slice} ${partition} ${order}`,
});

/** The flags of a row as they are stored. */
export function flagsOf({ isPending, resets }: NotedRow): number {
  return (isPending ? PENDING : 0) | (resets ? RESETS : 0);
}

/** A table whose slot 0 is the stats of a row. */
export function tableOf({ counted, selected }: NotedRow): StatsTable {
  const table = new StatsTable(1);
  const slot = table.allocate();
  for (const { value } of counted) addValue(table, slot, value, 1, true);
  for (const { ms, value } of selected) {
    includeRange(table, slot, value, value);
    includeFirst(table, slot, ms, value);
    includeLast(table, slot, ms, value);
  }
  return table;
}

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
        fc.asyncProperty(fc.array(result, { maxLength: 3 }), changes, async (results, some) => {
          expect(await read({ results, changes: some })).toEqual(expectedOf({ results, changes: some }));
        }),
      );
    });

    it('reads the same before and after a result covers the older changes', async () => {
      await fc.assert(
        fc.asyncProperty(changes, fc.nat(20), async (all, cut) => {
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
