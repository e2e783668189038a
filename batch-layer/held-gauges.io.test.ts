import { describe, expect, it } from 'vitest';
import { SampleAgent, type SampleReading } from '#core/fold/sample-agent.fixtures.ts';
import type { View } from '#core/views/view.ts';
import { RESULTS_MAX } from './batch-state.ts';
import { BatchWorld } from './batch-world.fixtures.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DEVICES = 4;
const HOURS = 60;
const VIEWS: readonly View[] = [
  { name: 'by-device', metric: 'power', by: ['device'], where: {}, sliceMs: MINUTE_MS },
  { name: 'by-region', metric: 'power', by: ['region'], where: {}, sliceMs: MINUTE_MS },
];

/** What four gauges that are read each hour send in some hours, of which some readings are missing and some come a day late. */
function* hourly(agent: SampleAgent, from: number, to: number): Iterable<Uint8Array> {
  const readingsOf = (hour: number, isLate: boolean): SampleReading[] =>
    Array.from({ length: DEVICES }, (_, device): SampleReading => {
      // Of two devices at the hour, of two with some seconds to a minute.
      const atMs = hour * HOUR_MS + (device < 2 ? 0 : device * 17 * MINUTE_MS + 23_000);
      return [device, atMs, 1_000 * device + ((hour * 7919) % 101)];
    }).filter(([device]) => (hour + device) % 11 !== 5 && ((hour + device) % 13 === 6) === isLate);
  for (let hour = from; hour < to; hour++) {
    for (const readings of [readingsOf(hour, false), readingsOf(hour - 24, true)]) {
      const frame = agent.readings(readings);
      if (frame !== null) yield frame;
    }
    const amend = hour % 17 === 3 ? agent.amend(1, (hour - 5) * HOUR_MS, -hour) : null;
    if (amend !== null) yield amend;
  }
}

describe('results of gauges that are held from slice to slice', () => {
  it('are those of rows, whatever came late or was amended, through deltas, merges, roll-back and a recompute', async () => {
    await using world = await BatchWorld.open(1, VIEWS);
    await using unbatched = await BatchWorld.open(1, VIEWS);
    const agent = new SampleAgent('a', DEVICES, 1, HOUR_MS);
    const append = async (record: Uint8Array): Promise<void> => {
      for (const { log } of [world, unbatched]) await log.append(0, record);
    };
    await append(agent.birth());
    const runs = RESULTS_MAX + 2;
    for (let run = 0; run < runs; run++) {
      for (const frame of hourly(agent, (run * HOURS) / runs, ((run + 1) * HOURS) / runs)) await append(frame);
      await world.batch({ full: false });
    }
    await world.speed();
    await unbatched.speed();
    const expectAsUnbatched = async (name: string): Promise<void> => {
      const expected = await unbatched.see(name);
      expect(expected.size).toBeGreaterThan(HOURS * 60);
      const seen = await world.see(name);
      expect(seen.size).toBe(expected.size);
      for (const [slice, { pending, revision, stats }] of expected) {
        const found = seen.get(slice)!;
        // What was amended waits for a refold there, and batch runs have done it here, of whatever they cover.
        if (pending) expect(found).toMatchObject({ revision, stats: { integral: stats.integral } });
        else expect(found).toEqual(expected.get(slice));
      }
    };
    for (const { name } of VIEWS) {
      await expectAsUnbatched(name);
      await world.rollback(name);
      await expectAsUnbatched(name);
    }
    expect(await world.verify()).toMatchObject({ different: 0 });
    await world.batch({ full: true });
    for (const { name } of VIEWS) await expectAsUnbatched(name);
    expect(await world.verify()).toMatchObject({ different: 0 });
  });

  it('have two rows a reading at most, where each slice had one', async () => {
    await using world = await BatchWorld.open(1, VIEWS);
    const agent = new SampleAgent('a', DEVICES, 1, HOUR_MS);
    await world.log.append(0, agent.birth());
    for (const frame of hourly(agent, 0, HOURS)) await world.log.append(0, frame);
    const { readings, rows, slices } = await world.batch({ full: true });
    expect(rows).toBeLessThanOrEqual(VIEWS.length * 2 * readings);
    expect(slices).toBeGreaterThan(20 * rows);
    const seen = await Promise.all(VIEWS.map(({ name }) => world.see(name)));
    expect(slices).toBe(seen.reduce((sum, { size }) => sum + size, 0));
    await world.log.append(0, agent.readings([[0, HOURS * HOUR_MS, 5]])!);
    expect(await world.batch({ full: false })).toMatchObject({ readings: 1, rows: 4, slices: 122 });
  });
});
