import { describe, expect, it } from 'vitest';
import type { ChangedSpan } from '#backbone/changes/changes.ts';
import { spansOfRows } from '#backbone/changes/row-span.ts';
import { addReading } from '#core/stats/merge.ts';
import { encodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { Group } from './group.ts';
import { PageCache } from './page-cache.ts';
import { PAGE_SLICES } from './page-size.ts';
import { Page } from './page.ts';
import { Agents } from './progress.ts';

const table = new StatsTable(1);
addReading(table, table.allocate(), 1, 5, false);
const stats = encodeRow(table, 0);

function spanAt(slice: number): ChangedSpan {
  const row = { view: 'v', version: 1, group: '["a"]', slice, partition: 0, epoch: 0, part: Math.abs(slice) };
  return spansOfRows([{ ...row, revision: 1, flags: 0, stats }])[0]!;
}

function put(page: Page, offset: number): boolean {
  return page.putSpan(spanAt(page.firstSlice + offset), false);
}

/** A page that holds so many slices. */
function pageOf(number: number, slices = 100): Page {
  const page = new Page(number);
  for (let offset = 0; offset < slices; offset++) put(page, offset);
  page.nextSlice(page.firstSlice, page.firstSlice + 1);
  return page;
}

function openGroup(name = 'a'): Group {
  return new Group(JSON.stringify([name]), new Agents(), 60_000);
}

/** What a full page weighs, and one that has shed its slices. */
const FULL = pageOf(0).bytes();
const shed = pageOf(0);
shed.shed();
const SHED = shed.bytes();

describe('a page', () => {
  it('weighs little without slices, more with each, and a small part once it has shed them', () => {
    const page = new Page(3);
    expect(page.bytes()).toBeLessThan(1_000);
    put(page, 0);
    const one = page.bytes();
    put(page, 1);
    expect(page.bytes()).toBe(one + 200 + spanAt(page.firstSlice + 1).bytes.length);
    // A newer state of a row takes the place of the one before.
    put(page, 1);
    expect(page.bytes()).toBe(one + 200 + spanAt(page.firstSlice + 1).bytes.length);
    expect(SHED).toBeLessThan(FULL / 5);
  });

  it('lets go of everything but its sums when it sheds, and follows no change then', () => {
    const page = pageOf(0, 300);
    page.shed();
    expect(page.hasSlices).toBe(false);
    expect(page.isEmpty).toBe(false);
    expect(page.bytes()).toBe(SHED);
    expect(put(page, 5)).toBe(false);
    expect(page.canSum(0, PAGE_SLICES)).toBe(true);
    expect(page.canSum(60, 120)).toBe(true);
    expect(page.canSum(1, 120)).toBe(false);
    expect(page.canSum(60, 121)).toBe(false);
  });

  it('finds the first and the last slice that hold anything, within bounds', () => {
    const page = new Page(2);
    expect([page.nextSlice(0, 9_999), page.previousSlice(0, 9_999)]).toEqual([undefined, undefined]);
    const first = page.firstSlice;
    for (const offset of [3, 7, PAGE_SLICES - 1]) put(page, offset);
    expect(page.nextSlice(0, 9_999)).toBe(first + 3);
    expect(page.nextSlice(first + 3, first + 4)).toBe(first + 3);
    expect(page.nextSlice(first + 4, 9_999)).toBe(first + 7);
    expect(page.nextSlice(first + 4, first + 7)).toBeUndefined();
    expect(page.previousSlice(0, 9_999)).toBe(first + PAGE_SLICES - 1);
    expect(page.previousSlice(0, first + PAGE_SLICES - 1)).toBe(first + 7);
    expect(page.previousSlice(first + 3, first + 7)).toBe(first + 3);
    expect(page.previousSlice(first + 4, first + 7)).toBeUndefined();
  });

  it('has nothing to shed while it is empty', () => {
    const page = new Page(0);
    page.shed();
    expect(page.hasSlices).toBe(true);
    expect(page.isEmpty).toBe(true);
    expect(put(page, 0)).toBe(true);
  });
});

describe('the cache of pages', () => {
  it('counts what its pages weigh, as they come, change and go', () => {
    const cache = new PageCache(1e9);
    const [group, other] = [openGroup(), openGroup('b')];
    const page = pageOf(0);
    cache.add(group, page);
    cache.add(other, pageOf(0));
    cache.add(other, pageOf(1));
    expect(cache.bytes).toBe(3 * FULL);
    expect(cache.pageCount).toBe(3);
    put(page, 100);
    cache.count(page);
    expect(cache.bytes).toBe(2 * FULL + page.bytes());
    cache.drop(group, 0);
    cache.drop(group, 0);
    expect(group.pages.size).toBe(0);
    expect(cache.bytes).toBe(2 * FULL);
    cache.dropGroup(other);
    expect(other.pages.size).toBe(0);
    expect([cache.bytes, cache.pageCount]).toEqual([0, 0]);
    cache.add(group, page);
    expect(cache.bytes).toBe(page.bytes());
  });

  it('puts a page in the place of an older one of its number', () => {
    const cache = new PageCache(1e9);
    const group = openGroup();
    cache.add(group, pageOf(7));
    const newer = pageOf(7);
    cache.add(group, newer);
    expect(group.pages.get(7)).toBe(newer);
    expect([cache.bytes, cache.pageCount]).toEqual([FULL, 1]);
  });

  it('holds what fits exactly', () => {
    const cache = new PageCache(2 * FULL);
    const group = openGroup();
    for (const number of [0, 1]) cache.add(group, pageOf(number));
    expect([...group.pages.values()].map((page) => page.hasSlices)).toEqual([true, true]);
  });

  it('sheds the least recently used first, no more than it has to', () => {
    const cache = new PageCache(4.5 * FULL);
    const group = openGroup();
    for (const number of [0, 1, 2, 3]) cache.add(group, pageOf(number));
    cache.touch(group.pages.get(0)!);
    cache.add(group, pageOf(4));
    // An eighth of the limit is freed beside what was too much, so two pages have to go.
    expect([...group.pages.values()].map((page) => page.hasSlices)).toEqual([true, false, false, true, true]);
    expect(cache.bytes).toBe(3 * FULL + 2 * SHED);
  });

  it('drops pages, the least recently used first, where shedding is not enough, but never the newest', () => {
    const cache = new PageCache(SHED * 4);
    const group = openGroup();
    for (const number of [0, 1]) {
      const page = pageOf(number);
      page.shed();
      cache.add(group, page);
    }
    cache.add(group, pageOf(2));
    expect([...group.pages.keys()]).toEqual([2]);
    expect(cache.bytes).toBe(FULL);
    cache.add(group, pageOf(3, 0));
    expect([...group.pages.keys()]).toEqual([2, 3]);
    expect(group.pages.get(2)!.hasSlices).toBe(false);
  });
});
