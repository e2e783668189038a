import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SliceRow } from '#backbone/changes/changes.ts';
import { tearingAt } from '#backbone/disk/failing-level.fixtures.ts';
import { StoreUnavailable } from '#backbone/storage-errors.ts';
import { cutRecord, SampleAgent, type SampleReading } from '#core/fold/sample-agent.fixtures.ts';
import { NewerRecord, RECORD_VERSION } from '#core/records/record-codec.ts';
import { RESETS } from '#core/slices/merge-rows.ts';
import { mergeAdditive } from '#core/stats/additive.ts';
import { copySelective, mergeSelective } from '#core/stats/merge.ts';
import { decodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { readStats } from '#core/stats/stats.ts';
import type { View } from '#core/views/view.ts';
import { LogChanged, LogNotContinued } from './partition-worker.ts';
import { SpeedHarness } from './speed-harness.fixtures.ts';

const SLICE_MS = 20_000;
const BY_DEVICE: View = { name: 'power', metric: 'power', by: ['device'], where: {}, sliceMs: SLICE_MS };
const BY_REGION: View = { ...BY_DEVICE, by: ['region'] };

/** Count, sum, min, max, first and last of every slice with readings, by combining rows as readers do. */
function combine(rows: readonly SliceRow[]): Map<string, readonly unknown[]> {
  const table = new StatsTable();
  const staging = table.allocate();
  const slots = new Map<string, number>();
  for (const row of rows) {
    const key = `${row.group}/${row.slice}`;
    const slot = slots.get(key) ?? table.allocate();
    slots.set(key, slot);
    decodeRow(row.stats, table, staging);
    mergeAdditive(table, slot, table, staging);
    if ((row.flags & RESETS) !== 0) copySelective(table, slot, table, staging);
    else mergeSelective(table, slot, table, staging);
  }
  const combined = [...slots].map(([key, slot]) => [key, readStats(table, slot)] as const);
  return new Map(
    combined
      .filter(([, stats]) => stats.count > 0)
      .map(([key, stats]) => {
        const { count, sum, min, max, first, last } = stats;
        return [key, [count, sum, min, max, first?.value, last?.value]];
      }),
  );
}

function expected(
  readings: readonly SampleReading[],
  group: (series: number) => string,
): Map<string, readonly unknown[]> {
  const slices = new Map<string, SampleReading[]>();
  for (const reading of readings) {
    const [series, timeMs] = reading;
    const key = `${JSON.stringify([group(series)])}/${Math.floor(timeMs / SLICE_MS)}`;
    slices.set(key, [...(slices.get(key) ?? []), reading]);
  }
  return new Map(
    [...slices].map(([key, all]) => {
      const values = all.map(([, , value]) => value);
      const byTime = all.toSorted((a, b) => a[1] - b[1] || a[2] - b[2]);
      const sum = values.reduce((total, value) => total + BigInt(value), 0n);
      return [key, [all.length, sum, Math.min(...values), Math.max(...values), byTime[0]?.[2], byTime.at(-1)?.[2]]];
    }),
  );
}

const DEVICES = 3;
const device = (series: number): string => `d${series}`;
const region = (series: number): string => `r${series % 2}`;

/** Readings at distinct (series, time), some far behind the others. */
const batches = fc
  .uniqueArray(fc.tuple(fc.nat(DEVICES - 1), fc.integer({ min: 0, max: 200 })), {
    selector: ([series, second]) => `${series}/${second}`,
    minLength: 1,
    maxLength: 60,
  })
  .map((places) => places.map(([series, second], i): SampleReading => [series, second * 30_000, (i * 7919) % 1000]));

describe('the speed layer', () => {
  it('rows add up to the readings, over restarts, cuts and evictions', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        batches,
        fc.array(fc.constantFrom('restart', 'cut', 'go on'), { maxLength: 6 }),
        async (readings, events) => {
          await using harness = await SpeedHarness.open();
          const agent = new SampleAgent('x', DEVICES);
          await harness.appended([agent.birth()]);
          const size = Math.ceil(readings.length / (events.length + 1));
          for (const [i, event] of [...events, 'go on'].entries()) {
            const part = readings.slice(i * size, (i + 1) * size);
            if (part.length > 0)
              await harness.appended([agent.readings(part, Math.max(...part.map(([, timeMs]) => timeMs)))]);
            if (event === 'cut') await harness.appended([cutRecord(`cut-${i}`), cutRecord(`cut-${i}`)]);
            if (event === 'restart') await harness.run(BY_DEVICE);
          }
          const { rows } = await harness.run(BY_DEVICE);
          expect(combine(rows)).toEqual(expected(readings, device));
        },
      ),
      { numRuns: 12 },
    );
  });

  it('an amended slice gets its min, max, first and last back from the history', async () => {
    await using harness = await SpeedHarness.open();
    const agent = new SampleAgent('x', DEVICES);
    const readings: readonly SampleReading[] = [
      [0, 0, 5],
      [0, 12_000, 9],
      [0, 40_000, 1],
    ];
    await harness.appended([agent.birth(), agent.readings(readings, 40_000)]);
    await harness.run(BY_DEVICE);
    await harness.appended([agent.amend(0, 12_000, 2)]);
    const { rows } = await harness.run(BY_DEVICE, { until: (all) => all.some(({ flags }) => flags === RESETS) });
    const inForce = readings.map((reading, i): SampleReading => (i === 1 ? [0, 12_000, 2] : reading));
    expect(combine(rows)).toEqual(expected(inForce, device));
  });

  it('a frame that comes after the amend of a later one takes nothing back, over a restart', async () => {
    await using harness = await SpeedHarness.open();
    const agent = new SampleAgent('x', DEVICES);
    const late = [agent.birth(), agent.readings([[0, 0, 5]]), agent.readings([[0, 12_000, 999]])];
    await harness.appended([late[0]!, late[1]!, agent.amend(0, 12_000, 2)]);
    await harness.run(BY_DEVICE, { until: (all) => all.some(({ flags }) => flags === RESETS) });
    await harness.appended([late[2]!]);
    const inForce: readonly SampleReading[] = [
      [0, 0, 5],
      [0, 12_000, 2],
    ];
    const until = (all: readonly SliceRow[]): boolean => all.length > 1 && all.every(({ flags }) => flags === RESETS);
    const { rows } = await harness.run(BY_DEVICE, { until });
    expect(combine(rows)).toEqual(expected(inForce, device));
  });

  it('what a fork or a waiting frame says reaches no refold', async () => {
    await using harness = await SpeedHarness.open();
    const agent = new SampleAgent('x', DEVICES);
    const readings: readonly SampleReading[] = [
      [0, 0, 5],
      [0, 12_000, 9],
    ];
    const records = [agent.birth(), agent.readings(readings), agent.amend(0, 12_000, 2)];
    // Another process of the same name and incarnation: the same numbers with other content.
    const twin = new SampleAgent('x', DEVICES);
    const forks = [
      twin.birth(),
      twin.readings([
        [0, 5_000, -100],
        [0, 12_000, 7],
      ]),
      twin.amend(0, 12_000, 777),
    ];
    // Of a dictionary that nobody has sent yet.
    const ahead = new SampleAgent('x', DEVICES + 1, 2);
    const waiting = ahead.readings([[0, 6_000, 900]]);
    await harness.appended([...records, ...forks.slice(1), waiting]);
    const { rows } = await harness.run(BY_DEVICE, { until: (all) => all.some(({ flags }) => flags === RESETS) });
    expect(combine(rows)).toEqual(expected([readings[0]!, [0, 12_000, 2]], device));
  });

  it('a changed view is folded from the first record beside the live one and then takes its place', async () => {
    await using harness = await SpeedHarness.open();
    const agent = new SampleAgent('x', DEVICES);
    const readings = Array.from({ length: 30 }, (_, i): SampleReading => [i % 3, i * 1000, i]);
    await harness.appended([
      agent.birth(),
      agent.readings(readings.slice(0, 15), 14_000),
      cutRecord('c'),
      agent.readings(readings.slice(15), 29_000),
    ]);
    const before = await harness.run(BY_DEVICE);
    const after = await harness.run(BY_REGION);
    expect(after.version).toBe(before.version + 1);
    expect(combine(after.told)).toEqual(combine(after.rows));
    expect(combine(before.rows)).toEqual(expected(readings, device));
    expect(combine(after.rows)).toEqual(expected(readings, region));
  });

  it('writes what few bytes make of rows before it folds on, also for a version that it builds', async () => {
    await using harness = await SpeedHarness.open();
    const agent = new SampleAgent('x', 1);
    const frames = Array.from({ length: 20 }, (_, frame) => {
      const at = (i: number): number => (frame * 50 + i) * SLICE_MS;
      return agent.readings(Array.from({ length: 50 }, (_unused, i): SampleReading => [0, at(i), 7]));
    });
    await harness.appended([agent.birth(), ...frames]);
    for (const view of [BY_DEVICE, BY_REGION]) {
      const { rows, commitRowsMax, status } = await harness.run(view, { rowsMax: 120 });
      expect(rows.length).toBeGreaterThanOrEqual(1000);
      // What was gathered, and what one more record made, a slice of it before the next frame's.
      expect(commitRowsMax).toBeLessThan(120 + 2 * 51);
      expect(status.readings).toBe(1000);
    }
  });

  it('writes again what the disk has refused, whichever write that was, and tells of it', async () => {
    await using harness = await SpeedHarness.open();
    const agent = new SampleAgent('x', DEVICES);
    const birth = agent.birth();
    const frames = [0, 1, 2].map((n) => agent.readings([[n, n * SLICE_MS, n]]));
    for (const [n, frame] of frames.entries()) {
      await harness.appended(n === 0 ? [birth, frame] : [frame]);
      const view = n === 2 ? BY_REGION : BY_DEVICE;
      const { rows, failures } = await harness.run(view, { openLevel: tearingAt(1, 'No space left on device') });
      expect(rows).toHaveLength(n + 1);
      expect(failures).toEqual([expect.any(StoreUnavailable)]);
    }
  });

  it('removes the rows of versions that the manifest does not name any more', async () => {
    await using harness = await SpeedHarness.open();
    const agent = new SampleAgent('x', DEVICES);
    await harness.appended([agent.birth(), agent.readings([[0, 0, 5]])]);
    for (let n = 1; n <= 5; n++) {
      const { version, rows } = await harness.run({ ...BY_DEVICE, sliceMs: n * SLICE_MS });
      expect([version, rows.length]).toEqual([n, 1]);
    }
  });

  it('says how far each partition is, what it counted, and what it last saw of an agent', async () => {
    await using harness = await SpeedHarness.open();
    const agent = new SampleAgent('x', DEVICES);
    const birth = agent.birth();
    const frame = agent.readings([[0, 1000, 3]], 2000);
    await harness.appended([birth, frame, frame, Uint8Array.of(99)]);
    const { status, heads } = await harness.run(BY_DEVICE);
    expect(status).toEqual({
      partition: 0,
      position: 4,
      committed: 4,
      watermarkMs: 2000,
      slicesOpen: 1,
      records: 3,
      readings: 1,
      repeatedFrames: 1,
      refusedFrames: 0,
      faultyFrames: 1,
      forks: 0,
    });
    expect(heads).toEqual([
      { incarnation: 1, highestSequence: 2, life: 0 },
      { incarnation: 0, highestSequence: 0 },
    ]);
  });

  it('stops by name at a record of a newer version, which it finds there whenever it starts, and passes nothing over', async () => {
    await using harness = await SpeedHarness.open();
    const agent = new SampleAgent('x', DEVICES);
    const [birth, frame] = [agent.birth(), agent.readings([[0, 1000, 3]])];
    await harness.appended([birth]);
    await harness.run(BY_DEVICE);
    await harness.appended([Uint8Array.of(RECORD_VERSION + 1, 1, 2, 3), frame]);
    const stopped = 'Record 2 of partition 0 was written by a newer weir: record has version';
    await expect(harness.run(BY_DEVICE)).rejects.toThrow(stopped);
    await expect(harness.run(BY_DEVICE)).rejects.toThrow(NewerRecord);
    await expect(harness.run(BY_REGION)).rejects.toThrow(stopped);
  });

  it('refuses an older copy of its log, also where that has been filled up since', async () => {
    await using harness = await SpeedHarness.open();
    const agent = new SampleAgent('x', DEVICES);
    const [birth, first] = [agent.birth(), agent.readings([[0, 0, 5]])];
    await harness.appended([birth]);
    await harness.keepLog();
    await harness.appended([first]);
    await harness.run(BY_DEVICE);
    await harness.run(BY_DEVICE);
    await harness.restoreLog();
    await expect(harness.run(BY_DEVICE)).rejects.toThrow('folded up to record 2, but the log ends at 1');
    await harness.appended([agent.readings([[0, 1000, 6]])]);
    await expect(harness.run(BY_DEVICE)).rejects.toThrow(LogNotContinued);
    await harness.restoreLog();
    await harness.appended([first]);
    await harness.run(BY_DEVICE);
  });

  it('refuses a log that its checkpoint was not made from', async () => {
    await using harness = await SpeedHarness.open();
    await harness.appended([new SampleAgent('x', DEVICES).birth()]);
    await harness.run(BY_DEVICE);
    await harness.loseLog();
    await expect(harness.run(BY_DEVICE)).rejects.toThrow(LogChanged);
  });

  it('frames that stand in the log twice, or before their birth, count once', async () => {
    await using harness = await SpeedHarness.open();
    const agent = new SampleAgent('x', DEVICES);
    const birth = agent.birth();
    const readings: readonly SampleReading[] = [[1, 1000, 3]];
    const frame = agent.readings(readings, 1000);
    await harness.appended([frame, birth, frame, cutRecord('c'), frame]);
    const { rows } = await harness.run(BY_DEVICE);
    expect(combine(rows)).toEqual(expected(readings, device));
  });
});
