import { describe, expect, it } from 'vitest';
import { histogramOf } from './additive.ts';
import { addReading, equalSlots, mergeInto } from './merge.ts';
import { StatsTable } from './stats-table.ts';

/** A table whose slot 0 holds something in every column. */
function fullTable(): StatsTable {
  const table = new StatsTable(2);
  table.allocateMany(2);
  addReading(table, 0, 7, 3, true);
  addReading(table, 0, 9, -5, true);
  table.unchecked[0] = 1;
  table.coveredMs[0] = 4;
  for (const wide of [table.increase, table.integral]) wide.forEach((limb, k) => (limb[0] = k + 1));
  return table;
}

/** Every column by name; wide ones limb by limb. */
function columnsOf(table: StatsTable): readonly (readonly [name: string, column: Float64Array])[] {
  return Object.entries(table).flatMap(([name, value]: [string, unknown]): (readonly [string, Float64Array])[] => {
    if (value instanceof Float64Array) return [[name, value]];
    if (!Array.isArray(value) || name === 'histograms') return [];
    return (value as Float64Array[]).map((limb, k) => [`${name} ${k}`, limb] as const);
  });
}

describe('stats of two slots', () => {
  it.each(columnsOf(fullTable()).map(([name]) => name))('differ where %s does', (name) => {
    const [a, b] = [fullTable(), fullTable()];
    expect(equalSlots(a, 0, b, 0)).toBe(true);
    const [, column] = columnsOf(b).find(([one]) => one === name)!;
    column[0]! += 1;
    expect(equalSlots(a, 0, b, 0)).toBe(false);
    expect(equalSlots(b, 0, a, 0)).toBe(false);
  });

  it('has twenty-three columns to differ in, and what two of them can not hold', () => {
    expect(columnsOf(fullTable())).toHaveLength(23);
    for (const rest of ['coveredRest', 'accountedRest'] as const) {
      const [a, b] = [fullTable(), fullTable()];
      b[rest].set(0, 1);
      expect([equalSlots(a, 0, b, 0), equalSlots(b, 0, a, 0)]).toEqual([false, false]);
    }
  });

  it('differ where a histogram has another bucket, another count, one more, or is not there', () => {
    const same = fullTable();
    const histograms: ((table: StatsTable) => void)[] = [
      (table) => histogramOf(table, 0).add(1, 1),
      (table) => histogramOf(table, 0).add(histogramOf(table, 0).bucketAt(0), 1),
      (table) => {
        const histogram = histogramOf(table, 0);
        histogram.add(histogram.bucketAt(0), -histogram.countAt(0));
        histogram.add(-1, 1);
      },
      (table) => (table.histograms[0] = undefined),
    ];
    for (const change of histograms) {
      const other = fullTable();
      change(other);
      expect(equalSlots(same, 0, other, 0)).toBe(false);
      expect(equalSlots(other, 0, same, 0)).toBe(false);
    }
  });

  it('are the same with an empty histogram and without one', () => {
    const [none, empty] = [new StatsTable(1), new StatsTable(1)];
    for (const table of [none, empty]) addReading(table, table.allocate(), 1, 5, false);
    histogramOf(empty, 0);
    expect(equalSlots(none, 0, empty, 0)).toBe(true);
    expect(equalSlots(empty, 0, none, 0)).toBe(true);
  });
});

describe('a merge', () => {
  it('leaves what it takes from as it was, histogram included', () => {
    const [from, into] = [fullTable(), fullTable()];
    mergeInto(into, 1, from, 0);
    expect(equalSlots(into, 1, from, 0)).toBe(true);
    addReading(into, 1, 1, 400, true);
    expect(equalSlots(from, 0, fullTable(), 0)).toBe(true);
  });

  it('of a slot with itself doubles what adds up', () => {
    const table = fullTable();
    mergeInto(table, 0, table, 0);
    expect([table.count[0], table.min[0], table.max[0]]).toEqual([4, -5, 3]);
    expect(
      histogramOf(table, 0)
        .entries()
        .map(([, count]) => count),
    ).toEqual([2, 2]);
  });
});
