import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PENDING, RESETS } from '#core/fold/slice-slots.ts';
import { mergeAdditive } from '#core/stats/additive.ts';
import { addReading, equalSlots } from '#core/stats/merge.ts';
import { encodeRow } from '#core/stats/row-codec.ts';
import { mergeSelective } from '#core/stats/selective.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { Page, type PageRow } from './page.ts';
import type { Sum } from './slice-merge.ts';

/** A contribution as a person would note it down: whose, when, what it holds. */
interface Noted {
  readonly partition: number;
  readonly order: number;
  readonly revision: number;
  readonly flags: number;
  readonly readings: readonly { readonly atMs: number; readonly value: number }[];
}

const FLAGS = [0, 0, 0, PENDING, RESETS, PENDING | RESETS];
const noted = fc.record({
  partition: fc.nat(1),
  order: fc.nat(20),
  revision: fc.integer({ min: 1, max: 5 }),
  flags: fc.constantFrom(...FLAGS),
  readings: fc.array(fc.record({ atMs: fc.nat(59_999), value: fc.integer({ min: -1000, max: 1000 }) }), {
    minLength: 1,
    maxLength: 4,
  }),
});
const distinct = fc.uniqueArray(noted, { maxLength: 8, selector: ({ partition, order }) => `${partition}/${order}` });

function statsOf({ readings }: Noted): StatsTable {
  const table = new StatsTable(1);
  const slot = table.allocate();
  for (const { atMs, value } of readings) addReading(table, slot, atMs, value, true);
  return table;
}

function emptySum(): Sum {
  const table = new StatsTable(1);
  return { table, slot: table.allocate(), revision: 0, pending: false };
}

/** The rule, word by word: per partition in order, selective parts from the last one that resets on. */
function spelledOut(results: readonly Noted[], rows: readonly Noted[]): Sum {
  const sum = emptySum();
  for (const partition of [0, 1]) {
    const inOrder = [results, rows].flatMap((some) =>
      some.filter((one) => one.partition === partition).toSorted((a, b) => a.order - b.order),
    );
    const start = Math.max(
      0,
      inOrder.findLastIndex(({ flags }) => (flags & RESETS) !== 0),
    );
    for (const [i, one] of inOrder.entries()) {
      mergeAdditive(sum.table, sum.slot, statsOf(one), 0);
      sum.revision += one.revision;
      if (i < start) continue;
      mergeSelective(sum.table, sum.slot, statsOf(one), 0);
      if ((one.flags & PENDING) !== 0) sum.pending = true;
    }
  }
  return sum;
}

function rowOf(one: Noted, slice: number): PageRow {
  return {
    slice,
    partition: one.partition,
    epoch: Math.floor(one.order / 5),
    part: one.order,
    revision: one.revision,
    flags: one.flags,
    stats: encodeRow(statsOf(one), 0),
  };
}

/** A page of one slice, filled as a load does: results newest first, then rows in the order given. */
function loaded(slice: number, results: readonly Noted[], rows: readonly Noted[]): Page {
  const page = new Page(0);
  const resets = new Set(rows.filter(({ flags }) => (flags & RESETS) !== 0).map(({ partition }) => partition));
  for (const one of results.toSorted((a, b) => b.order - a.order)) {
    if (page.addResult(slice, statsOf(one), 0, one.revision, one.flags, resets.has(one.partition)))
      resets.add(one.partition);
  }
  for (const row of rows) page.putRow(rowOf(row, slice), true);
  return page;
}

function sumOf(page: Page, from: number, to: number): Sum {
  const sum = emptySum();
  page.sumInto(sum, from, to);
  return sum;
}

function expectSame(sum: Sum, spelled: Sum): void {
  expect({ revision: sum.revision, pending: sum.pending }).toEqual({
    revision: spelled.revision,
    pending: spelled.pending,
  });
  expect(equalSlots(sum.table, sum.slot, spelled.table, spelled.slot)).toBe(true);
}

test('a slice is what the rule says, in whatever order its rows arrive', () => {
  fc.assert(
    fc.property(distinct, distinct, fc.infiniteStream(fc.nat()), (results, rows, shuffle) => {
      const shuffled = rows
        .map((row) => [shuffle.next().value, row] as const)
        .sort(([a], [b]) => a - b)
        .map(([, row]) => row);
      expectSame(sumOf(loaded(7, results, shuffled), 7, 8), spelledOut(results, rows));
    }),
  );
});

test('a newer state of a row replaces the one before it, and a new row is added, in a page that is in use', () => {
  fc.assert(
    fc.property(distinct, distinct, distinct, (results, rows, later) => {
      const page = loaded(7, results, rows);
      sumOf(page, 0, 60);
      const kept = new Map(rows.map((row) => [`${row.partition}/${row.order}`, row]));
      for (const row of later) {
        const key = `${row.partition}/${row.order}`;
        const touchesReset = ((row.flags | (kept.get(key)?.flags ?? 0)) & RESETS) !== 0;
        expect(page.putRow(rowOf(row, 7), false)).toBe(!touchesReset);
        if (touchesReset) return;
        kept.set(key, row);
        expectSame(sumOf(page, 0, 60), spelledOut(results, [...kept.values()]));
      }
    }),
  );
});

test('rows up to a cut may be replaced by the result that covers them', () => {
  fc.assert(
    fc.property(distinct, fc.nat(20), (all, cut) => {
      const before = all.filter(({ order }) => order < cut);
      const after = all.filter(({ order }) => order >= cut);
      expectSame(sumOf(loaded(3, before, after), 3, 4), spelledOut([], all));
    }),
  );
});

test('runs and whole pages add up to the same as single slices, with and without the slices', () => {
  const placed = fc.array(fc.tuple(fc.nat(1_439), noted), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(placed, fc.nat(24), fc.nat(24), (contributions, a, b) => {
      const page = new Page(0);
      for (const [i, [slice, one]] of contributions.entries())
        page.putRow({ ...rowOf(one, slice), part: i, flags: one.flags & PENDING }, true);
      const [from, to] = a < b ? [a * 60, b * 60] : [b * 60, a * 60];
      const oneByOne = emptySum();
      for (let slice = from; slice < to; slice++) page.sumInto(oneByOne, slice, slice + 1);
      expectSame(sumOf(page, from, to), oneByOne);
      page.shed();
      expect(page.canSum(from, to)).toBe(true);
      expectSame(sumOf(page, from, to), oneByOne);
    }),
    { numRuns: 30 },
  );
});
