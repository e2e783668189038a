import { groupKey, type GroupWindows } from '../stream/windows-state.ts';

export type Tags = Readonly<Record<string, string>>;

/** Groups of which figures are shown at once: more would fill the page. */
export const GROUPS_SHOWN_MAX = 24;

/** Windows that the stream tells in one piece (serving/stream/limits.ts). */
export const STREAM_WINDOWS_MAX = 20_000;

/** How many groups can be shown, of which so many windows each are asked for. */
export function groupsShownMax(windowsPerGroup: number): number {
  // One window more may overlap the begin, and one may begin while it is asked.
  return Math.min(GROUPS_SHOWN_MAX, Math.floor(STREAM_WINDOWS_MAX / (windowsPerGroup + 2)));
}

/** The tags that a key of windows-state.ts stands for; undefined for a text that is none. */
export function tagsOfKey(key: string): Tags | undefined {
  try {
    const parsed: unknown = JSON.parse(key);
    if (!Array.isArray(parsed)) return undefined;
    const isPair = (one: unknown): one is [string, string] =>
      Array.isArray(one) && one.length === 2 && one.every((text) => typeof text === 'string');
    return parsed.every(isPair) ? Object.fromEntries(parsed) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Which groups are shown: those that were picked, the last one first, then the first of all, up to `countMax`. */
export function shownKeys(picked: readonly string[], first: readonly Tags[], countMax: number): readonly string[] {
  return [...new Set([...picked, ...first.map(groupKey)])].slice(0, countMax);
}

/**
 * What a question filters by, so that it is answered for these groups, and for as few others as filters of single tags can
 * say. Undefined where no filter is needed, since there are no other groups.
 */
export function filterOf(keys: readonly string[], total: number): Readonly<Record<string, string[]>> | undefined {
  if (total <= keys.length) return undefined;
  const values: Record<string, string[]> = {};
  for (const key of keys) {
    for (const [tag, value] of Object.entries(tagsOfKey(key) ?? {})) {
      const known = (values[tag] ??= []);
      if (!known.includes(value)) known.push(value);
    }
  }
  return values;
}

/**
 * The groups in the order in which they are shown: those that were picked, then the others in theirs. Where only some are
 * asked for, `keys`, those that a filter let through beside them are not among them.
 */
export function inShownOrder(
  groups: ReadonlyMap<string, GroupWindows>,
  picked: readonly string[],
  keys: readonly string[] | undefined,
): readonly GroupWindows[] {
  const isShown = (key: string): boolean => keys === undefined || keys.includes(key);
  const others = [...groups.values()].filter(({ key }) => !picked.includes(key) && isShown(key));
  return [...picked.filter(isShown).flatMap((key) => groups.get(key) ?? []), ...others];
}
