import { describe, expect, it } from 'vitest';
import { windowSpec } from '#core/time/windows.ts';
import { openZone } from '#core/time/zone.ts';
import { parseSpan, parseStats, type WindowsQuery } from '../answers/query.ts';
import { ChangedSlices } from '../index/changed-slices.ts';
import { Group } from '../index/group.ts';
import { Agents } from '../index/progress.ts';
import { type GroupChange, RecentChanges } from '../index/recent-changes.ts';
import type { ViewSource } from '../index/view-source.ts';
import { POWER, POWER_BY_REGION } from '../world.fixtures.ts';
import { changedWindows } from './changed-windows.ts';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);
const DATA = { fromMs: START, toMs: START + 24 * HOUR };
const NORTH = new Group('["north"]', new Agents(), 60_000);
const SOUTH = new Group('["south"]', new Agents(), 60_000);

const at = (hour: number): number => START + hour * HOUR;

function queryOf(changed: Partial<WindowsQuery> = {}): WindowsQuery {
  const spec = windowSpec(parseSpan('window', '1h'), undefined, openZone('UTC'));
  const range = { fromMs: at(-1_000), toMs: at(1_000) };
  return { view: POWER_BY_REGION, metric: POWER, stats: [], where: new Map(), spec, ...range, ...changed };
}

/** A change of slices given in hours, and of windows whose ends lie in a span. */
function changeOf(hours: readonly number[], endsAfterMs = Infinity, endsToMs = -Infinity): GroupChange {
  return { slices: ChangedSlices.of(hours.map((hour) => at(hour) / POWER_BY_REGION.sliceMs)), endsAfterMs, endsToMs };
}

/** The starts of the windows that changes touch, as hours since the start, per group. */
function hoursOf(
  changes: readonly (readonly [Group, GroupChange])[],
  query = queryOf(),
  data: typeof DATA | null = DATA,
  windowsMax = 1_000,
) {
  const recent = new RecentChanges();
  for (const [i, one] of changes.entries())
    recent.push({ partition: 0, from: i, to: i + 1, groups: new Map([one]), agents: [] });
  const group = (key: string): Group | undefined => [NORTH, SOUTH].find((one) => one.key === key);
  const source = { id: { view: POWER_BY_REGION }, group } as ViewSource;
  const changed = changedWindows(source, query, recent.since(0)!, data ?? undefined, windowsMax);
  if (changed === undefined) return undefined;
  return Object.fromEntries(
    [...changed].map(([group, spans]) => [group.tags[0], spans.map(({ startMs }) => (startMs - START) / HOUR)]),
  );
}

describe('the windows that changes touch', () => {
  it('hold a slice that changed, each once, in the order of time, over all batches', () => {
    const changes = [
      [NORTH, changeOf([5.5, 2.1])],
      [SOUTH, changeOf([7])],
      [NORTH, changeOf([2.9, 2.1])],
    ] as const;
    expect(hoursOf(changes)).toEqual({ north: [2, 5], south: [7] });
  });

  it('are all that overlap the slice where windows overlap', () => {
    const spec = windowSpec(parseSpan('window', '3h'), parseSpan('every', '1h'), openZone('UTC'));
    expect(hoursOf([[NORTH, changeOf([5.5])]], queryOf({ spec }))).toEqual({ north: [3, 4, 5] });
  });

  it('end in a span in which completeness or finality may have changed: after its begin, up to its end', () => {
    expect(hoursOf([[NORTH, changeOf([], at(3), at(5))]])).toEqual({ north: [3, 4] });
    expect(hoursOf([[NORTH, changeOf([], at(3) - 1, at(5) - 1)]])).toEqual({ north: [2, 3] });
    expect(hoursOf([[NORTH, changeOf([3.5], at(3), at(5))]])).toEqual({ north: [3, 4] });
    expect(hoursOf([[NORTH, changeOf([], at(5), at(5))]])).toEqual({});
  });

  it('are not named where there are more than so many over all groups, however many years they reach', () => {
    const spec = windowSpec(parseSpan('window', '1m'), undefined, openZone('UTC'));
    const ever = { spec, fromMs: at(-9e6), toMs: at(9e6) };
    const decades = { fromMs: Date.UTC(1000, 0, 1), toMs: at(24) };
    expect(hoursOf([[NORTH, changeOf([], -Infinity, Infinity)]], queryOf(ever), decades)).toBeUndefined();
    const changes = [
      [NORTH, changeOf([1, 2])],
      [SOUTH, changeOf([3])],
    ] as const;
    expect(hoursOf(changes, queryOf(), DATA, 3)).toEqual({ north: [1, 2], south: [3] });
    expect(hoursOf(changes, queryOf(), DATA, 2)).toBeUndefined();
  });

  it('end before it by as long as values are held, where that is told, for they become final that much later', () => {
    const group = new Group('["west"]', new Agents(), 60_000);
    const member = { view: 'v', version: 1, group: group.key, partition: 0, agent: 'a', series: 's' };
    group.progress.put({ ...member, intervalMs: HOUR, firstMs: START });
    const passed: readonly (readonly [Group, GroupChange])[] = [[group, changeOf([], at(10) - 1, at(10))]];
    expect(hoursOf(passed)).toEqual({ west: [9] });
    expect(hoursOf(passed, queryOf({ stats: parseStats('integral', POWER) }))).toEqual({ west: [6, 9] });
  });

  it('are all over data where a hole opens or closes', () => {
    const hours = Array.from({ length: 24 }, (_, hour) => hour);
    expect(hoursOf([[NORTH, changeOf([], -Infinity, Infinity)]])).toEqual({ north: hours });
    expect(hoursOf([[NORTH, changeOf([], -Infinity, Infinity)]], queryOf(), null)).toEqual({});
  });

  it('join the spans of several batches', () => {
    const changes = [
      [NORTH, changeOf([], at(8), at(9))],
      [NORTH, changeOf([], at(6), at(7))],
    ] as const;
    expect(hoursOf(changes)).toEqual({ north: [6, 7, 8] });
  });

  it('lie in the range that is asked for, of groups that the filter admits', () => {
    const query = queryOf({ fromMs: at(3), toMs: at(5), where: new Map([['region', ['north']]]) });
    const changes = [
      [NORTH, changeOf([2.9, 3, 4.9, 5], at(0), at(24))],
      [SOUTH, changeOf([3])],
    ] as const;
    expect(hoursOf(changes, query)).toEqual({ north: [3, 4] });
  });

  it('of batches before do not grow by those that come after', () => {
    const first = changeOf([1]);
    hoursOf([
      [NORTH, first],
      [NORTH, changeOf([2], at(0), at(1))],
    ]);
    expect([first.slices.size, first.endsToMs]).toEqual([1, -Infinity]);
  });
});
