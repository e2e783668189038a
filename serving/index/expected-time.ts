import { paceOf } from '#core/stats/accounted.ts';

/** A series of a group: how often it promises a reading, and from when on. */
export interface Promised {
  readonly intervalMs: number;
  readonly fromMs: number;
}

/** Slices that were added up, by the instants at which they begin and end. */
export interface SliceRange {
  readonly fromMs: number;
  readonly toMs: number;
}

const ALL_TIME: SliceRange = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

/**
 * For how long the series of a group are expected to account (core/stats/accounted.ts): from their promises on, always. No
 * series accounts for more than is expected of it. Found in closed form, so that a group of many costs little per window.
 */
export class ExpectedTime {
  readonly #classes: readonly IntervalClass[];

  constructor(series: Iterable<Promised>, sliceMs: number) {
    const byInterval = new Map<number, number[]>();
    for (const { intervalMs, fromMs } of series) {
      const froms = byInterval.get(intervalMs);
      if (froms === undefined) byInterval.set(intervalMs, [fromMs]);
      else froms.push(fromMs);
    }
    this.#classes = [...byInterval].map(([intervalMs, froms]) => ({
      intervalMs,
      cellMs: paceOf(intervalMs, sliceMs).cellMs,
      fromMs: Float64Array.from(froms).sort(),
    }));
  }

  /** What is expected of all in the cells that begin in the slices, as far as these lie in `within`; in ms. */
  ms(slices: SliceRange, within: SliceRange = ALL_TIME): number {
    if (this.#classes.length === 1 && within === ALL_TIME) {
      const ms = steadyMs(this.#classes[0]!, slices);
      if (ms <= Number.MAX_SAFE_INTEGER) return ms;
    }
    const sum = new MsSum();
    for (const one of this.#classes) addExpected(sum, one, slices, within);
    return sum.total;
  }

  /** The same as a number of readings. */
  readings(slices: SliceRange, within: SliceRange = ALL_TIME): number {
    let readings = 0;
    for (const one of this.#classes) {
      const sum = new MsSum();
      addExpected(sum, one, slices, within);
      readings += sum.total / one.intervalMs;
    }
    return readings;
  }
}

/** The series of one interval, by the beginnings of their promises, ascending. */
interface IntervalClass {
  readonly intervalMs: number;
  readonly cellMs: number;
  readonly fromMs: Float64Array;
}

/** A sum of whole milliseconds, rounded once at its end: a fleet's year is beyond the safe integers. */
class MsSum {
  #safe = 0;
  #wide = 0n;

  add(count: number, ms: number): void {
    const sum = this.#safe + count * ms;
    if (sum <= Number.MAX_SAFE_INTEGER) this.#safe = sum;
    else this.#wide += BigInt(count) * BigInt(ms);
  }

  get total(): number {
    return this.#wide === 0n ? this.#safe : Number(this.#wide + BigInt(this.#safe));
  }
}

/** What a class whose promises have all begun by then is expected to account for; NaN where some begin later. */
function steadyMs({ cellMs, fromMs }: IntervalClass, slices: SliceRange): number {
  const startMs = Math.ceil(slices.fromMs / cellMs) * cellMs;
  if (fromMs[fromMs.length - 1]! > startMs) return Number.NaN;
  return fromMs.length * (Math.ceil(slices.toMs / cellMs) * cellMs - startMs);
}

function addExpected(sum: MsSum, { cellMs, fromMs }: IntervalClass, slices: SliceRange, within: SliceRange): void {
  const startMs = Math.max(Math.ceil(slices.fromMs / cellMs) * cellMs, within.fromMs);
  const endMs = Math.min(Math.ceil(slices.toMs / cellMs) * cellMs, within.toMs);
  if (endMs <= startMs) return;
  const begun = countUpTo(fromMs, startMs);
  sum.add(begun, endMs - startMs);
  for (let i = begun; i < fromMs.length && fromMs[i]! < endMs; i++) sum.add(1, endMs - fromMs[i]!);
}

/** How many of the ascending numbers are at most `limit`. */
function countUpTo(ascending: Float64Array, limit: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
