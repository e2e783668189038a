import { strict as assert } from 'node:assert';
import { PartitionFold } from '#core/fold/partition-fold.ts';
import { ViewFold } from '#core/fold/view-fold.ts';
import { encodeBirth } from '#core/frames/birth.ts';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import { NO_LINKS } from '#core/frames/readings.ts';
import type { LogRecord } from '#core/records/record.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import { besideGoal, type Figure, median } from './benchmark.ts';

const SERIES = 1_000;
const REGIONS = 5;
const START_MS = Date.UTC(2024, 0, 1);
const STEP_MS = 1_000;
const SLICE_MS = 60_000;
const WALK_STEP_MAX = 100;
const RUNS = 9;
/** Runs that are not counted: a fold that has been running for a while is what is asked for. */
const WARM_UPS = 5;
const GOAL = 150_000_000;

/** How readings stand in frames: so many series in each, and so many readings of each in one run. */
interface FrameShape {
  readonly seriesPerFrame: number;
  readonly runLength: number;
  /** Seconds of data; a multiple of the run's length. */
  readonly seconds: number;
}

/** Long runs, as they are after days at the edge without an uplink, or behind a compaction. */
const LONG: FrameShape = { seriesPerFrame: 125, runLength: 1_000, seconds: 8_000 };
/** As an agent sends them while it keeps up: half a minute of every series. */
const LIVE: FrameShape = { seriesPerFrame: 1_000, runLength: 32, seconds: 4_096 };

/**
 * Folds whole frames, header and checksum included, with everything that stats hold. The line that stands for it is long
 * runs into a view by region; beside it, a window for each device and minute, and frames as an agent sends them live.
 */
export function benchFold(): readonly Figure[] {
  const long = recordsOf(LONG);
  const live = recordsOf(LIVE);
  return [
    besideGoal({ name: 'fold', ...measure(LONG, long, 'region') }, GOAL),
    { name: 'fold-by-device', ...measure(LONG, long, 'device') },
    { name: 'fold-live', ...measure(LIVE, live, 'region') },
    { name: 'fold-live-by-device', ...measure(LIVE, live, 'device') },
  ];
}

function measure({ seconds }: FrameShape, records: readonly LogRecord[], by: string): Omit<Figure, 'name'> {
  const readings = SERIES * seconds;
  for (let i = 0; i < WARM_UPS; i++) foldAll(records, by, readings);
  const rates = Array.from({ length: RUNS }, () => (readings / foldAll(records, by, readings)) * 1_000);
  return { value: Math.round(median(rates)), unit: 'readings/s', runs: RUNS };
}

/** Folds the birth, then all readings; gives the milliseconds that these took. */
function foldAll([birth, ...frames]: readonly LogRecord[], by: string, readings: number): number {
  const fold = new PartitionFold();
  const view = new ViewFold({
    view: { name: 'bench', metric: 'load', by: [by], where: {}, sliceMs: SLICE_MS },
    version: 1,
  });
  fold.addView(view);
  fold.apply(1, birth!);
  const startMs = performance.now();
  for (const [i, record] of frames.entries()) fold.apply(i + 2, record);
  const tookMs = performance.now() - startMs;
  assert.equal(fold.counters.readings, readings, 'everything is folded');
  assert.equal(fold.counters.faultyFrames, 0, 'no frame is faulty');
  return tookMs;
}

function recordsOf({ seriesPerFrame, runLength, seconds }: FrameShape): readonly LogRecord[] {
  const entries = Array.from({ length: SERIES }, (_, i) => entryOf(i));
  const frames = [encodeBirth(metaOf(1), { firstIndex: 0, entries, previous: null })];
  const walks = new Walks();
  for (let from = 0; from < seconds; from += runLength) {
    for (let first = 0; first < SERIES; first += seriesPerFrame) {
      frames.push(encodeReadings(metaOf(frames.length + 1), runsOf(walks, first, seriesPerFrame, from, runLength)));
    }
  }
  return frames.map((frame) => ({
    kind: 'frame',
    agent: 'bench',
    atMs: START_MS,
    verdict: { kind: 'accepted' },
    frame,
  }));
}

function runsOf(
  walks: Walks,
  first: number,
  count: number,
  from: number,
  length: number,
): Parameters<typeof encodeReadings>[1] {
  const timeMs = new Float64Array(count * length);
  const value = new Float64Array(count * length);
  const anchorValue = Float64Array.from({ length: count }, (_, i) => walks.values[first + i]!);
  for (let i = 0, at = 0; i < count; i++) {
    for (let second = 0; second < length; second++, at++) {
      timeMs[at] = START_MS + (from + second) * STEP_MS;
      value[at] = walks.step(first + i);
    }
  }
  return {
    runCount: count,
    entry: Int32Array.from({ length: count }, (_, i) => first + i),
    length: new Int32Array(count).fill(length),
    anchored: new Uint8Array(count).fill(from === 0 ? 0 : 1),
    anchorTimeMs: new Float64Array(count).fill(from === 0 ? 0 : START_MS + (from - 1) * STEP_MS),
    anchorValue: from === 0 ? new Float64Array(count) : anchorValue,
    unchecked: new Uint8Array(count),
    timeMs,
    value,
    links: NO_LINKS,
  };
}

/** Values of 31 bits that walk at random, the same ones each time (linear congruential, Numerical Recipes' constants). */
class Walks {
  #state = 1;
  readonly values = Float64Array.from({ length: SERIES }, () => Math.floor((this.#chance() - 0.5) * 2 ** 31));

  step(series: number): number {
    return (this.values[series]! += Math.round((this.#chance() - 0.5) * 2 * WALK_STEP_MAX));
  }

  #chance(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 0x1_0000_0000;
  }
}

function metaOf(sequence: number): Parameters<typeof encodeReadings>[0] {
  return { incarnation: 1, sequence, dictionaryVersion: SERIES, watermarkMs: null };
}

function entryOf(i: number): SeriesEntry {
  const device = `meter-${i}`;
  return {
    metric: 'load',
    unit: 'W',
    decimals: 0,
    kind: 'gauge',
    intervalMs: STEP_MS,
    rollover: null,
    quantiles: false,
    paneMs: 10_000,
    device,
    tags: { device, region: `region-${i % REGIONS}` },
  };
}
