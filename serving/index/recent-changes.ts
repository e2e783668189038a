import { ChangedSlices } from './changed-slices.ts';
import { EarliestChanges } from './earliest-changes.ts';
import type { Group } from './group.ts';

/** Batches that are remembered: half a minute of four busy partitions. A reader that is further behind reads anew. */
export const BATCHES_REMEMBERED_MAX = 8_192;

/** Changed slices that are remembered over all batches: some eighty megabytes where each is another group's. */
export const SLICES_REMEMBERED_MAX = 500_000;

/** What a batch changed in one group. */
export interface GroupChange {
  readonly slices: ChangedSlices;
  /** How complete or how final a window is may have changed where its end lies in (endsAfterMs, endsToMs]. */
  endsAfterMs: number;
  endsToMs: number;
}

/** Likewise in every group that an agent has series in: its groups may be as many as a fleet has devices. */
export interface AgentChange extends Pick<GroupChange, 'endsAfterMs' | 'endsToMs'> {
  /** Those that it has now. */
  readonly groups: ReadonlySet<Group>;
}

/** What a batch changed in the group so far. */
export function changeOf(changes: Map<Group, GroupChange>, group: Group): GroupChange {
  let change = changes.get(group);
  if (change === undefined) {
    change = { slices: new ChangedSlices(), endsAfterMs: Number.POSITIVE_INFINITY, endsToMs: Number.NEGATIVE_INFINITY };
    changes.set(group, change);
  }
  return change;
}

/** What one committed batch changed in a view. */
export interface RecentBatch {
  readonly sequence: number;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly groups: ReadonlyMap<Group, GroupChange>;
  readonly agents: readonly AgentChange[];
}

const NO_SLICES = new ChangedSlices();

/** Some groups, and how each of them is told. */
export interface AskedGroups {
  readonly groups: readonly Group[];
  readonly admits: (group: Group) => boolean;
}

/** Everything that batches changed, in all groups or in those that are asked for: group by group, of one group in several pieces. */
export function* changesOf(
  batches: Iterable<Pick<RecentBatch, 'groups' | 'agents'>>,
  asked?: AskedGroups,
): Iterable<readonly [Group, GroupChange]> {
  for (const { groups, agents } of batches) {
    for (const group of among(groups, asked)) yield [group, groups.get(group)!];
    for (const { groups: reached, endsAfterMs, endsToMs } of agents) {
      const change = { slices: NO_SLICES, endsAfterMs, endsToMs };
      for (const group of among(reached, asked)) yield [group, change];
    }
  }
}

/** Those of the groups that are asked for, by a look at whichever are fewer. */
function* among(groups: ReadonlySetLike<Group>, asked: AskedGroups | undefined): Iterable<Group> {
  if (asked !== undefined && asked.groups.length < groups.size) {
    for (const group of asked.groups) if (groups.has(group)) yield group;
    return;
  }
  const all = groups.keys();
  for (let next = all.next(); next.done !== true; next = all.next())
    if (asked === undefined || asked.admits(next.value)) yield next.value;
}

/**
 * The batches that a view has had lately, in the order of their commits: what a query that takes long has to repair,
 * what a subscriber is told next, and what one that comes back has missed. When full the oldest is forgotten.
 */
export class RecentChanges {
  readonly #batches: RecentBatch[] = [];
  #first = 0;
  #slices = 0;
  readonly #earliest = new EarliestChanges();
  /** Sequence number of the next batch. */
  #next = 1;
  #newestChange = 0;

  /** Sequence number of the newest batch; 0 before the first. */
  get newest(): number {
    return this.#next - 1;
  }

  /** That of the newest one that changed anything in the view; 0 before the first: most may be of others. */
  get newestChange(): number {
    return this.#newestChange;
  }

  push(batch: Omit<RecentBatch, 'sequence'>): void {
    const { groups, agents } = batch;
    if (groups.size > 0 || agents.some(({ groups: reached }) => reached.size > 0)) this.#newestChange = this.#next;
    this.#earliest.push(this.#next, earliestOf(batch));
    this.#batches.push({ sequence: this.#next++, ...batch });
    this.#slices += sliceCount(groups);
    while (this.#batches.length - this.#first > BATCHES_REMEMBERED_MAX || this.#slices > SLICES_REMEMBERED_MAX)
      this.#forgetOldest();
  }

  /** The batches after a sequence number, oldest first; undefined where some of them are forgotten. */
  since(sequence: number): readonly RecentBatch[] | undefined {
    const known = this.#batches.length - this.#first;
    const asked = this.newest - sequence;
    if (asked > known) return undefined;
    return this.#batches.slice(this.#batches.length - asked);
  }

  /**
   * The earliest event time that any batch after a sequence number changed, also of those that are forgotten; it may be told
   * too early.
   */
  earliestSince(sequence: number): number {
    return this.#earliest.since(sequence);
  }

  /** The batches beyond the positions; undefined where some of them are forgotten or the positions lie within a batch. */
  beyond(positions: ReadonlyMap<number, number>, now: ReadonlyMap<number, number>): readonly RecentBatch[] | undefined {
    const reached = new Map(positions);
    const found: RecentBatch[] = [];
    for (let i = this.#first; i < this.#batches.length; i++) {
      const batch = this.#batches[i]!;
      const at = reached.get(batch.partition) ?? 0;
      if (batch.to <= at) continue;
      if (batch.from !== at) return undefined;
      reached.set(batch.partition, batch.to);
      found.push(batch);
    }
    for (const [partition, position] of now) if ((reached.get(partition) ?? 0) !== position) return undefined;
    return found;
  }

  #forgetOldest(): void {
    this.#slices -= sliceCount(this.#batches[this.#first]!.groups);
    this.#first++;
    if (this.#first * 2 < this.#batches.length) return;
    this.#batches.splice(0, this.#first);
    this.#first = 0;
  }
}

function earliestOf({ groups, agents }: Pick<RecentBatch, 'groups' | 'agents'>): number {
  let earliestMs = Number.POSITIVE_INFINITY;
  for (const { groups: reached, endsAfterMs } of agents)
    if (reached.size > 0) earliestMs = Math.min(earliestMs, endsAfterMs);
  for (const [{ sliceMs }, { slices, endsAfterMs }] of groups) {
    earliestMs = Math.min(earliestMs, endsAfterMs);
    earliestMs = Math.min(earliestMs, slices.first() * sliceMs);
  }
  return earliestMs;
}

function sliceCount(groups: ReadonlyMap<Group, GroupChange>): number {
  let count = 0;
  for (const { slices } of groups.values()) count += slices.size;
  return count;
}
