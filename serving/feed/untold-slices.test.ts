import { describe, expect, it } from 'vitest';
import { GROUP_RANGES_MAX, RANGES_MAX, UntoldSlices } from './untold-slices.ts';

describe('slices that are still to be told', () => {
  it('are the same after a restart', () => {
    const untold = new UntoldSlices();
    untold.add('a', 3, 5);
    untold.add('a', 9, Number.POSITIVE_INFINITY);
    untold.add('b', Number.NEGATIVE_INFINITY, 2);
    untold.addAllFrom(100);
    const mark = JSON.parse(JSON.stringify(untold.mark())) as ReturnType<UntoldSlices['mark']>;
    const again = new UntoldSlices(mark);
    expect(again.mark()).toEqual(untold.mark());
    expect(again.groups().get('a')!.edges()).toEqual([3, 5, 9, Number.POSITIVE_INFINITY]);
    expect(again.allFrom).toBe(100);
  });

  it('keep what changes behind the place up to which all are told, since that may be read already', () => {
    const untold = new UntoldSlices();
    untold.addAllFrom(10);
    untold.add('a', 12, 13);
    untold.takeAllUpTo(Number.POSITIVE_INFINITY);
    expect(untold.isEmpty).toBe(false);
    expect(untold.takeGroup('a').edges()).toEqual([12, 13]);
    expect(untold.isEmpty).toBe(true);
  });

  it('hold a group in a fixed number of ranges', () => {
    const untold = new UntoldSlices();
    for (let i = 0; i < 10 * GROUP_RANGES_MAX; i++) untold.add('a', 10 * i, 10 * i + 1);
    expect(untold.groups().get('a')!.count).toBe(GROUP_RANGES_MAX);
    for (let i = 0; i < 10 * GROUP_RANGES_MAX; i++) {
      const edges = untold.groups().get('a')!.edges();
      expect(edges.some((from, at) => at % 2 === 0 && from <= 10 * i && edges[at + 1]! > 10 * i)).toBe(true);
    }
  });

  it('hold all groups in a fixed number of ranges, one each at least', () => {
    const untold = new UntoldSlices();
    const groups = Math.ceil(RANGES_MAX / 40);
    for (let i = 0; i < 50; i++)
      for (let group = 0; group < groups; group++) untold.add(`g${group}`, 10 * i, 10 * i + 1);
    let count = 0;
    for (const ranges of untold.groups().values()) {
      count += ranges.count;
      expect(ranges.extent).toEqual([0, 491]);
    }
    expect(count).toBeLessThanOrEqual(RANGES_MAX);
    expect(untold.groups().size).toBe(groups);
  });

  it('hold more groups than that, of each the slices that were put in', () => {
    const untold = new UntoldSlices();
    const groups = RANGES_MAX + 10_000;
    for (let i = 0; i < 2; i++)
      for (let group = 0; group < groups; group++) untold.add(`g${group}`, 10 * i, 10 * i + 1);
    expect(untold.groups().size).toBe(groups);
    let [count, whole] = [0, 0];
    for (const ranges of untold.groups().values()) {
      count += ranges.count;
      if (ranges.extent.join() === '0,11') whole++;
    }
    expect(whole).toBe(groups);
    expect(count).toBeLessThanOrEqual(2 * groups);
  });
});
