import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { namedRecord } from '#core/series/named-record.ts';
import { NAME_LENGTH_MAX, TAG_VALUE_LENGTH_MAX } from '#core/series/series.ts';
import { InstantError, parseInstant } from '#core/time/instant.ts';
import { openZone } from '#core/time/zone.ts';
import { INCARNATION_MAX } from '#core/wire/heartbeat.ts';
import { AGENT_ID } from '#core/wire/topics.ts';
import { QueryError } from '../answers/query.ts';
import type { AgentOrders, OrderOutcome } from './options.ts';
import { BODY_PROBLEMS, CHANGE_PROBLEMS, jsonDoc } from './schemas.ts';

const AgentPath = z.object({
  agent: z.string().regex(AGENT_ID, {
    error: 'is no agent id; write letters, digits, dots, dashes and underscores, 64 at most',
  }),
});
const Done = z.object({
  agent: z.string(),
  changed: z.boolean().openapi({ description: 'False where the same was ordered before' }),
});
const HandOverBody = z.strictObject({ to: z.string().regex(AGENT_ID) });

const frameNumber = z.int().min(1);
const GiveUpBody = z.strictObject({
  incarnation: frameNumber.max(INCARNATION_MAX),
  from: frameNumber,
  to: frameNumber,
});

const name = z.string().min(1).max(NAME_LENGTH_MAX);
const EndSeriesBody = z.strictObject({
  metric: name,
  device: name,
  tags: namedRecord(z.string(), z.string().max(TAG_VALUE_LENGTH_MAX))
    .default({})
    .openapi({ description: 'As many of its tags as tell it from others of its metric and device' }),
  from: z.string().max(64).optional().openapi({ description: 'From when on; now unless given', format: 'date-time' }),
});

/** What the API says of an order. */
export type OrderAnswer = z.infer<typeof Done> & { readonly series?: number };

const readmitRoute = createRoute({
  method: 'post',
  path: '/api/v1/agents/{agent}/readmit',
  summary: 'Lets an agent whose disk is lost begin anew; what it had not sent stays named in the ledger',
  request: { params: AgentPath },
  responses: { 200: jsonDoc('It may begin', Done), ...CHANGE_PROBLEMS },
});

const retireRoute = createRoute({
  method: 'post',
  path: '/api/v1/agents/{agent}/retire',
  summary: 'Windows wait for the agent no longer, unless it sends again',
  request: { params: AgentPath },
  responses: { 200: jsonDoc('It is retired', Done), ...CHANGE_PROBLEMS },
});

const handOverRoute = createRoute({
  method: 'post',
  path: '/api/v1/agents/{agent}/hand-over',
  summary: 'Gives the series of an agent to another one',
  request: { params: AgentPath, body: { content: { 'application/json': { schema: HandOverBody } }, required: true } },
  responses: {
    200: jsonDoc('They are its own now', Done.extend({ to: z.string(), series: z.number() })),
    ...BODY_PROBLEMS,
  },
});

const giveUpRoute = createRoute({
  method: 'post',
  path: '/api/v1/agents/{agent}/give-up',
  summary: 'Windows wait no longer for frames that are lost, and answers name the agent',
  request: { params: AgentPath, body: { content: { 'application/json': { schema: GiveUpBody } }, required: true } },
  responses: { 200: jsonDoc('They are given up', Done), ...BODY_PROBLEMS },
});

const endSeriesRoute = createRoute({
  method: 'post',
  path: '/api/v1/agents/{agent}/end-series',
  summary: 'Nothing more is expected of a series from a time on, unless it speaks again',
  request: { params: AgentPath, body: { content: { 'application/json': { schema: EndSeriesBody } }, required: true } },
  responses: { 200: jsonDoc('It is ended', Done), ...BODY_PROBLEMS },
});

export function addOrderRoutes(app: OpenAPIHono, orders: AgentOrders): void {
  app.openapi(readmitRoute, async (c) => {
    const { agent } = c.req.valid('param');
    return c.json({ agent, changed: done(await orders.readmit(agent)).changed }, 200);
  });
  app.openapi(retireRoute, async (c) => {
    const { agent } = c.req.valid('param');
    return c.json({ agent, changed: done(await orders.retire(agent)).changed }, 200);
  });
  app.openapi(handOverRoute, async (c) => {
    const { agent } = c.req.valid('param');
    const { to } = c.req.valid('json');
    if (to === agent) throw new QueryError('to', to, 'is the agent itself', 'name the one that takes its series');
    const { changed, series } = done(await orders.handOver(agent, to));
    return c.json({ agent, to, changed, series }, 200);
  });
  app.openapi(giveUpRoute, async (c) => {
    const { agent } = c.req.valid('param');
    const range = c.req.valid('json');
    if (range.to < range.from)
      throw new QueryError('to', String(range.to), 'lies before `from`', 'give the lower number first');
    return c.json({ agent, changed: done(await orders.giveUp(agent, range)).changed }, 200);
  });
  app.openapi(endSeriesRoute, async (c) => {
    const { agent } = c.req.valid('param');
    const { from, ...series } = c.req.valid('json');
    const fromMs = from === undefined ? undefined : instantOf(from);
    return c.json({ agent, changed: done(await orders.endSeries(agent, series, fromMs)).changed }, 200);
  });
}

function done(outcome: OrderOutcome): Extract<OrderOutcome, { readonly kind: 'done' }> {
  if (outcome.kind === 'done') return outcome;
  if (outcome.kind === 'not-one') throw notOne(outcome);
  const { agent, reason } = outcome;
  switch (reason) {
    case 'online':
      throw new QueryError('agent', agent, 'is connected, so it is not gone', 'stop it first', 409);
    case 'unknown':
      throw new QueryError(
        'agent',
        agent,
        'has never sent anything here',
        'see "weir agents" for those that have',
        404,
      );
  }
}

/** Series that are listed where not one is meant. */
const LISTED_MAX = 8;

function notOne({ agent, meant, known }: Extract<OrderOutcome, { readonly kind: 'not-one' }>): QueryError {
  const listed = known.slice(0, LISTED_MAX).map(({ tags }) => {
    const others = Object.entries(tags).filter(([tag]) => tag !== 'device');
    return others.length === 0 ? 'no tags' : others.map(([tag, text]) => `${tag}=${text}`).join(' ');
  });
  const remedy =
    known.length === 0
      ? 'name a metric and a device that it has sent'
      : `name one by its tags: ${listed.join('; ')}${known.length > LISTED_MAX ? '; …' : ''}`;
  const what = meant === 0 ? 'has no such series' : `has ${meant} such series`;
  return new QueryError('agent', agent, what, remedy, meant === 0 ? 404 : 400);
}

/** Throws QueryError. */
function instantOf(text: string): number {
  try {
    return parseInstant(text, openZone('UTC'));
  } catch (error) {
    if (!(error instanceof InstantError)) throw error;
    throw new QueryError('from', text, 'is no time', 'write it like 2026-01-01T00:00:00Z');
  }
}
