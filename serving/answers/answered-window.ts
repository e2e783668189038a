import { EVER } from '#backbone/changes/judged-agent.ts';
import { holdMsOf } from '#core/metrics/metric.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';
import type { Group } from '../index/group.ts';
import { type GroupProgress, type Horizon, type JudgedSlices } from '../index/progress.ts';
import type { CombinedWindow } from './combine-windows.ts';
import type { ViewQuery } from './query.ts';

/** A window as it is told: its sum stands in the answer's table. */
export interface AnsweredWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly tags: readonly string[];
  readonly slot: number;
  readonly revision: number;
  readonly pending: boolean;
  /** From 0 to 1. */
  readonly completeness: number;
  readonly final: boolean;
  /** Where it lies after the start: nothing was expected of the group before it. */
  readonly expectedFromMs?: number | undefined;
}

/** What every answer says of itself. */
export interface AnswerHead {
  readonly view: string;
  readonly version: number;
  readonly position: string;
  readonly freshnessMs: number | null;
  /** The version has not caught up with the log yet: nothing in the answer is complete or final. */
  readonly provisional: boolean;
  /** Agents that the answer doesn't wait for, or that lost frames for good, by name. */
  readonly without: readonly string[];
  /** How far it is in the recent changes of its source; not told. */
  readonly sequence: number;
  /** Of an answer as of an earlier cut: the position of that cut per partition, and when it was published. */
  readonly asOf: { readonly cut: readonly number[]; readonly publishedAtMs: number } | undefined;
}

/** A window of a group whose sum stands in the judge's table. */
type JudgedSum = Omit<CombinedWindow, 'table'>;

/** What a source is, as far as its windows are judged by it. */
export interface JudgedSource {
  readonly isAsOf: boolean;
  readonly isFolding: boolean;
  /** Whether its rows tell for how long series kept their promises. */
  readonly isAccounted: boolean;
}

/**
 * For how long a value may be held beyond a window's end, where that is told, by the longest interval of the series of its
 * group: the window isn't final until then (docs/design.md#final-is-what-nothing-more-is-expected-for).
 */
export function heldBeyond({ metric, stats }: Pick<ViewQuery, 'metric' | 'stats'>): (intervalMs: number) => number {
  const tellsHeld = metric.kind === 'gauge' && stats.some(({ needs }) => needs.includes('integral'));
  const said = metric.holdMs === undefined ? {} : { holdMs: metric.holdMs };
  return tellsHeld ? (intervalMs) => holdMsOf({ intervalMs, ...said }) : () => 0;
}

/**
 * Judges windows: how complete they are, and whether more is expected. Groups are looked at once per answer.
 *
 * An interval belongs to its later reading, so what a gauge holds at a window's end is known only when the next reading
 * comes, or can't come in time any more. An answer that tells integrals is final that much later.
 */
export class Judge {
  readonly #table: StatsTable;
  readonly #source: JudgedSource;
  readonly #heldMs: (intervalMs: number) => number;
  readonly #groups = new Map<Group, GroupJudge>();
  /** One for all windows: an object for each is dear. */
  readonly #slices = { fromMs: 0, toMs: 0, count: 0, accountedMs: undefined as number | undefined };

  constructor(table: StatsTable, query: Pick<ViewQuery, 'metric' | 'stats'>, source: JudgedSource) {
    this.#table = table;
    this.#source = source;
    this.#heldMs = heldBeyond(query);
  }

  /** A window, whose edges are edges of slices. */
  window(window: JudgedSum): AnsweredWindow {
    const { slot, startMs, endMs } = window;
    return this.#judged(window, this.slices(slot, startMs, endMs), endMs);
  }

  /**
   * A session from its first reading to its last, of whole slices, to which a reading may be added until the watermarks have
   * passed `finalMs`. Beyond its last reading nothing is expected of it.
   */
  session(session: JudgedSum, sliceMs: number, finalMs: number): AnsweredWindow {
    const { slot, startMs, endMs } = session;
    const fromMs = Math.floor(startMs / sliceMs) * sliceMs;
    const toMs = (Math.floor(endMs / sliceMs) + 1) * sliceMs;
    const within = { fromMs: startMs, toMs: endMs + 1 };
    return this.#judged(session, { ...this.slices(slot, fromMs, toMs), within }, finalMs);
  }

  /** The slices [fromMs, toMs), whose sum stands in the slot. They are valid until the next are asked for. */
  slices(slot: number, fromMs: number, toMs: number): JudgedSlices {
    const slices = this.#slices;
    slices.fromMs = fromMs;
    slices.toMs = toMs;
    slices.count = this.#table.count[slot]!;
    if (this.#source.isAccounted) slices.accountedMs = this.#table.accountedMs[slot]!;
    return slices;
  }

  /** The judge of the windows of one group. */
  group(group: Group): GroupJudge {
    let judge = this.#groups.get(group);
    if (judge === undefined) {
      const { progress } = group;
      judge = new GroupJudge(progress, this.#source, this.#heldMs(progress.longestIntervalMs()));
      this.#groups.set(group, judge);
    }
    return judge;
  }

  #judged(
    { group, startMs, endMs, slot, revision, pending }: JudgedSum,
    slices: JudgedSlices,
    finalMs: number,
  ): AnsweredWindow {
    const judge = this.group(group);
    const { expectedFromMs } = judge;
    const told = {
      startMs,
      endMs,
      tags: group.tags,
      slot,
      revision,
      pending,
      completeness: judge.completeness(slices),
      final: judge.isFinal(startMs, finalMs),
    };
    return expectedFromMs > startMs ? { ...told, expectedFromMs } : told;
  }
}

/**
 * Judges the windows of one group, as of one moment. As of an earlier cut nothing is final: how far the watermarks were then
 * is not kept. While the version is folded nothing is complete.
 */
class GroupJudge {
  /** From when on something is expected of the group, -Infinity where nothing is. */
  readonly expectedFromMs: number;
  readonly #progress: GroupProgress;
  readonly #horizon: Horizon;
  readonly #isOpen: boolean;
  readonly #heldMs: number;

  constructor(progress: GroupProgress, { isAsOf, isFolding }: JudgedSource, heldMs: number) {
    const horizon = progress.horizon();
    const expectedFromMs = progress.expectedFromMs();
    this.expectedFromMs = expectedFromMs === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : expectedFromMs;
    this.#progress = progress;
    // What has not been folded yet is missing as a frame is that has not arrived.
    this.#horizon = isFolding ? { ...horizon, stains: [EVER] } : horizon;
    this.#isOpen = isAsOf || isFolding;
    this.#heldMs = heldMs;
  }

  completeness(slices: JudgedSlices): number {
    return this.#progress.completeness(slices, this.#horizon);
  }

  /** Whether nothing more is expected of a window from `startMs` on to which something may be added until `finalMs`. */
  isFinal(startMs: number, finalMs: number): boolean {
    return !this.#isOpen && this.#progress.isFinal(startMs, finalMs, this.#horizon, this.#heldMs);
  }
}

/** The agents, by name, that answers about the groups have to name. */
export function withoutOf(groups: Iterable<Group>): readonly string[] {
  const names = new Set<string>();
  for (const { progress } of groups) for (const name of progress.horizon().without) names.add(name);
  return [...names].toSorted();
}

/** The lowest watermark of all agents that have series in the groups; null where one has none, or there is no agent. */
export function freshnessOf(groups: Iterable<Group>): number | null {
  let freshness = Number.POSITIVE_INFINITY;
  for (const { progress } of groups) {
    const { watermarkMs, stains } = progress.horizon();
    if (watermarkMs === null) return null;
    freshness = Math.min(freshness, watermarkMs);
    // What is still missing of an earlier time makes the answer no fresher than that.
    for (const { fromMs } of stains) if (Number.isFinite(fromMs)) freshness = Math.min(freshness, fromMs);
  }
  return freshness === Number.POSITIVE_INFINITY ? null : freshness;
}
