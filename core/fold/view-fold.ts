import { promiseMsOf } from '../metrics/metric.ts';
import type { SeriesEntry } from '../series/series.ts';
import { seriesKey } from '../series/series.ts';
import type { View } from '../views/view.ts';
import { groupKey, groupOf, viewAdmits } from '../views/view.ts';
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
}

/** The fold of one version of a view over one partition: its slices, and which series each group has. */
export class ViewFold {
  readonly id: ViewVersion;
  readonly slots = new SliceSlots();
  readonly #members = new Map<string, Map<string, Member>>();
  /** Where series began: the groups of their earliest readings. */
  readonly #began = new Map<string, { readonly group: string; readonly member: Member }>();
  #changedMembers: { readonly group: string; readonly member: Member }[] = [];

  constructor(id: ViewVersion) {
    this.id = id;
  }

  /** The group that the series belongs to, or undefined where the view doesn't ask for it. */
  groupFor(entry: SeriesEntry): Group | undefined {
    const { view } = this.id;
    return viewAdmits(view, entry) ? this.slots.groupOf(groupKey(groupOf(view, entry))) : undefined;
  }

  /**
   * Notes that the series has a reading at `atMs`; only the earliest one matters. `saidSinceMs` is what was said last: it holds
   * where the series began, and not in groups that it came to later.
   */
  noteMember(group: Group, agent: string, entry: SeriesEntry, atMs: number, saidSinceMs?: number): void {
    const series = seriesKey(entry);
    const key = `${agent}\n${series}`;
    const known = this.#membersOf(group.key).get(key);
    const intervalMs = promiseMsOf(entry);
    const firstMs = Math.min(atMs, known?.firstMs ?? atMs);
    const began = this.#began.get(key);
    const beganHere = began === undefined || began.group === group.key || firstMs < began.member.firstMs;
    const sinceMs = beganHere ? (saidSinceMs ?? began?.member.sinceMs) : undefined;
    const isTold = known !== undefined && known.firstMs === firstMs && known.intervalMs === intervalMs;
    if (isTold && known.sinceMs === sinceMs) return;
    const member = { agent, series, intervalMs, firstMs, ...(sinceMs === undefined ? {} : { sinceMs }) };
    this.#tell(group.key, key, member);
    if (!beganHere) return;
    this.#began.set(key, { group: group.key, member });
    if (began === undefined || began.group === group.key || began.member.sinceMs === undefined) return;
    const { sinceMs: _, ...moved } = began.member;
    this.#tell(began.group, key, moved);
  }

  /** Takes up a member that an earlier run of the fold had written. */
  restoreMember(group: string, member: Member): void {
    const key = `${member.agent}\n${member.series}`;
    this.#membersOf(group).set(key, member);
    const began = this.#began.get(key);
    if (began === undefined || member.firstMs < began.member.firstMs) this.#began.set(key, { group, member });
  }

  #tell(group: string, key: string, member: Member): void {
    this.#membersOf(group).set(key, member);
    this.#changedMembers.push({ group, member });
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
