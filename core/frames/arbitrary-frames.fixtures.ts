import fc from 'fast-check';
import { METRIC_KINDS } from '../metrics/metric.ts';
import { nastyInteger } from '../packing/nasty-numbers.fixtures.ts';
import { HOLD_MS_MAX, type SeriesEntry } from '../series/series.ts';
import type { Amends } from './amend-frame.ts';
import type { Birth } from './birth.ts';
import type { FrameMeta } from './header.ts';
import { TIME_MS_MAX } from './limits.ts';
import type { PaneColumns, PaneHistogram } from './panes.ts';
import type { ReadingsRuns, SignedLinks } from './readings.ts';

/** Entries of the dictionary that the generated frames know. */
export const DICTIONARY = 50;

export const anyMeta: fc.Arbitrary<FrameMeta> = fc.record({
  incarnation: fc.integer({ min: 0, max: 0xffff_ffff }),
  sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  dictionaryVersion: fc.constant(DICTIONARY),
  watermarkMs: fc.option(fc.integer({ min: -TIME_MS_MAX, max: TIME_MS_MAX })),
});

const entry = fc.nat(DICTIONARY - 1);
const flag = fc.integer({ min: 0, max: 1 });
/** Leaves room for an anchor before, and for a pane after. */
const start = fc.oneof(
  fc.integer({ min: -1e12, max: 2e12 }),
  fc.constantFrom(0, -1, -TIME_MS_MAX + 1, TIME_MS_MAX - 5_000_000),
);

/** Steps of one run: regular, jittered, with gaps, or anything. */
const steps = fc.oneof(
  fc
    .tuple(fc.nat(400), fc.integer({ min: 1, max: 60_000 }))
    .map(([n, step]) => Array.from({ length: n % 60 }, () => step)),
  fc.array(fc.integer({ min: 990, max: 1010 }), { maxLength: 300 }),
  fc.array(fc.constantFrom(1000, 1000, 1000, 1000, 60_000), { maxLength: 300 }),
  fc.array(fc.integer({ min: 1, max: 2 ** 30 }), { maxLength: 20 }),
);

const walk = (length: number): fc.Arbitrary<number[]> =>
  fc.oneof(
    fc.array(nastyInteger, { minLength: length, maxLength: length }),
    fc
      .tuple(
        nastyInteger,
        fc.constantFrom(1, 2, 200),
        fc.array(fc.integer({ min: -60, max: 60 }), { minLength: length, maxLength: length }),
      )
      .map(([first, unit, moves]) => {
        let value = Math.max(-(2 ** 52), Math.min(2 ** 52, first));
        return moves.map((move) => (value += move * unit));
      }),
  );

interface AnyRun {
  entry: number;
  unchecked: number;
  anchor: { beforeMs: number; value: number } | null;
  times: number[];
  values: number[];
}

const anyRun: fc.Arbitrary<AnyRun> = fc.tuple(start, steps).chain(([startMs, moves]) => {
  const times = [startMs];
  for (const step of moves) {
    const next = times.at(-1)! + step;
    if (next <= TIME_MS_MAX) times.push(next);
  }
  const beforeMsMax = startMs + TIME_MS_MAX;
  const beforeMs = fc.oneof(fc.constant(Math.min(1000, beforeMsMax)), fc.integer({ min: 1, max: beforeMsMax }));
  return fc.record({
    entry,
    unchecked: flag,
    anchor: fc.option(fc.record({ beforeMs, value: nastyInteger })),
    times: fc.constant(times),
    values: walk(times.length),
  });
});

export const anyLinks: fc.Arbitrary<SignedLinks> = fc
  .array(
    fc.record({
      entry,
      sign: fc.constantFrom(1, -1),
      fromMs: start,
      spanMs: fc.integer({ min: 1, max: 5_000_000 }),
      fromValue: nastyInteger,
      toValue: nastyInteger,
    }),
    { maxLength: 20 },
  )
  .map((links) => ({
    count: links.length,
    entry: Int32Array.from(links, (link) => link.entry),
    sign: Int8Array.from(links, (link) => link.sign),
    fromMs: Float64Array.from(links, (link) => link.fromMs),
    fromValue: Float64Array.from(links, (link) => link.fromValue),
    toMs: Float64Array.from(links, (link) => link.fromMs + link.spanMs),
    toValue: Float64Array.from(links, (link) => link.toValue),
  }));

export const anyRuns: fc.Arbitrary<ReadingsRuns> = fc
  .tuple(
    fc.oneof(
      fc.array(anyRun, { maxLength: 6 }),
      fc.array(
        anyRun.map((run) => ({ ...run, times: run.times.slice(0, 1), values: run.values.slice(0, 1) })),
        {
          minLength: 100,
          maxLength: 300,
        },
      ),
    ),
    anyLinks,
  )
  .map(([runs, links]) => ({
    runCount: runs.length,
    entry: Int32Array.from(runs, (run) => run.entry),
    length: Int32Array.from(runs, (run) => run.times.length),
    anchored: Uint8Array.from(runs, (run) => (run.anchor === null ? 0 : 1)),
    anchorTimeMs: Float64Array.from(runs, (run) => (run.anchor === null ? 0 : run.times[0]! - run.anchor.beforeMs)),
    anchorValue: Float64Array.from(runs, (run) => run.anchor?.value ?? 0),
    unchecked: Uint8Array.from(runs, (run) => run.unchecked),
    timeMs: Float64Array.from(runs.flatMap((run) => run.times)),
    value: Float64Array.from(runs.flatMap((run) => run.values)),
    links,
  }));

interface AnyPane {
  entry: number;
  startMs: number;
  spanMs: number;
  coveredMs: number;
  values: number[];
  unchecked: number;
  anchor: { beforeMs: number; value: number } | null;
  increase: bigint;
  integral: bigint;
  histogram: boolean;
}

const anyPane: fc.Arbitrary<AnyPane> = fc
  .record({
    entry,
    startMs: start,
    spanMs: fc.constantFrom(10_000, 60_000, 4_000_000),
    coveredMs: fc.nat(10_000),
    values: fc.array(nastyInteger, { maxLength: 6 }),
    unchecked: fc.nat(1),
    anchor: fc.option(fc.record({ beforeMs: fc.constantFrom(1, 1000), value: nastyInteger })),
    increase: fc.bigInt({ min: 0n, max: 2n ** 70n }),
    integral: fc.bigInt({ min: -(2n ** 110n), max: 2n ** 110n }),
    histogram: fc.boolean(),
  })
  .map((pane) => {
    // No more than that many readings, and that much covered time, can have added up to.
    const increaseMost = 2n * BigInt(pane.values.length) * BigInt(Number.MAX_SAFE_INTEGER);
    const integralMost = BigInt(pane.coveredMs) * BigInt(Number.MAX_SAFE_INTEGER);
    return {
      ...pane,
      increase: pane.increase % (increaseMost + 1n),
      integral: pane.integral % (integralMost + 1n),
    };
  });

/** Panes whose statistics are those of real readings, one ms apart. */
export const anyPanes: fc.Arbitrary<PaneColumns> = fc
  .tuple(fc.array(anyPane, { maxLength: 150 }), anyLinks, fc.boolean())
  .map(([panes, links, isAccounted]) => {
    const column = (of: (pane: AnyPane) => number): Float64Array => Float64Array.from(panes, of);
    const counted = (of: (pane: AnyPane) => number): Float64Array =>
      column((pane) => (pane.values.length === 0 ? 0 : of(pane)));
    const anchorOf = (pane: AnyPane): AnyPane['anchor'] => (pane.values.length === 0 ? null : pane.anchor);
    const total = (pane: AnyPane, of: (value: bigint) => bigint): bigint =>
      pane.values.reduce((sum, value) => sum + of(BigInt(value)), 0n);
    return {
      count: panes.length,
      entry: Int32Array.from(panes, (pane) => pane.entry),
      startMs: column((pane) => pane.startMs),
      spanMs: column((pane) => pane.spanMs),
      readings: column((pane) => pane.values.length),
      sum: panes.map((pane) => total(pane, (value) => value)),
      squares: panes.map((pane) => total(pane, (value) => value * value)),
      min: counted((pane) => Math.min(...pane.values)),
      max: counted((pane) => Math.max(...pane.values)),
      firstMs: counted((pane) => pane.startMs),
      firstValue: counted((pane) => pane.values[0]!),
      lastMs: counted((pane) => pane.startMs + pane.values.length - 1),
      lastValue: counted((pane) => pane.values.at(-1)!),
      increase: panes.map((pane) => pane.increase),
      integral: panes.map((pane) => pane.integral),
      coveredMs: column((pane) => pane.coveredMs),
      unchecked: counted((pane) => pane.unchecked),
      anchored: Uint8Array.from(panes, (pane) => (anchorOf(pane) === null ? 0 : 1)),
      anchorTimeMs: column((pane) => (anchorOf(pane) === null ? 0 : pane.startMs - pane.anchor!.beforeMs) || 0),
      anchorValue: column((pane) => anchorOf(pane)?.value ?? 0),
      histogram: panes.map((pane) => (pane.histogram ? histogramOf(pane.values) : null)),
      accountedMs: isAccounted ? counted((pane) => Math.max(0, pane.values.length - 1 - pane.unchecked)) : null,
      links,
    };
  })
  .filter((panes) => panes.anchorTimeMs.every((atMs) => atMs >= -TIME_MS_MAX));

function histogramOf(values: readonly number[]): PaneHistogram {
  const tally = new Map<number, number>();
  for (const value of values) tally.set((value % 1000) | 0, (tally.get((value % 1000) | 0) ?? 0) + 1);
  const sorted = [...tally].toSorted(([a], [b]) => a - b);
  return {
    buckets: Int32Array.from(sorted, ([bucket]) => bucket),
    counts: Float64Array.from(sorted, ([, count]) => count),
  };
}

const anyAmend = fc
  .record({
    entry,
    startMs: start,
    spanMs: fc.constantFrom(10_000, 60_000),
    at: fc.tuple(fc.nat(9_999), fc.nat(9_999), fc.nat(9_999)),
    oldValue: nastyInteger,
    values: fc.tuple(nastyInteger, nastyInteger, nastyInteger),
    extremes: fc.tuple(nastyInteger, nastyInteger),
    revision: fc.integer({ min: 1, max: 1000 }),
  })
  .map((amend) => ({
    ...amend,
    at: amend.at.toSorted((a, b) => a - b).map((offset) => amend.startMs + offset),
    all: [...amend.values, ...amend.extremes],
  }));

export const anyAmends: fc.Arbitrary<Amends> = fc
  .tuple(fc.array(anyAmend, { maxLength: 40 }), anyLinks)
  .map(([amends, links]) => {
    const column = (of: (amend: (typeof amends)[number]) => number): Float64Array => Float64Array.from(amends, of);
    return {
      count: amends.length,
      entry: Int32Array.from(amends, (amend) => amend.entry),
      timeMs: column((amend) => amend.at[1]!),
      oldValue: column((amend) => amend.oldValue),
      newValue: column((amend) => amend.values[1]),
      paneStartMs: column((amend) => amend.startMs),
      paneMs: column((amend) => amend.spanMs),
      revision: column((amend) => amend.revision),
      minAfter: column((amend) => Math.min(...amend.all)),
      maxAfter: column((amend) => Math.max(...amend.all)),
      firstMsAfter: column((amend) => amend.at[0]!),
      firstValueAfter: column((amend) => amend.values[0]),
      lastMsAfter: column((amend) => amend.at[2]!),
      lastValueAfter: column((amend) => amend.values[2]),
      links,
    };
  });

const name = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme-ascii' });

const anySeries: fc.Arbitrary<SeriesEntry> = fc
  .record({
    metric: name,
    device: fc.oneof(name, fc.constant('målestation ⚡')),
    unit: fc.constantFrom('', 'kWh', '°C'),
    decimals: fc.nat(9),
    intervalMs: fc.integer({ min: 1, max: 86_400_000 }),
    kind: fc.constantFrom(...METRIC_KINDS),
    rollover: fc.option(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
    holdMs: fc.option(fc.integer({ min: 1, max: HOLD_MS_MAX })),
    rolloverStep: fc.option(fc.constantFrom(10, 100, 10 ** 9)),
    quantiles: fc.boolean(),
    paneMs: fc.constantFrom(10_000, 60_000),
    tags: fc.dictionary(fc.constantFrom('region', 'kind', '__proto__'), fc.string({ unit: 'grapheme-ascii' })),
  })
  .map(({ kind, rollover, holdMs, rolloverStep, device, tags, ...rest }) => ({
    ...rest,
    device,
    kind,
    rollover: kind === 'counter' ? rollover : null,
    ...(kind === 'counter' && rollover !== null && rolloverStep !== null ? { rolloverStep } : {}),
    ...(kind === 'gauge' && holdMs !== null ? { holdMs } : {}),
    tags: Object.fromEntries([...Object.entries(tags), ['device', device]]) as Record<string, string>,
  }));

export const anyBirth: fc.Arbitrary<Birth> = fc.record({
  firstIndex: fc.nat(DICTIONARY - 10),
  entries: fc.array(anySeries, { maxLength: 10 }),
  previous: fc.constant(null),
});
