/**
 * Accounted time: for how long a series kept its promise of a reading per interval, or as often as it was said to speak
 * (docs/design.md#completeness-compares-with-what-was-promised).
 *
 * A reading at t accounts for [t, t + interval), or, where the next one follows within one and a half intervals, for
 * the time up to that one. So no instant is accounted for twice: a series that sends more often than it promised
 * accounts for no more than the time that passes, whatever window is looked at, and one that is silent for nothing.
 *
 * Written so that it adds up: each reading gives [t, t + interval), and each link of one and a half intervals at most moves
 * the end of what its earlier reading gave to its later one. A link does so by its times alone; taken back with the sign −1
 * it leaves no trace. Seen from a run, each reading that has such a link carries on from before + interval to t + interval.
 *
 * Time is kept in *cells*, aligned to the epoch: a slice, or as many slices as reach the interval where that is wider. All
 * of a cell stands in its first slice, so that a series opens no more slices than it has readings, and one for each cell.
 */
import { addMs, totalMs } from './exact-ms.ts';
import type { SliceSink } from './link.ts';
import type { StatsTable } from './stats-table.ts';

/** Within what time a series promises a reading, and the cells in which a view keeps what it accounts for. */
export interface Pace {
  readonly intervalMs: number;
  readonly sliceMs: number;
  readonly cellSlices: number;
  readonly cellMs: number;
}

export function paceOf(intervalMs: number, sliceMs: number): Pace {
  const cellSlices = Math.ceil(intervalMs / sliceMs);
  return { intervalMs, sliceMs, cellSlices, cellMs: cellSlices * sliceMs };
}

/**
 * Whether a reading accounts for all time up to the next one: one and a half intervals tell readings that are a quarter of
 * an interval early or late from one that is missing.
 */
export function reaches(intervalMs: number, gapMs: number): boolean {
  return 2 * gapMs <= 3 * intervalMs;
}

/** Whether readings at one distance account for all time between them, each slice being a cell of its own. */
export function accountsSteadily({ intervalMs, cellSlices }: Pace, stepMs: number): boolean {
  return cellSlices === 1 && reaches(intervalMs, stepMs);
}

/** From when on a reading adds to what its series accounts for, up to an interval after it; the one before it was at `beforeMs`. */
export function accountedFrom({ intervalMs }: Pace, beforeMs: number, atMs: number): number {
  return reaches(intervalMs, atMs - beforeMs) ? beforeMs + intervalMs : atMs;
}

/** What the readings of times[start, end), which ascend, don't account for between the first and the last of them. */
export function unaccountedMs(times: Float64Array, start: number, end: number, intervalMs: number): number {
  let lostMs = 0;
  for (let i = start + 1; i < end; i++) {
    const gapMs = times[i]! - times[i - 1]!;
    if (2 * gapMs > 3 * intervalMs) lostMs += gapMs - intervalMs;
  }
  return lostMs;
}

/** The same of so many readings at one distance. */
export function unaccountedSteps(readings: number, stepMs: number, intervalMs: number): number {
  return reaches(intervalMs, stepMs) ? 0 : (readings - 1) * (stepMs - intervalMs);
}

/** Adds the time [fromMs, toMs), or with sign -1 takes it back. Visits a slice for each cell that it touches. */
export function addAccountedSpan(sink: SliceSink, pace: Pace, sign: 1 | -1, fromMs: number, toMs: number): void {
  const { cellMs, cellSlices } = pace;
  let cell = Math.floor(fromMs / cellMs);
  for (let atMs = fromMs; atMs < toMs; cell++) {
    const edgeMs = (cell + 1) * cellMs;
    const untilMs = edgeMs < toMs ? edgeMs : toMs;
    const slot = sink.slotOf(cell * cellSlices);
    addAccounted(sink.table, slot, sign * (untilMs - atMs), 0);
    atMs = untilMs;
  }
}

/** Adds what the link (fromMs, toMs] changes of what its two readings give by themselves, or with sign -1 takes it back. */
export function addAccountedLink(sink: SliceSink, pace: Pace, sign: 1 | -1, fromMs: number, toMs: number): void {
  if (!reaches(pace.intervalMs, toMs - fromMs)) return;
  const endMs = fromMs + pace.intervalMs;
  if (endMs < toMs) addAccountedSpan(sink, pace, sign, endMs, toMs);
  else addAccountedSpan(sink, pace, sign === 1 ? -1 : 1, toMs, endMs);
}

/**
 * What the readings of a run account for, piece by piece, where a piece lies within one slice. Most of it belongs to the
 * slices that the pieces are added to, so it is given to them; what lies elsewhere is added by itself.
 */
export class AccountedRun {
  #sink!: SliceSink;
  #pace!: Pace;
  /** Up to the last reading and an interval, all is accounted for from here on and not added yet. */
  #fromMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Begins a run after the reading at `beforeMs`, which is -Infinity where none is known. The one before has ended. */
  begin(sink: SliceSink, pace: Pace, beforeMs: number): void {
    this.#sink = sink;
    this.#pace = pace;
    this.#lastMs = beforeMs;
    this.#fromMs = beforeMs + pace.intervalMs;
  }

  /**
   * The piece of the readings from `firstMs` to `lastMs`, between which `lostMs` are not accounted for. Gives what is to be
   * added to their slice. May open slices, so the slot of that is to be asked for afterwards.
   */
  piece(slice: number, firstMs: number, lastMs: number, lostMs: number): number {
    const { intervalMs, sliceMs, cellSlices } = this.#pace;
    if (2 * (firstMs - this.#lastMs) > 3 * intervalMs) {
      this.end();
      this.#fromMs = firstMs;
    }
    this.#lastMs = lastMs;
    if (cellSlices > 1) {
      if (lostMs > 0) this.#takeBack(slice, lostMs);
      return 0;
    }
    const startMs = slice * sliceMs;
    const endMs = startMs + sliceMs;
    const toMs = lastMs + intervalMs;
    let fromMs = this.#fromMs;
    if (fromMs < startMs) {
      addAccountedSpan(this.#sink, this.#pace, 1, fromMs, startMs);
      fromMs = startMs;
    }
    if (fromMs >= endMs) return 0;
    const untilMs = toMs < endMs ? toMs : endMs;
    this.#fromMs = untilMs;
    return untilMs - fromMs - lostMs;
  }

  /** Adds what is left, beyond the last piece. */
  end(): void {
    addAccountedSpan(this.#sink, this.#pace, 1, this.#fromMs, this.#lastMs + this.#pace.intervalMs);
  }

  #takeBack(slice: number, lostMs: number): void {
    const { cellSlices } = this.#pace;
    const slot = this.#sink.slotOf(Math.floor(slice / cellSlices) * cellSlices);
    addAccounted(this.#sink.table, slot, -lostMs, 0);
  }
}

/** Adds ms + rest to the accounted time. */
export function addAccounted(table: StatsTable, slot: number, ms: number, rest: number): void {
  addMs(table.accountedMs, table.accountedRest, slot, ms, rest);
}

/** The whole accounted time in ms. */
export function accountedTotal(table: StatsTable, slot: number): bigint {
  return totalMs(table.accountedMs, table.accountedRest, slot);
}
