import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { MemoryObjects } from '#backbone/objects/memory-objects.fixtures.ts';
import { ObjectDamaged } from '#backbone/objects/objects.ts';
import { NewerFormat } from '#backbone/storage-errors.ts';
import { cutRecord, SampleAgent } from '#core/fold/sample-agent.fixtures.ts';
import { type FramePlace, PartitionPlanner } from './partition-planner.ts';
import {
  AMENDED_KEPT_MAX,
  dropPlanStates,
  keepPlanState,
  loadPlanState,
  plannerSnapshot,
  PLAN_STATE_FORMAT,
  segmentPaths,
} from './plan-state.ts';

const PATHS = ['/archive/3/1.seg', '/archive/3/900.seg'];

function read(): Uint8Array {
  throw new Error('nothing waits that is ready');
}

/** A planner that stands at a cut, with an amend behind it and a frame that waits in the second file. */
function planned(): PartitionPlanner {
  const planner = new PartitionPlanner(0, 0, read);
  const agent = new SampleAgent('a', 1);
  const ahead = new SampleAgent('b', 1);
  ahead.birth();
  const records = [
    agent.birth(),
    agent.readings([[0, 1000, 5]]),
    agent.amend(0, 1000, 6),
    ahead.readings([[0, 1, 1]]),
    cutRecord('x'),
  ];
  for (const [i, bytes] of records.entries())
    planner.apply(i === 3 ? 1 : 0, { position: i + 1, at: 100 * i, bytes: bytes! });
  return planner;
}

describe('a kept plan', () => {
  it('gives back a planner that goes on as the one that was kept', async () => {
    const objects = new MemoryObjects();
    const planner = planned();
    await keepPlanState(objects, 'g', 3, planner, PATHS);
    const state = (await loadPlanState(objects, 'g', 3, 5))!;
    const resumed = new PartitionPlanner(0, 5, read, plannerSnapshot(state));
    expect(resumed.snapshot()).toEqual(planner.snapshot());
    expect(resumed.cutAt('x')).toBe(5);
    expect(resumed.amended).toEqual([{ agent: 0, entry: 0, timeMs: 1000, position: 3 }]);
    const held: FramePlace = resumed.agents[1]!.parked[0]!.held;
    expect(segmentPaths(state, '/elsewhere/3')[held.file]).toBe('/elsewhere/3/900.seg');
    expect(state.segments).toEqual(['', '900.seg']);
  });

  it('counts for its own log, partition and position only', async () => {
    const objects = new MemoryObjects();
    await keepPlanState(objects, 'g', 3, planned(), PATHS);
    expect(await loadPlanState(objects, 'g', 4, 5)).toBe(undefined);
    expect(await loadPlanState(objects, 'g', 3, 4)).toBe(undefined);
    expect(await loadPlanState(objects, 'other', 3, 5)).toBe(undefined);
    await keepPlanState(objects, 'other', 3, planned(), PATHS);
    expect(await loadPlanState(objects, 'other', 3, 5)).toMatchObject({ generation: 'other' });
  });

  it('is refused by name where it is newer or damaged', async () => {
    const objects = new MemoryObjects();
    await keepPlanState(objects, 'g', 3, planned(), PATHS);
    const [[name, bytes]] = [...objects.stored] as [[string, Uint8Array]];
    const state = JSON.parse(gunzipSync(bytes).toString()) as object;
    objects.stored.set(name, gzipSync(JSON.stringify({ ...state, format: PLAN_STATE_FORMAT + 1 })));
    await expect(loadPlanState(objects, 'g', 3, 5)).rejects.toThrow(NewerFormat);
    objects.stored.set(name, bytes.subarray(0, 20));
    await expect(loadPlanState(objects, 'g', 3, 5)).rejects.toThrow(ObjectDamaged);
  });

  it('is not kept where it amends too much, and is removed where no state names it', async () => {
    const objects = new MemoryObjects();
    const planner = planned();
    const [amended] = planner.amended;
    while (planner.amended.length <= AMENDED_KEPT_MAX) planner.amended.push(amended!);
    await keepPlanState(objects, 'g', 3, planner, PATHS);
    expect(objects.stored.size).toBe(0);
    await keepPlanState(objects, 'g', 3, planned(), PATHS);
    objects.stored.set('results/x', Uint8Array.of(1));
    await dropPlanStates(objects, (partition, position) => partition === 3 && position === 5);
    expect([...objects.stored.keys()]).toEqual(['plan/3/5', 'results/x']);
    await dropPlanStates(objects, (partition, position) => partition === 3 && position === 4);
    expect([...objects.stored.keys()]).toEqual(['results/x']);
  });
});
