import type { AgentRow, MemberRow } from '#backbone/changes/changes.ts';
import { agentKey, isRetired, stainsOf, turnedFromMs } from '#backbone/changes/judged-agent.ts';
import { countOf, type Few, itemOf, itemsOf, withItem } from '#core/fold/few.ts';
import type { Silence } from '#core/fold/silences.ts';
import type { Stain } from '#core/ledger/incarnation.ts';
import { ExpectedTime, type Promised, type SliceRange } from './expected-time.ts';

/** What is known of every agent, by partition and name. */
export class Agents {
  readonly #rows = new Map<string, AgentRow>();
  #turns = 0;

  put(row: AgentRow): void {
    const key = agentKey(row.partition, row.agent);
    const before = this.#rows.get(key);
    if (before === undefined || turnedFromMs(before, row) !== undefined) this.#turns++;
    this.#rows.set(key, row);
  }

  /** How often an agent came, went, or missed something else than before: what is judged without its watermark stays between two turns. */
  get turns(): number {
    return this.#turns;
  }

  get(key: string): AgentRow | undefined {
    return this.#rows.get(key);
  }

  all(): readonly AgentRow[] {
    return [...this.#rows.values()].toSorted((a, b) =>
      a.agent < b.agent ? -1 : a.agent > b.agent ? 1 : a.partition - b.partition,
    );
  }
}

/** The key of a member among those of one version of a view. */
export function memberKey({ group, partition, agent, series }: MemberRow): string {
  return JSON.stringify([group, partition, agent, series]);
}

interface GroupAgent {
  readonly key: string;
  /** Earliest reading of its series in the group. */
  readonly firstMs: number;
}

/** How far the agents of a group have got. */
export interface Horizon {
  /** The lowest watermark of all agents of which more is expected; null while one has none. */
  readonly watermarkMs: number | null;
  /** Event time in which something may be missing. */
  readonly stains: readonly Stain[];
  /** Agents of the group that are retired or have lost frames for good, by name. */
  readonly without: readonly string[];
  /** What is not expected though it was promised; absent where all is. Found once, for all windows. */
  readonly excused?: () => Excused;
}

/** Promises that nobody waits for: from when on, and from when on again. */
interface Excused {
  readonly from: ExpectedTime;
  readonly again: ExpectedTime;
}

/** Whether one of the stains reaches into [startMs, endMs). */
function isStained(stains: readonly Stain[], startMs: number, endMs: number): boolean {
  for (const { fromMs, toMs } of stains) if (fromMs < endMs && toMs >= startMs) return true;
  return false;
}

/** Slices of a group that were added up, and what they came to. */
export interface JudgedSlices extends SliceRange {
  /** The part of them that is judged, where it is not all. */
  readonly within?: SliceRange;
  readonly count: number;
  /** Undefined of versions whose rows don't tell: there the number of readings has to do. */
  readonly accountedMs: number | undefined;
}

/** What is found of the series of a group, each when it is asked for. */
interface FoundOfMembers {
  expected?: ExpectedTime;
  expectedFromMs?: number;
  agents?: readonly GroupAgent[];
  isSilenced?: boolean;
}

/** The series of a group and their agents: what is expected of them, and whether more is to come. */
export class GroupProgress {
  readonly sliceMs: number;
  readonly #agents: Agents;
  #members: Few<string, MemberRow>;
  #intervalMs: number | undefined = 0;
  /** What was asked for since a member changed. Of most groups of a fleet nobody asks. */
  #found: FoundOfMembers | undefined;

  constructor(agents: Agents, sliceMs: number) {
    this.#agents = agents;
    this.sliceMs = sliceMs;
  }

  /**
   * Takes a member or its newer state. Gives from when on windows may be judged otherwise by it, undefined where nothing
   * changed.
   */
  put(row: MemberRow): number | undefined {
    const before = itemOf(this.#members, memberKey(row), memberKey);
    if (before !== undefined && isSamePromise(before, row)) return undefined;
    const isFirst = this.#members === undefined;
    this.#members = withItem(this.#members, row, memberKey);
    this.#found = undefined;
    // By the longest interval goes how long values are held, and with it when each window of the group is final.
    const longestMs = this.#intervalMs;
    if (row.intervalMs < (before?.intervalMs ?? 0)) this.#intervalMs = undefined;
    else if (longestMs !== undefined) this.#intervalMs = Math.max(longestMs, row.intervalMs);
    if (!isFirst && (longestMs === undefined || this.#intervalMs !== longestMs)) return Number.NEGATIVE_INFINITY;
    if (before !== undefined) return Math.min(promisedFromMs(row), promisedFromMs(before));
    // With its first series an agent brings what it misses into the group.
    const stains = stainsOf(this.#agents.get(agentKey(row.partition, row.agent)));
    return Math.min(promisedFromMs(row), ...stains.map(({ fromMs }) => fromMs));
  }

  members(): Iterable<MemberRow> {
    return itemsOf(this.#members);
  }

  /** Earliest reading of the group, +Infinity where it has none. */
  firstMs(): number {
    let firstMs = Number.POSITIVE_INFINITY;
    for (const agent of this.agents()) firstMs = Math.min(firstMs, agent.firstMs);
    return firstMs;
  }

  /** From when on something is expected of the group, +Infinity where nothing is. */
  expectedFromMs(): number {
    const found = (this.#found ??= {});
    if (found.expectedFromMs === undefined) {
      found.expectedFromMs = Number.POSITIVE_INFINITY;
      for (const member of this.members())
        found.expectedFromMs = Math.min(found.expectedFromMs, promisedFromMs(member));
    }
    return found.expectedFromMs;
  }

  /** The agents that have series in the group. */
  agents(): readonly GroupAgent[] {
    const found = (this.#found ??= {});
    if (found.agents === undefined) {
      const firsts = new Map<string, number>();
      for (const { partition, agent, firstMs } of this.members()) {
        const key = agentKey(partition, agent);
        firsts.set(key, Math.min(firstMs, firsts.get(key) ?? firstMs));
      }
      found.agents = [...firsts].map(([key, firstMs]) => ({ key, firstMs }));
    }
    return found.agents;
  }

  horizon(): Horizon {
    let watermarkMs: number | null = Number.POSITIVE_INFINITY;
    const stains: Stain[] = [];
    const without: string[] = [];
    let retiredMs: number | null = null;
    let hasRetired = false;
    for (const { key } of this.agents()) {
      const row = this.#agents.get(key);
      if (row !== undefined && (isRetired(row) || (row.lostCount ?? 0) > 0)) without.push(row.agent);
      stains.push(...stainsOf(row));
      if (row !== undefined && isRetired(row)) {
        hasRetired = true;
        if (row.watermarkMs !== null) retiredMs = Math.max(row.watermarkMs, retiredMs ?? row.watermarkMs);
        continue;
      }
      const markMs: number | null = row?.watermarkMs ?? null;
      watermarkMs = markMs === null || watermarkMs === null ? null : Math.min(watermarkMs, markMs);
    }
    // Where all are retired the group stands where the last of them ended.
    const reachedMs = watermarkMs === Number.POSITIVE_INFINITY ? retiredMs : watermarkMs;
    if (!hasRetired && !this.#hasSilences()) return { watermarkMs: reachedMs, stains, without };
    let excused: Excused | undefined;
    return { watermarkMs: reachedMs, stains, without, excused: () => (excused ??= this.#excused()) };
  }

  /**
   * Whether every agent with a reading before `endMs` has passed it, and none of them misses a number that may reach into
   * the span. Where values are held beyond it, they have to have passed it by as long.
   */
  isFinal(startMs: number, endMs: number, horizon: Horizon, heldMs = 0): boolean {
    const passedMs = endMs + heldMs;
    // Also of an agent whose first reading in the group lies behind: what is missing may hold an earlier one.
    if (isStained(horizon.stains, startMs, passedMs)) return false;
    if (horizon.watermarkMs !== null && horizon.watermarkMs >= passedMs) return true;
    for (const { key, firstMs } of this.agents()) {
      const row = this.#agents.get(key);
      if (firstMs >= endMs || isRetired(row)) continue;
      if (row === undefined || row.watermarkMs === null || row.watermarkMs < passedMs) return false;
    }
    return countOf(this.#members) > 0;
  }

  /**
   * What is not expected of a group though it was promised: of retired agents all beyond an interval after their last
   * watermark, and of series that were ended what lies in their silences.
   */
  #excused(): Excused {
    const from: Promised[] = [];
    const again: Promised[] = [];
    for (const member of this.members()) {
      const { intervalMs, silences = [] } = member;
      const row = this.#agents.get(agentKey(member.partition, member.agent));
      const retiredMs = isRetired(row)
        ? (row?.watermarkMs ?? Number.NEGATIVE_INFINITY) + intervalMs
        : Number.POSITIVE_INFINITY;
      for (const [fromMs, toMs] of mergedSilences(silences, retiredMs)) {
        from.push({ intervalMs, fromMs: Math.max(promisedFromMs(member), fromMs) });
        if (toMs !== null) again.push({ intervalMs, fromMs: Math.max(promisedFromMs(member), toMs) });
      }
    }
    return { from: new ExpectedTime(from, this.sliceMs), again: new ExpectedTime(again, this.sliceMs) };
  }

  #hasSilences(): boolean {
    const found = (this.#found ??= {});
    found.isSilenced ??= [...this.members()].some(({ silences }) => silences !== undefined);
    return found.isSilenced;
  }

  /** The longest interval of the group's series, 0 where it has none. */
  longestIntervalMs(): number {
    if (this.#intervalMs === undefined) {
      this.#intervalMs = 0;
      for (const { intervalMs } of this.members()) this.#intervalMs = Math.max(this.#intervalMs, intervalMs);
    }
    return this.#intervalMs;
  }

  /**
   * From 0 to 1: for how long the series accounted of what is expected of them; below 1 while an agent of the group misses
   * a number that may reach into what is judged.
   */
  completeness(slices: JudgedSlices, horizon: Horizon): number {
    const found = (this.#found ??= {});
    found.expected ??= new ExpectedTime(
      Array.from(this.members(), (member) => ({
        intervalMs: member.intervalMs,
        fromMs: promisedFromMs(member),
      })),
      this.sliceMs,
    );
    const { within, count, accountedMs } = slices;
    let expected = expectedOf(found.expected, slices);
    if (horizon.excused !== undefined) {
      const { from, again } = horizon.excused();
      expected += expectedOf(again, slices) - expectedOf(from, slices);
    }
    const arrived = expected <= 0 ? 1 : Math.min(1, Math.max(0, (accountedMs ?? count) / expected));
    const { fromMs, toMs } = within ?? slices;
    return isStained(horizon.stains, fromMs, toMs) ? Math.min(arrived, Math.max(0, count / (count + 1))) : arrived;
  }
}

/** In ms, or in readings where the slices don't tell for how long promises were kept. */
function expectedOf(expected: ExpectedTime, slices: JudgedSlices): number {
  const { within, accountedMs } = slices;
  return accountedMs === undefined ? expected.readings(slices, within) : expected.ms(slices, within);
}

function isSamePromise(a: MemberRow, b: MemberRow): boolean {
  const isSame = a.firstMs === b.firstMs && a.intervalMs === b.intervalMs && a.sinceMs === b.sinceMs;
  return isSame && isSameSilence(a.silences ?? [], b.silences ?? []);
}

function isSameSilence(a: readonly Silence[], b: readonly Silence[]): boolean {
  return a.length === b.length && a.every(([fromMs, toMs], i) => fromMs === b[i]![0] && toMs === b[i]![1]);
}

/** The silences of a series of which nothing is expected from a time on anyway. */
function mergedSilences(silences: readonly Silence[], endMs: number): readonly Silence[] {
  if (endMs === Number.POSITIVE_INFINITY) return silences;
  const before = silences.filter(([fromMs]) => fromMs < endMs);
  const last = before.at(-1);
  const isOpen = last !== undefined && (last[1] ?? endMs) >= endMs;
  return isOpen ? [...before.slice(0, -1), [last[0], null]] : [...before, [endMs, null]];
}

/** From when on a series is expected. */
export function promisedFromMs({ firstMs, sinceMs }: MemberRow): number {
  return Math.min(firstMs, sinceMs ?? firstMs);
}
