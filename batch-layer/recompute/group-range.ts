import { groupKey, groupOf, type TaggedSeries, type View, viewAdmits } from '#core/views/view.ts';

/** Groups of a view whose keys lie from `from` to before `to`. Plain data, for any process. */
export interface GroupRange {
  /** '' is before all keys. */
  readonly from: string;
  /** undefined: there is no end. */
  readonly to: string | undefined;
}

/**
 * Groups that a range holds at least: blocks end with a band of time where a view's groups are divided, and those that are
 * made of so many groups are mostly full.
 */
const RANGE_GROUPS_MIN = 64;

/** Series that are looked at to divide a view's groups: enough that the parts come out about equal. */
const LOOKS_MAX = 4096;

/** The golden ratio: places that are its multiples, less whole ones, lie evenly, and fall in with no order that a dictionary has. */
const GOLDEN = 0.618_033_988_749_895;

export function isAll({ from, to }: GroupRange): boolean {
  return from === '' && to === undefined;
}

export function inRange({ from, to }: GroupRange, group: string): boolean {
  return group >= from && (to === undefined || group < to);
}

/** What a look at some series tells of a view's groups. */
interface Looked {
  /** Keys of groups that were seen, ascending. */
  readonly keys: readonly string[];
  /** How many there are, about. */
  readonly groups: number;
}

function lookAt(view: View, series: readonly TaggedSeries[]): Looked {
  const looks = Math.min(LOOKS_MAX, series.length);
  const keys = new Set<string>();
  let admitted = 0;
  for (let i = 0; i < looks; i++) {
    const one = series[looks < series.length ? Math.floor(((i * GOLDEN) % 1) * series.length) : i]!;
    if (!viewAdmits(view, one)) continue;
    admitted++;
    keys.add(groupKey(groupOf(view, one)));
  }
  // Where most that were seen were new, those that weren't seen are too.
  const isMore = 2 * keys.size > admitted;
  return { keys: [...keys].sort(), groups: isMore ? (keys.size * series.length) / looks : keys.size };
}

/** How many groups a view has of some series, about. */
export function countGroups(view: View, series: readonly TaggedSeries[]): number {
  return lookAt(view, series).groups;
}

/** Divides the groups that a view has of some series into `parts` ranges of about as many groups, or into fewer where these are few. */
export function divideGroups(view: View, series: readonly TaggedSeries[], parts: number): readonly GroupRange[] {
  const { keys } = lookAt(view, series);
  const count = Math.max(1, Math.min(parts, Math.floor(keys.length / RANGE_GROUPS_MIN)));
  const edges = Array.from({ length: count }, (_, i) => (i === 0 ? '' : keys[Math.floor((i * keys.length) / count)]!));
  return edges.map((from, i) => ({ from, to: edges[i + 1] }));
}
