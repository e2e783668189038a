import { describe, expect, it } from 'vitest';
import { coveredTotal, setCovered } from './additive.ts';
import { addReading, equalSlots } from './merge.ts';
import { StatsTableFull } from './stats-errors.ts';
import { STATS_SLOTS_MAX, StatsTable } from './stats-table.ts';
import { statsOf } from './stats.oracle.ts';
import { readStats } from './stats.ts';

const IDENTITY = statsOf([], false);

describe('a table of stats', () => {
  it('hands out slots that hold the identity, and keeps the others as it grows', () => {
    const table = new StatsTable(1);
    for (let i = 0; i < 100; i++) {
      const slot = table.allocate();
      expect(readStats(table, slot)).toEqual(IDENTITY);
      addReading(table, slot, i, 0 - i, true);
    }
    for (let i = 0; i < 100; i++) expect(readStats(table, i)).toEqual(statsOf([{ ms: i, value: 0 - i }], true));
    expect(table.size).toBe(100);
  });

  it('has room for what is reserved and no more, keeps what it holds, and grows beyond it', () => {
    const table = new StatsTable(4);
    addReading(table, table.allocate(), 1, 2, true);
    table.reserve(1_440);
    table.reserve(10);
    expect(table.capacity).toBe(1_440);
    expect(readStats(table, 0)).toEqual(statsOf([{ ms: 1, value: 2 }], true));
    table.allocateMany(1_440);
    expect(table.capacity).toBeGreaterThan(1_440);
    expect(readStats(table, 1_440)).toEqual(IDENTITY);
  });

  it('hands out released slots again, as the identity', () => {
    const table = new StatsTable(1);
    const [first, second] = [table.allocate(), table.allocate()];
    addReading(table, first, 1, 2, true);
    table.release(first);
    expect(table.liveCount).toBe(1);
    expect(table.allocate()).toBe(first);
    expect(readStats(table, first)).toEqual(IDENTITY);
    expect(table.allocate()).not.toBe(second);
    expect(table.size).toBe(3);
  });

  it('refuses to take a slot back twice', () => {
    const table = new StatsTable();
    const slot = table.allocate();
    table.release(slot);
    expect(() => table.release(slot)).toThrow('a slot is released once');
    expect(() => table.release(99)).toThrow('a slot is released once');
  });

  it('hands out released ranges again, halved or joined, as the identity', () => {
    const table = new StatsTable(1);
    const [first, second] = [table.allocateRange(4), table.allocateRange(4)];
    addReading(table, first + 3, 1, 2, true);
    table.releaseRange(first, 4);
    expect(table.liveCount).toBe(4);
    expect([table.allocateRange(2), table.allocateRange(2)]).toEqual([first, first + 2]);
    expect(readStats(table, first + 3)).toEqual(IDENTITY);
    for (const half of [first + 2, first]) table.releaseRange(half, 2);
    table.releaseRange(second, 4);
    expect(() => table.releaseRange(second, 4)).toThrow('a range is released once');
    expect(table.liveCount).toBe(0);
    expect([table.allocateRange(8), table.size]).toEqual([0, 8]);
  });

  it('begins a range at a multiple of its length, and hands out what lies before it', () => {
    const table = new StatsTable(1);
    expect([table.allocateRange(1), table.allocateRange(8)]).toEqual([0, 8]);
    expect(table.liveCount).toBe(9);
    expect([4, 1, 2].map((length) => table.allocateRange(length))).toEqual([4, 1, 2]);
    expect([table.liveCount, table.size]).toEqual([16, 16]);
  });

  it('keeps what lies before the place where it is truncated for the ranges that come', () => {
    const table = new StatsTable(1);
    for (const first of [0, 4]) expect(table.allocateRange(4)).toBe(first);
    table.releaseRange(4, 4);
    table.truncate(6);
    expect([table.liveCount, table.size]).toEqual([4, 6]);
    expect([table.allocateRange(2), table.allocateRange(4)]).toEqual([4, 8]);
    expect(table.allocateRange(2)).toBe(6);
  });

  it('takes many ranges back at once as one by one, few or most of them', () => {
    for (const every of [1, 2, 50]) {
      const [atOnce, oneByOne] = [new StatsTable(1), new StatsTable(1)];
      const firsts: number[] = [];
      for (let i = 0; i < 100; i++) {
        for (const table of [atOnce, oneByOne]) {
          const first = table.allocateRange(1 << (i % 3));
          addReading(table, first + (i % 2), i, i % 7 === 0 ? Number.MIN_SAFE_INTEGER : i, i % 5 === 0);
          setCovered(table, first, i % 11 === 0 ? 2n ** 60n + 1n : 5n);
          if (table === atOnce && i % every === 0) firsts.push(first);
        }
      }
      const slotCounts = firsts.map((_, n) => 1 << ((n * every) % 3));
      atOnce.releaseRanges(firsts, slotCounts);
      firsts.forEach((first, n) => oneByOne.releaseRange(first, slotCounts[n]!));
      expect(atOnce.liveCount).toBe(oneByOne.liveCount);
      for (let slot = 0; slot < atOnce.size; slot++)
        expect(equalSlots(atOnce, slot, oneByOne, slot), `slot ${slot}`).toBe(true);
      for (const length of [1, 2, 4]) expect(atOnce.allocateRange(length)).toBe(oneByOne.allocateRange(length));
      expect(() => atOnce.releaseRanges([0, 0], [1, 1])).toThrow('a range is released once');
    }
  });

  it('knows which limbs it uses', () => {
    const table = new StatsTable(1);
    expect(table.limbsUsed()).toEqual({ sum: 0, squares: 0, increase: 0, integral: 0 });
    addReading(table, table.allocate(), 1, 2 ** 30, false);
    expect(table.limbsUsed()).toEqual({ sum: 1, squares: 2, increase: 0, integral: 0 });
    addReading(table, table.allocate(), 1, -1, false);
    expect(table.limbsUsed()).toMatchObject({ sum: 3, squares: 2 });
  });

  it('moves a range of stats, histograms too', () => {
    const table = new StatsTable(1);
    const from = table.allocateRange(2);
    addReading(table, from + 1, 1, 2, true);
    const to = table.allocateRange(4);
    table.moveRange(from, to + 2, 2);
    table.releaseRange(from, 2);
    expect([0, 1, 2, 3].map((i) => readStats(table, to + i))).toEqual([
      IDENTITY,
      IDENTITY,
      IDENTITY,
      statsOf([{ ms: 1, value: 2 }], true),
    ]);
    expect(table.histograms[from + 1]).toBeUndefined();
  });

  it('gives many slots side by side, whatever was released before', () => {
    const table = new StatsTable(1);
    table.release(table.allocate());
    expect(table.allocateMany(10)).toBe(1);
    expect(table.size).toBe(11);
  });

  it('lets go of its newest slots, released or not', () => {
    const table = new StatsTable(1);
    const kept = table.allocate();
    addReading(table, kept, 1, 2, false);
    const dropped = table.allocateMany(5);
    addReading(table, dropped, 1, 2, true);
    table.release(dropped + 1);
    table.truncate(dropped);
    expect(table.size).toBe(1);
    const again = table.allocateMany(5);
    expect(again).toBe(dropped);
    for (let slot = again; slot < table.size; slot++) expect(readStats(table, slot)).toEqual(IDENTITY);
    expect(readStats(table, kept).count).toBe(1);
  });

  it('refuses more slots than its limit by name', () => {
    const table = new StatsTable(1);
    expect(() => table.allocateMany(STATS_SLOTS_MAX + 1)).toThrow(StatsTableFull);
    expect(table.allocate()).toBe(0);
  });

  it('tells an empty histogram from none in no way', () => {
    const [a, b] = [new StatsTable(), new StatsTable()];
    addReading(a, a.allocate(), 1, 2, true);
    addReading(b, b.allocate(), 1, 2, false);
    expect(equalSlots(a, 0, b, 0)).toBe(false);
    a.histograms[0]!.add(2, -1);
    expect(equalSlots(a, 0, b, 0)).toBe(true);
    expect(readStats(a, 0).histogram).toBeNull();
  });

  it('moves, releases and forgets what is beyond the safe integers with its slot', () => {
    const table = new StatsTable(4);
    const total = 2n ** 60n + 1n;
    table.allocateMany(2);
    for (const slot of [0, 1]) setCovered(table, slot, total);
    const to = table.allocateMany(2);
    table.moveRange(0, to, 2);
    table.releaseRange(0, 2);
    expect([0, 1, to, to + 1].map((slot) => coveredTotal(table, slot))).toEqual([0n, 0n, total, total]);
    table.reset(to);
    table.truncate(to + 1);
    table.allocateMany(1);
    expect([to, to + 1].map((slot) => coveredTotal(table, slot))).toEqual([0n, 0n]);
  });

  it('weighs 23 doubles a slot, spare ones too, and 12 bytes for each bucket there is room for', () => {
    const table = new StatsTable(10);
    expect(table.bytes).toBe(10 * 23 * 8);
    table.allocateMany(11);
    expect(table.bytes).toBe(20 * 23 * 8);
    for (let bucket = 0; bucket < 9; bucket++) addReading(table, 3, bucket, 2 ** bucket, true);
    expect(table.bytes).toBe(20 * 23 * 8 + 100 + 16 * 12);
    table.release(3);
    expect(table.bytes).toBe(20 * 23 * 8);
  });
});
