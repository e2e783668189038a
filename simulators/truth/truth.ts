/**
 * The truth: the exact answer that a system must reach from a list of deliveries, worked out the slow and obvious way.
 *
 * It shares no arithmetic with the system. Everything is a bigint, every series is a list of readings in force sorted
 * by time, and each rule is written as the design states it:
 *
 *  - of different values for one (series, time) the last delivered counts (or the first, where the metric says so), and
 *    a repeat counts once;
 *  - a reading dated further ahead of its delivery than the allowed skew is refused;
 *  - a gauge holds its value until its next reading, three intervals at most, and its integral is cut at slice edges;
 *  - an increase belongs to the later reading; a value that is smaller by a tenth at most is a dip, whose increase is
 *    negative; one that is smaller still is a roll-over where the metric has one and the old value lay in its top tenth,
 *    otherwise a reset, which counts from 0;
 *  - the first reading of a slice is the one of the smallest (time, value), the last the one of the largest.
 *
 * Laws: permuting deliveries changes nothing, unless they hold different values for one (series, time); and the answers
 * of all slices added up are the answer of one slice that holds everything.
 */
import type { Delivery } from '../deliveries/delivery-columns.ts';
import type { MeterSeries, SimulatedMetric } from '../fleet/fleet.ts';

/** A reading in force: times in ms, values scaled. */
export interface TrueReading {
  readonly timeMs: bigint;
  readonly value: bigint;
}

/** The true statistics of one slice of one group. Sums are of scaled integers; the integral is in scaled value · ms. */
export interface TrueStats {
  readonly group: readonly string[];
  readonly sliceStartMs: number;
  count: bigint;
  sum: bigint;
  sumOfSquares: bigint;
  min: bigint | null;
  max: bigint | null;
  first: TrueReading | null;
  last: TrueReading | null;
  increase: bigint;
  integral: bigint;
  coveredMs: bigint;
}

/** A metric, as far as it decides what is true. */
export type TrueMetric = Omit<SimulatedMetric, 'unit' | 'decimals'>;

export interface TruthQuery {
  readonly metric: TrueMetric;
  /** The metric as it was declared when the reading of a series at a time was taken, where that was not always so. */
  readonly metricAt?: (series: number, timeMs: number) => TrueMetric;
  /** Tags that tell the groups apart. Empty: one group. */
  readonly by: readonly string[];
  readonly sliceMs: number;
  /** How far ahead of its delivery a reading may be dated; null where nothing is refused for its time. */
  readonly skewMsMax: number | null;
}

/** How many intervals a gauge holds its value without a new reading, unless its metric says for how long. */
const HOLD_INTERVALS = 3n;

/**
 * The true answer to a query, by group and slice, under `truthKey`. Slices that nothing touches are absent; a slice
 * that a held value covers, but in which nothing was read, is there with count 0.
 */
export function truthOf(
  deliveries: Iterable<Delivery>,
  series: readonly MeterSeries[],
  query: TruthQuery,
): Map<string, TrueStats> {
  const answer = new Map<string, TrueStats>();
  for (const [index, readings] of readingsInForce(deliveries, query)) {
    const described = series[index];
    if (described === undefined)
      throw new RangeError(`delivery of series ${index}, but only ${series.length} are described`);
    if (described.metric !== query.metric.name) continue;
    const group = query.by.map((tag) => described.tags[tag] ?? '');
    addSeries(answer, group, index, readings, query);
  }
  return answer;
}

/** The name of a slice of a group in the truth. */
export function truthKey(group: readonly string[], sliceStartMs: number): string {
  return JSON.stringify([...group, sliceStartMs]);
}

/** The readings in force of each series, by time. */
export function readingsInForce(
  deliveries: Iterable<Delivery>,
  query: Pick<TruthQuery, 'metric' | 'skewMsMax'>,
): Map<number, readonly TrueReading[]> {
  const bySeries = new Map<number, Map<number, number>>();
  for (const { series, timeMs, value, atMs } of deliveries) {
    if (query.skewMsMax !== null && timeMs > atMs + query.skewMsMax) continue;
    const readings = bySeries.get(series) ?? new Map<number, number>();
    bySeries.set(series, readings);
    if (query.metric.conflict === 'first' && readings.has(timeMs)) continue;
    readings.set(timeMs, value);
  }
  const sorted = new Map<number, readonly TrueReading[]>();
  for (const [series, readings] of bySeries) {
    const inTime = [...readings].sort(([a], [b]) => a - b);
    sorted.set(
      series,
      inTime.map(([timeMs, value]) => ({ timeMs: BigInt(timeMs), value: BigInt(value) })),
    );
  }
  return sorted;
}

function addSeries(
  answer: Map<string, TrueStats>,
  group: readonly string[],
  series: number,
  readings: readonly TrueReading[],
  { metric: always, metricAt, sliceMs }: TruthQuery,
): void {
  const size = BigInt(sliceMs);
  const sliceAt = (timeMs: bigint): TrueStats => statsAt(answer, group, startOf(timeMs, size));
  for (const [i, reading] of readings.entries()) {
    addReading(sliceAt(reading.timeMs), reading);
    const previous = readings[i - 1];
    if (previous === undefined) continue;
    const metric = metricAt?.(series, Number(reading.timeMs)) ?? always;
    if (metric.kind === 'delta') continue;
    if (metric.kind === 'total') {
      sliceAt(reading.timeMs).increase += reading.value - previous.value;
      continue;
    }
    if (metric.kind === 'counter') {
      const rollover = metric.rolloverScaled === null ? null : BigInt(metric.rolloverScaled);
      const step = BigInt(metric.rolloverStep ?? 1);
      sliceAt(reading.timeMs).increase += increaseOf(previous.value, reading.value, rollover, step);
      continue;
    }
    const holdMs = metric.holdMs === undefined ? HOLD_INTERVALS * BigInt(metric.intervalMs) : BigInt(metric.holdMs);
    const heldUntil = previous.timeMs + holdMs;
    const endMs = heldUntil < reading.timeMs ? heldUntil : reading.timeMs;
    for (let atMs = previous.timeMs; atMs < endMs;) {
      const edgeMs = startOf(atMs, size) + size;
      const untilMs = edgeMs < endMs ? edgeMs : endMs;
      const slice = sliceAt(atMs);
      slice.coveredMs += untilMs - atMs;
      slice.integral += previous.value * (untilMs - atMs);
      atMs = untilMs;
    }
  }
}

/**
 * By how much a counter has grown between two neighbouring readings. `rollover` is the highest value it can show; a step of
 * its last digit leads from there to 0.
 */
export function increaseOf(before: bigint, after: bigint, rollover: bigint | null, step = 1n): bigint {
  if (after >= before || (after > 0n && 10n * (before - after) <= before)) return after - before;
  const inTopTenth = rollover !== null && 10n * before >= 9n * rollover && before < rollover + step;
  if (inTopTenth && after >= 0n) return rollover - before + step + after;
  return after > 0n ? after : 0n;
}

function addReading(stats: TrueStats, reading: TrueReading): void {
  const { timeMs, value } = reading;
  stats.count += 1n;
  stats.sum += value;
  stats.sumOfSquares += value * value;
  if (stats.min === null || value < stats.min) stats.min = value;
  if (stats.max === null || value > stats.max) stats.max = value;
  const { first, last } = stats;
  if (first === null || timeMs < first.timeMs || (timeMs === first.timeMs && value < first.value))
    stats.first = reading;
  if (last === null || timeMs > last.timeMs || (timeMs === last.timeMs && value > last.value)) stats.last = reading;
}

function startOf(timeMs: bigint, sliceMs: bigint): bigint {
  const into = timeMs % sliceMs;
  return timeMs - (into < 0n ? into + sliceMs : into);
}

function statsAt(answer: Map<string, TrueStats>, group: readonly string[], startMs: bigint): TrueStats {
  const sliceStartMs = Number(startMs);
  const key = truthKey(group, sliceStartMs);
  let stats = answer.get(key);
  if (stats === undefined) {
    stats = {
      group,
      sliceStartMs,
      count: 0n,
      sum: 0n,
      sumOfSquares: 0n,
      min: null,
      max: null,
      first: null,
      last: null,
      increase: 0n,
      integral: 0n,
      coveredMs: 0n,
    };
    answer.set(key, stats);
  }
  return stats;
}
