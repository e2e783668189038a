/**
 * How complete and how final a window is, the slow, obvious way: instant by instant, series by series, each capped at what
 * it promised. Shares no code with what it judges but how readings account for time (core/stats/accounted.oracle.ts).
 */
import { accountedBySlice } from '#core/stats/accounted.oracle.ts';

/** A series as its promise and its readings tell it. */
export interface KnownSeries {
  readonly agent: string;
  readonly times: readonly number[];
  /** From when on it is expected, where that was said. */
  readonly sinceMs?: number;
}

/** What is known of an agent. */
export interface KnownAgent {
  /** The watermark that counts. */
  readonly watermarkMs: number | null;
  /** Whether a frame is known to be missing. */
  readonly holes: boolean;
}

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** From 0 to 1: how much the series of a group accounted for of what they promised in the span. */
export function completenessOf(
  series: readonly KnownSeries[],
  agents: ReadonlyMap<string, KnownAgent>,
  { startMs, endMs }: Span,
  intervalMs: number,
  sliceMs: number,
): number {
  let expected = 0n;
  let kept = 0n;
  let readings = 0;
  for (const { times, sinceMs } of series) {
    if (times.length === 0) continue;
    readings += times.filter((ms) => ms >= startMs && ms < endMs).length;
    const accounted = accountedBySlice(times, intervalMs, sliceMs);
    const fromMs = Math.min(...times, sinceMs ?? Number.POSITIVE_INFINITY);
    let owed = 0n;
    let given = 0n;
    for (let slice = startMs / sliceMs; slice * sliceMs < endMs; slice++) {
      given += accounted.get(slice) ?? 0n;
      owed += BigInt(Math.max(0, cellEndMs(slice, intervalMs, sliceMs) - Math.max(fromMs, slice * sliceMs)));
    }
    expected += owed;
    kept += given < owed ? given : owed;
  }
  const share = expected === 0n ? 1 : Number(kept) / Number(expected);
  const misses = series.some(({ agent, times }) => times.length > 0 && agents.get(agent)!.holes);
  return misses ? Math.min(share, readings / (readings + 1)) : share;
}

/** The end of the cell that begins with the slice; of a slice within a cell, its own begin. */
function cellEndMs(slice: number, intervalMs: number, sliceMs: number): number {
  let slices = 1;
  while (slices * sliceMs < intervalMs) slices++;
  return Math.abs(slice % slices) === 0 ? (slice + slices) * sliceMs : slice * sliceMs;
}

/** Whether every agent with a reading before the span's end has passed it, and no agent of the group misses anything. */
export function isFinal(
  series: readonly KnownSeries[],
  agents: ReadonlyMap<string, KnownAgent>,
  { endMs }: Span,
): boolean {
  return series
    .filter(({ times }) => times.length > 0)
    .every(({ agent, times }) => {
      const { watermarkMs, holes } = agents.get(agent)!;
      const hasPassed = times.every((ms) => ms >= endMs) || (watermarkMs !== null && watermarkMs >= endMs);
      return !holes && hasPassed;
    });
}
