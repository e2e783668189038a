import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
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
}

function done(outcome: OrderOutcome): Extract<OrderOutcome, { readonly kind: 'done' }> {
  if (outcome.kind === 'done') return outcome;
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
