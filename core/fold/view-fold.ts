import { promiseMsOf } from '../metrics/metric.ts';
import type { SeriesEntry } from '../series/series.ts';
import type { View } from '../views/view.ts';
import { groupKey, groupOf, viewAdmits } from '../views/view.ts';
import { type Silence, silencedFrom, spokenWithin } from './silences.ts';
import { type Group, SliceSlots } from './slice-slots.ts';

/** A version of a view; its number grows each time the definition changes. */
export interface ViewVersion {
  readonly view: View;
  readonly version: number;
}

/** A series in a group: what it promises, and since when. */
export interface Member {
  readonly agent: string;
  readonly series: string;
  /** It promises a reading in each of them. */
  readonly intervalMs: number;
  /** Event time of the earliest reading; the series' promise begins here. */
  readonly firstMs: number;
  /** From when on it is expected, where that was said. */
  readonly sinceMs?: number;
  /** When nothing is expected of it, where that was said. */
  readonly silences?: readonly Silence[];
}

/** A series with a reading that belongs to a group. */
export interface Newcomer {
  readonly group: Group;
  readonly agent: string;
  readonly entry: SeriesEntry;
  /** Key of the entry's series. */
  readonly series: string;
  /** From when on the series is expected, where that was said. */
  readonly sinceMs?: number | undefined;
}

export interface ViewFoldOptions {
  /** Whether it folds a group, told by its key; left out: all of the view. */
  readonly takes?: (group: string) => boolean;
  /** Slices that are expected to be in memory at once: a table that doesn't have to grow isn't copied. */
  readonly capacity?: number;
}

/** The fold of one version of a view over one partition: its slices, and which series each group has. */
export class ViewFold {
  readonly id: ViewVersion;
  readonly slots: SliceSlots;
  readonly #members = new Map<string, Map<string, Member>>();
  readonly #takes: (group: string) => boolean;
  #changedMembers: { readonly group: string; readonly member: Member }[] = [];

  constructor(id: ViewVersion, { takes = () => true, capacity }: ViewFoldOptions = {}) {
    this.id = id;
    this.#takes = takes;
    this.slots = new SliceSlots(capacity);
  }

  /** The group that the series belongs to, or undefined where the view doesn't ask for it, or this fold doesn't take it. */
  groupFor(entry: SeriesEntry): Group | undefined {
    const { view } = this.id;
    if (!viewAdmits(view, entry)) return undefined;
    const key = groupKey(groupOf(view, entry));
    return this.#takes(key) ? this.slots.groupOf(key) : undefined;
  }

  /** Notes that a series has a reading at `atMs`; only the earliest one matters. Of `sinceMs`, what was said last holds. */
  noteMember({ group, agent, series, entry, sinceMs: saidSinceMs }: Newcomer, atMs: number): void {
    const key = `${agent}\n${series}`;
    const known = this.#membersOf(group.key).get(key);
    const intervalMs = promiseMsOf(entry);
    const firstMs = Math.min(atMs, known?.firstMs ?? atMs);
    const sinceMs = saidSinceMs ?? known?.sinceMs;
    const isTold = known !== undefined && known.firstMs === firstMs && known.intervalMs === intervalMs;
    if (isTold && known.sinceMs === sinceMs) return;
    const silences = known?.silences === undefined ? {} : { silences: known.silences };
    const since = sinceMs === undefined ? {} : { sinceMs };
    this.#tell(group.key, { agent, series, intervalMs, firstMs, ...since, ...silences });
  }

  /** From a time on nothing more is expected of a series, until it speaks again. */
  endSeries({ entry, agent, series }: Pick<Newcomer, 'entry' | 'agent' | 'series'>, fromMs: number): void {
    const group = this.groupFor(entry);
    if (group !== undefined) this.#silence(group, agent, series, (silences) => silencedFrom(silences, fromMs));
  }

  /** Whether a series was ended, so that `noteSpoken` has to be told of its readings. */
  isEnded({ group, agent, series }: Pick<Newcomer, 'group' | 'agent' | 'series'>): boolean {
    return this.#membersOf(group.key).get(`${agent}\n${series}`)?.silences !== undefined;
  }

  /** Notes that a series has readings from one time to another. */
  noteSpoken({ group, agent, series }: Newcomer, firstMs: number, lastMs: number): void {
    this.#silence(group, agent, series, (silences) => spokenWithin(silences, firstMs, lastMs));
  }

  #silence(
    group: Group,
    agent: string,
    series: string,
    change: (silences: readonly Silence[]) => readonly Silence[],
  ): void {
    const known = this.#membersOf(group.key).get(`${agent}\n${series}`);
    if (known === undefined) return;
    const { silences: before = [], ...member } = known;
    const silences = change(before);
    if (silences !== before) this.#tell(group.key, silences.length === 0 ? member : { ...member, silences });
  }

  #tell(group: string, member: Member): void {
    this.#membersOf(group).set(`${member.agent}\n${member.series}`, member);
    this.#changedMembers.push({ group, member });
  }

  /** Takes up a member that an earlier run of the fold had written. */
  restoreMember(group: string, member: Member): void {
    this.#membersOf(group).set(`${member.agent}\n${member.series}`, member);
  }

  /** Members that are new or changed since the last call. */
  takeChangedMembers(): readonly { readonly group: string; readonly member: Member }[] {
    const changed = this.#changedMembers;
    this.#changedMembers = [];
    return changed;
  }

  #membersOf(group: string): Map<string, Member> {
    let members = this.#members.get(group);
    if (members === undefined) {
      members = new Map();
      this.#members.set(group, members);
    }
    return members;
  }
}
