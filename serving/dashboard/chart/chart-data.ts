import type { Measure } from '../choice/measure.ts';
import type { Exact } from '../stream/message.ts';
import { type GroupWindows, isWhole, type ShownWindow } from '../stream/windows-state.ts';
import { measured } from './window-words.ts';

/** Numbers of one drawn line, one per x; null leaves a gap. */
export type Column = (number | null)[];

/** What is drawn of a group, by column. */
export interface GroupColumns {
  readonly key: string;
  /** Values of windows that are final. */
  readonly final: Column;
  /** Values of windows that are not, and of the final ones beside them, so that the line does not break. */
  readonly provisional: Column;
  /** Values of windows that are not told over their whole length, of what adds up: they are less than those beside them. */
  readonly partial: Column;
  /** The band, where the measure has one. */
  readonly low: Column;
  readonly high: Column;
}

/** Everything that the chart draws, aligned: `startMs`, `endMs` and `centresS` are of the same windows. */
export interface ChartData {
  readonly startMs: readonly number[];
  readonly endMs: readonly number[];
  /** The middle of each window, in s, which is where its value is drawn. */
  readonly centresS: number[];
  readonly groups: readonly GroupColumns[];
  /** The windows by group and x, for who wants to know more of them. */
  readonly windows: readonly (readonly (ShownWindow | undefined)[])[];
}

/**
 * The windows of groups as columns over one axis of time, on which spans without any window are gaps. What agents have told
 * reaches up to `freshnessMs`.
 */
export function chartData(groups: readonly GroupWindows[], measure: Measure, freshnessMs: number | null): ChartData {
  const { startMs, endMs } = axisOf(groups);
  const indexOf = new Map(startMs.map((atMs, index) => [atMs, index]));
  const windows = groups.map((group) => {
    const row = Array.from<ShownWindow | undefined>({ length: startMs.length });
    for (const window of group.windows) row[indexOf.get(window.startMs)!] = window;
    return row;
  });
  return {
    startMs,
    endMs,
    centresS: startMs.map((start, i) => (start + endMs[i]!) / 2_000),
    groups: groups.map(({ key }, g) => columnsOf(key, windows[g]!, measure, freshnessMs)),
    windows,
  };
}

/** A statistic as a double; null where there is none. */
function asDouble(value: Exact | null | undefined): number | null {
  return value === undefined || value === null ? null : Number(value);
}

/** The points that a line would not show, because they have no neighbour: they need a dot. */
export function lonePoints(column: readonly (number | null | undefined)[]): number[] {
  const lone: number[] = [];
  for (const [i, value] of column.entries()) {
    if (isThere(value) && !isThere(column[i - 1]) && !isThere(column[i + 1])) lone.push(i);
  }
  return lone;
}

/** The edges of all windows, by start. Where no group has a window there is one without values, which breaks lines. */
function axisOf(groups: readonly GroupWindows[]): { readonly startMs: number[]; readonly endMs: number[] } {
  const ends = new Map<number, number>();
  for (const { windows } of groups) for (const window of windows) ends.set(window.startMs, window.endMs);
  const startMs: number[] = [];
  const endMs: number[] = [];
  for (const [start, end] of [...ends].sort(([a], [b]) => a - b)) {
    const lastEnd = endMs.at(-1);
    if (lastEnd !== undefined && start > lastEnd) {
      startMs.push(lastEnd);
      endMs.push(start);
    }
    startMs.push(start);
    endMs.push(end);
  }
  return { startMs, endMs };
}

function columnsOf(
  key: string,
  windows: readonly (ShownWindow | undefined)[],
  measure: Measure,
  freshnessMs: number | null,
): GroupColumns {
  const values = windows.map((window) => (window === undefined ? null : asDouble(measured(window, measure))));
  const isPartial = windows.map((window) => measure.adds && window !== undefined && !isWhole(window, freshnessMs));
  const isFinal = (i: number): boolean => windows[i]?.final === true && !isPartial[i];
  const isOpen = (i: number): boolean => windows[i]?.final === false && !isPartial[i] && values[i] !== null;
  const { band } = measure;
  return {
    key,
    final: values.map((value, i) => (isFinal(i) ? value : null)),
    provisional: values.map((value, i) =>
      isOpen(i) || (isFinal(i) && (isOpen(i - 1) || isOpen(i + 1))) ? value : null,
    ),
    partial: values.map((value, i) => (isPartial[i] ? value : null)),
    low: band === undefined ? [] : windows.map((window) => asDouble(window?.stats[band.low])),
    high: band === undefined ? [] : windows.map((window) => asDouble(window?.stats[band.high])),
  };
}

function isThere(value: number | null | undefined): boolean {
  return value !== null && value !== undefined;
}

/** The newest window may end this many windows before now and still be shown as the present. */
const BEHIND_WINDOWS_MAX = 3;

/**
 * The range of time that the chart shows, in ms: up to now where readings arrive, with the gap to now where they have
 * stopped within the span, and up to the newest window where all of it lies in the past or ahead.
 */
export function timeRange(
  newestEndMs: number | undefined,
  nowMs: number,
  spanMs: number,
  windowMs: number,
): [fromMs: number, toMs: number] {
  if (newestEndMs === undefined) return [nowMs - spanMs, nowMs];
  const isPast = newestEndMs < nowMs - spanMs / 2 - BEHIND_WINDOWS_MAX * windowMs;
  const toMs = isPast || newestEndMs > nowMs ? newestEndMs : Math.ceil(nowMs / windowMs) * windowMs;
  return [toMs - spanMs, toMs];
}
