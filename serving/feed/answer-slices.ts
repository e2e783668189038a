import type { GoneSlice } from '#backbone/answers/slice-feed.ts';
import type { StatsPart } from '#core/stats/statistics.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';
import type { WindowSpan } from '#core/time/windows.ts';
import { keepsWindow, mayBeGone } from '../answers/answer-windows.ts';
import { type AnsweredWindow, Judge } from '../answers/answered-window.ts';
import { WindowCombiner } from '../answers/combine-windows.ts';
import type { WindowsQuery } from '../answers/query.ts';
import { sumWide } from '../answers/wide-sums.ts';
import { WideWindows } from '../answers/wide-windows.ts';
import type { Group } from '../index/group.ts';
import type { WindowSums } from '../index/kept-sums.ts';
import type { ViewSource } from '../index/view-source.ts';
import type { SliceRanges } from './slice-ranges.ts';

/** Slices as they are answered; their sums stand in `table`. */
export interface AnsweredSlices {
  readonly table: StatsTable;
  /** Each is valid until the next is asked for. */
  readonly windows: Iterable<AnsweredWindow>;
  readonly count: number;
  /** Those of them that hold nothing and may have held something before. */
  readonly gone: readonly GoneSlice[];
}

/** From so many groups on they are read all together. */
export const WIDE_GROUPS_MIN = 64;
/** How many more slices than asked for may be read so. */
const WIDE_EXCESS_MAX = 4;

/** Slices [from, to) of all the groups, as of one moment; those that hold nothing are left out. */
export function answerAll(
  source: ViewSource,
  query: WindowsQuery,
  groups: readonly Group[],
  from: number,
  to: number,
): Promise<AnsweredSlices> {
  const spans = spansOf(source, from, to);
  if (groups.length < WIDE_GROUPS_MIN)
    return answerEach(source, query, new Map(groups.map((group) => [group, spans] as const)));
  const parts = new Set<StatsPart>(query.stats.flatMap(({ needs }) => needs));
  const keeps = keepsWindow(query);
  // Nobody asks for the same again.
  return sumWide({ source, groups, spans, parts, isOnce: true }, (sums) => {
    const windows = new WideWindows(sums, new Judge(sums.table, query, source.id), keeps);
    return { table: sums.table, windows, count: windows.count, gone: goneOf(sums, query) };
  });
}

/** Slices of some groups, as of one moment; those that hold nothing are left out, some others of these groups may be among them. */
export function answerRanges(
  source: ViewSource,
  query: WindowsQuery,
  ranges: ReadonlyMap<Group, SliceRanges>,
): Promise<AnsweredSlices> {
  let [from, to, asked] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const some of ranges.values()) {
    from = Math.min(from, some.extent[0]);
    to = Math.max(to, some.extent[1]);
    asked += some.slices;
  }
  const isDense = (to - from) * ranges.size <= WIDE_EXCESS_MAX * asked;
  if (isDense && ranges.size >= WIDE_GROUPS_MIN) return answerAll(source, query, [...ranges.keys()], from, to);
  const spans = new Map<Group, readonly WindowSpan[]>();
  for (const [group, some] of ranges) {
    const edges = some.edges();
    const ofGroup: WindowSpan[] = [];
    for (let i = 0; i < edges.length; i += 2) ofGroup.push(...spansOf(source, edges[i]!, edges[i + 1]!));
    spans.set(group, ofGroup);
  }
  return answerEach(source, query, spans);
}

async function answerEach(
  source: ViewSource,
  query: WindowsQuery,
  spans: ReadonlyMap<Group, readonly WindowSpan[]>,
): Promise<AnsweredSlices> {
  const combiner = new WindowCombiner({
    source,
    spec: query.spec,
    fromMs: query.fromMs,
    toMs: query.toMs,
    admits: (group) => spans.has(group),
    keeps: keepsWindow(query),
    mayBeGone: mayBeGone(query),
  });
  for (const [group, some] of spans) await combiner.add([group], some);
  return combiner.settle(() => {
    const judge = new Judge(combiner.table, query, source.id);
    const groups = [...spans.keys()];
    const windows = combiner.windows(groups).map((window) => judge.window(window));
    const gone = combiner.gone(groups).map(({ startMs, group: { tags } }) => ({ startMs, tags }));
    return { table: combiner.table, windows, count: windows.length, gone };
  });
}

/** The same of slices that were summed together. */
function goneOf({ groups, spans, table, revision }: WindowSums, query: WindowsQuery): readonly GoneSlice[] {
  const keeps = keepsWindow(query);
  const isGone = mayBeGone(query);
  const gone: GoneSlice[] = [];
  for (let slot = 0; slot < groups.length * spans.length; slot++) {
    if (keeps(table, slot) || !isGone(revision[slot]!)) continue;
    const { startMs } = spans[Math.floor(slot / groups.length)]!;
    gone.push({ startMs, tags: groups[slot % groups.length]!.tags });
  }
  return gone;
}

function spansOf(source: ViewSource, from: number, to: number): readonly WindowSpan[] {
  const { sliceMs } = source.id.view;
  return Array.from({ length: to - from }, (_, i) => ({
    startMs: (from + i) * sliceMs,
    endMs: (from + i + 1) * sliceMs,
  }));
}
