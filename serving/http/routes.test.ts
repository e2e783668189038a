import type { OpenAPIHono } from '@hono/zod-openapi';
import pino from 'pino';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AgentRow, RefusedRow } from '#backbone/changes/changes.ts';
import { QueryError } from '../answers/query.ts';
import { openApp } from './app.ts';
import { addHealthRoutes } from './health-routes.ts';
import { addLedgerRoutes } from './ledger-routes.ts';
import { addGauge, measureRequests } from './measure.ts';
import { addOperationRoutes } from './operation-routes.ts';
import type { AgentPresence, Operations, Progress, StoreOrders } from './options.ts';

const START_MS = Date.UTC(2026, 0, 1);

let app: OpenAPIHono;
let logged: string[];

beforeEach(() => {
  logged = [];
  app = openApp(pino({ level: 'error' }, { write: (line: string) => void logged.push(line) }));
});

async function get(path: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await app.request(path);
  return { status: response.status, body: await response.json() };
}

describe('the ledgers', () => {
  let agents: AgentRow[];
  let refused: RefusedRow[];
  let presences: AgentPresence[];

  beforeEach(() => {
    [agents, refused, presences] = [[], [], []];
    addLedgerRoutes(
      app,
      { agents: { all: () => agents }, refused: { of: (agent) => ({ rows: agent.length, readings: 7, frames: 1 }) } },
      {
        feed: {
          async *refused() {
            yield* refused;
          },
        },
        presence: () => presences,
      },
    );
  });

  const ledger = (agent: string, watermarkMs: number | null = START_MS): AgentRow => ({
    partition: 1,
    agent,
    watermarkMs,
    holes: true,
    arrived: 5,
    quarantined: 2,
    missing: [{ incarnation: 1, from: 3, to: 4 }],
    forks: 0,
    parked: 0,
    head: { incarnation: 1, highestSequence: 9 },
  });

  const refusal = (position: number, atMs: number, over: Partial<RefusedRow> = {}): RefusedRow => ({
    partition: 0,
    position,
    agent: 'a',
    atMs,
    kind: 'frame',
    code: 'skew',
    detail: 'too far ahead',
    incarnation: 1,
    sequence: 7,
    source: '',
    items: [],
    ...over,
  });

  it('tell of every agent that is connected or known, by name', async () => {
    agents = [ledger('c', null), ledger('b')];
    presences = [
      { agent: 'b', online: false, sinceMs: START_MS, lastSeenMs: START_MS + 1_000 },
      { agent: 'a', online: true, sinceMs: START_MS, lastSeenMs: START_MS },
    ];
    expect((await get('/api/v1/agents')).body).toMatchObject({
      agents: [
        { agent: 'a', presence: { online: true }, ledger: null, refused: { rows: 1, readings: 7, frames: 1 } },
        {
          agent: 'b',
          presence: { online: false, since: '2026-01-01T00:00:00Z', lastSeen: '2026-01-01T00:00:01Z' },
          ledger: { watermark: '2026-01-01T00:00:00Z', missing: [{ incarnation: 1, from: 3, to: 4 }] },
        },
        { agent: 'c', presence: null, ledger: { watermark: null } },
      ],
    });
  });

  it('are told alone, the nearest name where there is none', async () => {
    agents = [ledger('roof-1')];
    const { watermarkMs: _, ...told } = ledger('roof-1');
    const undecided = { life: 0, retired: false, handedTo: null, lost: [], lostCount: 0, doubted: [], series: 0 };
    expect((await get('/api/v1/ledger/roof-1')).body).toStrictEqual({
      ...told,
      ...undecided,
      watermark: '2026-01-01T00:00:00Z',
    });
    expect(await get('/api/v1/ledger/roof-2')).toMatchObject({
      status: 404,
      body: { detail: 'agent "roof-2" is not in the ledger; did you mean roof-1?' },
    });
    expect(await get('/api/v1/ledger/something-else')).toMatchObject({
      status: 404,
      body: { remedy: 'see /api/v1/ledger for those that are' },
    });
  });

  it('tell what was refused whole, the newest last', async () => {
    const row = refusal(4, START_MS, { items: [{ line: 1, readings: 1, reason: 'no', text: 'x' }] });
    refused = [refusal(2, START_MS + 1), row];
    expect((await get('/api/v1/quarantine')).body).toStrictEqual({
      total: 2,
      refused: [row, refused[0]].map((one) => {
        const { atMs, ...rest } = one!;
        return { ...rest, at: atMs === START_MS ? '2026-01-01T00:00:00Z' : '2026-01-01T00:00:00.001Z' };
      }),
    });
  });

  it('tell the newest refusals by time, then partition, then position, and how many there are', async () => {
    refused = [
      refusal(3, START_MS),
      refusal(1, START_MS + 5),
      refusal(1, START_MS, { partition: 1 }),
      refusal(2, START_MS),
      refusal(9, START_MS - 1),
    ];
    const told = async (query: string) => {
      const { body } = await get(`/api/v1/quarantine?${query}`);
      const { total, refused: rows } = body as { total: number; refused: RefusedRow[] };
      return [total, ...rows.map(({ partition, position }) => `${partition}/${position}`)];
    };
    expect(await told('limit=5')).toStrictEqual([5, '0/9', '0/2', '0/3', '1/1', '0/1']);
    for (const limit of [1, 2, 3, 4])
      expect(await told(`limit=${limit}`)).toStrictEqual([5, ...['0/9', '0/2', '0/3', '1/1', '0/1'].slice(-limit)]);
    expect(await told('agent=b')).toStrictEqual([0]);
    expect(await told('agent=a&limit=1')).toStrictEqual([5, '0/1']);
  });

  it('tell a hundred refusals where nobody says how many, ten thousand at most', async () => {
    refused = Array.from({ length: 101 }, (_, i) => refusal(i, START_MS));
    const count = async (query: string) =>
      ((await get(`/api/v1/quarantine${query}`)).body as { refused?: object[] }).refused?.length;
    expect([await count(''), await count('?limit=10000')]).toStrictEqual([100, 101]);
    for (const [limit, what] of [
      ['0', 'is too small'],
      ['10001', 'is too large'],
      ['1.5', 'is no whole number'],
      ['many', 'is no number'],
    ])
      expect(await get(`/api/v1/quarantine?limit=${limit}`)).toMatchObject({
        status: 400,
        body: { detail: `parameter "limit" ${what}; write one from 1 to 10000` },
      });
  });
});

describe('operations', () => {
  /** Ways to let the operations go on, in the order in which they were started. */
  let running: { readonly full?: boolean; readonly progress: Progress; readonly end: (failure?: Error) => void }[];
  let rolledBack: unknown;

  beforeEach(() => {
    running = [];
    const started = (progress: Progress, full?: boolean) =>
      new Promise<void>((resolve, reject) => {
        const end = (failure?: Error): void => (failure === undefined ? resolve() : reject(failure));
        running.push(full === undefined ? { progress, end } : { full, progress, end });
      });
    const operations: Operations = {
      batch: async (full, progress) => {
        await started(progress, full);
        return { version: 1, positions: [], readings: 0, rows: 0, slices: 0, seconds: 0 };
      },
      verify: async (progress) => {
        await started(progress);
        return { slices: 1, different: 0 };
      },
      rollback: () => Promise.resolve(rolledBack),
    };
    const checkName = (name: string): void => {
      if (name !== 'usage') throw new QueryError('view', name, 'is not declared', 'declare it', 404);
    };
    const stores: StoreOrders = {
      names: () => ['influx'],
      rebuild: async (store, progress) => {
        await started(progress);
        return { store, slices: 1, seconds: 0 };
      },
    };
    addOperationRoutes(app, { checkName }, { operations, stores, logger: pino({ level: 'silent' }) });
  });

  const post = async (path: string, body?: string): Promise<Response> =>
    app.request(path, { method: 'POST', ...(body === undefined ? {} : { body }) });
  const linesOf = async (response: Response) =>
    (await response.text()).split('\n').map((line) => (line === '' ? line : (JSON.parse(line) as object)));

  it('tell the newest progress to a slow reader, and the end always', async () => {
    const response = await post('/api/v1/verify');
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    for (let step = 1; step <= 40; step++) running[0]!.progress({ step });
    running[0]!.end();
    const lines = await linesOf(response);
    expect(lines.slice(-3)).toStrictEqual([{ progress: { step: 40 } }, { result: { slices: 1, different: 0 } }, '']);
    expect(lines.length).toBeLessThan(20);
    expect(lines.length).toBeGreaterThan(15);
  });

  it('tell progress to a reader that waits for it', async () => {
    const reader = (await post('/api/v1/verify')).body!.pipeThrough(new TextDecoderStream()).getReader();
    for (const step of [1, 2]) {
      const next = reader.read();
      running[0]!.progress({ step });
      expect((await next).value).toBe(`{"progress":{"step":${step}}}\n`);
    }
    const last = reader.read();
    running[0]!.end();
    expect((await last).value).toBe('{"result":{"slices":1,"different":0}}\n');
    expect((await reader.read()).done).toBe(true);
  });

  it('run one of a kind at a time, and again once it has ended, however', async () => {
    const first = await post('/api/v1/batch');
    expect((await post('/api/v1/batch')).status).toBe(409);
    const other = await post('/api/v1/verify');
    expect(other.status).toBe(200);
    running[0]!.end(new Error('the disk is gone'));
    expect(await linesOf(first)).toMatchObject([{ problem: { status: 500 } }, '']);
    const again = await post('/api/v1/batch');
    expect(again.status).toBe(200);
    for (const { end } of running) end();
    expect(await linesOf(again)).toMatchObject([{ result: { version: 1 } }, '']);
  });

  it('fill a store anew that there is, one run at a time', async () => {
    const first = await post('/api/v1/stores/influx/rebuild');
    expect((await post('/api/v1/stores/influx/rebuild')).status).toBe(409);
    running[0]!.end();
    expect(await linesOf(first)).toEqual([{ result: { store: 'influx', slices: 1, seconds: 0 } }, '']);
    const unknown = await post('/api/v1/stores/parquet/rebuild');
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ detail: 'store "parquet" is not configured; known are influx' });
  });

  it('go on when their reader leaves', async () => {
    await (await post('/api/v1/batch')).body!.cancel();
    expect((await post('/api/v1/batch')).status).toBe(409);
    running[0]!.end();
    await expect.poll(async () => (await post('/api/v1/batch')).status).toBe(200);
  });

  it.each([
    [undefined, false],
    [' ', false],
    ['{}', false],
    ['{"full":false}', false],
    ['{"full":true}', true],
  ])('take %j as a batch that is full: %j', async (body, full) => {
    await post('/api/v1/batch', body);
    expect(running[0]!.full).toBe(full);
    running[0]!.end();
  });

  it.each(['{', '[]', '{"full":1}', '{"ful":true}', 'null'])('refuse %s as a batch', async (body) => {
    const refused = await post('/api/v1/batch', body);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ subject: 'body', value: body });
    expect(running).toStrictEqual([]);
  });

  it('make live what was before, of a view that there is', async () => {
    rolledBack = { version: 3 };
    expect(await (await post('/api/v1/views/usage/rollback')).json()).toStrictEqual({ version: 3 });
    rolledBack = undefined;
    expect(await (await post('/api/v1/views/usage/rollback')).json()).toStrictEqual({ view: 'usage' });
    expect((await post('/api/v1/views/usag/rollback')).status).toBe(404);
  });
});

describe('health', () => {
  it('is told with its reason, beside what runs and what is measured', async () => {
    let reason: string | undefined = 'view x is not open yet';
    const registry = new Registry();
    addGauge(registry, 'weir_test', 'A test', () => 7);
    addHealthRoutes(app, { whyNotReady: () => Promise.resolve(reason), status: () => ({ version: '1' }), registry });
    expect(await get('/health/ready')).toStrictEqual({ status: 503, body: { status: 'not ready', reason } });
    reason = undefined;
    expect(await get('/health/ready')).toStrictEqual({ status: 200, body: { status: 'ready' } });
    expect(await get('/health/live')).toStrictEqual({ status: 200, body: { status: 'live' } });
    expect(await get('/api/v1/status')).toStrictEqual({ status: 200, body: { version: '1' } });
    expect(await (await app.request('/metrics')).text()).toContain('weir_test 7');
  });
});

describe('requests', () => {
  it('are counted by the route that answered, all others as one', async () => {
    const registry = new Registry();
    measureRequests(app, registry, { cache: { bytes: 1_024, pageCount: 3 } });
    app.get('/items/:id', (c) => c.text('', 200));
    app.get('*', (c) => c.notFound());
    for (const path of ['/items/1', '/items/2', '/nowhere', '/else']) await app.request(path);
    const text = await registry.metrics();
    expect(text).toContain('weir_serving_requests_total{route="/items/:id",status="200"} 2');
    expect(text).toContain('weir_serving_requests_total{route="other",status="404"} 2');
    expect(text).toContain('weir_serving_request_duration_seconds_count{route="/items/:id"} 2');
    expect([...text.matchAll(/_bucket\{le="([^"]+)",route="other"\}/g)].map(([, le]) => le)).toStrictEqual(
      '0.001 0.002 0.005 0.01 0.02 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf'.split(' '),
    );
    expect(text).toContain('weir_serving_index_bytes 1024');
    expect(text).toContain('weir_serving_index_pages 3');
  });

  it('to a path that leads nowhere are told the nearest one', async () => {
    app.get('/api/v1/views', (c) => c.text(''));
    app.get('/api/v1/views/:view/windows', (c) => c.text(''));
    expect(await get('/api/v1/view')).toMatchObject({
      status: 404,
      body: { detail: 'path "/api/v1/view" leads nowhere; did you mean /api/v1/views?' },
    });
    expect(await get('/api/v1/views/usage-by-region/window')).toMatchObject({
      status: 404,
      body: { remedy: 'did you mean /api/v1/views/usage-by-region/windows?' },
    });
    expect(await get('/quite/elsewhere/x')).toMatchObject({ body: { remedy: 'see /openapi.json for what there is' } });
  });

  it('by a method that a path is not asked with are told which it is', async () => {
    app.get('/api/v1/views/:view', (c) => c.text(''));
    app.post('/api/v1/views/:view', (c) => c.text(''));
    app.use('*', (_, next) => next());
    const refused = await app.request('/api/v1/views/usage', { method: 'PUT' });
    expect([refused.status, refused.headers.get('allow')]).toStrictEqual([405, 'GET, HEAD, POST']);
    expect(await refused.json()).toMatchObject({
      detail: 'method PUT is not for /api/v1/views/usage; use GET or HEAD or POST',
    });
    expect((await app.request('/api/v1/views/usage/more', { method: 'PUT' })).status).toBe(404);
  });

  it('that fail for a reason of our own are logged, others are not', async () => {
    app.get('/asked', () => {
      throw new QueryError('window', '1q', 'is no duration', 'write one');
    });
    app.get('/fails', () => {
      throw new TypeError('x is undefined');
    });
    expect((await get('/asked')).status).toBe(400);
    expect(logged).toStrictEqual([]);
    expect((await get('/fails')).status).toBe(500);
    expect(logged.map((line) => (JSON.parse(line) as { reason: string }).reason)).toStrictEqual(['x is undefined']);
  });
});
