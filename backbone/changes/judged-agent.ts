import type { Stain } from '#core/ledger/incarnation.ts';
import type { AgentRow, AgentTurns, MemberRow } from './changes.ts';

/** What of an agent decides how complete and how final windows are. */
export interface JudgedAgent extends Pick<
  AgentRow,
  'partition' | 'agent' | 'watermarkMs' | 'holes' | 'stains' | 'doubted'
> {
  readonly standing?: Pick<NonNullable<AgentRow['standing']>, 'retired'>;
}

/** All of event time: where nobody knows what a missing frame would have held. */
export const EVER: Stain = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

export function agentKey(partition: number, agent: string): string {
  return `${partition}/${agent}`;
}

export function isRetired(row: Pick<JudgedAgent, 'standing'> | undefined): boolean {
  return row?.standing?.retired ?? false;
}

/**
 * The event time in which something of an agent may be missing, or be counted twice. What one misses that is retired is
 * not waited for, but what it told twice stays.
 */
export function stainsOf(
  row: Pick<JudgedAgent, 'holes' | 'stains' | 'doubted' | 'standing'> | undefined,
): readonly Stain[] {
  if (isRetired(row)) return row?.doubted ?? [];
  return row?.holes === true ? (row.stains ?? [EVER]) : [];
}

/** The stains of one of the rows that the other doesn't have. */
function changedStains(before: JudgedAgent, row: JudgedAgent): Stain[] {
  const [had, has] = [stainsOf(before), stainsOf(row)];
  const only = (some: readonly Stain[], others: readonly Stain[]): readonly Stain[] =>
    some.filter((one) => !others.some(({ fromMs, toMs }) => fromMs === one.fromMs && toMs === one.toMs));
  return [...only(had, has), ...only(has, had)];
}

/**
 * From which event time on windows are judged otherwise since the agent took a turn: something came to be missing or no
 * longer is, more is expected of it or no longer is, or it began anew. Undefined where it did no more than send.
 */
export function turnedFromMs(before: JudgedAgent | undefined, row: JudgedAgent): number | undefined {
  const stains = before === undefined ? stainsOf(row) : changedStains(before, row);
  let fromMs = Math.min(...stains.map((stain) => stain.fromMs));
  const [had, has] = [reachedMs(before), reachedMs(row)];
  if (has < had) fromMs = Math.min(fromMs, has);
  if (isRetired(before) !== isRetired(row)) fromMs = Number.NEGATIVE_INFINITY;
  return fromMs === Number.POSITIVE_INFINITY ? undefined : fromMs;
}

/** How far an agent's watermark has got; -Infinity where it has none. */
export function reachedMs(row: Pick<JudgedAgent, 'watermarkMs'> | undefined): number {
  return row?.watermarkMs ?? Number.NEGATIVE_INFINITY;
}

/** Turns of an agent of which it is known what they changed; of more at once everything may have. */
export const TURNS_KEPT = 16;

const NO_TURNS: AgentTurns = { count: 0, fromMs: [] };

/**
 * The row of an agent with the turns that it has taken with it. `silencedMs` is what `silencesOf` says of its members that
 * changed together with it, undefined where none did.
 */
export function withTurns(before: AgentRow | undefined, row: AgentRow, silencedMs: number | undefined): AgentRow {
  let from = turnedFromMs(before, row) ?? Number.POSITIVE_INFINITY;
  // Into a group that it is new in an agent brings what it misses.
  if (silencedMs !== undefined) from = Math.min(from, silencedMs, ...stainsOf(row).map((stain) => stain.fromMs));
  const { count, fromMs } = before?.turns ?? NO_TURNS;
  if (from === Number.POSITIVE_INFINITY) return count === 0 ? row : { ...row, turns: { count, fromMs } };
  const kept = [...fromMs, from === Number.NEGATIVE_INFINITY ? null : from].slice(-TURNS_KEPT);
  return { ...row, turns: { count: count + 1, fromMs: kept } };
}

/**
 * By the keys of agents of which members changed, from when on nothing is expected of one of these any more, though nothing
 * was sent; +Infinity where of each something is.
 */
export function silencesOf(members: readonly MemberRow[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { partition, agent, silences } of members) {
    const key = agentKey(partition, agent);
    const fromMs = silences?.at(-1)?.[0] ?? Number.POSITIVE_INFINITY;
    found.set(key, Math.min(fromMs, found.get(key) ?? fromMs));
  }
  return found;
}

/**
 * From which event time on windows may be judged otherwise since an agent had taken `count` turns; undefined where it has
 * taken none since. A count that can't be told, or is of another history, is followed by everything.
 */
export function turnedSinceMs(turns: AgentTurns | undefined, count: number | undefined): number | undefined {
  const now = turns ?? NO_TURNS;
  if (now.count === count) return undefined;
  const taken = now.count - (count ?? Number.NEGATIVE_INFINITY);
  if (taken < 0 || taken > now.fromMs.length) return Number.NEGATIVE_INFINITY;
  return Math.min(...now.fromMs.slice(-taken).map((one) => one ?? Number.NEGATIVE_INFINITY));
}
