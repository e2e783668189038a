import {
  countWindows,
  longestWindowMs,
  type WindowSpan,
  type WindowSpec,
  windowsOverlapping,
} from '#core/time/windows.ts';
import type { Group } from '../index/group.ts';
import type { ViewSource } from '../index/view-source.ts';
import type { TagFilter } from './query.ts';

/** The groups that a filter admits. */
export function admitsGroup(by: readonly string[], where: TagFilter, group: Group): boolean {
  for (const [tag, values] of where) if (!values.includes(group.tags[by.indexOf(tag)] ?? '')) return false;
  return true;
}

/** A half-open span of event time. */
export interface Extent {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Groups whose last slice is looked for at a time, where it is not known yet. */
const GROUPS_AT_ONCE = 16;

/** The span of slices in which the groups have any data; undefined where they have none. */
export async function extentOf(source: ViewSource, groups: readonly Group[]): Promise<Extent | undefined> {
  const unknown = groups.filter((group) => group.lastSliceStored === undefined);
  for (let i = 0; i < unknown.length; i += GROUPS_AT_ONCE) {
    await Promise.all(unknown.slice(i, i + GROUPS_AT_ONCE).map((group) => source.lastSlice(group)));
  }
  const { sliceMs } = source.id.view;
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  for (const group of groups) {
    const firstSlice = group.firstSliceKnown();
    const lastSlice = group.lastSliceKnown();
    if (firstSlice === undefined || lastSlice === undefined) continue;
    fromMs = Math.min(fromMs, firstSlice * sliceMs);
    toMs = Math.max(toMs, (lastSlice + 1) * sliceMs);
  }
  return toMs === Number.NEGATIVE_INFINITY ? undefined : { fromMs, toMs };
}

/** A span of slices outside of which no group of the source has data; undefined where none has. It may be too wide. */
export async function wideExtentOf(source: ViewSource): Promise<Extent | undefined> {
  const found = await source.extent();
  const { sliceMs } = source.id.view;
  return found === undefined ? undefined : { fromMs: found.fromSlice * sliceMs, toMs: found.toSlice * sliceMs };
}

/** Windows of all groups together that are rather summed, though empty, than it is looked for where each group has data. */
const UNCLIPPED_WINDOWS_MAX = 4_096;

/** A span outside of which the groups have no data: as narrow as it can be where that leaves out many empty windows. */
export async function askedExtentOf(
  source: ViewSource,
  spec: WindowSpec,
  range: Extent,
  groups: readonly Group[],
): Promise<Extent | undefined> {
  const all = await wideExtentOf(source);
  if (all === undefined || groups.every((group) => group.lastSliceStored !== undefined))
    return extentOf(source, groups);
  const countMax = Math.floor(UNCLIPPED_WINDOWS_MAX / Math.max(1, groups.length));
  const fromMs = Math.max(range.fromMs, all.fromMs);
  const toMs = Math.max(fromMs, Math.min(range.toMs, all.toMs));
  return countWindows(spec, fromMs, toMs, countMax) < countMax ? all : extentOf(source, groups);
}

/** The first instant from one on, at which there may be data; undefined where there is none. It may be too early. */
export type HeldFrom = (fromMs: number) => Promise<number | undefined>;

/** Windows between two looks at where there are data: few behind a gap, and then ever more. */
const LOOK_WINDOWS_FIRST = 64;
const LOOK_WINDOWS_MAX = 16_384;

/**
 * The windows that overlap the query's range and may hold data, in pieces of at most as many as `sizeOf` says of their
 * first, in the order of time. Of stretches without data only a few windows are given, however long they are.
 */
export async function* spanChunks(
  spec: WindowSpec,
  range: Extent,
  data: Extent | undefined,
  heldFrom: HeldFrom,
  sizeOf: (startMs: number) => number,
): AsyncGenerator<readonly WindowSpan[]> {
  if (data === undefined) return;
  let chunk: WindowSpan[] = [];
  let sizeMax = 0;
  for await (const run of runsOfWindows(spec, range, data, heldFrom)) {
    for (const span of run) {
      if (chunk.length === 0) sizeMax = sizeOf(span.startMs);
      chunk.push(span);
      if (chunk.length < sizeMax) continue;
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}

async function* runsOfWindows(
  spec: WindowSpec,
  range: Extent,
  data: Extent,
  heldFrom: HeldFrom,
): AsyncGenerator<readonly WindowSpan[]> {
  // A window that overlaps both need not hold an instant of both at once, so the range is clipped with room to spare.
  const roomMs = longestWindowMs(spec);
  const fromMs = Math.max(range.fromMs, data.fromMs - roomMs);
  const toMs = Math.min(range.toMs, data.toMs + roomMs);
  if (fromMs >= toMs) return;
  let windows = windowsOverlapping(spec, fromMs, toMs);
  let holding = data;
  let countMax = LOOK_WINDOWS_FIRST;
  for (;;) {
    const run = takeWindows(windows, holding, countMax);
    const first = run[0];
    if (first === undefined) return;
    const heldMs = await heldFrom(first.startMs);
    if (heldMs === undefined) return;
    countMax = Math.min(2 * countMax, LOOK_WINDOWS_MAX);
    if (heldMs < first.endMs) {
      yield run;
    } else {
      // Ends ascend as starts do: only later windows end behind `heldMs`.
      holding = { ...data, fromMs: Math.max(data.fromMs, heldMs) };
      windows = windowsOverlapping(spec, Math.min(heldMs, toMs - 1), toMs);
      countMax = LOOK_WINDOWS_FIRST;
    }
  }
}

/** The next windows that overlap the data, no more than so many. */
function takeWindows(windows: Iterator<WindowSpan, unknown>, data: Extent, countMax: number): readonly WindowSpan[] {
  const run: WindowSpan[] = [];
  while (run.length < countMax) {
    const next = windows.next();
    if (next.done === true) break;
    if (next.value.endMs > data.fromMs && next.value.startMs < data.toMs) run.push(next.value);
  }
  return run;
}
