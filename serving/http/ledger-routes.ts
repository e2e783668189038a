import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { AgentRow, ChangeFeed, RefusedRow } from '#backbone/changes/changes.ts';
import { formatInstant } from '#core/time/instant.ts';
import { nearestNames } from '#core/time/nearest-name.ts';
import { QueryError } from '../answers/query.ts';
import type { RefusedCount } from '../index/refused-counts.ts';
import type { AgentPresence, ServingOptions } from './options.ts';
import { getRoute, jsonDoc, limitParam, PROBLEMS } from './schemas.ts';

/** Refused things that one answer tells, the newest ones. */
const QUARANTINE_DEFAULT = 100;
const QUARANTINE_MAX = 10_000;

const Ledger = z
  .object({
    agent: z.string(),
    partition: z.number(),
    watermark: z.string().nullable(),
    holes: z.boolean().openapi({ description: 'A frame is known to exist that has not arrived' }),
    arrived: z.number().openapi({ description: 'Frames folded' }),
    quarantined: z.number().openapi({ description: 'Frames refused' }),
    missing: z.array(z.object({ incarnation: z.number(), from: z.number(), to: z.number() })),
    forks: z.number().openapi({ description: 'Numbers that came twice with different content' }),
    parked: z.number().openapi({ description: 'Frames that wait for their dictionary' }),
    head: z.object({ incarnation: z.number(), highestSequence: z.number() }),
    series: z.number().openapi({ description: 'Series that the agent has introduced' }),
    life: z.number().openapi({ description: 'How often the agent was let begin anew' }),
    retired: z.boolean().openapi({ description: 'Nothing more is expected of it, unless it sends again' }),
    handedTo: z.string().nullable().openapi({ description: 'The agent that has its series now' }),
    lost: z
      .array(z.object({ life: z.number(), incarnation: z.number(), from: z.number(), to: z.number() }))
      .openapi({ description: 'Frames that its former lives never delivered' }),
    lostCount: z.number().openapi({ description: 'How many those are' }),
    doubted: z
      .array(z.object({ from: z.string(), to: z.string() }))
      .openapi({ description: 'Event time of which it told, begun anew, what it may have told before' }),
  })
  .openapi('Ledger');

const Presence = z.object({ online: z.boolean(), since: z.string(), lastSeen: z.string() });
const RefusedCounted = z
  .object({ rows: z.number(), readings: z.number(), frames: z.number() })
  .openapi({ description: 'Rows of its sources that were refused, the readings in them, and frames' });
const Agent = z
  .object({
    agent: z.string(),
    presence: Presence.nullable(),
    ledger: Ledger.nullable(),
    refused: RefusedCounted,
  })
  .openapi('Agent');
const Refused = z
  .object({
    partition: z.number(),
    position: z.number(),
    agent: z.string(),
    at: z.string(),
    kind: z.enum(['frame', 'rows']),
    code: z.string(),
    detail: z.string(),
    incarnation: z.number().nullable(),
    sequence: z.number().nullable(),
    source: z.string(),
    items: z.array(z.object({ line: z.number(), readings: z.number(), reason: z.string(), text: z.string() })),
  })
  .openapi('Refused');

/** What is known of one agent. */
export type AgentAnswer = z.infer<typeof Agent>;

const Quarantine = z.object({ total: z.number(), refused: z.array(Refused) });

/** The newest of what was refused. */
export type QuarantineAnswer = z.infer<typeof Quarantine>;

const agentsRoute = getRoute('/api/v1/agents', 'Every agent: whether it is connected, and what its ledger says', {
  200: jsonDoc('All agents, by name', z.object({ agents: z.array(Agent) })),
});

const ledgersRoute = getRoute('/api/v1/ledger', 'What arrived, what was refused and what is missing, per agent', {
  200: jsonDoc('All ledgers, by agent', z.object({ ledgers: z.array(Ledger) })),
});

const ledgerRoute = createRoute({
  method: 'get',
  path: '/api/v1/ledger/{agent}',
  summary: 'The ledger of one agent',
  request: { params: z.object({ agent: z.string() }) },
  responses: { 200: jsonDoc('Its ledger', Ledger), 404: PROBLEMS[404] },
});

const quarantineRoute = createRoute({
  method: 'get',
  path: '/api/v1/quarantine',
  summary: 'Frames and rows that were refused, the newest last',
  request: {
    query: z.strictObject({
      limit: limitParam(QUARANTINE_MAX, QUARANTINE_DEFAULT),
      agent: z.string().optional(),
    }),
  },
  responses: {
    200: jsonDoc('What was refused', Quarantine),
    400: PROBLEMS[400],
  },
});

/** The ledgers that an index knows. */
interface LedgerIndex {
  readonly agents: { all(): readonly AgentRow[] };
  readonly refused: { of(agent: string): RefusedCount };
}

export function addLedgerRoutes(
  app: OpenAPIHono,
  index: LedgerIndex,
  options: { readonly feed: Pick<ChangeFeed, 'refused'>; readonly presence: ServingOptions['presence'] },
): void {
  app.openapi(agentsRoute, (c) => c.json({ agents: agentsOf(index, options.presence()) }, 200));
  app.openapi(ledgersRoute, (c) => c.json({ ledgers: index.agents.all().map(ledgerOf) }, 200));
  app.openapi(ledgerRoute, (c) => {
    const { agent } = c.req.valid('param');
    const rows = index.agents.all();
    const row = rows.find((one) => one.agent === agent);
    if (row !== undefined) return c.json(ledgerOf(row), 200);
    const nearest = nearestNames(
      agent,
      rows.map((one) => one.agent),
    );
    const remedy =
      nearest.length === 0 ? 'see /api/v1/ledger for those that are' : `did you mean ${nearest.join(' or ')}?`;
    throw new QueryError('agent', agent, 'is not in the ledger', remedy, 404);
  });
  app.openapi(quarantineRoute, async (c) => {
    const { limit, agent } = c.req.valid('query');
    const { total, rows } = await newestRefused(options.feed, agent, limit);
    return c.json({ total, refused: rows.map(refusedOf) }, 200);
  });
}

function agentsOf({ agents, refused }: LedgerIndex, presences: readonly AgentPresence[]): AgentAnswer[] {
  const rows = agents.all();
  const names = new Set([...rows.map(({ agent }) => agent), ...presences.map(({ agent }) => agent)]);
  const ledgers = new Map(rows.map((row) => [row.agent, ledgerOf(row)]));
  const present = new Map(presences.map((one) => [one.agent, one]));
  return [...names].sort().map((agent) => {
    const one = present.get(agent);
    const presence =
      one === undefined
        ? null
        : { online: one.online, since: formatInstant(one.sinceMs), lastSeen: formatInstant(one.lastSeenMs) };
    return { agent, presence, ledger: ledgers.get(agent) ?? null, refused: { ...refused.of(agent) } };
  });
}

function ledgerOf(row: AgentRow): z.infer<typeof Ledger> {
  const { agent, partition, watermarkMs, holes, arrived, quarantined, missing, forks, parked, head } = row;
  const watermark = watermarkMs === null ? null : formatInstant(watermarkMs);
  const { series = 0, standing, lost = [], lostCount = 0, doubted = [] } = row;
  const { life, retired, handedTo } = standing ?? { life: 0, retired: false, handedTo: null };
  const told = { agent, partition, watermark, holes, arrived, quarantined, missing: [...missing], forks, parked, head };
  const spans = doubted.map(({ fromMs, toMs }) => ({ from: formatInstant(fromMs), to: formatInstant(toMs) }));
  return { ...told, series, life, retired, handedTo, lost: [...lost], lostCount, doubted: spans };
}

/** The newest refusals of all partitions by the time they were received, and how many there are. */
async function newestRefused(
  feed: Pick<ChangeFeed, 'refused'>,
  agent: string | undefined,
  limit: number,
): Promise<{ readonly total: number; readonly rows: readonly RefusedRow[] }> {
  let rows: RefusedRow[] = [];
  let total = 0;
  for await (const row of feed.refused()) {
    if (agent !== undefined && row.agent !== agent) continue;
    total++;
    rows.push(row);
    if (rows.length >= 2 * limit) rows = newest(rows, limit);
  }
  return { total, rows: newest(rows, limit) };
}

function newest(rows: readonly RefusedRow[], limit: number): RefusedRow[] {
  return rows.toSorted((a, b) => a.atMs - b.atMs || a.partition - b.partition || a.position - b.position).slice(-limit);
}

function refusedOf({ atMs, items, ...row }: RefusedRow): z.infer<typeof Refused> {
  return { ...row, at: formatInstant(atMs), items: [...items] };
}
