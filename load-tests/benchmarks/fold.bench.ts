import { strict as assert } from 'node:assert';
import { PartitionFold } from '#core/fold/partition-fold.ts';
import { ViewFold } from '#core/fold/view-fold.ts';
import type { LogRecord } from '#core/records/record.ts';
import {
  besideGoal,
  type Figure,
  measure,
  measureInTurn,
  type Measurement,
  printFigures,
  ratePerSecond,
} from '../measure.ts';
import { type FrameShape, loadRecords, loadView, SERIES } from '../workloads/walking-load.ts';

const RUNS = 9;
const WARM_UPS = 5;
const GOAL = 150_000_000;

/** Long runs, as they are after days at the edge without an uplink, or behind a compaction. */
const LONG: FrameShape = { seriesPerFrame: 125, runLength: 1_000, seconds: 8_000 };
/** As an agent sends them while it keeps up: half a minute of every series. */
const LIVE: FrameShape = { seriesPerFrame: 1_000, runLength: 32, seconds: 4_096 };

/** Folds whole frames of long runs into a view by region, header and checksum included, with everything that stats hold. */
export async function benchFold(): Promise<readonly Figure[]> {
  return [besideGoal(await measure(foldOf('fold', LONG, [...loadRecords(LONG)], 'region')), GOAL)];
}

/** The same into a window for each device and minute, and in turn by region. */
export async function benchFoldByDevice(): Promise<readonly Figure[]> {
  const records = [...loadRecords(LONG)];
  return [
    ...(await measureInTurn(
      foldOf('fold-by-device', LONG, records, 'device'),
      foldOf('fold-by-region', LONG, records, 'region'),
    )),
    await measure(runningFoldOf('fold-by-device-running', LONG, records)),
  ];
}

/** The same of frames as an agent sends them live. */
export async function benchFoldLiveByDevice(): Promise<readonly Figure[]> {
  const records = [...loadRecords(LIVE)];
  return [
    ...(await measureInTurn(
      foldOf('fold-live-by-device', LIVE, records, 'device'),
      foldOf('fold-live-by-region', LIVE, records, 'region'),
    )),
    await measure(runningFoldOf('fold-live-by-device-running', LIVE, records)),
  ];
}

function foldOf(
  name: string,
  { seconds }: FrameShape,
  records: readonly LogRecord[],
  by: 'region' | 'device',
): Measurement {
  const readings = SERIES * seconds;
  const run = (): number => (readings / foldAll(records, by, readings)) * 1_000;
  return { name, unit: 'readings/s', runs: RUNS, warmUps: WARM_UPS, run };
}

/**
 * The second half of the readings, by device, in a fold that has let go of the first: it has the memory that it needs, as
 * one has that has been running for a while. A new one gets it page by page from the system.
 */
function runningFoldOf(name: string, { seconds }: FrameShape, records: readonly LogRecord[]): Measurement {
  const half = 1 + ((records.length - 1) >> 1);
  const run = (): number => {
    const { fold, view } = startedFold('device');
    for (let i = 0; i < half; i++) fold.apply(i + 1, records[i]!);
    view.slots.settle();
    view.slots.evict(() => false);
    const before = fold.counters.readings;
    const rate = ratePerSecond(() => {
      for (let i = half; i < records.length; i++) fold.apply(i + 1, records[i]!);
      return fold.counters.readings - before;
    });
    assert.equal(fold.counters.readings, SERIES * seconds, 'everything is folded');
    return rate;
  };
  return { name, unit: 'readings/s', runs: RUNS, warmUps: WARM_UPS, run };
}

function startedFold(by: 'region' | 'device'): { readonly fold: PartitionFold; readonly view: ViewFold } {
  const fold = new PartitionFold();
  const view = new ViewFold({ view: loadView(by), version: 1 });
  fold.addView(view);
  return { fold, view };
}

/** Folds the birth, then all readings; gives the milliseconds that these took. */
function foldAll([birth, ...frames]: readonly LogRecord[], by: 'region' | 'device', readings: number): number {
  const { fold } = startedFold(by);
  fold.apply(1, birth!);
  const startMs = performance.now();
  for (const [i, record] of frames.entries()) fold.apply(i + 2, record);
  const tookMs = performance.now() - startMs;
  assert.equal(fold.counters.readings, readings, 'everything is folded');
  assert.equal(fold.counters.faultyFrames, 0, 'no frame is faulty');
  return tookMs;
}

if (import.meta.main)
  await printFigures([...(await benchFold()), ...(await benchFoldByDevice()), ...(await benchFoldLiveByDevice())]);
