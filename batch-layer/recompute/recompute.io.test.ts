import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SampleAgent, type SampleReading } from '#core/fold/sample-agent.fixtures.ts';
import type { ViewVersion } from '#core/fold/view-fold.ts';
import { readStats } from '#core/stats/stats.ts';
import { BatchWorld, SAMPLE_VIEWS } from '../batch-world.fixtures.ts';
import { foldMs, type FoldRequest, planJobs } from './fold-plan.ts';
import { FoldPool, INLINE_BYTES_MAX, openPool } from './fold-pool.ts';
import { KeptProcesses } from './kept-processes.ts';
import { type PartitionPlan, planPartition } from './partition-plan.ts';
import { recompute } from './recompute.ts';
import { resultRows } from './result-runs.ts';

const never = new AbortController().signal;

/** A partition with long series, late readings, amends and a frame that had to wait for its dictionary; and its plan. */
async function openPlanned(stack: AsyncDisposableStack) {
  const world = stack.use(await BatchWorld.open(1));
  const agent = new SampleAgent('a', 6);
  const birth = agent.birth();
  const append = async (record: Uint8Array | null) => void (record !== null && (await world.log.append(0, record)));
  await append(agent.readings([[0, 5, 5]]));
  await append(agent.readings([[1, 5, 6]]));
  await append(birth);
  for (let tick = 0; tick < 200; tick++) {
    const readings = [0, 1, 2, 3, 4, 5].map((series): SampleReading => [
      series,
      tick * 5000 + series,
      (tick * 37) % (series + 9),
    ]);
    await append(agent.readings(readings));
    if (tick % 10 === 0) await append(agent.amend(tick % 6, Math.floor(tick / 2) * 5000 + (tick % 6), 1000 + tick));
    if (tick % 15 === 0) await append(agent.readings([[tick % 6, tick * 17 + 1, -tick]]));
  }
  const { last } = await world.log.bounds(0);
  await world.archive.whenArchived(0, last, never);
  const plan = await planPartition(world.archive, { partition: 0, listFrom: 0, to: last }, never);
  return { world, plan };
}

/** Recomputes the sample views and gives their rows as plain values. */
async function rowsOf(world: BatchWorld, plan: PartitionPlan, name: string, pool: FoldPool, slicesMax?: number) {
  const targets = SAMPLE_VIEWS.map((view, i) => ({
    view: { view, version: 1 } satisfies ViewVersion,
    result: `${name}-${i}`,
  }));
  const { readings } = await recompute({
    archive: world.archive,
    objects: world.objects,
    targets,
    plans: [plan],
    from: [0],
    fullPlan: () => Promise.resolve(plan),
    pool,
    slicesMax,
    progress: () => undefined,
    signal: never,
  });
  const rows: unknown[] = [];
  for (const { result } of targets) {
    for await (const { partition, group, count, slice, revision, flags, table, firstSlot } of resultRows(
      world.objects,
      result,
    )) {
      for (let i = 0; i < count; i++) {
        rows.push([partition, group, slice[i], revision[i], flags[i], readStats(table, firstSlot + i)]);
      }
    }
  }
  return { readings, rows };
}

describe('a recompute', () => {
  it('processes, jobs and spilled runs change no bit of a result', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, plan } = await openPlanned(stack);
    await using inline = new FoldPool(0);
    const plain = await rowsOf(world, plan, 'plain', inline);
    expect(plain.rows.length).toBeGreaterThan(100);
    expect(await rowsOf(world, plan, 'spilled', inline, 7)).toEqual(plain);
    await using processes = new FoldPool(3);
    expect(await rowsOf(world, plan, 'processes', processes)).toEqual(plain);
    expect(await rowsOf(world, plan, 'both', processes, 20)).toEqual(plain);
    expect(await readdir(join(world.archive.dir, 'scratch'))).toEqual([]);
  });

  it('groups that are divided between processes, beside some that are not, change no bit of a result', async () => {
    await using stack = new AsyncDisposableStack();
    const world = stack.use(await BatchWorld.open(1));
    const agent = new SampleAgent('a', 400);
    await world.log.append(0, agent.birth());
    for (let tick = 0; tick < 40; tick++) {
      const all = Array.from({ length: 400 }, (_, series): SampleReading => [series, tick * 9_000, series * tick]);
      await world.log.append(0, agent.readings(all)!);
    }
    for (const series of [7, 8, 398]) await world.log.append(0, agent.amend(series, 9_000, -5)!);
    const { last } = await world.log.bounds(0);
    await world.archive.whenArchived(0, last, never);
    const plan = await planPartition(world.archive, { partition: 0, listFrom: 0, to: last }, never);
    const views = SAMPLE_VIEWS.map((view) => ({ view, version: 1 }));
    const request = { views, plans: [plan], from: [0], workers: 3 };
    const shares = planJobs(request, '/scratch').map(({ views: of, job, isCounted }) => [
      of,
      job.groups.length,
      isCounted,
    ]);
    expect(shares).toEqual([
      [[0], 1, true],
      [[0], 1, true],
      [[0], 1, true],
      [[1], 1, false],
      [[1], 1, false],
      [[1], 1, false],
    ]);
    await using inline = new FoldPool(0);
    const plain = await rowsOf(world, plan, 'plain', inline);
    expect(plain.readings).toBe(16_000);
    await using processes = new FoldPool(3);
    expect(await rowsOf(world, plan, 'processes', processes)).toEqual(plain);
    expect(await rowsOf(world, plan, 'spilled', processes, 500)).toEqual(plain);
  });

  it('frames that fold at one position stay in one run of one job, so that their record counts once', async () => {
    await using stack = new AsyncDisposableStack();
    const world = stack.use(await BatchWorld.open(1));
    const agent = new SampleAgent('a', 1);
    const birth = agent.birth();
    for (let tick = 0; tick < 30; tick++) await world.log.append(0, agent.readings([[0, tick, tick]])!);
    await world.log.append(0, birth);
    await world.archive.whenArchived(0, 31, never);
    const plan = await planPartition(world.archive, { partition: 0, listFrom: 0, to: 31 }, never);
    expect(new Set(plan.planner.frames.position.subarray(0, 30))).toEqual(new Set([31]));
    await using inline = new FoldPool(0);
    await using processes = new FoldPool(2);
    for (const pool of [inline, processes]) {
      const { readings, rows } = await rowsOf(world, plan, `waited-${pool.workers}`, pool, 0);
      expect(readings).toBe(30);
      expect(rows).toMatchObject([
        [0, '["r0"]', 0, 1, 0, { count: 30 }],
        [0, '["d0"]', 0, 1, 0, { count: 30 }],
      ]);
    }
  });

  it('a run that is called off, or whose process fails, ends with the reason and leaves no scratch behind', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, plan } = await openPlanned(stack);
    const request = {
      archive: world.archive,
      objects: world.objects,
      targets: [{ view: { view: SAMPLE_VIEWS[0]!, version: 1 }, result: 'x' }],
      from: [0],
      fullPlan: () => Promise.resolve(plan),
      progress: () => undefined,
    };
    await using processes = new FoldPool(2);
    const called = AbortSignal.abort(new Error('called off'));
    await expect(recompute({ ...request, plans: [plan], pool: processes, signal: called })).rejects.toThrow(
      'called off',
    );
    const lost = { ...plan, paths: plan.paths.map(() => '/no/such/segment') };
    await using others = new FoldPool(2);
    await expect(recompute({ ...request, plans: [lost], pool: others, signal: never })).rejects.toThrow('no such file');
    expect(await readdir(join(world.archive.dir, 'scratch'))).toEqual([]);
  });

  it('processes are used where they pay', async () => {
    await using stack = new AsyncDisposableStack();
    await using inline = openPool(INLINE_BYTES_MAX, {});
    inline.growFor(1e6);
    expect(inline.workers).toBe(0);
    await using one = openPool(INLINE_BYTES_MAX + 1, {}, 1);
    one.growFor(1e6);
    expect(one.workers).toBe(1);
    await using kept = new KeptProcesses({ most: 1 });
    await using some = new FoldPool(1, 3, kept);
    some.growFor(100);
    expect(some.workers).toBe(1);
    await kept.giveBack(kept.take());
    some.growFor(100);
    expect(some.workers).toBe(2);
    some.growFor(1000);
    expect(some.workers).toBe(3);
    const { plan } = await openPlanned(stack);
    const folding = (request: Omit<FoldRequest, 'plans'>): number => foldMs({ ...request, plans: [plan] });
    const views = SAMPLE_VIEWS.map((view) => ({ view, version: 1 }));
    expect(folding({ views, from: [0] })).toBeLessThan(10);
    // A million readings each, of which most are alone in their slice.
    plan.planner.frames.readings.fill(1e6);
    const alone = views.map(({ view }) => ({ view: { ...view, sliceMs: 1 }, version: 1 }));
    expect(folding({ views: alone, from: [0] })).toBeGreaterThan(3000);
    expect(folding({ views: alone, from: [plan.to] })).toBe(0);
  });
});
