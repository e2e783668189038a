import { strict as assert } from 'node:assert';
import type { UntoldMark } from '#backbone/answers/slice-feed.ts';
import { SliceRanges } from './slice-ranges.ts';

/** Ranges of one group: what changes at once lies in a few places. */
export const GROUP_RANGES_MAX = 64;
/** Ranges of all groups together, some tens of megabytes; beyond it those of each group are made fewer. */
export const RANGES_MAX = 262_144;

assert(GROUP_RANGES_MAX < RANGES_MAX, 'one group alone never makes the others coarser');

/**
 * Which slices of a view have to be told. However many change, it takes a fixed amount of memory beside one range per
 * group: it then holds more slices than have changed.
 */
export class UntoldSlices {
  readonly #groups = new Map<string, SliceRanges>();
  /** Every slice from here on, of every group. */
  #allFrom: number;
  #ranges = 0;

  constructor(mark: UntoldMark = { allFrom: null, groups: [] }) {
    this.#allFrom = mark.allFrom ?? Number.POSITIVE_INFINITY;
    for (const [group, edges] of mark.groups) {
      for (let i = 0; i < edges.length; i += 2) this.add(group, edges[i]!, edges[i + 1] ?? Number.POSITIVE_INFINITY);
    }
  }

  get isEmpty(): boolean {
    return this.#allFrom === Number.POSITIVE_INFINITY && this.#groups.size === 0;
  }

  /** Every slice from here on is to be told; +Infinity where that is none. */
  get allFrom(): number {
    return this.#allFrom;
  }

  /** The groups of which single ranges are to be told, in the order in which they were first put in. */
  groups(): ReadonlyMap<string, SliceRanges> {
    return this.#groups;
  }

  /** Puts slices [from, to) of a group in, whether they lie behind `allFrom` or not: what lies there may be read already. */
  add(group: string, from: number, to: number): void {
    if (from >= to) return;
    let ranges = this.#groups.get(group);
    if (ranges === undefined) this.#groups.set(group, (ranges = new SliceRanges()));
    const before = ranges.count;
    ranges.add(Math.max(from, Number.MIN_SAFE_INTEGER), to);
    if (ranges.count > GROUP_RANGES_MAX) ranges.coarsen(GROUP_RANGES_MAX);
    this.#ranges += ranges.count - before;
    // Of more groups than that each has one, and it is seldom that all of them are looked at.
    if (this.#ranges > Math.max(RANGES_MAX, 2 * this.#groups.size)) this.#coarsenAll();
  }

  /** Puts every slice from one on in, of all groups. */
  addAllFrom(slice: number): void {
    this.#allFrom = Math.min(this.#allFrom, Math.max(slice, Number.MIN_SAFE_INTEGER));
  }

  /** Takes the slices below one out of those that are to be told of all groups; +Infinity: all of them. */
  takeAllUpTo(slice: number): void {
    this.#allFrom = Math.max(this.#allFrom, slice);
  }

  /** Takes the ranges of a group out. */
  takeGroup(group: string): SliceRanges {
    const ranges = this.#groups.get(group) ?? new SliceRanges();
    this.#groups.delete(group);
    this.#ranges -= ranges.count;
    return ranges;
  }

  /** Puts ranges of a group back. */
  putBack(group: string, ranges: SliceRanges): void {
    const edges = ranges.edges();
    for (let i = 0; i < edges.length; i += 2) this.add(group, edges[i]!, edges[i + 1]!);
  }

  mark(): UntoldMark {
    return {
      allFrom: this.#allFrom === Number.POSITIVE_INFINITY ? null : this.#allFrom,
      groups: [...this.#groups].map(([group, ranges]) => [
        group,
        ranges.edges().map((edge) => (Number.isFinite(edge) ? edge : null)),
      ]),
    };
  }

  #coarsenAll(): void {
    const each = Math.max(1, Math.floor(RANGES_MAX / 2 / this.#groups.size));
    this.#ranges = 0;
    for (const ranges of this.#groups.values()) {
      ranges.coarsen(each);
      this.#ranges += ranges.count;
    }
  }
}
