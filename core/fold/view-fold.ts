import { promiseMsOf } from '../metrics/metric.ts';
import { type SeriesEntry, storedFacts } from '../series/series.ts';
import { type Pace, paceOf } from '../stats/accounted.ts';
import { type LinkRule, linkRuleOf } from '../stats/link.ts';
import type { View } from '../views/view.ts';
import { groupKey, groupOf, HELD_SLICES_MAX, viewAdmits } from '../views/view.ts';
import type { Member } from './member.ts';
import type { Group } from './open-span.ts';
import { type Silence, silencedFrom, spokenWithin } from './silences.ts';
import { SliceSlots } from './slice-slots.ts';

/** A version of a view; its number grows each time the definition changes. */
export interface ViewVersion {
  readonly view: View;
  readonly version: number;
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
  readonly #forms = new Map<string, SeriesForm>();
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

  /** How readings of a series are folded: one object for all series that are alike. */
  formOf(entry: SeriesEntry): SeriesForm {
    const key = JSON.stringify(storedFacts(entry));
    let form = this.#forms.get(key);
    if (form === undefined) {
      if (this.#forms.size >= FORMS_MAX) this.#forms.clear();
      this.#forms.set(key, (form = formOf(entry, this.id.view.sliceMs)));
    }
    return form;
  }

  /** Notes that a series has a reading at `atMs`; only the earliest one matters. Of `sinceMs`, what was said last holds. */
  noteMember({ group, agent, series, entry, sinceMs: saidSinceMs }: Newcomer, atMs: number): void {
    const known = group.member({ agent, series });
    const intervalMs = promiseMsOf(entry);
    const firstMs = Math.min(atMs, known?.firstMs ?? atMs);
    const sinceMs = saidSinceMs ?? known?.sinceMs;
    const isTold = known !== undefined && known.firstMs === firstMs && known.intervalMs === intervalMs;
    if (isTold && known.sinceMs === sinceMs) return;
    const silences = known?.silences === undefined ? {} : { silences: known.silences };
    const since = sinceMs === undefined ? {} : { sinceMs };
    const isPlain = sinceMs === undefined && known?.silences === undefined;
    // One that is written out takes half the memory.
    this.#tell(
      group,
      isPlain ? { agent, series, intervalMs, firstMs } : { agent, series, intervalMs, firstMs, ...since, ...silences },
    );
  }

  /** From a time on nothing more is expected of a series, until it speaks again. */
  endSeries({ entry, agent, series }: Pick<Newcomer, 'entry' | 'agent' | 'series'>, fromMs: number): void {
    const group = this.groupFor(entry);
    if (group !== undefined) this.#silence(group, agent, series, (silences) => silencedFrom(silences, fromMs));
  }

  /** Whether a series was ended, so that `noteSpoken` has to be told of its readings. */
  isEnded({ group, agent, series }: Pick<Newcomer, 'group' | 'agent' | 'series'>): boolean {
    return group.member({ agent, series })?.silences !== undefined;
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
    const known = group.member({ agent, series });
    if (known === undefined) return;
    const { silences: before = [], ...member } = known;
    const silences = change(before);
    if (silences !== before) this.#tell(group, silences.length === 0 ? member : { ...member, silences });
  }

  #tell(group: Group, member: Member): void {
    group.putMember(member);
    this.#changedMembers.push({ group: group.key, member });
  }

  /** Takes up a member that an earlier run of the fold had written. */
  restoreMember(group: string, member: Member): void {
    this.slots.groupOf(group).putMember(member);
  }

  /** Members that are new or changed since the last call. */
  takeChangedMembers(): readonly { readonly group: string; readonly member: Member }[] {
    const changed = this.#changedMembers;
    this.#changedMembers = [];
    return changed;
  }
}

/** Of how many different forms of series it is remembered how they are folded: as many as a server declares, and more. */
const FORMS_MAX = 1024;

/** How the readings of a series are folded, beside what they say. */
export interface SeriesForm {
  readonly rule: LinkRule;
  readonly pace: Pace;
}

function formOf(entry: SeriesEntry, sliceMs: number): SeriesForm {
  return {
    rule: within(linkRuleOf(storedFacts(entry)), HELD_SLICES_MAX * sliceMs),
    pace: paceOf(promiseMsOf(entry), sliceMs),
  };
}

/**
 * The rule with values that hold for so long at most. A view is refused whose metric holds them longer, but a series may
 * have been born when the metric did, or the view's slices were wider.
 */
function within(rule: LinkRule, holdMsMax: number): LinkRule {
  return rule.kind === 'gauge' && rule.holdMsMax > holdMsMax ? { ...rule, holdMsMax } : rule;
}
