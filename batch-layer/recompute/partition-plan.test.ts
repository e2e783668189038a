import { describe, expect, it } from 'vitest';
import { SampleAgent } from '#core/fold/sample-agent.fixtures.ts';
import { RECORD_VERSION } from '#core/records/record-codec.ts';
import type { SliceName } from '#core/slices/slice-span.ts';
import { amendedSlices } from './partition-plan.ts';
import { PartitionPlanner } from './partition-planner.ts';
import { clustersOf } from './refold.ts';

const VIEW = { name: 'v', metric: 'power', by: ['region'], where: { device: ['d0', 'd1'] }, sliceMs: 10_000 };

describe('what of a plan has to be refolded', () => {
  it('is the slices that amends up to a position hit, each once, where the view asks for the series', () => {
    const planner = new PartitionPlanner(0, 0, () => new Uint8Array(0));
    const agent = new SampleAgent('a', 3);
    const readings = [0, 1, 2].flatMap((series) => [[series, 5000, 1] as const, [series, 25_000, 1] as const]);
    const records = [agent.birth(), agent.readings(readings)];
    for (const [series, timeMs] of [
      [0, 5000],
      [0, 25_000],
      [0, 5000],
      [2, 5000],
      [1, 25_000],
    ] as const) {
      records.push(agent.amend(series, timeMs, 9));
    }
    for (const [i, bytes] of records.entries()) planner.apply(0, { position: i + 1, at: 0, bytes: bytes! });
    const amended = (position: number) => amendedSlices(planner, { view: VIEW, version: 1 }, position);
    expect(amended(2)).toEqual([]);
    expect(amended(3)).toEqual([{ group: '["r0"]', slice: 0 }]);
    expect(amended(6)).toEqual([
      { group: '["r0"]', slice: 0 },
      { group: '["r0"]', slice: 2 },
    ]);
    expect(amended(7).at(-1)).toEqual({ group: '["r1"]', slice: 2 });
  });

  it('is read in clusters, those that lie near one another together', () => {
    const at = (slices: readonly number[]): SliceName[] => slices.map((slice) => ({ group: 'g', slice }));
    const found = (slices: readonly number[]): number[][] =>
      clustersOf(at(slices)).map((cluster) => cluster.map(({ slice }) => slice));
    expect(found([])).toEqual([]);
    expect(found([700, -5, 235, 236, 476])).toEqual([[-5, 235, 236, 476, 700]]);
    expect(found([0, 241, 481])).toEqual([[0], [241, 481]]);
    const sparse = Array.from({ length: 257 }, (_, i) => i * 241);
    expect(found(sparse.slice(1)).length).toBe(256);
    expect(found(sparse)).toEqual([sparse]);
  });
});

describe('a plan', () => {
  it('ends at a record of a newer version, by name', () => {
    const planner = new PartitionPlanner(7, 0, () => new Uint8Array(0));
    planner.apply(0, { position: 1, at: 0, bytes: new SampleAgent('a', 3).birth() });
    const newer = { position: 2, at: 0, bytes: Uint8Array.of(RECORD_VERSION + 1) };
    expect(() => planner.apply(0, newer)).toThrow('Record 2 of partition 7 was written by a newer weir');
    expect(planner.position).toBe(1);
  });
});
