import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addReading, equalSlots } from '../stats/merge.ts';
import { StatsTable } from '../stats/stats-table.ts';
import { combineRow } from './combine-rows.ts';
import { PENDING, RESETS } from './slice-slots.ts';

interface Row {
  readonly flags: number;
  readonly readings: readonly (readonly [number, number])[];
}

const rows = fc.array(
  fc.record({
    flags: fc.constantFrom(0, 0, PENDING, RESETS, RESETS | PENDING),
    readings: fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: -50, max: 50 })), { maxLength: 4 }),
  }),
  { maxLength: 8 },
);

/** Combines the rows from the left and gives the slot and the flags. */
function combine(table: StatsTable, list: readonly Row[]): { readonly slot: number; readonly flags: number } {
  const slot = table.allocate();
  const staging = new StatsTable(1);
  let flags = 0;
  for (const row of list) {
    const staged = staging.allocate();
    for (const [ms, value] of row.readings) addReading(staging, staged, ms, value, false);
    flags = combineRow(table, slot, flags, staging, staged, row.flags);
  }
  return { slot, flags };
}

test('rows that follow each other may be combined first', () => {
  fc.assert(
    fc.property(rows, rows, (before, after) => {
      const table = new StatsTable();
      const together = combine(table, [...before, ...after]);
      const first = combine(table, before);
      const second = combine(table, after);
      const other = new StatsTable();
      const slot = other.allocate();
      let flags = combineRow(other, slot, 0, table, first.slot, first.flags);
      flags = combineRow(other, slot, flags, table, second.slot, second.flags);
      expect(equalSlots(table, together.slot, other, slot)).toBe(true);
      expect(flags).toBe(together.flags);
    }),
  );
});

test('counts come from all rows, min and max from the last row that resets on', () => {
  fc.assert(
    fc.property(rows, (list) => {
      const table = new StatsTable();
      const { slot, flags } = combine(table, list);
      const from = Math.max(
        0,
        list.findLastIndex((row) => (row.flags & RESETS) !== 0),
      );
      const values = list.slice(from).flatMap(({ readings }) => readings.map(([, value]) => value));
      expect(table.count[slot]).toBe(list.flatMap(({ readings }) => readings).length);
      expect(table.min[slot]).toBe(Math.min(...values));
      expect(table.max[slot]).toBe(Math.max(...values));
      expect((flags & PENDING) !== 0).toBe(list.slice(from).some((row) => (row.flags & PENDING) !== 0));
    }),
  );
});
