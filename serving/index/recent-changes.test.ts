import { describe, expect, it } from 'vitest';
import { ChangedSlices } from './changed-slices.ts';
import { Group } from './group.ts';
import { Agents } from './progress.ts';
import {
  type AgentChange,
  BATCHES_REMEMBERED_MAX,
  changesOf,
  type GroupChange,
  RecentChanges,
  SLICES_REMEMBERED_MAX,
} from './recent-changes.ts';

const GROUP = new Group('["a"]', new Agents(), 60_000);
const OTHER = new Group('["b"]', new Agents(), 60_000);

function changeOf(count: number): GroupChange {
  return { slices: ChangedSlices.of(Array.from({ length: count }, (_, i) => i)), endsAfterMs: 0, endsToMs: 0 };
}

function agentChange(groups: ReadonlySet<Group>): AgentChange {
  return { groups, endsAfterMs: 0, endsToMs: 0 };
}

function push(
  recent: RecentChanges,
  partition: number,
  from: number,
  to: number,
  groups: ReadonlyMap<Group, GroupChange> = new Map(),
): void {
  recent.push({ partition, from, to, groups, agents: [] });
}

/** Batches of two partitions in turn: 0 reaches 10, 1 reaches 10, 0 reaches 20 … */
function filled(batches: number): RecentChanges {
  const recent = new RecentChanges();
  for (let i = 0; i < batches; i++) {
    const from = Math.floor(i / 2) * 10;
    push(recent, i % 2, from, from + 10);
  }
  return recent;
}

const sequences = (batches: readonly { readonly sequence: number }[] | undefined) =>
  batches?.map(({ sequence }) => sequence);

/** Positions of the two partitions. */
function positions(first: number, second: number): ReadonlyMap<number, number> {
  return new Map([first, second].entries());
}

describe('the recent changes of a view', () => {
  it('gives the batches after a sequence number, oldest first', () => {
    const recent = filled(4);
    expect(recent.newest).toBe(4);
    expect(sequences(recent.since(0))).toEqual([1, 2, 3, 4]);
    expect(sequences(recent.since(2))).toEqual([3, 4]);
    expect(recent.since(4)).toEqual([]);
    expect(new RecentChanges().newest).toBe(0);
    expect(new RecentChanges().since(0)).toEqual([]);
  });

  it('knows the newest batch that changed anything', () => {
    const recent = filled(2);
    expect(recent.newestChange).toBe(0);
    push(recent, 0, 10, 20, new Map([[GROUP, changeOf(1)]]));
    push(recent, 0, 20, 30);
    recent.push({ partition: 0, from: 30, to: 40, groups: new Map(), agents: [agentChange(new Set())] });
    expect([recent.newestChange, recent.newest]).toEqual([3, 5]);
    recent.push({ partition: 0, from: 40, to: 50, groups: new Map(), agents: [agentChange(new Set([GROUP]))] });
    expect(recent.newestChange).toBe(6);
  });

  it('gives the batches beyond positions, of each partition from where it is', () => {
    const recent = filled(6);
    const now = positions(30, 30);
    expect(sequences(recent.beyond(positions(10, 20), now))).toEqual([3, 5, 6]);
    expect(sequences(recent.beyond(new Map(), now))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(recent.beyond(now, now)).toEqual([]);
  });

  it('gives nothing for positions within a batch, ahead of what there is, or of a partition that it knows nothing of', () => {
    const recent = filled(4);
    const now = positions(20, 20);
    expect(recent.beyond(positions(5, 20), now)).toBeUndefined();
    expect(recent.beyond(positions(20, 30), now)).toBeUndefined();
    expect(recent.beyond(now, new Map([...now, [2, 1]]))).toBeUndefined();
  });

  it('forgets the oldest batch when there are too many', () => {
    const recent = filled(BATCHES_REMEMBERED_MAX);
    expect(recent.since(0)).toHaveLength(BATCHES_REMEMBERED_MAX);
    push(recent, 0, 0, 1);
    expect(recent.since(0)).toBeUndefined();
    expect(sequences(recent.since(1))?.[0]).toBe(2);
    expect(recent.since(1)).toHaveLength(BATCHES_REMEMBERED_MAX);
  });

  it('forgets the oldest batches when they hold too many slices, over all groups', () => {
    const recent = new RecentChanges();
    const half = SLICES_REMEMBERED_MAX / 2;
    push(
      recent,
      0,
      0,
      1,
      new Map([
        [GROUP, changeOf(half - 1)],
        [OTHER, changeOf(1)],
      ]),
    );
    push(recent, 0, 1, 2, new Map([[GROUP, changeOf(half)]]));
    expect(recent.since(0)).toHaveLength(2);
    push(recent, 0, 2, 3, new Map([[GROUP, changeOf(1)]]));
    expect(recent.since(0)).toBeUndefined();
    expect(recent.since(1)).toHaveLength(2);
    push(recent, 0, 3, 4, new Map([[GROUP, changeOf(half)]]));
    expect(recent.since(1)).toBeUndefined();
    expect(recent.since(2)).toHaveLength(2);
  });

  it('still knows the right batches after it has tidied up, many times over', () => {
    const recent = filled(3 * BATCHES_REMEMBERED_MAX);
    const newest = 3 * BATCHES_REMEMBERED_MAX;
    expect(sequences(recent.since(newest - 2))).toEqual([newest - 1, newest]);
    expect(sequences(recent.since(newest - BATCHES_REMEMBERED_MAX))?.[0]).toBe(newest - BATCHES_REMEMBERED_MAX + 1);
    expect(recent.since(newest - BATCHES_REMEMBERED_MAX - 1)).toBeUndefined();
    const at = (newest / 2) * 10;
    const now = positions(at, at);
    expect(sequences(recent.beyond(positions(at - 10, at), now))).toEqual([newest - 1]);
    expect(recent.beyond(new Map(), now)).toBeUndefined();
  });

  it('tells what agents changed of all their groups, of those that are asked for alone', () => {
    const recent = new RecentChanges();
    const moved = { endsAfterMs: 70_000, endsToMs: 130_000 };
    const slices = changeOf(2);
    const agents = [
      { groups: new Set([GROUP, OTHER]), ...moved },
      { groups: new Set<Group>(), endsAfterMs: 1, endsToMs: 2 },
    ];
    recent.push({
      partition: 0,
      from: 0,
      to: 1,
      groups: new Map([[OTHER, { ...slices, endsAfterMs: 90_000 }]]),
      agents,
    });
    const told = (asked?: Group): unknown[] =>
      [
        ...changesOf(
          recent.since(0)!,
          asked === undefined ? undefined : { groups: [asked], admits: (group) => group === asked },
        ),
      ].map(([group, change]) => [group.key, change.slices.size, change.endsAfterMs]);
    expect(told()).toEqual([
      ['["b"]', 2, 90_000],
      ['["a"]', 0, 70_000],
      ['["b"]', 0, 70_000],
    ]);
    expect(told(GROUP)).toEqual([['["a"]', 0, 70_000]]);
    expect(told(OTHER)).toHaveLength(2);
    expect(recent.earliestSince(0)).toBe(0);
    recent.push({ partition: 0, from: 1, to: 2, groups: new Map(), agents });
    expect(recent.earliestSince(1)).toBe(70_000);
  });
});
