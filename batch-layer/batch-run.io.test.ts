import { expect, test } from 'vitest';
import { BatchWorld } from './batch-world.cases.ts';
import { SampleAgent } from './sample-agent.cases.ts';

test('smoke', async () => {
  await using world = await BatchWorld.open(2);
  const a = new SampleAgent('a', 4);
  const b = new SampleAgent('b', 3);
  await world.log.append(0, a.birth());
  await world.log.append(1, b.birth());
  for (let i = 0; i < 50; i++) {
    await world.log.append(0, a.readings([[0, i * 10_000, i], [1, i * 10_000 + 3, -i], [3, i * 5000, 2 * i]])!);
    await world.log.append(1, b.readings([[0, i * 10_000, i * i]])!);
  }
  await world.speed();
  const before = await world.see('by-region');
  expect(before.size).toBeGreaterThan(10);
  const outcome = await world.batch({ full: false });
  expect(outcome).toMatchObject({ positions: [52, 52], readings: 200, version: 1 });
  expect(await world.see('by-region')).toEqual(before);
  await world.speed();
  expect(await world.see('by-region')).toEqual(before);
  await world.log.append(0, a.amend(0, 490_000, 7)!);
  await world.log.append(0, a.readings([[0, 1, 5]])!);
  await world.speed();
  const seen = await world.see('by-region');
  const next = await world.batch({ full: false });
  expect(next.readings).toBe(1);
  await world.speed();
  const incremental = await world.see('by-region');
  const full = await world.batch({ full: true });
  expect(full.readings).toBe(201);
  expect(await world.see('by-region')).toEqual(incremental);
  expect(await world.verify()).toMatchObject({ different: 0, pending: 0 });
  await world.log.append(0, a.amend(0, 490_000, 9)!);
  await world.speed();
  expect(await world.verify()).toMatchObject({ different: 0, pending: 2 });
  await world.rollback('by-region');
  expect(await world.verify()).toMatchObject({ different: 0, pending: 2 });
  await world.batch({ full: false });
  expect(await world.verify()).toMatchObject({ different: 0, pending: 0 });
  expect([...incremental.values()].map((s) => s.revision)).toEqual([...seen.values()].map((s) => s.revision));
});
