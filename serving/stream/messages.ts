import { z } from '@hono/zod-openapi';
import { QueryError } from '../answers/query.ts';

const Id = z.string().min(1).max(64);

const Subscribe = z.strictObject({
  type: z.literal('subscribe'),
  id: Id,
  view: z.string().max(200),
  window: z.string().max(40),
  every: z.string().max(40).optional(),
  offset: z.string().max(40).optional(),
  zone: z.string().max(64).optional(),
  stats: z.array(z.string().max(40)).min(1).max(64).optional(),
  /** The snapshot reaches back so far from the newest data, and no change before that is told. */
  last: z.string().max(40).optional(),
  /** Or it begins here. Without both it begins with the first data. */
  from: z.string().max(40).optional(),
  where: z
    .record(z.string().max(200), z.union([z.string().max(1000), z.array(z.string().max(1000)).max(100)]))
    .optional(),
  /** A position that was told before: only what changed since is told, where that is still known. */
  resume: z.string().max(16_384).optional(),
});

const Unsubscribe = z.strictObject({ type: z.literal('unsubscribe'), id: Id });

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
