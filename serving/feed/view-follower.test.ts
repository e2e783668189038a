import { describe, expect, it } from 'vitest';
import type { SliceRow } from '#backbone/changes/changes.ts';
import { PENDING } from '#core/slices/merge-rows.ts';
import { ViewReader } from '../http/view-reader.ts';
import { openIndexOf, POWER, World } from '../world.fixtures.ts';
import { WIDE_GROUPS_MIN } from './answer-slices.ts';
import { Moments } from './catch-up.ts';
import { ViewFollower } from './view-follower.ts';

const MINUTE_MS = 60_000;
const YEAR_MS = 365 * 86_400_000;

/** What the next piece tells: the minute of each slice, and whether its selection waits for a refold. */
async function told(follower: ViewFollower): Promise<readonly (readonly [number, boolean])[] | undefined> {
  const piece = await follower.next();
  if (piece === undefined) return undefined;
  const slices = [...piece.slices()].map(({ startMs, pending }) => [startMs / MINUTE_MS, pending] as const);
  expect(slices).toHaveLength(piece.count);
  piece.done();
  return slices;
}

describe('a view that is followed', () => {
  it('tells again what was told before its refold, once a batch result has it', async () => {
    const world = await World.open();
    await world.deliver(
      'one',
      [0, 1].map((minute) => ({ device: 'a@r1', atMs: minute * MINUTE_MS, value: minute })),
    );
    const rows: SliceRow[] = [];
    await world.batch(1, (row) => {
      rows.push(row);
      return row.slice === 1 ? PENDING : 0;
    });
    await using index = await openIndexOf(world);
    const reader = new ViewReader(index, { views: [world.view], metrics: new Map([['power', POWER]]), clock: () => 0 });
    using follower = new ViewFollower(reader, new Moments(index), world.view.name, undefined, () => undefined);
    follower.cleared();
    expect(await told(follower)).toEqual([
      [0, false],
      [1, true],
    ]);
    expect(await told(follower)).toBeUndefined();

    world.results.add('refolded', rows, () => 0);
    await world.manifests.change(world.view.name, (manifest) => ({
      ...manifest!,
      versions: manifest!.versions.map((version) => ({
        ...version,
        batch: { ...version.batch, results: [{ ...version.batch.results[0]!, name: 'refolded' }] },
      })),
    }));
    while (index.source(world.view.name)!.id.batch.results[0]!.name !== 'refolded')
      await index.settled(world.view.name);
    expect(await told(follower)).toEqual([[1, false]]);
    expect(await told(follower)).toBeUndefined();
  });

  it('says once that it starts over where another version takes over, and tells all of that', async () => {
    const world = await World.open();
    await world.deliver('one', [{ device: 'a@r1', atMs: 0, value: 1 }]);
    await using index = await openIndexOf(world);
    const reader = new ViewReader(index, { views: [world.view], metrics: new Map([['power', POWER]]), clock: () => 0 });
    using follower = new ViewFollower(reader, new Moments(index), world.view.name, undefined, () => undefined);
    expect(follower.startsOver).toBe(true);
    expect(await follower.next()).toBeUndefined();
    follower.cleared();
    expect(await told(follower)).toEqual([[0, false]]);
    expect(follower.isWhole).toBe(true);
    await world.manifests.change(world.view.name, (manifest) => ({
      ...manifest!,
      versions: manifest!.versions.map((version) => ({ ...version, version: 2 })),
    }));
    while (index.source(world.view.name)!.id.version !== 2) await index.settled(world.view.name);
    expect(follower.startsOver).toBe(true);
    expect(follower.followed?.version).toBe(2);
    expect(follower.mark()).toMatchObject({ version: 2, startsOver: true });
  });

  it('tells everything again where it begins anew while a piece is made', async () => {
    const world = await World.open();
    await world.deliver(
      'one',
      [0, 1].map((minute) => ({ device: 'a@r1', atMs: minute * MINUTE_MS, value: minute })),
    );
    await using index = await openIndexOf(world);
    const reader = new ViewReader(index, { views: [world.view], metrics: new Map([['power', POWER]]), clock: () => 0 });
    using follower = new ViewFollower(reader, new Moments(index), world.view.name, undefined, () => undefined);
    follower.cleared();
    const piece = follower.next();
    follower.restart();
    (await piece)?.done();
    follower.cleared();
    expect(await told(follower)).toEqual([
      [0, false],
      [1, false],
    ]);
    expect(follower.isWhole).toBe(true);
  });

  it.each([1, WIDE_GROUPS_MIN])('names slices that come to hold nothing, where %i groups are told', async (count) => {
    const world = await World.open();
    const devices = Array.from({ length: count }, (_, i) => `a@r${String(i).padStart(2, '0')}`);
    for (const minute of [0, 3]) {
      const readings = devices.map((device) => ({ device, atMs: minute * MINUTE_MS, value: 1 }));
      await world.deliverLinked('one', readings, null);
    }
    await using index = await openIndexOf(world);
    const reader = new ViewReader(index, { views: [world.view], metrics: new Map([['power', POWER]]), clock: () => 0 });
    using follower = new ViewFollower(reader, new Moments(index), world.view.name, undefined, () => undefined);
    follower.cleared();
    expect(await told(follower)).toHaveLength(4 * count);
    for (const device of devices) await world.takeBack('one', device, 1);
    const piece = await follower.next();
    expect(piece?.count).toBe(count);
    const regions = devices.map((device) => device.split('@')[1]!);
    const expected = [1, 2].flatMap((minute) =>
      regions.map((region) => ({ startMs: minute * MINUTE_MS, tags: [region] })),
    );
    expect(piece?.gone).toEqual(expected);
  });

  it('leaves out nothing of a group of which much becomes final while another one is looked at', async () => {
    const world = await World.open();
    await world.deliver('one', [{ device: 'a@r1', atMs: 0, value: 1 }]);
    await world.deliver('two', [{ device: 'b@r2', atMs: 0, value: 1 }]);
    await using index = await openIndexOf(world);
    const reader = new ViewReader(index, { views: [world.view], metrics: new Map([['power', POWER]]), clock: () => 0 });
    using follower = new ViewFollower(reader, new Moments(index), world.view.name, undefined, () => undefined);
    follower.cleared();
    await told(follower);
    expect(await told(follower)).toBeUndefined();
    await world.deliver('two', [{ device: 'b@r2', atMs: MINUTE_MS, value: 1 }]);
    await world.heartbeat('one', YEAR_MS);
    const source = index.source(world.view.name)!;
    const lastSlice = source.lastSlice.bind(source);
    const ends = [YEAR_MS];
    source.lastSlice = async (group) => {
      for (const endMs of ends.splice(0)) await world.heartbeat('two', endMs);
      return lastSlice(group);
    };
    const finals = new Set<string>();
    for (let one = await follower.next(); one !== undefined; one = await follower.next()) {
      for (const { tags, startMs, final } of one.slices()) if (final) finals.add(`${tags[0]} ${startMs}`);
      one.done();
    }
    expect([...finals].toSorted()).toEqual(['r1 0', 'r2 0', `r2 ${MINUTE_MS}`]);
  });
});
