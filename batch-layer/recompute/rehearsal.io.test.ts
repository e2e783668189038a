import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SampleAgent, type SampleReading } from '#core/fold/sample-agent.fixtures.ts';
import { prepareBatch } from '../batch-run.ts';
import { BatchWorld } from '../batch-world.fixtures.ts';
import { INLINE_BYTES_MAX } from './fold-pool.ts';
import { KeptProcesses } from './kept-processes.ts';

const never = new AbortController().signal;
const SERIES = 600;

/** Appends readings of many series until the archive has more than so many bytes; gives how many readings there are. */
async function fill(world: BatchWorld, bytesMin: number): Promise<number> {
  const agent = new SampleAgent('a', SERIES);
  await world.log.append(0, agent.birth());
  let readings = 0;
  for (let tick = 0; world.archive.bytesAfter(0, 0) <= bytesMin; tick++) {
    const all = Array.from({ length: SERIES }, (_, series): SampleReading => [
      series,
      tick * 9_000,
      (series * 7919 + tick * 104_729) % 1_000_003,
    ]);
    const position = await world.log.append(0, agent.readings(all)!);
    await world.archive.whenArchived(0, position, never);
    readings += SERIES;
  }
  return readings;
}

describe('a rehearsal of a batch run', () => {
  it('leaves processes that are ready, and nothing else', async () => {
    await using world = await BatchWorld.open(1);
    await using processes = new KeptProcesses();
    const resources = { ...world.resources, processes, workers: undefined };
    const readings = await fill(world, INLINE_BYTES_MAX);
    await prepareBatch(resources, () => false, never);
    expect(processes.idle).toBe(Math.min(2, availableParallelism()));
    expect(await readdir(join(world.archive.dir, 'scratch'))).toEqual([]);
    expect(await world.objects.list('')).toEqual([]);
    expect((await world.layer.batch(true)).readings).toBe(readings);
  });

  it('is not done for what the calling thread folds by itself', async () => {
    await using world = await BatchWorld.open(1);
    await using processes = new KeptProcesses();
    await fill(world, 0);
    await prepareBatch({ ...world.resources, processes, workers: undefined }, () => false, never);
    expect(processes.idle).toBe(0);
  });

  it('ends at once where something else is to be done', async () => {
    await using world = await BatchWorld.open(1);
    await using processes = new KeptProcesses();
    await fill(world, INLINE_BYTES_MAX);
    let asked = 0;
    await prepareBatch({ ...world.resources, processes, workers: undefined }, () => ++asked > 0, never);
    expect(asked).toBe(1);
  });
});
