import { BAND_SLICES } from '#backbone/results/results.ts';
import type { StatsPart } from '#core/stats/statistics.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';
import { formatDuration, longestMs } from '#core/time/duration.ts';
import { INSTANT_MAX_MS, INSTANT_MIN_MS } from '#core/time/instant.ts';
import {
  hullOfWindows,
  longestWindowMs,
  windowEdgesFitSlice,
  type WindowSpan,
  type WindowSpec,
} from '#core/time/windows.ts';
import { groupKey } from '#core/views/view.ts';
import { ChangedSlices } from '../index/changed-slices.ts';
import type { Group } from '../index/group.ts';
import { SourceReplaced } from '../index/index-errors.ts';
import type { WindowSums } from '../index/kept-sums.ts';
import { writePositionToken } from '../index/position-token.ts';
import type { AskedGroups } from '../index/recent-changes.ts';
import type { ServingIndex } from '../index/serving-index.ts';
import type { ViewSource } from '../index/view-source.ts';
import { type AnsweredWindow, type AnswerHead, freshnessOf, Judge, withoutOf } from './answered-window.ts';
import { WindowCombiner, windowsOfSlices } from './combine-windows.ts';
import {
  JSON_WINDOWS_MAX,
  QueryError,
  type SessionsQuery,
  type TagFilter,
  tooMany,
  type ViewQuery,
  type WindowsQuery,
} from './query.ts';
import { sumWide } from './wide-sums.ts';
import { WideWindows } from './wide-windows.ts';
import { admitsGroup, askedExtentOf, type Extent, spanChunks, wideExtentOf } from './window-spans.ts';

/** Windows whose sums stand in `table`. Each is valid until the next is asked for. */
export interface AnsweredRows {
  readonly table: StatsTable;
  readonly windows: Iterable<AnsweredWindow>;
}

export interface WindowsAnswer extends AnswerHead, AnsweredRows {}

/** Windows that are summed between two looks at the limit, over all groups. */
const CHUNK_WINDOWS = 16_384;

/** Windows of a short query, over all groups: some ten milliseconds of work. */
const SHORT_WINDOWS_MAX = 10_000;

/** From so many groups on they are read all together instead of page by page. */
const WIDE_GROUPS_MIN = 64;
/** Windows of all groups together that are summed at once, at up to 200 bytes each. */
const WIDE_WINDOWS_MAX = 65_536;
/** The same of the first piece of a stream, so that a reader gets something soon. */
const FIRST_WINDOWS_MAX = 8_192;
/** Slices of all groups together that are summed at once: where they are changes, they are held meanwhile. */
const WIDE_SLICES_MAX = 1_048_576;
/** Windows of an answer in one piece that are looked at, since most of them may be empty. */
const WHOLE_WINDOWS_MAX = 4 * JSON_WINDOWS_MAX;

/** How an answer is made, for tests. */
export interface AnswerOptions {
  readonly wideGroupsMin?: number;
}

/** How often a query starts over because its source was replaced. */
const TRIES_MAX = 5;

/** Which source a query is put to. */
export type SourceOf = () => ViewSource;

/** Which queries wait for each other: a short one never for one that works for long. */
export type Lane = keyof ServingIndex['lanes'];

/** The lane of a query, by how many groups and windows it names. */
export function laneOf(source: ViewSource, query: WindowsQuery | SessionsQuery): Lane {
  const groups = groupsOf(source, query.where).length;
  if (groups >= WIDE_GROUPS_MIN) return 'wide';
  const windows = 'spec' in query ? (query.toMs - query.fromMs) / stepMs(query.spec) : 0;
  return groups * windows > SHORT_WINDOWS_MAX ? 'wide' : 'short';
}

/** From one window to the next, at the most. */
function stepMs(spec: WindowSpec): number {
  return longestMs(spec.kind === 'hopping' ? spec.every : spec.size);
}

/** Puts a query to the live source, again where that is replaced meanwhile. */
export async function withSource<T>(
  index: ServingIndex,
  view: string,
  sourceOf: SourceOf,
  ask: (source: ViewSource) => Promise<T>,
  lane: Lane = 'short',
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await index.lanes[lane].run(() => ask(sourceOf()));
    } catch (error) {
      if (!(error instanceof SourceReplaced) || tries === TRIES_MAX) throw error;
      await index.settled(view);
    }
  }
}

/**
 * The whole answer, as of one moment. More than `windowsMax` windows are a QueryError.
 *
 * Where groups or windows come new while many groups are read, it lacks these: its head is then the one of before, and
 * what was committed since may be in it or not.
 */
export async function answerWindows(
  index: ServingIndex,
  source: ViewSource,
  query: WindowsQuery,
  windowsMax = JSON_WINDOWS_MAX,
  { wideGroupsMin = WIDE_GROUPS_MIN }: AnswerOptions = {},
): Promise<WindowsAnswer> {
  const groups = groupsOf(source, query.where);
  const isWide = groups.length >= wideGroupsMin;
  const begun = isWide ? headOf(index, source, groups) : undefined;
  const data = isWide ? await wideExtentOf(source) : await askedExtentOf(source, query.spec, query, groups);
  checkEdges(query, data);
  if (begun !== undefined) {
    const spans = await takeSpans(source, query, data, Math.max(1, Math.floor(WHOLE_WINDOWS_MAX / groups.length)));
    if (spans !== undefined) {
      return await sumWide({ source, groups, spans, parts: partsOf(query) }, (sums) => {
        const rows = judgedWide(source, query, sums);
        if (rows.windows.count > windowsMax) throw tooMany('windows', windowsMax);
        const isWhole = holdsChangesSince(source, query, groups, spans, begun.sequence);
        return { ...(isWhole ? headOf(index, source, groups) : begun), ...rows };
      });
    }
  }
  const combiner = openCombiner(source, query);
  const heldFrom = (fromMs: number): Promise<number | undefined> => heldIn(source, fromMs);
  for await (const spans of spanChunks(query.spec, query, data, heldFrom, () => chunkSize(groups.length))) {
    await combiner.add(groups, spans);
    if (combiner.count > windowsMax) throw tooMany('windows', windowsMax);
  }
  return combiner.settle(() => {
    if (combiner.count > windowsMax) throw tooMany('windows', windowsMax);
    const now = groupsOf(source, query.where);
    return { ...headOf(index, source, now), ...judged(source, query, combiner, now) };
  });
}

/** The same answer without limit, in pieces along time; each piece is as of a moment of its own. */
export async function* streamWindows(
  index: ServingIndex,
  sourceOf: SourceOf,
  query: WindowsQuery,
  { wideGroupsMin = WIDE_GROUPS_MIN }: AnswerOptions = {},
): AsyncGenerator<AnsweredRows> {
  const { view } = query;
  const source = sourceOf();
  const groups = groupsOf(source, query.where);
  const isWide = groups.length >= wideGroupsMin;
  const lane = laneOf(source, query);
  const asking = <T>(ask: (one: ViewSource) => Promise<T>): Promise<T> =>
    withSource(index, view.name, sourceOf, ask, lane);
  const data = await asking((one) =>
    isWide ? wideExtentOf(one) : askedExtentOf(one, query.spec, query, groupsOf(one, query.where)),
  );
  checkEdges(query, data);
  const sizeOf = isWide ? wideChunks(query, groups.length) : () => chunkSize(groups.length);
  const heldFrom = (fromMs: number): Promise<number | undefined> => asking((one) => heldIn(one, fromMs));
  for await (const spans of spanChunks(query.spec, query, data, heldFrom, sizeOf)) {
    yield await asking(async (one) => {
      // Another version may group or slice otherwise: rows of both in one stream would say nothing.
      if (one.id.version !== source.id.version) throw new SourceReplaced(view.name);
      const now = groupsOf(one, query.where);
      if (isWide)
        return sumWide({ source: one, groups: now, spans, parts: partsOf(query) }, (sums) =>
          judgedWide(one, query, sums),
        );
      const combiner = openCombiner(one, query);
      await combiner.add(now, spans);
      return combiner.settle(() => judged(one, query, combiner, now));
    });
  }
}

/** The parts of stats that a query asks for. */
function partsOf({ stats }: ViewQuery): ReadonlySet<StatsPart> {
  return new Set(stats.flatMap(({ needs }) => needs));
}

/** Windows of many groups that were summed together. */
function judgedWide(source: ViewSource, query: ViewQuery, sums: WindowSums): AnsweredRows & { windows: WideWindows } {
  const { table } = sums;
  return { table, windows: new WideWindows(sums, new Judge(table, query, source.id), keepsWindow(query)) };
}

/** The windows that may hold data, where they are no more than so many; undefined where there are more. */
async function takeSpans(
  source: ViewSource,
  query: WindowsQuery,
  data: Extent | undefined,
  countMax: number,
): Promise<readonly WindowSpan[] | undefined> {
  const heldFrom = (fromMs: number): Promise<number | undefined> => heldIn(source, fromMs);
  const chunks = spanChunks(query.spec, query, data, heldFrom, () => countMax);
  const first = await chunks.next();
  if (first.done === true) return [];
  return first.value.length === countMax && (await chunks.next()).done !== true ? undefined : first.value;
}

/** Whether all windows of the query that were changed since a commit are among the spans, and all groups among the groups. */
function holdsChangesSince(
  source: ViewSource,
  query: WindowsQuery,
  groups: readonly Group[],
  spans: readonly WindowSpan[],
  sequence: number,
): boolean {
  const batches = source.recent.since(sequence);
  if (batches === undefined || groupsOf(source, query.where).length !== groups.length) return false;
  const changed = new ChangedSlices();
  for (const batch of batches) for (const { slices } of batch.groups.values()) changed.addAll(slices);
  if (changed.size === 0) return true;
  const known = new Set(spans.map(({ startMs }) => startMs));
  for (const { startMs } of windowsOfSlices({ source, ...query }, changed)) if (!known.has(startMs)) return false;
  return true;
}

/** The first instant from one on at which the source may hold anything. */
async function heldIn(source: ViewSource, fromMs: number): Promise<number | undefined> {
  const { sliceMs } = source.id.view;
  const slice = await source.heldFrom(Math.floor(fromMs / sliceMs));
  return slice === undefined ? undefined : slice * sliceMs;
}

/**
 * Windows that are summed at once over so many groups: few at first. Where a piece reaches over a band, it ends with one, so
 * that no band is read twice.
 */
function wideChunks({ spec, view }: WindowsQuery, groupCount: number): (startMs: number) => number {
  const slices = Math.max(1, longestMs(spec.size) / view.sliceMs);
  const everyMs = stepMs(spec);
  const bandMs = BAND_SLICES * view.sliceMs;
  const most = Math.min(WIDE_WINDOWS_MAX, WIDE_SLICES_MAX / slices);
  let isFirst = true;
  return (startMs) => {
    const countMax = Math.max(1, Math.floor((isFirst ? Math.min(FIRST_WINDOWS_MAX, most) : most) / groupCount));
    isFirst = false;
    const bandEndMs = Math.floor((startMs + countMax * everyMs) / bandMs) * bandMs;
    return bandEndMs > startMs ? Math.max(1, Math.floor((bandEndMs - startMs) / everyMs)) : countMax;
  };
}

export function groupsOf(source: ViewSource, where: TagFilter): readonly Group[] {
  const { by } = source.id.view;
  if (where.size === 0) return source.groups();
  const named = by.map((tag) => where.get(tag) ?? []);
  if (named.every((values) => values.length === 1)) {
    const group = source.group(groupKey(named.flat()));
    return group === undefined ? [] : [group];
  }
  return source.groups().filter((group) => admitsGroup(by, where, group));
}

/** The same for a look at changes; undefined where all are asked for. */
export function askedOf(source: ViewSource, where: TagFilter): AskedGroups | undefined {
  if (where.size === 0) return undefined;
  return { groups: groupsOf(source, where), admits: (group) => admitsGroup(source.id.view.by, where, group) };
}

export function headOf(index: ServingIndex, source: ViewSource, groups: Iterable<Group>): AnswerHead {
  const { view, version, batch, isAsOf, isFolding } = source.id;
  const positions = isAsOf ? new Map(batch.cut.map((position, partition) => [partition, position])) : index.positions;
  return {
    view: view.name,
    version,
    position: writePositionToken({ run: index.run, version, cut: batch.cut, positions }),
    // How far a version is that is still folded, its agents don't tell.
    freshnessMs: isFolding ? null : freshnessOf(groups),
    provisional: isFolding,
    without: withoutOf(groups),
    sequence: source.recent.newest,
    asOf: isAsOf ? { cut: batch.cut, publishedAtMs: batch.publishedAtMs } : undefined,
  };
}

/** Whether a window is told: it has readings, or what was asked for can be told without them. */
export function keepsWindow(query: ViewQuery): (table: StatsTable, slot: number) => boolean {
  const covered = asksCovered(query);
  return (table, slot) => table.count[slot] !== 0 || (covered && table.coveredMs[slot] !== 0);
}

/**
 * Whether a window that is not told, by its revision, may have been told before. A reading that is counted stays, so it is
 * one whose covered time was taken back: by another record than had told it.
 */
export function mayBeGone(query: ViewQuery): (revision: number) => boolean {
  return asksCovered(query) ? (revision) => revision > 1 : () => false;
}

function asksCovered({ stats }: ViewQuery): boolean {
  return stats.some(({ needs }) => needs.includes('coveredMs'));
}

/** Opens a combiner of the query's windows; where `noticesGone`, it tells those too that may be gone. */
export function openCombiner(source: ViewSource, query: WindowsQuery, noticesGone = false): WindowCombiner {
  const { spec, fromMs, toMs, where } = query;
  const { by } = source.id.view;
  return new WindowCombiner({
    source,
    spec,
    fromMs,
    toMs,
    admits: (group) => admitsGroup(by, where, group),
    keeps: keepsWindow(query),
    ...(noticesGone ? { mayBeGone: mayBeGone(query) } : {}),
  });
}

/**
 * Refuses windows whose edges are no slice edges (docs/design.md#windows-are-made-of-slices), or no instants that an answer
 * can write, looking at those that can hold data.
 */
export function checkEdges(query: WindowsQuery, data: Extent | undefined): void {
  const { spec, view, fromMs, toMs } = query;
  const { sliceMs } = view;
  if (data !== undefined) checkYears(query, data);
  // Calendar edges are looked at one by one, so of a range without data only the last year is.
  const start = Math.max(fromMs, data?.fromMs ?? toMs - YEAR_MS);
  const end = Math.min(toMs, data?.toMs ?? toMs);
  const fit = windowEdgesFitSlice(spec, sliceMs, Math.min(start, toMs), Math.max(end, Math.min(start, toMs)));
  if (fit.fits) return;
  const widest = formatDuration({ kind: 'fixed', ms: fit.widestSliceMs });
  const slice = formatDuration({ kind: 'fixed', ms: sliceMs });
  throw new QueryError(
    'window',
    windowText(spec),
    `has edges inside slices of ${slice}, the slice of view ${view.name}`,
    `declare the view with \`slice: ${widest}\`, the widest that fits, or ask for windows of whole slices`,
  );
}

const YEAR_MS = 366 * 86_400_000;

function checkYears({ spec, fromMs, toMs }: WindowsQuery, data: Extent): void {
  const reachMs = longestWindowMs(spec);
  if (data.fromMs - reachMs >= INSTANT_MIN_MS && data.toMs + reachMs <= INSTANT_MAX_MS) return;
  const asked = hullOfWindows(spec, fromMs, toMs);
  const [start, end] = [Math.max(asked.startMs, data.fromMs), Math.min(asked.endMs, data.toMs)];
  if (start >= end) return;
  const held = hullOfWindows(spec, start, end);
  if (held.startMs >= INSTANT_MIN_MS && held.endMs <= INSTANT_MAX_MS) return;
  throw new QueryError(
    'window',
    windowText(spec),
    'has edges beyond the years 0000 to 9999 of UTC, though readings lie in it',
    'ask for shorter windows, or for a range that ends before',
  );
}

function windowText(spec: WindowSpec): string {
  const every = spec.kind === 'hopping' ? ` every ${formatDuration(spec.every)}` : '';
  const late = spec.offset === undefined ? '' : ` later by ${formatDuration(spec.offset)}`;
  return `${formatDuration(spec.size)}${every}${late} in ${spec.zone.name}`;
}

function judged(
  source: ViewSource,
  query: WindowsQuery,
  combiner: WindowCombiner,
  groups: readonly Group[],
): AnsweredRows {
  const judge = new Judge(combiner.table, query, source.id);
  return { table: combiner.table, windows: combiner.windows(groups).map((window) => judge.window(window)) };
}

function chunkSize(groupCount: number): number {
  return Math.max(1, Math.floor(CHUNK_WINDOWS / Math.max(1, groupCount)));
}
