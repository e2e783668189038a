/** Rows of one slice as they may be stored, for the law of merge-rows.ts and its oracle. */
import fc from 'fast-check';
import { addAccounted } from '../stats/accounted.ts';
import { addValue } from '../stats/additive.ts';
import { includeFirst, includeLast, includeRange } from '../stats/merge.ts';
import { StatsTable } from '../stats/stats-table.ts';
import type { Reading } from '../stats/stats.oracle.ts';
import { PENDING, RESETS } from './merge-rows.ts';

/** A row as a person would note it down. */
export interface NotedRow {
  readonly slice: number;
  readonly partition: number;
  /** Place among the rows of its partition; for changes the larger of two is the newer epoch or part. */
  readonly order: number;
  readonly revision: number;
  readonly isPending: boolean;
  readonly resets: boolean;
  /** What the row counts. */
  readonly counted: readonly Reading[];
  /** What its min, max, first and last are of: all history where it resets, else the same. */
  readonly selected: readonly Reading[];
}

/** Rows of one group of a view as they are stored. */
export interface StoredRows {
  /** Batch results, base first; a result has at most one row of a slice and partition. */
  readonly results: readonly (readonly NotedRow[])[];
  /** Rows of the table of changes in any order, with orders of their own. */
  readonly changes: readonly NotedRow[];
}

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

/** A batch result: at most one row of a slice and partition. */
export const resultRows = fc.uniqueArray(row, {
  maxLength: 5,
  selector: ({ slice, partition }) => `${slice} ${partition}`,
});
/** Rows of changes, each of another order. */
export const changeRows = fc.uniqueArray(row, {
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
  for (const { ms, value } of counted) {
    addValue(table, slot, value, 1, true);
    // A reading that nothing follows accounts for an interval; here each has one of its own.
    addAccounted(table, slot, ms, 0);
  }
  for (const { ms, value } of selected) {
    includeRange(table, slot, value, value);
    includeFirst(table, slot, ms, value);
    includeLast(table, slot, ms, value);
  }
  return table;
}
