import { describe, expect, it } from 'vitest';
import { addAccounted } from '#core/stats/accounted.ts';
import { addReading } from '#core/stats/merge.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { Group } from '../index/group.ts';
import { Agents } from '../index/progress.ts';
import { POWER } from '../world.fixtures.ts';
import { freshnessOf, Judge } from './answered-window.ts';
import { parseStats } from './query.ts';

const MINUTE = 60_000;
const LIVE = { isAsOf: false, isFolding: false, isAccounted: true };

const table = new StatsTable(1);
const slot = table.allocate();
for (let i = 0; i < 5; i++) addReading(table, slot, i, i, false);
addAccounted(table, slot, 5 * MINUTE, 0);

/** A group of one series that reports once a minute from 0 on, and whose agent's watermark is known or not. */
function groupOf(watermarkMs: number | null, holes = false): Group {
  const agents = new Agents();
  const counts = { arrived: 1, quarantined: 0, missing: [], forks: 0, parked: 0 };
  agents.put({ partition: 0, agent: 'a', watermarkMs, holes, ...counts, head: { incarnation: 1, highestSequence: 1 } });
  const group = new Group('["north"]', agents, MINUTE);
  const series = { agent: 'a', series: 's', intervalMs: MINUTE, firstMs: 0 };
  group.progress.put({ view: 'v', version: 1, group: group.key, partition: 0, ...series });
  return group;
}

/** Whether a window of ten minutes is final for a watermark, where some statistics are asked for. */
function isFinal(watermarkMs: number, stats: string, changed: Partial<typeof POWER> = {}, isAsOf = false): boolean {
  const metric = { ...POWER, ...changed };
  const judge = new Judge(table, { metric, stats: parseStats(stats, metric) }, { ...LIVE, isAsOf });
  const sum = { table, slot, revision: 1, pending: false };
  return judge.window({ ...sum, group: groupOf(watermarkMs), startMs: 0, endMs: 10 * MINUTE }).final;
}

describe('a window that is judged', () => {
  it('is told with its sum, its tags, and how complete it is', () => {
    const judge = new Judge(table, { metric: POWER, stats: [] }, LIVE);
    const group = groupOf(10 * MINUTE);
    const window = { group, table, slot, revision: 7, pending: true, startMs: 0, endMs: 10 * MINUTE };
    expect(judge.window(window)).toEqual({
      startMs: 0,
      endMs: 10 * MINUTE,
      tags: ['north'],
      slot,
      revision: 7,
      pending: true,
      completeness: 0.5,
      final: true,
    });
  });

  it('says from when on something was expected, where that is not from its start on', () => {
    const judge = new Judge(table, { metric: POWER, stats: [] }, LIVE);
    const sum = { group: groupOf(10 * MINUTE), table, slot, revision: 7, pending: false, endMs: 10 * MINUTE };
    expect(judge.window({ ...sum, startMs: -1 }).expectedFromMs).toBe(0);
    expect(judge.window({ ...sum, startMs: 0 })).not.toHaveProperty('expectedFromMs');
  });

  it('is final from the watermark at its end on', () => {
    expect(isFinal(10 * MINUTE, 'count')).toBe(true);
    expect(isFinal(10 * MINUTE - 1, 'count')).toBe(false);
  });

  it('is final three intervals later where it tells what a gauge holds', () => {
    for (const stats of ['integral', 'count,timeMean']) {
      expect(isFinal(13 * MINUTE - 1, stats)).toBe(false);
      expect(isFinal(13 * MINUTE, stats)).toBe(true);
    }
    expect(isFinal(10 * MINUTE, 'increase', { kind: 'counter' })).toBe(true);
  });

  it('is final as much later as its metric says that a value holds', () => {
    const held = { holdMs: 2 * MINUTE };
    expect(isFinal(12 * MINUTE - 1, 'integral', held)).toBe(false);
    expect(isFinal(12 * MINUTE, 'integral', held)).toBe(true);
    expect(isFinal(10 * MINUTE, 'count', held)).toBe(true);
  });

  it('is never final as of an earlier cut', () => {
    expect(isFinal(100 * MINUTE, 'count', {}, true)).toBe(false);
  });

  it('of which the rows do not tell what they account for is as complete as it has readings', () => {
    const judge = new Judge(table, { metric: POWER, stats: [] }, { ...LIVE, isAccounted: false });
    const sum = { group: groupOf(MINUTE), table, slot, revision: 1, pending: false, startMs: 0 };
    expect(judge.window({ ...sum, endMs: 10 * MINUTE }).completeness).toBe(0.5);
    expect(judge.window({ ...sum, endMs: 4 * MINUTE }).completeness).toBe(1);
  });

  it('as a session is final later than it ends, and expects nothing beyond its last reading', () => {
    const judge = new Judge(table, { metric: POWER, stats: [] }, LIVE);
    const sum = { table, slot, revision: 1, pending: false, group: groupOf(20 * MINUTE) };
    const session = (startMs: number, endMs: number, finalMs = 0) =>
      judge.session({ ...sum, startMs, endMs }, MINUTE, finalMs);
    expect([20 * MINUTE, 20 * MINUTE + 1].map((finalMs) => session(0, MINUTE, finalMs).final)).toEqual([true, false]);
    expect(session(0, 4 * MINUTE)).toMatchObject({ startMs: 0, endMs: 4 * MINUTE, completeness: 1 });
    expect(session(MINUTE - 1, 11 * MINUTE - 2).completeness).toBe(0.5);
  });

  it('is judged with its group as it was when the answer first looked at it', () => {
    const judge = new Judge(table, { metric: POWER, stats: [] }, LIVE);
    const group = groupOf(5 * MINUTE, true);
    const window = { group, table, slot, revision: 1, pending: false, startMs: 0, endMs: MINUTE };
    expect([judge.window(window).completeness, judge.window(window).final]).toEqual([5 / 6, false]);
  });

  it('is neither complete nor final while its version is folded for the first time', () => {
    const judge = new Judge(table, { metric: POWER, stats: [] }, { ...LIVE, isFolding: true });
    const window = { group: groupOf(10 * MINUTE), table, slot, revision: 7, pending: false, startMs: 0 };
    const { completeness, final } = judge.window({ ...window, endMs: 5 * MINUTE });
    expect([completeness, final]).toEqual([5 / 6, false]);
  });
});

describe('the freshness of an answer', () => {
  it('is the lowest watermark of its groups, and unknown while one is', () => {
    expect(freshnessOf([groupOf(7), groupOf(3), groupOf(5)])).toBe(3);
    expect(freshnessOf([groupOf(7), groupOf(null), groupOf(5)])).toBeNull();
    expect(freshnessOf([])).toBeNull();
  });
});
