/**
 * What is expected of the series of a group: one reading per interval, from their earliest reading on. It is counted in
 * closed form, so that a group of many series costs little per window.
 */
export class ExpectedReadings {
  readonly #classes: readonly IntervalClass[];

  constructor(members: Iterable<{ readonly intervalMs: number; readonly firstMs: number }>) {
    const byInterval = new Map<number, number[]>();
    for (const { intervalMs, firstMs } of members) {
      const firsts = byInterval.get(intervalMs);
      if (firsts === undefined) byInterval.set(intervalMs, [firstMs]);
      else firsts.push(firstMs);
    }
    this.#classes = [...byInterval].map(([intervalMs, firsts]) => intervalClass(intervalMs, firsts));
  }

  /** Σ over the members of the number of k ≥ 0 with start ≤ first + k · interval < end. */
  count(startMs: number, endMs: number): number {
    let expected = 0;
    for (const one of this.#classes) expected += expectedOf(one, startMs, endMs);
    return expected;
  }
}

/** The members with one interval: their earliest readings ascending, and how many share a phase. */
interface IntervalClass {
  readonly intervalMs: number;
  readonly firstMs: Float64Array;
  readonly phases: ReadonlyMap<number, number>;
}

function intervalClass(intervalMs: number, firsts: readonly number[]): IntervalClass {
  const phases = new Map<number, number>();
  for (const first of firsts) {
    const phase = first - Math.floor(first / intervalMs) * intervalMs;
    phases.set(phase, (phases.get(phase) ?? 0) + 1);
  }
  return { intervalMs, firstMs: Float64Array.from(firsts).sort(), phases };
}

function expectedOf({ intervalMs, firstMs, phases }: IntervalClass, startMs: number, endMs: number): number {
  const begun = countUpTo(firstMs, startMs);
  const spanMs = endMs - startMs;
  let expected = 0;
  if (spanMs % intervalMs === 0) {
    // A span of whole intervals holds the same number of readings whatever the phase.
    expected = begun * (spanMs / intervalMs);
  } else if (begun === firstMs.length) {
    for (const [phase, count] of phases) expected += count * multiplesIn(phase, intervalMs, startMs, endMs);
  } else {
    for (let i = 0; i < begun; i++) expected += multiplesIn(firstMs[i]!, intervalMs, startMs, endMs);
  }
  for (let i = begun; i < firstMs.length && firstMs[i]! < endMs; i++) {
    expected += Math.ceil((endMs - firstMs[i]!) / intervalMs);
  }
  return expected;
}

/** The number of integers k with start ≤ first + k · interval < end. */
function multiplesIn(firstMs: number, intervalMs: number, startMs: number, endMs: number): number {
  return Math.ceil((endMs - firstMs) / intervalMs) - Math.ceil((startMs - firstMs) / intervalMs);
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
