import { describe, expect, it } from 'vitest';
import type { ServerMessage } from './message.ts';
import {
  applyMessage,
  dataUpToMs,
  groupKey,
  groupName,
  GROUPS_MAX,
  newestEndMs,
  NO_WINDOWS,
  type WindowsState,
} from './windows-state.ts';
import { MINUTE_MS, T0_MS, told, windowAt } from './windows.fixtures.ts';

const HOUR_MS = 60 * MINUTE_MS;
const DK1 = groupKey({ region: 'DK1' });

function after(...messages: readonly ServerMessage[]): WindowsState {
  return messages.reduce((state, message, i) => applyMessage(state, message, HOUR_MS, 1_000 + i), NO_WINDOWS);
}

function minutes(state: WindowsState, key = DK1): readonly number[] | undefined {
  return state.groups.get(key)?.windows.map(({ startMs }) => (startMs - T0_MS) / MINUTE_MS);
}

describe('the windows of a subscription', () => {
  it('are those of the snapshot, by group and by start', () => {
    const state = after(told('snapshot', [windowAt(2), windowAt(0), windowAt(1, { tags: { region: 'DK2' } })]));
    expect(minutes(state)).toStrictEqual([0, 2]);
    expect(minutes(state, groupKey({ region: 'DK2' }))).toStrictEqual([1]);
    expect(state).toMatchObject({ position: 'p', version: 1, freshnessMs: T0_MS, problem: undefined });
  });

  it('are replaced whole by changed ones, wherever these lie', () => {
    const state = after(
      told('snapshot', [windowAt(0), windowAt(2)]),
      told('changes', [windowAt(1), windowAt(0, { stats: { count: 11 } })], 'q'),
    );
    expect(minutes(state)).toStrictEqual([0, 1, 2]);
    expect(state.groups.get(DK1)?.windows[0]?.stats).toStrictEqual({ count: 11 });
    expect(state.position).toBe('q');
  });

  it('go where they hold nothing any more, and their group with the last of them', () => {
    const elsewhere = { tags: { region: 'DK2' } };
    const before = told('snapshot', [windowAt(0), windowAt(1), windowAt(1, elsewhere)]);
    const changes = { ...told('changes', [windowAt(2)]), gone: [windowAt(0), windowAt(1, elsewhere), windowAt(7)] };
    const state = after(before, changes);
    expect(minutes(state)).toStrictEqual([1, 2]);
    expect([...state.groups.keys()]).toStrictEqual([DK1]);
  });

  it('tell up to when there is data, which may be long before what agents have told', () => {
    const upTo = (freshnessMs: number | null, ...at: readonly number[]): number | null => {
      const windows = at.map((minute) => windowAt(minute));
      return dataUpToMs({ ...after(told('snapshot', windows)), freshnessMs });
    };
    expect(upTo(T0_MS + 9.5 * MINUTE_MS, 3, 9)).toBe(T0_MS + 9.5 * MINUTE_MS);
    expect(upTo(T0_MS + 60 * MINUTE_MS, 3, 9)).toBe(T0_MS + 10 * MINUTE_MS);
    expect([upTo(null, 3), upTo(T0_MS)]).toEqual([null, null]);
  });

  it('are replaced altogether by a later snapshot', () => {
    expect(minutes(after(told('snapshot', [windowAt(0), windowAt(1)]), told('snapshot', [windowAt(1)])))).toStrictEqual(
      [1],
    );
  });

  const before = windowAt(0, { revision: 4 });
  const amended = windowAt(0, { revision: 5, stats: { ...before.stats, max: 9 } });
  const revisedAt = (state: WindowsState) => state.groups.get(DK1)?.windows.map(({ revisedAtMs }) => revisedAtMs);

  it('count as revised when they say something else after they were final', () => {
    const open = windowAt(1, { revision: 4, final: false });
    const state = after(
      told('snapshot', [before, open]),
      told('changes', [amended, { ...open, revision: 5, stats: { count: 12 }, final: true }]),
    );
    expect(revisedAt(state)).toStrictEqual([1_001, undefined]);
  });

  it('count as revised when they turn out to be less complete', () => {
    const state = after(told('snapshot', [before]), told('changes', [{ ...before, revision: 5, completeness: 0.9 }]));
    expect(revisedAt(state)).toStrictEqual([1_001]);
  });

  it('do not count as revised when they say the same, or are told again', () => {
    const state = after(
      told('snapshot', [before]),
      told('changes', [before]),
      told('changes', [windowAt(0, { revision: 5 })]),
    );
    expect(revisedAt(state)).toStrictEqual([undefined]);
  });

  it('stay marked as revised, also across a new snapshot', () => {
    const state = after(told('snapshot', [before]), told('changes', [amended]), told('snapshot', [amended]));
    expect(revisedAt(state)).toStrictEqual([1_001]);
  });

  it('are let go when they end a span before the newest one', () => {
    const state = after(told('snapshot', [windowAt(0), windowAt(1), windowAt(2)]), told('changes', [windowAt(61)]));
    expect(minutes(state)).toStrictEqual([2, 61]);
  });

  it('are let go one by one, the one that ends right where the span begins too', () => {
    expect(minutes(after(told('snapshot', [windowAt(1)]), told('changes', [windowAt(61)])))).toStrictEqual([61]);
    expect(minutes(after(told('snapshot', [windowAt(2)]), told('changes', [windowAt(61)])))).toStrictEqual([2, 61]);
  });

  it('of a group that has only old ones leave with their group', () => {
    const state = after(told('snapshot', [windowAt(0, { tags: { region: 'DK2' } })]), told('changes', [windowAt(100)]));
    expect([...state.groups.keys()]).toStrictEqual([DK1]);
  });

  it('leave the groups alone that a message does not name', () => {
    const before = after(told('snapshot', [windowAt(0), windowAt(0, { tags: { region: 'DK2' } })]));
    const later = applyMessage(before, told('changes', [windowAt(1)]), HOUR_MS, 2_000);
    const other = groupKey({ region: 'DK2' });
    expect(later.groups.get(other)).toBe(before.groups.get(other));
    expect(minutes(before)).toStrictEqual([0]);
  });

  it('stand in the order of the numbers in their names', () => {
    const names = ['house-10', 'house-9', 'house-1'];
    const state = after(
      told(
        'snapshot',
        names.map((house) => windowAt(0, { tags: { house } })),
      ),
    );
    expect([...state.groups.values()].map(({ tags }) => tags['house'])).toStrictEqual([
      'house-1',
      'house-9',
      'house-10',
    ]);
  });

  it('of groups beyond the limit are not kept', () => {
    const many = Array.from({ length: GROUPS_MAX + 5 }, (_, i) => windowAt(0, { tags: { device: String(i) } }));
    expect(after(told('snapshot', many)).groups.size).toBe(GROUPS_MAX);
  });

  it('stay in sight when the server reports a problem, which the next answer ends', () => {
    const problem = { title: 'No', detail: 'not now', status: 503 };
    const state = after(told('snapshot', [windowAt(0)]), { kind: 'error', id: 'windows-1', problem });
    expect(state.problem).toBe(problem);
    expect(minutes(state)).toStrictEqual([0]);
    expect(applyMessage(state, told('changes', []), HOUR_MS, 2_000).problem).toBeUndefined();
  });

  it('say when the newest of them ends', () => {
    expect(newestEndMs(after(told('snapshot', [windowAt(3), windowAt(7)])).groups.values())).toBe(
      T0_MS + 8 * MINUTE_MS,
    );
    expect(newestEndMs([])).toBeUndefined();
  });
});

describe('the key of a group', () => {
  it('does not depend on the order of the tags', () => {
    expect(groupKey({ a: '1', b: '2' })).toBe(groupKey({ b: '2', a: '1' }));
    expect(groupKey({ a: '1', b: '2' })).not.toBe(groupKey({ a: '2', b: '1' }));
  });
});

describe('the name of a group', () => {
  it('is made of the values of its tags', () => {
    expect([groupName({ region: 'DK1', kind: 'flat' }), groupName({ region: '' }), groupName({})]).toStrictEqual([
      'DK1 · flat',
      '(none)',
      'all',
    ]);
  });
});
