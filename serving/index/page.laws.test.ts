import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChangedSpan, ChangeFeed } from '#backbone/changes/changes.ts';
import { spansOfRows } from '#backbone/changes/row-span.ts';
import type { ResultRef } from '#backbone/manifests/manifest.ts';
import { notedBlock } from '#backbone/results/memory-results.fixtures.ts';
import { groupRows, type ResultReader } from '#backbone/results/results.ts';
import { keepsTheMergeLaw } from '#core/slices/merge-rows.cases.ts';
import { CASE_SLICES, flagsOf, type NotedRow, type StoredRows, tableOf } from '#core/slices/merge-rows.fixtures.ts';
import { countedStats, type MergedSlice } from '#core/slices/merge-rows.oracle.ts';
import { PENDING } from '#core/slices/merge-rows.ts';
import { encodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { readStats } from '#core/stats/stats.ts';
import type { View } from '#core/views/view.ts';
import { loadPages } from './load-pages.ts';
import { PAGE_SLICES, pageOf } from './page-size.ts';
import { Page } from './page.ts';
import type { Sum } from './section-sums.ts';

const GROUP = '["r1"]';
const VIEW: View = { name: 'power', metric: 'power', by: ['region'], where: {}, sliceMs: 60_000 };

/** The cases' slices lie around the edge of two pages. */
const FIRST_SLICE = PAGE_SLICES - 1;

/** A row of changes, as a span of its own: each slice has its own parts. */
function changeOf(row: NotedRow, slice = FIRST_SLICE + row.slice): ChangedSpan {
  const { partition, order, revision } = row;
  // Parts that begin anew with each epoch: where the epoch is larger, the part doesn't matter.
  const place = { partition, epoch: Math.floor(order / 5), part: 100 - Math.floor(order / 5) * 10 + (order % 5) };
  const changed = {
    view: VIEW.name,
    version: 1,
    group: GROUP,
    ...place,
    slice,
    revision,
    flags: flagsOf(row),
    stats: encodeRow(tableOf(row), 0),
  };
  return spansOfRows([changed])[0]!;
}

/** Loads the two pages that hold the cases' slices. */
function load({ results, changes }: StoredRows): Promise<readonly Page[]> {
  const feed: Pick<ChangeFeed, 'spans'> = {
    async *spans() {
      await Promise.resolve();
      yield* changes.map((row) => changeOf(row));
    },
  };
  const reader: Pick<ResultReader, 'blocks'> = {
    async *blocks({ name }) {
      await Promise.resolve();
      yield* results[Number(name)]!.flatMap((row) => [...groupRows(notedBlock(row, GROUP, FIRST_SLICE))]);
    },
  };
  const refs = results.map((_, i): ResultRef => {
    return { name: String(i), from: [0, 0], to: [0, 0], readings: 1, madeAtMs: 0, kind: i === 0 ? 'base' : 'delta' };
  });
  const batch = { results: refs, cut: [0, 0], publishedAtMs: 0 };
  return loadPages(
    {
      id: { view: VIEW, version: 1, batch, isAsOf: false, isFolding: false, isAccounted: true },
      group: GROUP,
      firstPage: 0,
      pageCount: 2,
    },
    feed,
    reader,
  );
}

function sumOf(page: Page, fromSlice: number, toSlice: number): MergedSlice {
  const sum = emptySum();
  page.sumInto(sum, fromSlice, toSlice);
  return { stats: readStats(sum.table, sum.slot), revision: sum.revision, pending: sum.pending };
}

function emptySum(): Sum {
  const table = new StatsTable(1);
  return { table, slot: table.allocate(), revision: 0, pending: false };
}

/** Every slice that the pages hold, as the cases number them. */
function slicesOf(pages: readonly Page[]): ReadonlyMap<number, MergedSlice> {
  const end = FIRST_SLICE + CASE_SLICES;
  const slices = new Map<number, MergedSlice>();
  for (const page of pages) {
    for (let at = page.nextSlice(0, end); at !== undefined; at = page.nextSlice(at + 1, end))
      slices.set(at - FIRST_SLICE, sumOf(page, at, at + 1));
  }
  return slices;
}

keepsTheMergeLaw('pages', async (stored) => slicesOf(await load(stored)));

describe('a page that is loaded', () => {
  it('takes no more memory than the rows that its results may hold', () => {
    const row = new StatsTable(1);
    row.allocate();
    const bytesOf = (rows: number, density: number): number => {
      const page = new Page(3);
      page.expectResult(page.firstSlice, density);
      for (let i = 0; i < rows; i++) page.addResult(page.firstSlice + i, row, 0, 1, 0, 0);
      return page.bytes();
    };
    const [whole, half, quarter] = [1, 2, 4].map((part) => bytesOf(PAGE_SLICES / part, 1 / part));
    expect(whole! - half!).toBe(row.bytes * (PAGE_SLICES / 2));
    expect(half! - quarter!).toBe(row.bytes * (PAGE_SLICES / 4));
  });
});

describe('a page in use', () => {
  keepsTheMergeLaw('a page that is loaded, then told of changes', async ({ results, changes }) => {
    const [told, before] = [changes.slice(0, 3), changes.slice(3)];
    let pages = await load({ results, changes: before });
    slicesOf(pages);
    for (const [i, row] of told.entries()) {
      const change = changeOf(row);
      // First an earlier state of the row, then the one that replaces it.
      const earlier = {
        ...row,
        revision: row.revision + 1,
        counted: row.selected.slice(0, 1),
        selected: row.selected.slice(0, 1),
      };
      const page = pages[pageOf(change.opener)]!;
      const follows = page.putSpan(changeOf({ ...earlier, resets: false }), false);
      expect(follows).toBe(true);
      slicesOf(pages);
      expect(page.putSpan(change, false)).toBe(!row.resets);
      if (row.resets) pages = await load({ results, changes: [...before, ...told.slice(0, i + 1)] });
    }
    return slicesOf(pages);
  });

  it('has to be loaded again where a row that resets becomes one that does not', async () => {
    const row = { slice: 0, partition: 0, order: 1, revision: 1, isPending: false, resets: true };
    const readings = [{ ms: 1, value: 1 }];
    const [page] = await load({ results: [], changes: [{ ...row, counted: readings, selected: readings }] });
    expect(
      page!.putSpan({ ...changeOf({ ...row, counted: readings, selected: readings }), flags: PENDING }, false),
    ).toBe(false);
  });

  it('adds up sections and the whole to the same as single slices, with and without the slices', () => {
    const placed = fc.record({
      slice: fc.nat(PAGE_SLICES - 1),
      partition: fc.nat(1),
      value: fc.integer({ min: -9, max: 9 }),
      isPending: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(placed, { minLength: 1, maxLength: 30 }), fc.nat(24), fc.nat(24), (some, a, b) => {
        const page = new Page(0);
        for (const [order, { slice, partition, value, isPending }] of some.entries()) {
          const readings = [{ ms: slice * 60_000 + order, value }];
          const row = {
            slice,
            partition,
            order,
            revision: order + 1,
            isPending,
            resets: false,
            counted: readings,
            selected: readings,
          };
          page.putSpan(changeOf(row, slice), true);
        }
        const [from, to] = a < b ? [a * 60, b * 60] : [b * 60, a * 60];
        const inside = some.map((one, order) => ({ ...one, order })).filter(({ slice }) => slice >= from && slice < to);
        const expected = {
          stats: countedStats(inside.map(({ slice, value, order }) => ({ ms: slice * 60_000 + order, value }))),
          revision: inside.reduce((sum, { order }) => sum + order + 1, 0),
          pending: inside.some(({ isPending }) => isPending),
        };
        const oneByOne = emptySum();
        for (let slice = from; slice < to; slice++) page.sumInto(oneByOne, slice, slice + 1);
        expect({
          stats: readStats(oneByOne.table, oneByOne.slot),
          revision: oneByOne.revision,
          pending: oneByOne.pending,
        }).toEqual(expected);
        expect(sumOf(page, from, to)).toEqual(expected);
        page.shed();
        expect(page.canSum(from, to)).toBe(true);
        expect(sumOf(page, from, to)).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });
});
