import type { FeedMark, MarkedAgent, MarkedMoment } from '#backbone/answers/slice-feed.ts';
import type { AgentRow } from '#backbone/changes/changes.ts';
import { agentKey, reachedMs, turnedSinceMs } from '#backbone/changes/judged-agent.ts';
import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';
import type { Group } from '../index/group.ts';
import { type AgentChange, changesOf, type GroupChange } from '../index/recent-changes.ts';
import type { ServingIndex } from '../index/serving-index.ts';
import type { ViewSource } from '../index/view-source.ts';
import type { UntoldSlices } from './untold-slices.ts';

const NO_END = Number.POSITIVE_INFINITY;

/** Agents as a mark keeps them. */
function markedAgents(rows: readonly AgentRow[]): readonly MarkedAgent[] {
  return rows.map(({ partition, agent, watermarkMs, turns }) => ({
    partition,
    agent,
    watermarkMs,
    turns: turns?.count ?? 0,
  }));
}

/** Moments of an index, each one object until the next commit. */
export class Moments {
  readonly #index: ServingIndex;
  #now: MarkedMoment | undefined;

  constructor(index: ServingIndex) {
    this.#index = index;
    index.onChange(() => (this.#now = undefined));
  }

  now(): MarkedMoment {
    this.#now ??= { positions: [...this.#index.positions], agents: markedAgents(this.#index.agentRows()) };
    return this.#now;
  }
}

/** What the progress of agents since a mark has changed. */
export function toldBetween(
  source: ViewSource,
  index: ServingIndex,
  mark: FeedMark,
): Iterable<readonly [Group, GroupChange]> {
  const marked = new Map(mark.asOf.agents.map((row) => [agentKey(row.partition, row.agent), row]));
  const agents = index.agentRows().flatMap((row): readonly AgentChange[] => {
    const known = marked.get(agentKey(row.partition, row.agent));
    // Of an agent that the mark doesn't know every turn has come since.
    const turnedMs = turnedSinceMs(row.turns, known === undefined ? 0 : known.turns);
    const change = source.agentChange(row, reachedMs(known), turnedMs);
    return change === undefined ? [] : [change];
  });
  return changesOf([{ groups: new Map(), agents }]);
}

/** From which slice on a series that came new to a group may have changed how it is judged, where that is before its first row. */
function judgedFrom(source: ViewSource, key: string): number {
  const intervals = new Set<number>();
  let from = NO_END;
  for (const { intervalMs, sinceMs } of source.openGroup(key).progress.members()) {
    intervals.add(intervalMs);
    if (sinceMs !== undefined) from = Math.min(from, Math.floor(sinceMs / source.id.view.sliceMs));
  }
  // By the longest interval goes when each window is final.
  return intervals.size > 1 ? Number.MIN_SAFE_INTEGER : from;
}

/**
 * Puts in whatever may have changed since a mark, though nobody heard of it: the table of changes and batch results don't
 * say when a row changed, so it is every group that has rows beyond what the mark's results cover, from the first of them on,
 * since a series that is new in it makes what follows less complete. Throws SourceReplaced.
 */
export async function catchUp(source: ViewSource, mark: FeedMark, untold: UntoldSlices): Promise<void> {
  const positions = new Map(mark.asOf.positions);
  const firsts = new Map<string, number>();
  const note = (group: string, slice: number): void =>
    void firsts.set(group, Math.min(slice, firsts.get(group) ?? NO_END));
  for (const result of source.id.batch.results) {
    if (result.to.every((position, partition) => position <= (positions.get(partition) ?? 0))) continue;
    if (result.kind === 'base') {
      // It holds everything, whatever changed.
      untold.addAllFrom(Number.MIN_SAFE_INTEGER);
      return;
    }
    const { groups, fromSlice } = await source.reachOf(result);
    for (const group of groups) note(group, fromSlice);
  }
  for await (const { group, opener } of source.liveSpans()) note(group, spanOf(opener) * SPAN_SLICES);
  await source.confirm();
  for (const [key, first] of firsts) {
    untold.add(key, Math.min(first, judgedFrom(source, key)), NO_END);
  }
}
