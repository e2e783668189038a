/**
 * The slow, obvious accounted time: of each reading of a series in turn, from when to when it speaks for the series.
 * Shares no code with what it judges.
 */

/** The cell that holds a time: its first slice, and its end. */
function cellAt(ms: bigint, intervalMs: bigint, sliceMs: bigint): { readonly slice: number; readonly endMs: bigint } {
  let slices = 1n;
  while (slices * sliceMs < intervalMs) slices++;
  let slice = ms / sliceMs;
  while (slice * sliceMs > ms || slice % slices !== 0n) slice--;
  return { slice: Number(slice), endMs: (slice + slices) * sliceMs };
}

/** What readings at `times`, in any order, account for, in ms by the slice that it is kept in. */
export function accountedBySlice(
  times: Iterable<number>,
  intervalMs: number,
  sliceMs: number,
): ReadonlyMap<number, bigint> {
  const sorted = [...new Set(times)].sort((a, b) => a - b);
  const slices = new Map<number, bigint>();
  for (const [i, ms] of sorted.entries()) {
    const next = sorted[i + 1];
    const endMs = next !== undefined && isNear(ms, next, intervalMs) ? next : ms + intervalMs;
    addSpan(slices, ms, endMs, intervalMs, sliceMs);
  }
  return slices;
}

/**
 * What one reading adds to all that the series had before it: where it comes soon after the one before it, it carries on
 * from there. For series whose readings fall into several groups: each adds to its own.
 */
export function accountedByReading(
  beforeMs: number | undefined,
  ms: number,
  intervalMs: number,
  sliceMs: number,
): ReadonlyMap<number, bigint> {
  const slices = new Map<number, bigint>();
  const carriesOn = beforeMs !== undefined && isNear(beforeMs, ms, intervalMs);
  addSpan(slices, carriesOn ? beforeMs + intervalMs : ms, ms + intervalMs, intervalMs, sliceMs);
  return slices;
}

function isNear(ms: number, nextMs: number, intervalMs: number): boolean {
  return nextMs - ms <= intervalMs + intervalMs / 2;
}

function addSpan(slices: Map<number, bigint>, fromMs: number, toMs: number, intervalMs: number, sliceMs: number): void {
  for (let at = BigInt(fromMs); at < BigInt(toMs);) {
    const cell = cellAt(at, BigInt(intervalMs), BigInt(sliceMs));
    const until = cell.endMs < BigInt(toMs) ? cell.endMs : BigInt(toMs);
    slices.set(cell.slice, (slices.get(cell.slice) ?? 0n) + until - at);
    at = until;
  }
}
