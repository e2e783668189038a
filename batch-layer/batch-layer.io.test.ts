import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { SampleAgent } from '#core/fold/sample-agent.fixtures.ts';
import { BatchLayerStopped, NoSuchView } from './batch-errors.ts';
import { type BatchLayer, startBatchLayer } from './batch-layer.ts';
import { BatchWorld, SAMPLE_VIEWS } from './batch-world.fixtures.ts';

const VIEW = SAMPLE_VIEWS[0]!.name;

/** A world whose log holds a birth and a frame. */
async function begin(
  stack: AsyncDisposableStack,
): Promise<{ readonly world: BatchWorld; readonly agent: SampleAgent }> {
  const world = stack.use(await BatchWorld.open(1));
  const agent = new SampleAgent('a', 1);
  await world.log.append(0, agent.birth());
  await world.log.append(0, agent.readings([[0, 1000, 5]])!);
  return { world, agent };
}

describe('the batch layer', () => {
  it('does one thing after the other, whatever became of the one before', async () => {
    await using stack = new AsyncDisposableStack();
    const { layer } = (await begin(stack)).world;
    const outcomes = await Promise.allSettled([
      layer.batch(false),
      layer.rollback('none'),
      layer.batch(false),
      layer.verify(),
    ]);
    expect(outcomes).toMatchObject([
      { value: { positions: [3], readings: 1 } },
      { reason: expect.any(NoSuchView) },
      { value: { positions: [4], readings: 0 } },
      { value: { different: 0 } },
    ]);
  });

  it('runs by itself once its rows or its time have come, and not where nothing has changed', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, agent } = await begin(stack);
    const { log, objects, manifests, changes, views } = world.resources;
    let atMs = 1000;
    let rows = 0;
    const schedule = { every: 50, rows: 10, rowsOpened: () => rows };
    const shared = { log, objects, manifests, changes, views, workers: 0, clock: () => atMs, statesKept: 2 };
    const layer = await startBatchLayer({ ...shared, archiveDir: join(world.archive.dir, 'other') });
    layer.runByItself(schedule);
    const cuts = async (): Promise<number> => (await world.log.bounds(0)).last - 2;
    await world.speed();
    rows = 10;
    await vi.waitFor(async () => expect((await world.liveBatch(VIEW)).results).toHaveLength(1), 10_000);
    expect(await cuts()).toBe(1);
    // Time passes, and nothing has changed: no run begins, which the next change shows.
    atMs += 1e6;
    await world.log.append(0, agent.readings([[0, 2000, 5]])!);
    await world.speed();
    await vi.waitFor(async () => {
      atMs += 1e6;
      expect((await world.liveBatch(VIEW)).results).toHaveLength(2);
    }, 10_000);
    expect(await cuts()).toBe(3);
    await layer.drain();
    expect(await cuts()).toBe(3);
    await layer.running;
  });

  it('runs by itself at its start where the last run was longer ago than the schedule says, and not before', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, agent } = await begin(stack);
    await world.speed();
    const { log, objects, manifests, changes, views } = world.resources;
    let atMs = 1_000;
    const shared = { log, objects, manifests, changes, views, workers: 0, clock: () => atMs };
    const started = async (): Promise<BatchLayer> => {
      const layer = await startBatchLayer({ ...shared, archiveDir: join(world.archive.dir, 'other') });
      layer.runByItself({ every: 1_000, rows: 10, rowsOpened: () => 0 });
      return layer;
    };
    {
      // Nothing was ever published, and there is something.
      await using _ = await started();
      await vi.waitFor(async () => expect((await world.liveBatch(VIEW)).results).toHaveLength(1), 10_000);
    }
    await world.log.append(0, agent.readings([[0, 2000, 5]])!);
    await world.speed();
    // Not yet due at the next start.
    atMs += 600;
    await using layer = await started();
    await layer.verify();
    atMs += 600;
    await vi.waitFor(async () => expect((await world.liveBatch(VIEW)).results).toHaveLength(2), 10_000);
    expect((await world.liveBatch(VIEW)).results[1]).toMatchObject({ madeAtMs: 2_200 });
  });

  it('tells of a run by itself that failed', async () => {
    await using stack = new AsyncDisposableStack();
    const world = stack.use(await BatchWorld.open(1));
    await world.log.append(0, new SampleAgent('a', 1).birth());
    await world.speed();
    const { log, objects, manifests, changes, views } = world.resources;
    const told: object[] = [];
    const broken = { ...objects, put: () => Promise.reject(new Error('no room')) };
    const shared = { log, objects: broken, manifests, changes, views, workers: 0, clock: () => 0 };
    const options = { ...shared, logger: { warn: (facts: object) => told.push(facts) } };
    const schedule = { every: 0, rows: 1, rowsOpened: () => 0 };
    await using layer = await startBatchLayer({ ...options, archiveDir: join(world.archive.dir, 'other') });
    layer.runByItself(schedule);
    await vi.waitFor(() => expect(told).toEqual([{ reason: expect.stringContaining('no room') }]), 10_000);
    expect((await world.liveBatch(VIEW)).results).toEqual([]);
    await layer.drain();
  });

  it('tells how far a run is', async () => {
    await using stack = new AsyncDisposableStack();
    const { layer } = (await begin(stack)).world;
    const labels: string[] = [];
    await layer.batch(true, ({ label, done, total }) => {
      expect(done).toBeLessThanOrEqual(total);
      labels.push(label);
    });
    await layer.verify(({ label }) => labels.push(label));
    expect([...new Set(labels)]).toEqual(['reading headers', 'folding base', 'folding all history']);
  });

  it('finishes on draining what was asked for, and takes nothing new', async () => {
    await using stack = new AsyncDisposableStack();
    const { layer } = (await begin(stack)).world;
    const asked = [layer.batch(false), layer.batch(false)];
    const drained = layer.drain();
    await expect(layer.verify()).rejects.toThrow(BatchLayerStopped);
    await drained;
    expect(await Promise.all(asked)).toMatchObject([{ positions: [3] }, { positions: [4] }]);
    expect(layer.archive.archivedTo(0)).toBe(4);
    await layer.running;
  });

  it('calls off what runs when it is disposed of, and what was live stays live', async () => {
    await using stack = new AsyncDisposableStack();
    const { world } = await begin(stack);
    const live = await world.liveBatch(VIEW);
    const asked = [world.layer.batch(true), world.layer.rollback(VIEW)];
    const settled = Promise.allSettled(asked);
    await world.layer[Symbol.asyncDispose]();
    expect(await settled).toMatchObject(asked.map(() => ({ reason: expect.any(BatchLayerStopped) })));
    expect(await world.liveBatch(VIEW)).toEqual(live);
  });

  it('tells that the archive can not go on', async () => {
    await using stack = new AsyncDisposableStack();
    const { resources, layer } = (await begin(stack)).world;
    await layer.batch(false);
    await layer.drain();
    // What the archive has not read leaves the log.
    const { log } = resources;
    const last = await log.append(0, new SampleAgent('late', 1).birth());
    await log.trim(0, last + 1);
    await using other = await startBatchLayer({ ...resources, archiveDir: layer.archive.dir });
    await expect(other.running).rejects.toThrow(`and the log doesn't go on from there: the log begins at ${last + 1}`);
  });
});
