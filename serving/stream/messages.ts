import { z } from '@hono/zod-openapi';
import { namedRecord } from '#core/series/named-record.ts';
import { QueryError, STATS_MAX } from '../answers/query.ts';

const Id = z.string().min(1).max(64).openapi({
  description: 'A name for the subscription, by which all that is told of it is called',
  example: 'north',
});
const Span = z.string().max(40);

export const Subscribe = z.strictObject({
  type: z.literal('subscribe'),
  id: Id,
  view: z.string().max(200).openapi({ description: 'Name of the view', example: 'usage-by-region' }),
  window: Span.openapi({ description: 'Size of a window', example: '1h' }),
  every: Span.optional().openapi({ description: 'Distance of the starts of hopping windows', example: '10m' }),
  offset: Span.optional().openapi({ description: 'How much later windows begin', example: '6h' }),
  zone: z.string().max(64).optional().openapi({
    description: 'IANA zone whose clock and calendar windows follow; UTC where not given',
    example: 'Europe/Paris',
  }),
  stats: z
    .array(z.string().max(40))
    .min(1)
    .max(STATS_MAX)
    .optional()
    .openapi({ description: 'Statistics; count, sum, mean, min and max where not given', example: ['count', 'p99'] }),
  last: Span.optional().openapi({
    description: 'The snapshot reaches back so far from the newest data, and no change before that is told',
    example: '7d',
  }),
  from: Span.optional().openapi({
    description: 'Or it begins at this instant, written as in a query. Without both it begins with the first data',
    example: '2026-01-01',
  }),
  where: namedRecord(z.string().max(200), z.union([z.string().max(1000), z.array(z.string().max(1000)).max(100)]))
    .optional()
    .openapi({ description: 'The values that tags may have', example: { region: ['IDF', 'PACA'] } }),
  resume: z.string().max(16_384).optional().openapi({
    description: 'A position that was told before: only what changed since is told, where that is still known',
  }),
});

export const Unsubscribe = z.strictObject({ type: z.literal('unsubscribe'), id: Id });

const ClientMessage = z.discriminatedUnion('type', [Subscribe, Unsubscribe]);

export type SubscribeMessage = z.infer<typeof Subscribe>;
export type ClientMessage = z.infer<typeof ClientMessage>;

/** The message in a text. Throws QueryError. */
export function parseClientMessage(text: string): ClientMessage {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new QueryError(
      'message',
      text.slice(0, 80),
      'is no JSON',
      'send {"type":"subscribe","id":…,"view":…,"window":…}',
    );
  }
  const parsed = ClientMessage.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.join('.') || 'message';
  throw new QueryError(
    field,
    text.slice(0, 80),
    `can't be taken: ${issue.message}`,
    'send subscribe with id, view, window and, if wanted, every, offset, zone, stats, last or from, where, resume; or unsubscribe with id',
  );
}

/** The id that a message names, as far as it can be read: so that its error can be told with it. */
export function idOf(text: string): string | undefined {
  try {
    const body = JSON.parse(text) as unknown;
    if (typeof body !== 'object' || body === null || !('id' in body)) return undefined;
    return typeof body.id === 'string' ? body.id.slice(0, 64) : undefined;
  } catch {
    return undefined;
  }
}
