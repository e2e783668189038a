import pino from 'pino';
import { describe, expect, it } from 'vitest';
import type { ChangeBatch, RefusedRow } from '#backbone/changes/changes.ts';
import type { BatchState } from '#backbone/manifests/manifest.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { POWER_BY_REGION, World } from '../world.fixtures.ts';
import { SourceReplaced } from './index-errors.ts';
import { ServingIndex } from './serving-index.ts';
import type { ViewSource } from './view-source.ts';

const START = Date.UTC(2026, 0, 1);
const VIEW = POWER_BY_REGION.name;
const FIRST_SLICE = START / POWER_BY_REGION.sliceMs;

function open(world: World, bytesMax?: number): Promise<ServingIndex> {
  const { changes: feed, manifests, results, view } = world;
  const logger = pino({ level: 'silent' });
  return ServingIndex.open({
    feed,
    manifests,
    results,
    views: [view],
    logger,
    ...(bytesMax === undefined ? {} : { bytesMax }),
  });
}

const deliver = (world: World, minute: number): Promise<void> =>
  world.deliver('a', [{ device: 'm@north', atMs: START + minute * 60_000, value: 1 }]);

/** How many readings a source has in the slices [first, first + count). */
async function countOf(source: ViewSource, count = 60): Promise<number> {
  const table = new StatsTable(1);
  const sum = { table, slot: table.allocate(), revision: 0, pending: false };
  for (const group of source.groups())
    await source.sumInto(sum, group, FIRST_SLICE, FIRST_SLICE + count, FIRST_SLICE + count - 1);
  return table.count[sum.slot]!;
}

/** The commit of a record at a position that refuses something of agent `a`. */
function refusal(position: number, over: Partial<RefusedRow>): ChangeBatch {
  const number = { partition: 0, position, incarnation: 1, sequence: position };
  const told = { agent: 'a', atMs: START, kind: 'frame' as const, code: 'skew', detail: '', source: 's', items: [] };
  const nothing = { spans: [], members: [], agents: [] };
  return { partition: 0, from: position - 1, to: position, ...nothing, refused: [{ ...number, ...told, ...over }] };
}

describe('the index of a serving node', () => {
  it('follows commits in place, and tells of each with its position taken up', async () => {
    const world = await World.open({ partitions: 1 });
    await deliver(world, 0);
    await using index = await open(world);
    const source = index.source(VIEW)!;
    expect(await countOf(source)).toBe(1);
    const told: (number | undefined)[] = [];
    const end = index.onChange(() => told.push(index.positions.get(0)));
    await deliver(world, 1);
    const reached = world.changes.positions().get(0);
    expect(told).toEqual([reached]);
    expect(await countOf(source)).toBe(2);
    end();
    await deliver(world, 2);
    expect(told).toEqual([reached]);
  });

  it('counts what was refused once, whether it was before the start or comes after', async () => {
    const world = await World.open({ partitions: 1 });
    const item = { line: 1, readings: 2, reason: 'no number', text: 'x' };
    await world.changes.commit(refusal(1, { kind: 'rows', items: [item, item] }), []);
    await using index = await open(world);
    await world.changes.commit(refusal(2, { kind: 'rows', items: [item] }), []);
    await world.changes.commit(refusal(3, { kind: 'frame' }), []);
    expect(index.refused.of('a')).toStrictEqual({ rows: 3, readings: 6, frames: 1 });
    expect(index.refused.of('b')).toStrictEqual({ rows: 0, readings: 0, frames: 0 });
  });

  it('takes up a batch result in one step, after which the source before it says that it was replaced', async () => {
    const world = await World.open({ partitions: 1 });
    await deliver(world, 0);
    await using index = await open(world);
    const before = index.source(VIEW)!;
    const replaced = new Promise<void>((resolve) => index.onChange((source) => source !== before && resolve()));
    expect(await countOf(before)).toBe(1);
    await world.batch(1);
    await replaced;
    const after = index.source(VIEW)!;
    expect(after).not.toBe(before);
    expect(before.isReplaced).toBe(true);
    await expect(before.page(before.groups()[0]!, 0, 0, 1, 0)).rejects.toThrow(SourceReplaced);
    await deliver(world, 1);
    expect(await countOf(after)).toBe(2);
  });

  it('knows that every window may be judged otherwise where an agent is retired', async () => {
    const world = await World.open({ partitions: 1 });
    await deliver(world, 0);
    await using index = await open(world);
    const { recent } = index.source(VIEW)!;
    const [row] = index.agentRows();
    const turns = index.agents.turns;
    const commitOf = (retired: boolean): ChangeBatch => {
      const { from, to, ...others } = refusal(100 + recent.newest, {});
      const standing = { life: 0, retired, handedTo: null };
      return { ...others, from, to, refused: [], agents: [{ ...row!, standing }] };
    };
    await world.changes.commit(commitOf(false), []);
    expect([recent.earliestSince(recent.newest - 1), index.agents.turns]).toEqual([Infinity, turns]);
    await world.changes.commit(commitOf(true), []);
    expect([recent.earliestSince(recent.newest - 1), index.agents.turns]).toEqual([-Infinity, turns + 1]);
  });

  it('keeps the sources of four earlier cuts, and gives each again while it is kept', async () => {
    const world = await World.open({ partitions: 1 });
    const states: BatchState[] = [];
    for (let i = 0; i < 5; i++) {
      await deliver(world, i);
      states.push(await world.batch(i));
    }
    await using index = await open(world);
    const sources = states.map((state) => index.asOfSource(VIEW, state));
    expect(sources.map(({ isReplaced }) => isReplaced)).toEqual([true, false, false, false, false]);
    expect(index.asOfSource(VIEW, states[1]!)).toBe(sources[1]);
    // Asked for again, the second is the newest: the third goes when another comes.
    const first = index.asOfSource(VIEW, states[0]!);
    expect(first).not.toBe(sources[0]);
    expect(sources.map(({ isReplaced }) => isReplaced)).toEqual([true, false, true, false, false]);
    expect(await Promise.all([first, sources[1]!, sources[4]!].map((source) => countOf(source)))).toEqual([1, 2, 5]);
  });

  it('has no source of a view that is not declared, or has no manifest', async () => {
    const world = await World.open({ partitions: 1 });
    await using index = await open(world);
    expect(index.source('other')).toBeUndefined();
    expect(() => index.asOfSource('other', { results: [], cut: [0], publishedAtMs: 0 })).toThrow(SourceReplaced);
    await index.settled('other');
  });
});
