import { encodeBirth } from '#core/frames/birth.ts';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import { NO_LINKS, type ReadingsRuns } from '#core/frames/readings.ts';
import type { LogRecord } from '#core/records/record.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import type { View } from '#core/views/view.ts';

/** The workload of fold and recompute: so many gauges, a reading per second each, values of 31 bits that walk at random. */
export const SERIES = 1_000;
export const START_MS = Date.UTC(2024, 0, 1);
const STEP_MS = 1_000;

/** How readings stand in frames: so many series in each, and so many readings of each in one run. */
export interface FrameShape {
  readonly seriesPerFrame: number;
  readonly runLength: number;
  /** Seconds of data. */
  readonly seconds: number;
}

/** The load by one tag, in slices of a minute. */
export function loadView(by: 'region' | 'device'): View {
  return { name: `by-${by}`, metric: 'load', by: [by], where: {}, sliceMs: 60_000 };
}

/** The workload as records of a log, made one by one: the birth of all series, then their readings. */
export function* loadRecords({ seriesPerFrame, runLength, seconds }: FrameShape): Generator<LogRecord, void> {
  const entries = Array.from({ length: SERIES }, (_, i) => entryOf(i));
  let sequence = 1;
  yield recordOf(encodeBirth(metaOf(sequence++), { firstIndex: 0, entries, previous: null }));
  const walks = new Walks();
  for (let from = 0; from < seconds; from += runLength) {
    const length = Math.min(runLength, seconds - from);
    for (let first = 0; first < SERIES; first += seriesPerFrame) {
      yield recordOf(encodeReadings(metaOf(sequence++), runsOf(walks, first, seriesPerFrame, from, length)));
    }
  }
}

function runsOf(walks: Walks, first: number, count: number, from: number, length: number): ReadingsRuns {
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

const WALK_STEP_MAX = 100;

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

function recordOf(frame: Uint8Array): LogRecord {
  return { kind: 'frame', agent: 'bench', atMs: START_MS, verdict: { kind: 'accepted' }, frame };
}

function metaOf(sequence: number): Parameters<typeof encodeReadings>[0] {
  return { incarnation: 1, sequence, dictionaryVersion: SERIES, watermarkMs: null };
}

const REGIONS = 5;

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
