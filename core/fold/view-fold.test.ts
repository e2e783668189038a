import { describe, expect, it } from 'vitest';
import type { SeriesEntry } from '../series/series.ts';
import { addLink } from '../stats/link.ts';
import { AgentFold } from './agent-fold.ts';
import { sampleSeries } from './sample-agent.fixtures.ts';
import { ViewFold } from './view-fold.ts';

const VIEW = { name: 'v', metric: 'power', by: ['region'], where: { device: ['d0', 'd1', 'd2'] }, sliceMs: 1000 };

describe('the fold of a view', () => {
  it('puts a series into the group of its tags, or into none', () => {
    const fold = new ViewFold({ view: VIEW, version: 1 });
    const groups = [0, 1, 2, 3].map((device) => fold.groupFor(sampleSeries(device))?.key);
    expect(groups).toEqual(['["r0"]', '["r1"]', '["r0"]', undefined]);
  });

  it('tells of a member when it is new, has an earlier reading, or promises otherwise', () => {
    const fold = new ViewFold({ view: VIEW, version: 1 });
    const entry = sampleSeries(0);
    const group = fold.groupFor(entry)!;
    const told = (agent: string, atMs: number, intervalMs = entry.intervalMs) => {
      fold.noteMember({ group, agent, series: 's', entry: { ...entry, intervalMs } }, atMs);
      return fold.takeChangedMembers().map(({ member }) => [member.agent, member.firstMs, member.intervalMs]);
    };
    expect(told('a', 500)).toEqual([['a', 500, 10_000]]);
    expect(told('a', 500)).toEqual([]);
    expect(told('a', 501)).toEqual([]);
    expect(told('a', 499)).toEqual([['a', 499, 10_000]]);
    expect(told('b', 700)).toEqual([['b', 700, 10_000]]);
    expect(told('a', 600, 5000)).toEqual([['a', 499, 5000]]);
  });

  it('takes a value that is said to hold for longer than an interval for a promise to speak within that time', () => {
    const promiseOf = (said: Partial<SeriesEntry>) => {
      const fold = new ViewFold({ view: VIEW, version: 1 });
      const entry = { ...sampleSeries(0), ...said };
      fold.noteMember({ group: fold.groupFor(entry)!, agent: 'a', series: 's', entry }, 0);
      return fold.takeChangedMembers()[0]?.member.intervalMs;
    };
    expect([{}, { holdMs: 60_000 }, { holdMs: 1000 }].map(promiseOf)).toEqual([10_000, 60_000, 10_000]);
  });

  it('opens no more slices for a held value than it may reach, however long its series was born to hold it', () => {
    const fold = new ViewFold({ view: VIEW, version: 1 });
    const entry = { ...sampleSeries(0), holdMs: 40_000_000 };
    const route = new AgentFold('a', [entry]).routesOf(0, [fold], 1)[0]!;
    addLink(route, route.rule, route.sliceMs, 1, 0, 5, 1e9, 5);
    expect(fold.slots.open).toBe(10_000);
  });

  it('tells since when a member is expected as the last entry says that says so, and keeps it', () => {
    const fold = new ViewFold({ view: VIEW, version: 1 });
    const entry = sampleSeries(0);
    const agent = new AgentFold('a', [{ ...entry, sinceMs: 100 }, entry]);
    const told = (index: number, atMs: number) => {
      for (const route of agent.routesOf(index, [fold], 1)) route.noteReading(atMs);
      return fold.takeChangedMembers().map(({ member }) => [member.firstMs, member.sinceMs]);
    };
    expect(told(1, 500)).toEqual([[500, 100]]);
    expect(told(0, 600)).toEqual([]);
    agent.learn(2, [{ ...entry, sinceMs: 300 }]);
    expect(told(0, 700)).toEqual([[500, 300]]);
    agent.learn(3, [entry]);
    expect([told(3, 700), told(3, 400)]).toEqual([[], [[400, 300]]]);
    // An agent that begins anew and doesn't say is expected as before.
    for (const route of new AgentFold('a', [entry]).routesOf(0, [fold], 1)) route.noteReading(350);
    expect(fold.takeChangedMembers().map(({ member }) => member.sinceMs)).toEqual([300]);
  });

  it('takes series for members each that differ by a tag alone, also of one group', () => {
    const fold = new ViewFold({ view: { ...VIEW, by: ['device'] }, version: 1 });
    const of = (phase: string): SeriesEntry => ({ ...sampleSeries(0), tags: { ...sampleSeries(0).tags, phase } });
    const agent = new AgentFold('a', [of('1'), { ...of('2'), sinceMs: 100 }]);
    for (const index of [0, 1, 0]) for (const route of agent.routesOf(index, [fold], 1)) route.noteReading(500);
    const members = fold.takeChangedMembers().map(({ group, member }) => [group, member.series, member.sinceMs]);
    expect(members).toEqual([
      ['["d0"]', '["power","d0"]', undefined],
      ['["d0"]', expect.stringContaining('phase'), 100],
    ]);
  });

  it('tells from when on nothing is expected of a series, and from when on again, also after a restart', () => {
    const fold = new ViewFold({ view: VIEW, version: 1 });
    const entry = sampleSeries(0);
    const agent = new AgentFold('a', [entry]);
    const told = (view: ViewFold) => view.takeChangedMembers().map(({ member }) => member.silences);
    const speak = (view: ViewFold, atMs: number) => {
      for (const route of agent.routesOf(0, [view], 1)) {
        route.noteReading(atMs);
        if (route.isEnded) view.noteSpoken(route, atMs, atMs);
      }
      return told(view);
    };
    agent.endSeries({ ...entry, tags: { device: 'd0' } }, [fold], 500);
    expect([told(fold), speak(fold, 100)]).toEqual([[], [undefined]]);
    agent.endSeries(entry, [fold], 500);
    const [{ group, member } = undefined!] = fold.takeChangedMembers();
    expect(member.silences).toEqual([[500, null]]);
    expect(speak(fold, 400)).toEqual([]);
    agent.endSeries(entry, [fold], 600);
    expect(told(fold)).toEqual([]);
    const resumed = new ViewFold({ view: VIEW, version: 1 });
    resumed.restoreMember(group, member);
    agent.forgetRoutes();
    expect([speak(resumed, 900), speak(resumed, 950), speak(resumed, 800)]).toEqual([
      [[[500, 900]]],
      [],
      [[[500, 800]]],
    ]);
  });

  it('tells no member again that was written before', () => {
    const fold = new ViewFold({ view: VIEW, version: 1 });
    const entry = sampleSeries(0);
    const group = fold.groupFor(entry)!;
    fold.noteMember({ group, agent: 'a', series: 's', entry }, 500);
    const { group: key, member } = fold.takeChangedMembers()[0]!;
    const resumed = new ViewFold({ view: VIEW, version: 1 });
    resumed.restoreMember(key, member);
    expect(resumed.takeChangedMembers()).toEqual([]);
    resumed.noteMember({ group: resumed.groupFor(entry)!, agent: 'a', series: 's', entry }, 500);
    expect(resumed.takeChangedMembers()).toEqual([]);
  });
});

describe('what folding knows of an agent', () => {
  it('takes up entries in their order, and leaves those that it knows as they are', () => {
    const agent = new AgentFold('a', [sampleSeries(0)]);
    agent.learn(0, [sampleSeries(7), sampleSeries(1)]);
    agent.learn(1, [sampleSeries(8), sampleSeries(2)]);
    expect(agent.entries.map(({ device }) => device)).toEqual(['d0', 'd1', 'd2']);
    expect([0, 3, 4].map((version) => agent.knows(version))).toEqual([true, true, false]);
  });

  it('finds the routes of a series once, and anew when they are forgotten', () => {
    const views = [1, 2].map((version) => new ViewFold({ view: VIEW, version }));
    const agent = new AgentFold('a', [sampleSeries(0), sampleSeries(3)]);
    const routes = agent.routesOf(0, views, 5);
    expect(routes.map(({ fold, position }) => [fold.id.version, position])).toEqual([
      [1, 5],
      [2, 5],
    ]);
    expect(agent.routesOf(0, [], 6).map(({ position }) => position)).toEqual([6, 6]);
    expect(agent.routesOf(1, views, 6)).toEqual([]);
    expect(agent.routesOf(2, views, 6)).toEqual([]);
    agent.forgetRoutes();
    expect(agent.routesOf(0, views.slice(1), 6)).toHaveLength(1);
  });

  it('leads from each series to its own group, by its own rule, also in turns and after a view that takes none of them', () => {
    const byDevice = { ...VIEW, where: { device: ['d0', 'd1'] }, by: ['device'] };
    const views = [new ViewFold({ view: byDevice, version: 1 }), new ViewFold({ view: VIEW, version: 2 })];
    const counter: SeriesEntry = { ...sampleSeries(1), kind: 'counter' };
    const agent = new AgentFold('a', [sampleSeries(0), counter, sampleSeries(2), sampleSeries(3)]);
    const reached = (index: number) =>
      agent.routesOf(index, views, 1).map(({ fold, group, rule, series, entry }) => {
        return [fold.id.version, group.key, rule.kind, series, entry.device];
      });
    const first = [
      [1, '["d0"]', 'gauge', '["power","d0"]', 'd0'],
      [2, '["r0"]', 'gauge', '["power","d0"]', 'd0'],
    ];
    const second = [
      [1, '["d1"]', 'counter', '["power","d1"]', 'd1'],
      [2, '["r1"]', 'counter', '["power","d1"]', 'd1'],
    ];
    const third = [[2, '["r0"]', 'gauge', '["power","d2"]', 'd2']];
    expect([2, 1, 3, 0, 0, 2, 1].map(reached)).toEqual([third, second, [], first, first, third, second]);
  });

  it('tells each series of a group as a member from its own first reading on', () => {
    const fold = new ViewFold({ view: VIEW, version: 1 });
    const agent = new AgentFold('a', [sampleSeries(0), sampleSeries(2)]);
    const told = (index: number, atMs: number) => {
      for (const route of agent.routesOf(index, [fold], 1)) route.noteReading(atMs);
      return fold.takeChangedMembers().map(({ member }) => [member.series, member.firstMs]);
    };
    expect(told(0, 500)).toEqual([['["power","d0"]', 500]]);
    expect(told(1, 600)).toEqual([['["power","d2"]', 600]]);
    expect([told(0, 550), told(1, 650)]).toEqual([[], []]);
    expect([told(1, 400), told(0, 450)]).toEqual([[['["power","d2"]', 400]], [['["power","d0"]', 450]]]);
  });
});
