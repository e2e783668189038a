import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { formatInstant } from '#core/time/instant.ts';
import { groupsOf, withSource } from '../answers/answer-windows.ts';
import { extentOf, wideExtentOf } from '../answers/window-spans.ts';
import { jsonDoc, limitParam, PROBLEMS, ViewPath } from './schemas.ts';
import type { ReaderOf } from './view-reader.ts';

/** Groups that one answer names. */
const GROUPS_DEFAULT = 100;
const GROUPS_MAX = 10_000;
/** With more groups than this, where their data lies is told a little too wide instead of being looked for in each. */
const EXACT_EXTENT_GROUPS_MAX = 1_000;

const GroupsParams = z.strictObject({
  search: z.string().max(200).default('').openapi({
    description: 'Words that all stand in the tags of a group, whatever their case; all groups where none is given',
    example: 'north 7',
  }),
  limit: limitParam(GROUPS_MAX, GROUPS_DEFAULT),
});

const Instant = z.string().openapi({ format: 'date-time' });

const Groups = z
  .object({
    view: z.string(),
    total: z.number().openapi({ description: 'How many groups the view has' }),
    found: z.number().openapi({ description: 'How many of them the search finds' }),
    data: z.object({ from: Instant, to: Instant }).nullable().openapi({
      description: 'Between which slices the view has readings; null where it has none',
    }),
    groups: z.array(z.object({ tags: z.record(z.string(), z.string()) })),
  })
  .openapi('Groups');

const route = createRoute({
  method: 'get',
  path: '/api/v1/views/{view}/groups',
  summary: 'The groups of a view, and where its data lies',
  request: { params: ViewPath, query: GroupsParams },
  responses: { 200: jsonDoc('The first groups that the search finds, by their tags', Groups), ...PROBLEMS },
});

/** Which groups a view has: nobody who looks for one of thousands should have to ask for the windows of all. */
export function addGroupsRoute(app: OpenAPIHono, readerOf: ReaderOf): void {
  app.openapi(route, async (c) => {
    const reader = readerOf(c);
    const { view } = c.req.valid('param');
    const { search, limit } = c.req.valid('query');
    const answer = await withSource(
      reader.index,
      view,
      () => reader.source(view, undefined),
      async (source) => {
        const { by } = source.id.view;
        const where = reader.confined(source.id.view, new Map());
        const groups = groupsOf(source, where);
        // What is of others does not show in the extent either.
        const isExact = groups.length <= EXACT_EXTENT_GROUPS_MAX || where.size > 0;
        const data = isExact ? await extentOf(source, groups) : await wideExtentOf(source);
        const found = inOrder(groups.filter(({ tags }) => standsIn(search, tags)));
        return {
          view,
          total: groups.length,
          found: found.length,
          data: data === undefined ? null : { from: formatInstant(data.fromMs), to: formatInstant(data.toMs) },
          groups: found.slice(0, limit).map(({ tags }) => {
            return { tags: Object.fromEntries(by.map((tag, i) => [tag, tags[i] ?? ''])) };
          }),
        };
      },
    );
    return c.json(answer, 200);
  });
}

/** `meter-2` before `meter-10`. */
const collator = new Intl.Collator('en', { numeric: true });

/** Groups by their tags as people order them; more than are ever told at once stay as the index has them. */
function inOrder<T extends { readonly tags: readonly string[] }>(groups: readonly T[]): readonly T[] {
  if (groups.length > GROUPS_MAX) return groups;
  return groups.toSorted((a, b) => {
    const i = a.tags.findIndex((tag, at) => tag !== b.tags[at]);
    return i < 0 ? 0 : collator.compare(a.tags[i]!, b.tags[i]!);
  });
}

/** Whether each word of a search stands in one of the tags. */
export function standsIn(search: string, tags: readonly string[]): boolean {
  const texts = tags.map((tag) => tag.toLowerCase());
  const words = search.toLowerCase().split(/\s+/);
  return words.every((word) => texts.some((text) => text.includes(word)) || word === '');
}
