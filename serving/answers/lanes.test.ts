import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '#core/time/duration.ts';
import { openZone } from '#core/time/zone.ts';
import type { ServingIndex } from '../index/serving-index.ts';
import { openIndexOf, World } from '../world.fixtures.ts';
import { answerWindows, laneOf, withSource } from './answer-windows.ts';
import { parseStats, parseWindowSpec, type WindowsQuery } from './query.ts';

const DAY_MS = 86_400_000;
const FROM_MS = Date.UTC(2026, 0, 1);

async function worldOf(groups: number): Promise<World> {
  const world = await World.open();
  const readings = Array.from({ length: groups }, (_, i) => ({ device: `m@region-${i}`, atMs: FROM_MS, value: i }));
  await world.deliver('a', readings);
  return world;
}

function queryOf({ view, metric }: World, window: string, regions: readonly string[], days = 1): WindowsQuery {
  return {
    view,
    metric,
    where: new Map(regions.length === 0 ? [] : [['region', [...regions]]]),
    stats: parseStats('count', metric),
    spec: parseWindowSpec({ window }, openZone('UTC')),
    fromMs: FROM_MS,
    toMs: FROM_MS + days * DAY_MS,
  };
}

function ask(index: ServingIndex, query: WindowsQuery): Promise<number> {
  const sourceOf = () => index.source(query.view.name)!;
  const answering = async (): Promise<number> => [...(await answerWindows(index, sourceOf(), query)).windows].length;
  return withSource(index, query.view.name, sourceOf, answering, laneOf(sourceOf(), query));
}

describe('the lane of a query', () => {
  it('is that of wide ones by its groups, or its windows', async () => {
    const world = await worldOf(64);
    await using index = await openIndexOf(world);
    const source = index.source(world.view.name)!;
    expect(laneOf(source, queryOf(world, '1h', []))).toBe('wide');
    expect(laneOf(source, queryOf(world, '1h', ['region-1', 'region-2'], 7))).toBe('short');
    expect(laneOf(source, queryOf(world, '1m', ['region-1'], 7))).toBe('wide');
    const { spec: _, ...about } = queryOf(world, '1h', ['region-1']);
    expect(laneOf(source, { ...about, gap: parseDuration('1h') })).toBe('short');
    expect(laneOf(source, { ...about, where: new Map(), gap: parseDuration('1h') })).toBe('wide');
  });

  it('lets a short one never wait for wide ones, of which so many are answered at a time', async () => {
    const world = await worldOf(64);
    await using index = await openIndexOf(world);
    const held = Promise.withResolvers<void>();
    const wide = Array.from({ length: 8 }, () => index.lanes.wide.run(() => held.promise));
    expect(index.lanes.wide.count).toBeLessThan(wide.length);
    const waiting = ask(index, queryOf(world, '1h', []));
    expect(await ask(index, queryOf(world, '1h', ['region-1']))).toBe(1);
    expect(await Promise.race([waiting, nextTurn('waits')])).toBe('waits');
    held.resolve();
    expect(await waiting).toBe(64);
  });
});

describe('a question whose pages are there', () => {
  it('is answered without waiting for a disk, as of the newest commit', async () => {
    const world = await worldOf(1);
    const get = world.manifests.get.bind(world.manifests);
    world.manifests.get = async (view) => {
      await nextTurn();
      return await get(view);
    };
    await using index = await openIndexOf(world);
    const query = queryOf(world, '1h', ['region-0']);
    expect(await ask(index, query)).toBe(1);
    expect(await Promise.race([ask(index, query), nextTurn('later')])).toBe(1);
    await world.deliver('a', [{ device: 'm@region-0', atMs: FROM_MS + DAY_MS / 2, value: 1 }]);
    expect(await ask(index, query)).toBe(2);
  });
});
