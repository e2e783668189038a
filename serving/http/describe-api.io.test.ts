import { describe, expect, it } from 'vitest';
import { serveWorld } from '../serving.fixtures.ts';
import { World } from '../world.fixtures.ts';
import { HEAD_BYTES_MAX } from './describe-api.ts';
import type { AgentOrders } from './options.ts';

interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: object }>>>>;
}

const missing = () => Promise.resolve({ kind: 'refused', reason: 'unknown', agent: 'a' } as const);
const orders: AgentOrders = {
  readmit: missing,
  retire: missing,
  handOver: missing,
  giveUp: missing,
  endSeries: missing,
};

describe('the description of the interface', () => {
  it('tells of every path, method and status', async () => {
    await using served = await serveWorld(await World.open(), { orders });
    const { paths } = (await served.get('/openapi.json')).body as Described;
    const ofAll = ['421', '431', '500', '503'];
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { responses }]) => {
        const statuses = new Set(Object.keys(responses));
        const ofEach = method === 'post' ? [...ofAll, '403', '413'] : ofAll;
        for (const one of ofEach) expect([path, one, statuses.delete(one)]).toStrictEqual([path, one, true]);
        return `${method} ${path}: ${[...statuses].sort().join(' ')}`;
      }),
    );
    expect(described.sort()).toStrictEqual([
      'get /api/v1/agents: 200',
      'get /api/v1/ledger/{agent}: 200 404',
      'get /api/v1/ledger: 200',
      'get /api/v1/quarantine: 200 400',
      'get /api/v1/status: 200',
      'get /api/v1/stream: 101 403 426',
      'get /api/v1/views/{view}/groups: 200 400 404',
      'get /api/v1/views/{view}/sessions: 200 304 400 404 406 409',
      'get /api/v1/views/{view}/windows: 200 304 400 404 406 409',
      'get /api/v1/views: 200',
      'get /api/v1/whoami: 200',
      'get /asyncapi.json: 200 304',
      'get /health/live: 200',
      'get /health/ready: 200',
      'get /metrics: 200',
      'get /openapi.json: 200 304',
      'post /api/v1/agents/{agent}/end-series: 200 400 404 409 415',
      'post /api/v1/agents/{agent}/give-up: 200 400 404 409 415',
      'post /api/v1/agents/{agent}/hand-over: 200 400 404 409 415',
      'post /api/v1/agents/{agent}/readmit: 200 400 404 409',
      'post /api/v1/agents/{agent}/retire: 200 400 404 409',
      'post /api/v1/batch: 200 400 409',
      'post /api/v1/verify: 200 409',
    ]);
  });

  it('names a view that there is', async () => {
    await using served = await serveWorld(await World.open());
    expect((await served.get('/openapi.json')).text).toContain('"example":"power-by-region"');
  });
});

describe('a request', () => {
  it('whose head is too large is refused before anything is read of it', async () => {
    await using served = await serveWorld(await World.open());
    expect((await served.get(`/api/v1/views?x=${'x'.repeat(HEAD_BYTES_MAX)}`)).status).toBe(431);
  });

  it.each([
    ['application/json', '{"to":', 400],
    ['text/plain', '{"to":"b"}', 415],
    ['application/json', '{"to":"b"}', 404],
  ])('whose body is %s, %s is answered %i', async (type, body, status) => {
    await using served = await serveWorld(await World.open(), { orders });
    const url = `${served.url}/api/v1/agents/a/hand-over`;
    const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': type, connection: 'close' } });
    const remedy = (await answer.json()) as { remedy: string };
    expect([answer.status, remedy.remedy]).toStrictEqual([
      status,
      status === 404 ? expect.anything() : 'send JSON (RFC 8259), with Content-Type: application/json',
    ]);
  });
});
