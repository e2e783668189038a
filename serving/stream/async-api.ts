import { OpenAPIHono, z } from '@hono/zod-openapi';
import { ProblemSchema, WindowNameSchema, WindowsAnswerSchema } from '../http/schemas.ts';
import {
  CHANGES_EVERY_MS,
  MESSAGE_BYTES_MAX,
  PING_EVERY_MS,
  SNAPSHOT_WINDOWS_MAX,
  SUBSCRIPTIONS_MAX,
} from './limits.ts';
import { Subscribe, Unsubscribe } from './messages.ts';

const Id = z.string().openapi({ description: 'The subscription that it is told of' });
const Told = WindowsAnswerSchema.omit({ asOf: true });
const Snapshot = Told.extend({ type: z.literal('snapshot'), id: Id });
const Changes = Told.omit({ units: true, zone: true }).extend({
  type: z.literal('changes'),
  id: Id,
  gone: z.array(WindowNameSchema).optional().openapi({
    description:
      'Windows that hold nothing any more. Some of them may never have been told; absent where there are none',
  }),
});
const Refusal = z.object({
  type: z.literal('error'),
  id: Id.optional().openapi({ description: 'Absent where the message that is refused names none' }),
  problem: ProblemSchema,
});

/** What a reader sends, by the schemas that read it, and what it is told. */
const MESSAGES = {
  subscribe: {
    schema: Subscribe,
    summary: 'Asks for windows: a snapshot of them, then those that change',
    description: `At most ${MESSAGE_BYTES_MAX} bytes, and at most ${SUBSCRIPTIONS_MAX} subscriptions of a connection.`,
  },
  unsubscribe: { schema: Unsubscribe, summary: 'Ends a subscription', description: 'Nothing is told of it any more.' },
  snapshot: {
    schema: Snapshot,
    summary: 'All windows of a subscription, in place of what was told of it before',
    description: `At most ${SNAPSHOT_WINDOWS_MAX} windows; a subscription that reaches further back is refused.`,
  },
  changes: {
    schema: Changes,
    summary: 'The windows that have changed, whole, each by its newest state',
    description: `Every ${CHANGES_EVERY_MS} ms at most, and not before there is room. A window is replaced by its start and tags, and removed where gone names it; of the units and the zone the snapshot tells.`,
  },
  error: {
    schema: Refusal,
    summary: 'Why a message was refused, or a subscription ended',
    description: 'Problem details (RFC 9457).',
  },
} as const;

type MessageName = keyof typeof MESSAGES;

const SENT_BY_READERS: readonly MessageName[] = ['subscribe', 'unsubscribe'];
const TOLD: readonly MessageName[] = ['snapshot', 'changes', 'error'];

/** The stream as an AsyncAPI 3.0 document, as seen from the server (https://www.asyncapi.com/docs/reference/specification/v3.0.0). */
export function describeStream(address: string, host: string): object {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Weir stream',
      version: '1',
      description:
        'Windows of views as they change. Beside it, GET /openapi.json describes the HTTP interface. ' +
        `A reader is pinged every ${PING_EVERY_MS / 1_000} s, and cut off where it doesn't answer. The server closes with 1001 ` +
        'where it stops, with 1008 where messages come faster than they are answered, with 1009 where one is too long.',
    },
    defaultContentType: 'application/json',
    servers: { here: { host, protocol: 'ws', protocolVersion: '13', description: 'The server that tells of it' } },
    channels: {
      stream: {
        address,
        title: 'The stream of a connection',
        messages: refsOf('#/components/messages', Object.keys(MESSAGES)),
        bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } },
      },
    },
    operations: {
      receive: {
        action: 'receive',
        summary: 'A reader subscribes, and unsubscribes',
        ...messagesOfStream(SENT_BY_READERS),
        reply: messagesOfStream(TOLD),
      },
      tell: { action: 'send', summary: 'Subscriptions are told of', ...messagesOfStream(TOLD) },
    },
    components: {
      messages: Object.fromEntries(
        Object.entries(MESSAGES).map(([name, { summary, description }]) => [
          name,
          { name, title: name, summary, description, payload: refTo('#/components/schemas', schemaName(name)) },
        ]),
      ),
      schemas: schemas(),
    },
  };
}

/** The schemas as the OpenAPI description has them: JSON Schema, with the same parts by name. */
function schemas(): object {
  const described = new OpenAPIHono();
  for (const [name, { schema }] of Object.entries(MESSAGES))
    described.openAPIRegistry.register(schemaName(name), schema);
  const document = described.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '' } });
  return document.components?.schemas ?? {};
}

function schemaName(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
}

function messagesOfStream(names: readonly MessageName[]): object {
  const messages = names.map((name) => refTo('#/channels/stream/messages', name));
  return { channel: refTo('#/channels', 'stream'), messages };
}

function refsOf(place: string, names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, refTo(place, name)]));
}

function refTo(place: string, name: string): { readonly $ref: string } {
  return { $ref: `${place}/${name}` };
}
