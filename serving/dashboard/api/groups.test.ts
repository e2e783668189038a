import { describe, expect, it } from 'vitest';
import { StrangeMessage } from '../stream/message.ts';
import { groupsPath, readGroups } from './groups.ts';

describe('the groups of a view', () => {
  it('are asked for by what may stand in a path and a query', () => {
    expect(groupsPath('usage & more/1', 'ø 50%', 12)).toBe(
      'api/v1/views/usage%20%26%20more%2F1/groups?search=%C3%B8+50%25&limit=12',
    );
  });

  it('are read with how many there are, and where data lies', () => {
    const data = { from: '2006-12-16T17:24:00Z', to: '2010-11-26T21:03:00Z' };
    const groups = [{ tags: { device: 'a' } }];
    expect(readGroups({ view: 'usage', total: 50, found: 2, data, groups })).toStrictEqual({
      total: 50,
      found: 2,
      data: { fromMs: Date.UTC(2006, 11, 16, 17, 24), toMs: Date.UTC(2010, 10, 26, 21, 3) },
      groups: [{ device: 'a' }],
    });
    expect(readGroups({ total: 0, found: 0, data: null, groups: [] }).data).toBeUndefined();
  });

  it.each([null, {}, { groups: 7 }, { total: 1, found: 1, data: { from: 'x', to: 'y' }, groups: [] }])(
    'of another form are named as such: %j',
    (answer) => {
      expect(() => readGroups(answer)).toThrow(StrangeMessage);
    },
  );
});
