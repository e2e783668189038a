import { useMemo } from 'preact/hooks';
import { useAsked } from '../api/ask.ts';
import { type GroupsInfo, groupsPath, readGroups } from '../api/inventory.ts';
import { filterOf, GROUPS_SHOWN_MAX, groupsShownMax, shownKeys } from './shown-groups.ts';

/** Groups come with their first readings. */
const GROUPS_EVERY_MS = 10_000;

/** Which groups are shown. */
export interface ShownGroups {
  /** Undefined where the server does not tell them: then all are shown that it tells of. */
  readonly groups: GroupsInfo | undefined;
  /** Whether it is known by now what to ask for. */
  readonly isKnown: boolean;
  /** The keys of those that are asked for; undefined where all are. */
  readonly keys: readonly string[] | undefined;
  readonly where: ReturnType<typeof filterOf>;
}

/** Which groups of the view are shown, of which so many windows each are asked for. */
export function useShownGroups(
  view: string | undefined,
  picked: readonly string[],
  windowsPerGroup: number,
): ShownGroups {
  const path = view === undefined ? undefined : groupsPath(view, '', GROUPS_SHOWN_MAX);
  const { answer: groups, problem } = useAsked(path, readGroups, GROUPS_EVERY_MS);
  return useMemo(() => {
    if (groups === undefined) return { groups, isKnown: problem !== undefined, keys: undefined, where: undefined };
    const keys = shownKeys(picked, groups.groups, groupsShownMax(windowsPerGroup));
    const where = filterOf(keys, groups.total);
    return { groups, isKnown: true, keys: where === undefined ? undefined : keys, where };
  }, [groups, problem, picked, windowsPerGroup]);
}
