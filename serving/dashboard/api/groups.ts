import type { Period } from '../choice/period.ts';
import type { Tags } from '../choice/shown-groups.ts';
import { instant, StrangeMessage } from '../stream/message.ts';

/** The groups of a view that a search finds, as many as were asked for, and where the view has data. */
export interface GroupsInfo {
  readonly total: number;
  readonly found: number;
  readonly data: Period | undefined;
  readonly groups: readonly Tags[];
}

/** Where the groups of a view are asked for. */
export function groupsPath(view: string, search: string, limit: number): string {
  return `api/v1/views/${encodeURIComponent(view)}/groups?${new URLSearchParams({ search, limit: String(limit) })}`;
}

/** Reads the answer of /api/v1/views/{view}/groups. Throws StrangeMessage. */
export function readGroups(answer: unknown): GroupsInfo {
  const { total, found, data, groups } = (answer ?? {}) as Record<string, unknown>;
  if (!Array.isArray(groups)) throw new StrangeMessage('no groups');
  const between = data as { readonly from: unknown; readonly to: unknown } | null;
  return {
    total: Number(total),
    found: Number(found),
    data: between === null ? undefined : { fromMs: instant(between.from, 'from'), toMs: instant(between.to, 'to') },
    groups: groups.map(({ tags }: { tags: Tags }) => tags),
  };
}
