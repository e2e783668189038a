import { describe, expect, it } from 'vitest';
import { SNAPSHOT_WINDOWS_MAX } from '../../stream/limits.ts';
import { GROUPS_DRAWN_MAX } from '../chart/colours.ts';
import { groupKey } from '../stream/windows-state.ts';
import { group } from '../stream/windows.fixtures.ts';
import {
  filterOf,
  GROUPS_SHOWN_MAX,
  groupsShownMax,
  inShownOrder,
  shownKeys,
  STREAM_WINDOWS_MAX,
  tagsOfKey,
} from './shown-groups.ts';
import { WINDOWS_PER_SPAN_MAX } from './spans.ts';

const tagsOf = (device: number) => ({ device: `d-${device}` });
const FIRST = Array.from({ length: GROUPS_SHOWN_MAX }, (_, i) => tagsOf(i));
const LAST = groupKey(tagsOf(49));

describe('the groups that are shown', () => {
  it('are as many as a page holds, and as the stream tells of at once', () => {
    expect(STREAM_WINDOWS_MAX).toBe(SNAPSHOT_WINDOWS_MAX);
    expect(groupsShownMax(60)).toBe(GROUPS_SHOWN_MAX);
    expect(groupsShownMax(WINDOWS_PER_SPAN_MAX)).toBeGreaterThanOrEqual(GROUPS_DRAWN_MAX);
    for (const count of [1, 60, 1_440, WINDOWS_PER_SPAN_MAX]) {
      expect(groupsShownMax(count) * (count + 2)).toBeLessThanOrEqual(SNAPSHOT_WINDOWS_MAX);
    }
  });

  it('are those that were picked, then the first', () => {
    const keys = shownKeys([LAST, groupKey(tagsOf(1))], FIRST, 4);
    expect(keys).toStrictEqual([49, 1, 0, 2].map((device) => groupKey(tagsOf(device))));
  });

  it('are asked for by their tags where there are others', () => {
    const keys = [
      { site: 'a', device: '1' },
      { site: 'a', device: '2' },
    ].map(groupKey);
    expect(filterOf(keys, 3)).toStrictEqual({ device: ['1', '2'], site: ['a'] });
    expect(filterOf(keys, 2)).toBeUndefined();
    expect(filterOf([], 0)).toBeUndefined();
  });

  it('stand in the order of picking, then in their own, without those that only the filter let through', () => {
    const groups = new Map(['a', 'b', 'c', 'd'].map((key) => [key, group(key)]));
    const order = (picked: string[], keys?: string[]) => inShownOrder(groups, picked, keys).map(({ key }) => key);
    expect(order(['c', 'gone'])).toStrictEqual(['c', 'a', 'b', 'd']);
    expect(order(['d', 'a'], ['d', 'b'])).toStrictEqual(['d', 'b']);
  });

  it('are known by keys that may stand in an address, where anything else is none', () => {
    const tags = { device: 'ø "1"', site: '' };
    expect(tagsOfKey(groupKey(tags))).toStrictEqual(tags);
    expect(['', '{', '7', '[1]', '[["a"]]', '[["a",1]]'].map(tagsOfKey)).toStrictEqual(
      Array.from({ length: 6 }, () => undefined),
    );
  });
});
