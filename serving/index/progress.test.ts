import { describe, expect, it } from 'vitest';
import type { AgentRow, MemberRow } from '#backbone/changes/changes.ts';
import { agentKey, EVER, stainsOf } from '#backbone/changes/judged-agent.ts';
import { Agents, GroupProgress, type Horizon, memberKey } from './progress.ts';

function agentOf(agent: string, watermarkMs: number | null, holes = false, partition = 0): AgentRow {
  const counts = { arrived: 1, quarantined: 0, missing: [], forks: 0, parked: 0 };
  return { partition, agent, watermarkMs, holes, ...counts, head: { incarnation: 1, highestSequence: 1 } };
}

function memberOf(agent: string, series: string, firstMs: number, intervalMs = 60_000, partition = 0): MemberRow {
  return { view: 'v', version: 1, group: '["a"]', partition, agent, series, intervalMs, firstMs };
}

function progressOf(agents: readonly AgentRow[], members: readonly MemberRow[]): GroupProgress {
  const known = new Agents();
  for (const row of agents) known.put(row);
  const progress = new GroupProgress(known, 10);
  for (const row of members) progress.put(row);
  return progress;
}

describe('what is known of agents', () => {
  it('is the newest row of each, by name and then by partition', () => {
    const agents = new Agents();
    const rows = [agentOf('b', 1), agentOf('a', 1, false, 1), agentOf('a', 2), agentOf('b', 5)];
    for (const row of rows) agents.put(row);
    expect(agents.all().map(({ agent, partition, watermarkMs }) => [agent, partition, watermarkMs])).toEqual([
      ['a', 0, 2],
      ['a', 1, 1],
      ['b', 0, 5],
    ]);
    expect(agents.get(agentKey(0, 'b'))?.watermarkMs).toBe(5);
    expect(agents.get(agentKey(1, 'b'))).toBeUndefined();
  });

  it('tells members apart by group, partition, agent and series', () => {
    const member = memberOf('a', 's', 0);
    const others = [{ group: '["b"]' }, { partition: 1 }, { agent: 'b' }, { series: 't' }];
    const keys = [member, ...others.map((other) => ({ ...member, ...other }))].map(memberKey);
    expect(new Set(keys).size).toBe(5);
    expect(memberKey({ ...member, firstMs: 9 })).toBe(memberKey(member));
  });
});

/** How complete a group is over slices that account for so many intervals of 10 ms, and hold as many readings. */
function completeness(
  progress: GroupProgress,
  fromMs: number,
  toMs: number,
  intervals: number,
  horizon: Horizon,
): number {
  const accountedMs = 10 * intervals;
  return progress.completeness({ fromMs, toMs, count: intervals, accountedMs }, horizon);
}

describe('the progress of a group', () => {
  it('tells of a new member from when on its agent may have lost something', () => {
    const stains = [{ fromMs: 20, toMs: 30 }];
    const progress = progressOf([agentOf('a', null, true), { ...agentOf('b', 95, true), stains }], []);
    expect(progress.put(memberOf('b', 's', 100))).toBe(20);
    expect(progress.put(memberOf('b', 's', 90))).toBe(90);
    expect(progress.put(memberOf('a', 's', 100))).toBe(Number.NEGATIVE_INFINITY);
  });

  it('tells from when on a member changes how windows are judged', () => {
    const progress = progressOf([], []);
    expect(progress.put(memberOf('a', 's', 100))).toBe(100);
    expect(progress.put(memberOf('a', 's', 100))).toBeUndefined();
    expect(progress.put(memberOf('a', 's', 90))).toBe(90);
    expect(progress.put({ ...memberOf('a', 's', 90), sinceMs: 40 })).toBe(40);
    expect(progress.put({ ...memberOf('a', 's', 90), sinceMs: 60 })).toBe(40);
    expect(progress.put(memberOf('a', 't', 95))).toBe(95);
    expect([...progress.members()]).toHaveLength(2);
    expect(progress.firstMs()).toBe(90);
  });

  it('changes all windows where its longest interval does, for so long values are held', () => {
    const progress = progressOf([], [memberOf('a', 's', 100, 10)]);
    expect(progress.put(memberOf('a', 't', 200, 10))).toBe(200);
    expect(progress.put(memberOf('a', 'u', 300, 20))).toBe(Number.NEGATIVE_INFINITY);
    expect(progress.longestIntervalMs()).toBe(20);
    expect(progress.put(memberOf('a', 'u', 300, 5))).toBe(Number.NEGATIVE_INFINITY);
    expect(progress.longestIntervalMs()).toBe(10);
    expect(progress.put(memberOf('a', 'v', 400, 5))).toBe(400);
  });

  it('begins with the earliest reading of any member, and nowhere without one', () => {
    expect(progressOf([], [memberOf('a', 's', 7), memberOf('b', 't', 3), memberOf('a', 'u', 5)]).firstMs()).toBe(3);
    expect(progressOf([], []).firstMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('is expected from when it was said of a member, or from its earliest reading, whichever is first', () => {
    const since = (sinceMs: number) => ({ ...memberOf('a', 's', 70, 10), sinceMs });
    const progress = progressOf([agentOf('a', 500)], [since(30)]);
    expect([progress.firstMs(), progress.expectedFromMs()]).toEqual([70, 30]);
    expect(completeness(progress, 0, 100, 3, progress.horizon())).toBe(3 / 7);
    expect(progress.put(since(90))).toBe(30);
    expect(progress.expectedFromMs()).toBe(70);
    expect(completeness(progress, 0, 100, 3, progress.horizon())).toBe(1);
  });

  it('has reached the lowest watermark of its agents, and none while one has none', () => {
    const members = [memberOf('a', 's', 0), memberOf('b', 't', 0)];
    const horizonOf = (...agents: AgentRow[]) => progressOf(agents, members).horizon();
    expect(horizonOf(agentOf('a', 9), agentOf('b', 4), agentOf('c', 1))).toMatchObject({
      watermarkMs: 4,
      stains: [],
    });
    expect(horizonOf(agentOf('a', 9), agentOf('b', null))).toMatchObject({ watermarkMs: null, stains: [] });
    expect(horizonOf(agentOf('a', null), agentOf('b', 9))).toMatchObject({ watermarkMs: null, stains: [] });
    expect(horizonOf(agentOf('a', 9))).toMatchObject({ watermarkMs: null, stains: [] });
    expect(horizonOf(agentOf('a', 9, true), agentOf('b', 4))).toMatchObject({ watermarkMs: 4, stains: [EVER] });
    expect(horizonOf(agentOf('a', 9), agentOf('b', 4), agentOf('b', 4, true, 1)).stains).toEqual([]);
    expect(progressOf([agentOf('a', 9)], []).horizon()).toMatchObject({ watermarkMs: null, stains: [] });
  });

  it('is final where every agent with an earlier reading has passed the end, and no agent of it misses a number', () => {
    const isFinal = (endMs: number, agents: readonly AgentRow[], members: readonly MemberRow[]) => {
      const progress = progressOf(agents, members);
      return progress.isFinal(endMs - 10, endMs, progress.horizon());
    };
    const members = [memberOf('a', 's', 0), memberOf('late', 't', 100)];
    expect(isFinal(50, [agentOf('a', 50), agentOf('late', 10)], members)).toBe(true);
    expect(isFinal(50, [agentOf('a', 49), agentOf('late', 200)], members)).toBe(false);
    expect(isFinal(100, [agentOf('a', 100), agentOf('late', 10)], members)).toBe(true);
    expect(isFinal(101, [agentOf('a', 101), agentOf('late', 10)], members)).toBe(false);
    expect(isFinal(101, [agentOf('a', 101), agentOf('late', 101)], members)).toBe(true);
    expect(isFinal(50, [agentOf('a', 60, true), agentOf('late', 60)], members)).toBe(false);
    // What is missing may hold the first reading in the group.
    expect(isFinal(50, [agentOf('a', 60), agentOf('late', 60, true)], members)).toBe(false);
    const stained = (fromMs: number): AgentRow => ({ ...agentOf('late', 200, true), stains: [{ fromMs, toMs: 300 }] });
    expect([49, 50].map((fromMs) => isFinal(50, [agentOf('a', 60), stained(fromMs)], members))).toEqual([false, true]);
    expect(isFinal(50, [agentOf('a', null), agentOf('late', 60)], members)).toBe(false);
    expect(isFinal(50, [agentOf('late', 60)], members)).toBe(false);
    expect(isFinal(50, [], [])).toBe(false);
  });

  it('is final later by as long as values are held', () => {
    const progress = progressOf([agentOf('a', 300)], [memberOf('a', 's', 0, 10), memberOf('a', 't', 0, 100)]);
    const isFinal = (endMs: number) =>
      progress.isFinal(endMs - 10, endMs, progress.horizon(), 2 * progress.longestIntervalMs());
    expect(isFinal(100)).toBe(true);
    expect(isFinal(101)).toBe(false);
    progress.put(memberOf('a', 't', 0, 50));
    expect(isFinal(200)).toBe(true);
  });

  it('waits for no retired agent, expects nothing of it beyond its watermark, and names it', () => {
    const retired: AgentRow = { ...agentOf('gone', 50, true), standing: { life: 0, retired: true, handedTo: null } };
    const members = [memberOf('gone', 's', 0, 10), memberOf('a', 't', 0, 10)];
    const progress = progressOf([retired, agentOf('a', 200)], members);
    const horizon = progress.horizon();
    expect(horizon).toMatchObject({ watermarkMs: 200, stains: [], without: ['gone'] });
    expect(progress.isFinal(0, 200, horizon)).toBe(true);
    expect(progress.isFinal(0, 201, horizon)).toBe(false);
    // At 0, 10, … 50 readings of it were due, and of the other one ten.
    expect(completeness(progress, 0, 100, 16, horizon)).toBe(1);
    expect(completeness(progress, 0, 100, 8, horizon)).toBe(0.5);
    expect(completeness(progress, 60, 100, 4, horizon)).toBe(1);
    expect(progressOf([retired], members.slice(0, 1)).horizon()).toMatchObject({ watermarkMs: 50 });
  });

  it('expects nothing of a series in its silences, nor beyond the watermark of its retired agent', () => {
    const rest = memberOf('a', 't', 0, 10);
    const ended: MemberRow = {
      ...memberOf('a', 's', 0, 10),
      silences: [
        [20, 40],
        [60, null],
      ],
    };
    const progress = progressOf([agentOf('a', 200)], [ended, rest]);
    // Of 100 ms the one series is expected in 40, the other one in all.
    expect(completeness(progress, 0, 100, 14, progress.horizon())).toBe(1);
    expect(completeness(progress, 0, 100, 7, progress.horizon())).toBe(0.5);
    expect(completeness(progress, 20, 40, 2, progress.horizon())).toBe(1);
    expect(completeness(progress, 40, 60, 2, progress.horizon())).toBe(0.5);
    expect(progress.put({ ...ended, silences: [[20, 40]] })).toBe(0);
    expect(completeness(progress, 60, 80, 2, progress.horizon())).toBe(0.5);
    expect(progress.put({ ...ended, silences: [[20, 40]] })).toBeUndefined();
    for (const watermarkMs of [20, 55, 80]) {
      const gone: AgentRow = { ...agentOf('a', watermarkMs), standing: { life: 0, retired: true, handedTo: null } };
      const alone = progressOf([gone], [ended]);
      const due = [0, 10, 40, 50].filter((at) => at < watermarkMs + 10).length;
      expect(completeness(alone, 0, 100, due / 2, alone.horizon())).toBe(0.5);
    }
  });

  it('names an agent that lost frames for good', () => {
    const lossy: AgentRow = { ...agentOf('a', 9), lostCount: 3 };
    expect(progressOf([lossy], [memberOf('a', 's', 0)]).horizon()).toEqual({
      watermarkMs: 9,
      stains: [],
      without: ['a'],
    });
  });

  it('is as complete as what arrived of what is expected, and never whole with a hole', () => {
    const progress = progressOf([agentOf('a', 0)], [memberOf('a', 's', 0, 10)]);
    const whole = { watermarkMs: 0, stains: [], without: [] };
    const holed = { watermarkMs: 0, stains: [EVER], without: [] };
    expect(completeness(progress, 0, 100, 5, whole)).toBe(0.5);
    expect(completeness(progress, 0, 100, 12, whole)).toBe(1);
    expect(completeness(progress, -100, 0, 0, whole)).toBe(1);
    expect(completeness(progress, 0, 100, -1, whole)).toBe(0);
    expect(completeness(progress, 0, 100, 10, holed)).toBe(10 / 11);
    expect(completeness(progress, 0, 100, 5, holed)).toBe(0.5);
    expect(completeness(progress, 0, 100, -1, holed)).toBe(0);
    expect(completeness(progress, -100, 0, 0, holed)).toBe(0);
    progress.put(memberOf('a', 't', 0, 10));
    expect(completeness(progress, 0, 100, 5, whole)).toBe(0.25);
  });

  it('misses something in the windows alone that a missing frame reaches, where that is known', () => {
    const stained = { ...agentOf('a', 500, true), stains: [{ fromMs: 100, toMs: 199 }] };
    const progress = progressOf([stained], [memberOf('a', 's', 0, 10)]);
    const told = [
      [0, 100],
      [100, 200],
      [199, 300],
      [200, 300],
      [0, 500],
    ].map(([startMs, endMs]) => [
      progress.isFinal(startMs!, endMs!, progress.horizon()),
      completeness(progress, startMs!, endMs!, 1000, progress.horizon()),
    ]);
    const [whole, holed] = [
      [true, 1],
      [false, 1000 / 1001],
    ];
    expect(told).toEqual([whole, holed, holed, whole, holed]);
  });
});

describe('what is doubted of an agent', () => {
  it('stays so when it is retired, while what it misses is waited for no longer', () => {
    const doubted = [{ fromMs: 1, toMs: 2 }];
    const stains = [...doubted, { fromMs: 5, toMs: 6 }];
    expect(stainsOf({ holes: true, stains, doubted })).toEqual(stains);
    expect(stainsOf({ holes: true, stains, doubted, standing: { retired: true } })).toEqual(doubted);
    expect(stainsOf({ holes: true, standing: { retired: true } })).toEqual([]);
  });
});
