import { describe, expect, it } from 'vitest';
import type { View } from '#core/views/view.ts';
import { divideGroups, inRange } from './group-range.ts';

const VIEW: View = { name: 'v', metric: 'power', by: ['device'], where: {}, sliceMs: 1000 };

/** A fleet whose devices have a series of each of two metrics, one behind the other. */
function fleet(devices: number) {
  return Array.from({ length: 2 * devices }, (_, i) => ({
    metric: i % 2 === 0 ? 'power' : 'temperature',
    tags: { device: `d${Math.floor(i / 2)}`, region: `r${i % 5}` },
  }));
}

const keysOf = (devices: number): string[] => Array.from({ length: devices }, (_, i) => `["d${i}"]`);

describe('the groups of a view', () => {
  it('are divided into ranges of about as many, so that each group is in one', () => {
    for (const devices of [256, 10_000]) {
      const ranges = divideGroups(VIEW, fleet(devices), 4);
      expect(ranges).toHaveLength(4);
      const counts = [0, 0, 0, 0];
      for (const key of [...keysOf(devices), '', '["zz"]', '[""]']) {
        const within = ranges.flatMap((range, i) => (inRange(range, key) ? [i] : []));
        expect(within).toHaveLength(1);
        counts[within[0]!]!++;
      }
      for (const count of counts) expect(Math.abs(count - devices / 4)).toBeLessThan(devices / 20);
    }
  });

  it('are left together where they are few', () => {
    const all = [{ from: '', to: undefined }];
    expect(divideGroups(VIEW, fleet(100), 4)).toEqual(all);
    expect(divideGroups({ ...VIEW, by: ['region'] }, fleet(1000), 4)).toEqual(all);
    expect(divideGroups({ ...VIEW, metric: 'flow' }, fleet(1000), 4)).toEqual(all);
    expect(divideGroups(VIEW, [], 4)).toEqual(all);
    expect(divideGroups(VIEW, fleet(1000), 1)).toEqual(all);
    expect(divideGroups(VIEW, fleet(150), 4)).toHaveLength(2);
  });
});
