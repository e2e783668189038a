import { strict as assert } from 'node:assert';
import { PartitionFold } from '#core/fold/partition-fold.ts';
import { ViewFold } from '#core/fold/view-fold.ts';
import type { LogRecord } from '#core/records/record.ts';
import { besideGoal, type Figure, measure, printFigures } from '../measure.ts';
import { type FrameShape, loadRecords, loadView, SERIES } from '../workloads/walking-load.ts';

const RUNS = 9;
const WARM_UPS = 5;
const GOAL = 150_000_000;

/** Long runs, as they are after days at the edge without an uplink, or behind a compaction. */
const LONG: FrameShape = { seriesPerFrame: 125, runLength: 1_000, seconds: 8_000 };
/** As an agent sends them while it keeps up: half a minute of every series. */
const LIVE: FrameShape = { seriesPerFrame: 1_000, runLength: 32, seconds: 4_096 };

/**
 * Folds whole frames, header and checksum included, with everything that stats hold. The line that stands for it is long
 * runs into a view by region; beside it, a window for each device and minute, and frames as an agent sends them live.
 */
export async function benchFold(): Promise<readonly Figure[]> {
  const long = [...loadRecords(LONG)];
  const live = [...loadRecords(LIVE)];
  return [
    besideGoal(await measureFold('fold', LONG, long, 'region'), GOAL),
    await measureFold('fold-by-device', LONG, long, 'device'),
    await measureFold('fold-live', LIVE, live, 'region'),
    await measureFold('fold-live-by-device', LIVE, live, 'device'),
  ];
}

function measureFold(
  name: string,
  { seconds }: FrameShape,
  records: readonly LogRecord[],
  by: 'region' | 'device',
): Promise<Figure> {
  const readings = SERIES * seconds;
  const run = (): number => (readings / foldAll(records, by, readings)) * 1_000;
  return measure({ name, unit: 'readings/s', runs: RUNS, warmUps: WARM_UPS, run });
}

/** Folds the birth, then all readings; gives the milliseconds that these took. */
function foldAll([birth, ...frames]: readonly LogRecord[], by: 'region' | 'device', readings: number): number {
  const fold = new PartitionFold();
  fold.addView(new ViewFold({ view: loadView(by), version: 1 }));
  fold.apply(1, birth!);
  const startMs = performance.now();
  for (const [i, record] of frames.entries()) fold.apply(i + 2, record);
  const tookMs = performance.now() - startMs;
  assert.equal(fold.counters.readings, readings, 'everything is folded');
  assert.equal(fold.counters.faultyFrames, 0, 'no frame is faulty');
  return tookMs;
}

if (import.meta.main) await printFigures(await benchFold());
