import { describe, expect, it } from 'vitest';
import { addReading } from '#core/stats/merge.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { Group } from '../index/group.ts';
import { Agents } from '../index/progress.ts';
import { POWER } from '../world.fixtures.ts';
import { freshnessOf, Judge } from './answered-window.ts';
import { parseStats } from './query.ts';

const MINUTE = 60_000;
const LIVE = { isAsOf: false, isFolding: false };

const table = new StatsTable(1);
const slot = table.allocate();
for (let i = 0; i < 5; i++) addReading(table, slot, i, i, false);

/** A group of one series that reports once a minute from 0 on, and whose agent's watermark is known or not. */
function groupOf(watermarkMs: number | null, holes = false): Group {
  const agents = new Agents();
  const counts = { arrived: 1, quarantined: 0, missing: [], forks: 0, parked: 0 };
  agents.put({ partition: 0, agent: 'a', watermarkMs, holes, ...counts, head: { incarnation: 1, highestSequence: 1 } });
  const group = new Group('["north"]', agents);
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

  it('may be final later than it ends, as a session is', () => {
    const judge = new Judge(table, { metric: POWER, stats: [] }, LIVE);
    const finalAt = (finalMs: number) => judge.span(groupOf(20 * MINUTE), 0, MINUTE, finalMs, slot, 1, false).final;
    expect([finalAt(20 * MINUTE), finalAt(20 * MINUTE + 1)]).toEqual([true, false]);
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
