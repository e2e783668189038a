import type { PaneColumns } from './panes.ts';
import { NO_LINKS, type ReadingsRuns, type SignedLinks } from './readings.ts';

/** One link taken back, one put in its place. */
export const sampleLinks: SignedLinks = {
  count: 2,
  entry: Int32Array.of(4, 4),
  sign: Int8Array.of(-1, 1),
  fromMs: Float64Array.of(1_700_000_001_000, 1_700_000_001_000),
  fromValue: Float64Array.of(125, 125),
  toMs: Float64Array.of(1_700_000_004_000, 1_700_000_004_000),
  toValue: Float64Array.of(120, -7),
};

/** A regular run with an anchor, one before 1970 with extreme values, one with irregular times that wasn't checked. */
export const sampleRuns: ReadingsRuns = {
  runCount: 3,
  entry: Int32Array.of(7, 0, 999),
  length: Int32Array.of(3, 2, 1),
  anchored: Uint8Array.of(1, 0, 1),
  anchorTimeMs: Float64Array.of(1_699_999_999_000, 0, 1_600_000_000_000),
  anchorValue: Float64Array.of(1000, 0, -Number.MAX_SAFE_INTEGER),
  unchecked: Uint8Array.of(0, 0, 1),
  timeMs: Float64Array.of(1_700_000_000_000, 1_700_000_001_000, 1_700_000_002_000, -5000, 3, 1_700_000_002_001),
  value: Float64Array.of(1002, 1004, 998, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 5),
  links: sampleLinks,
};

/** One column under several names. */
export function columnsOf<Name extends string, Column>(
  names: readonly Name[],
  column: Column,
): Readonly<Record<Name, Column>> {
  return Object.fromEntries(names.map((name) => [name, column])) as Record<Name, Column>;
}

/** So many panes of the first entry without a reading, for tests to say what is otherwise. */
export function quietPanes(count: number): PaneColumns {
  const none = Array.from({ length: count }, () => 0n);
  return {
    count,
    entry: new Int32Array(count),
    anchored: new Uint8Array(count),
    ...columnsOf(['startMs', 'spanMs', 'readings', 'coveredMs', 'unchecked'], new Float64Array(count)),
    ...columnsOf(['min', 'max', 'firstMs', 'firstValue', 'lastMs', 'lastValue'], new Float64Array(count)),
    ...columnsOf(['anchorTimeMs', 'anchorValue', 'accountedMs'], new Float64Array(count)),
    ...columnsOf(['sum', 'squares', 'increase', 'integral'], none),
    histogram: Array.from({ length: count }, () => null),
    links: NO_LINKS,
  };
}

/** A pane of three readings, and one that an interval only runs through. */
export const samplePanes: PaneColumns = {
  count: 2,
  entry: Int32Array.of(1, 2),
  startMs: Float64Array.of(1_700_000_000_000, 1_700_000_010_000),
  spanMs: Float64Array.of(10_000, 10_000),
  readings: Float64Array.of(3, 0),
  sum: [12n, 0n],
  squares: [56n, 0n],
  min: Float64Array.of(2, 0),
  max: Float64Array.of(6, 0),
  firstMs: Float64Array.of(1_700_000_001_000, 0),
  firstValue: Float64Array.of(4, 0),
  lastMs: Float64Array.of(1_700_000_009_000, 0),
  lastValue: Float64Array.of(6, 0),
  increase: [4n, 0n],
  integral: [26_000n, 60_000n],
  coveredMs: Float64Array.of(8000, 10_000),
  unchecked: Float64Array.of(1, 0),
  anchored: Uint8Array.of(1, 0),
  anchorTimeMs: Float64Array.of(1_699_999_999_000, 0),
  anchorValue: Float64Array.of(3, 0),
  histogram: [{ buckets: Int32Array.of(-4, 10, 11), counts: Float64Array.of(1, 1, 1) }, null],
  accountedMs: Float64Array.of(7_500, 0),
  links: sampleLinks,
};

/**
 * Regular series whose values start anywhere in 31 bits and walk at random by up to ±100 a step. The same arguments
 * make the same runs: the chance comes from a linear congruential generator (Numerical Recipes' constants).
 */
export function walkingRuns(shape: {
  readonly runs: number;
  readonly length: number;
  readonly stepMs: number;
  readonly anchored: boolean;
}): ReadingsRuns {
  const { runs, length, stepMs } = shape;
  let state = 1;
  const chance = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
  const walk: ReadingsRuns = {
    runCount: runs,
    entry: Int32Array.from({ length: runs }, (_, run) => run),
    length: new Int32Array(runs).fill(length),
    anchored: new Uint8Array(runs).fill(shape.anchored ? 1 : 0),
    anchorTimeMs: new Float64Array(runs),
    anchorValue: new Float64Array(runs),
    unchecked: new Uint8Array(runs),
    timeMs: new Float64Array(runs * length),
    value: new Float64Array(runs * length),
    links: NO_LINKS,
  };
  for (let run = 0, at = 0; run < runs; run++) {
    let atMs = 1_700_000_000_000;
    let value = Math.floor((chance() - 0.5) * 2 ** 31);
    if (shape.anchored) {
      walk.anchorTimeMs[run] = atMs - stepMs;
      walk.anchorValue[run] = value;
    }
    for (let i = 0; i < length; i++, at++, atMs += stepMs) {
      value += Math.round((chance() - 0.5) * 200);
      walk.timeMs[at] = atMs;
      walk.value[at] = value;
    }
  }
  return walk;
}
