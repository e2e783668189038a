import { beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { IdentityHarness } from '#backbone/identity/identity.fixtures.ts';
import type { Grant } from '#core/identity/principal.ts';
import { readAnswer, type Served } from '../serving.fixtures.ts';
import { StreamReader } from '../stream/stream-reader.fixtures.ts';
import type { World } from '../world.fixtures.ts';
import { type Ask, at, serveAsking, START, WINDOWS, WRONG } from './access.fixtures.ts';

let nowMs: number;
let identity: IdentityHarness;
let world: World;
let served: Served;
let ask: Ask;

beforeEach(async () => {
  nowMs = START;
  ({ identity, world, served, ask } = await serveAsking(() => nowMs));
});

const post = (body?: object): RequestInit => ({
  method: 'POST',
  ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
});

/** Every route, how it is asked, and the least that it needs. */
const ROUTES: readonly (readonly [
  string,
  RequestInit,
  'nothing' | 'ask' | 'list' | 'inspect' | 'recompute' | 'decide',
])[] = [
  ['/health/live', {}, 'nothing'],
  ['/health/ready', {}, 'nothing'],
  ['/openapi.json', {}, 'nothing'],
  ['/asyncapi.json', {}, 'nothing'],
  ['/login', {}, 'nothing'],
  ['/metrics', {}, 'inspect'],
  ['/api/v1/views', {}, 'list'],
  ['/api/v1/whoami', {}, 'list'],
  ['/api/v1/stream', {}, 'list'],
  [WINDOWS, {}, 'ask'],
  ['/api/v1/views/power-by-region/sessions?from=2026-01-01&to=2026-01-02&gap=1h', {}, 'ask'],
  ['/api/v1/views/power-by-region/groups', {}, 'ask'],
  ['/api/v1/agents', {}, 'inspect'],
  ['/api/v1/ledger', {}, 'inspect'],
  ['/api/v1/ledger/a', {}, 'inspect'],
  ['/api/v1/quarantine', {}, 'inspect'],
  ['/api/v1/status', {}, 'inspect'],
  ['/api/v1/batch', post(), 'recompute'],
  ['/api/v1/verify', post(), 'recompute'],
  ['/api/v1/stores/influx/rebuild', post(), 'decide'],
  ['/api/v1/backup', post(), 'decide'],
  ['/api/v1/agents/a/readmit', post(), 'decide'],
  ['/api/v1/agents/a/retire', post(), 'decide'],
  ['/api/v1/agents/a/hand-over', post({ to: 'b' }), 'decide'],
  ['/api/v1/agents/a/give-up', post({ incarnation: 1, from: 1, to: 2 }), 'decide'],
  ['/api/v1/agents/a/end-series', post({ metric: 'm', device: 'd' }), 'decide'],
];

const needs = (...needed: readonly string[]): readonly string[] => ['nothing', ...needed];

describe('the matrix of tokens and routes', () => {
  it('names every route that there is', async () => {
    const described = (await (await ask('/openapi.json')).json()) as { paths: Record<string, object> };
    const listed = new Set(ROUTES.map(([path]) => path.split('?', 1)[0]!));
    const missing = Object.keys(described.paths).filter(
      (path) =>
        !listed.has(path.replace('{view}', 'power-by-region').replace('{agent}', 'a').replace('{store}', 'influx')),
    );
    expect(missing).toEqual([]);
  });

  it.each([
    ['nobody', undefined, needs()],
    ['a reader', { may: 'read' }, needs('ask', 'list', 'inspect')],
    ['a writer', { may: 'write' }, needs('ask', 'list', 'inspect', 'recompute')],
    ['an operator', { may: 'operate' }, needs('ask', 'list', 'inspect', 'recompute', 'decide')],
    ['a reader of this view', { views: ['power-by-region'] }, needs('ask', 'list')],
    ['a reader of rows', { where: { region: ['north'] } }, needs('ask', 'list')],
    ['a reader of another view', { views: ['secret'] }, needs('list')],
    ['a reader of another tag', { where: { house: ['7'] } }, needs('list')],
  ] as const)('answers %s what they may ask, and nothing else', async (_, grant, may) => {
    const token = grant === undefined ? undefined : await identity.add('one', grant);
    const answered: Record<string, boolean> = {};
    for (const [path, init] of ROUTES) {
      const response = await ask(path, token, init);
      await response.text();
      const isRefused = response.status === 401 || response.status === 403 || response.status === 404;
      answered[path] = !isRefused;
      if (isRefused) expect(response.status === 401).toBe(token === undefined);
    }
    expect(answered).toEqual(Object.fromEntries(ROUTES.map(([path, , needed]) => [path, may.includes(needed)])));
  });

  it('has no place for what it does not name', async () => {
    const token = await identity.add('op', { may: 'operate' });
    for (const path of ['/api', '/api/v2/views', '/api/v1/nothing', '/metrics/x', '//api/v1/views', '/api/v1/views/'])
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
        expect((await ask(path, undefined, { method })).ok).toBe(false);
        expect([403, 404, 405]).toContain((await ask(path, token, { method })).status);
      }
  });

  it('is not got round by other ways to write a path', async () => {
    for (const path of [
      '/API/v1/status',
      '/api/v1/status/',
      '/api//v1/status',
      '/api/v1/%73tatus',
      '/./api/v1/status',
      '/x/../api/v1/status',
    ])
      expect(await (await ask(path)).text()).not.toContain('"version":"test"');
  });
});

describe('a token', () => {
  it('is known by its text alone, until it is revoked or its time is over', async () => {
    const token = await identity.add('one', { untilMs: START + 1_000 });
    expect((await ask('/api/v1/views', token)).status).toBe(200);
    for (const wrong of [
      WRONG,
      '',
      'x',
      token.slice(0, -1),
      `${token}x`,
      token.toUpperCase(),
      await identity.enrol('roof-1'),
    ])
      expect([401, 429]).toContain((await ask('/api/v1/views', wrong)).status);
    nowMs = START + 1_000;
    expect([401, 429]).toContain((await ask('/api/v1/views', token)).status);
    const other = await identity.add('other');
    expect((await ask('/api/v1/views', other)).status).toBe(200);
    await identity.revokeToken('other');
    expect([401, 429]).toContain((await ask('/api/v1/views', other)).status);
  });

  it('is asked for with a challenge, and with how one is made', async () => {
    const none = await ask('/api/v1/views');
    expect(none.headers.get('www-authenticate')).toBe('Bearer realm="weir"');
    expect(((await none.json()) as { detail: string }).detail).toBe(
      'GET /api/v1/views is not for everybody: it shows no token; send "Authorization: Bearer TOKEN"; "weir tokens add NAME --may read" at the server makes one',
    );
    const wrong = await ask('/api/v1/views', WRONG);
    expect(wrong.headers.get('www-authenticate')).toBe('Bearer realm="weir", error="invalid_token"');
    expect(await wrong.text()).not.toContain(WRONG.slice(-43));
  });

  it('confined to rows sees these in windows, sessions and groups, whatever it asks', async () => {
    const token = await identity.add('north', { where: { region: ['north'] } });
    const tagsOf = async (query: string) =>
      readAnswer(await (await ask(`${WINDOWS}${query}`, token)).text()).windows.map(({ tags, stats }) => [
        tags['region'],
        stats['count'],
      ]);
    expect(await tagsOf('')).toEqual([['north', '2']]);
    expect(await tagsOf('&region=north&region=south')).toEqual([['north', '2']]);
    expect(await tagsOf('&region=south')).toEqual([]);
    const csv = await (await ask(`${WINDOWS}&format=csv`, token)).text();
    expect(csv).not.toContain('south');
    const groups = await (await ask('/api/v1/views/power-by-region/groups?search=south', token)).json();
    expect(groups).toMatchObject({ total: 1, found: 0, groups: [] });
  });

  it('learns what it is, and what comes of that', async () => {
    const untilMs = START + 60_000;
    const told = async (grant: Partial<Grant>, name: string) =>
      (await ask('/api/v1/whoami', await identity.add(name, grant))).json();
    expect(await told({ may: 'write', untilMs }, 'writer')).toEqual({
      name: 'writer',
      session: false,
      may: 'write',
      views: null,
      where: {},
      until: '2026-01-01T00:01:00Z',
      allows: ['inspect', 'recompute'],
    });
    const where = { region: ['north'] };
    expect(await told({ where, views: [] }, 'north')).toMatchObject({ views: [], where, allows: [] });
    expect(await told({ may: 'operate' }, 'operator')).toMatchObject({ allows: ['inspect', 'recompute', 'decide'] });
  });

  it('confined to views hears of no other, not even by name', async () => {
    const token = await identity.add('one', { views: ['power-by-region'] });
    const { views } = (await (await ask('/api/v1/views', token)).json()) as { views: { name: string }[] };
    expect(views.map(({ name }) => name)).toEqual(['power-by-region']);
    const refused = await ask(WINDOWS.replace('power-by-region', 'secret'), token);
    expect(refused.status).toBe(404);
    expect(((await refused.json()) as { remedy: string }).remedy).toBe('known are power-by-region');
  });

  it('gets answers that no cache gives to another', async () => {
    const [all, north] = [await identity.add('all'), await identity.add('north', { where: { region: ['north'] } })];
    const first = await ask(WINDOWS, all);
    expect(first.headers.get('vary')).toMatch(/Authorization, Cookie/);
    expect(first.headers.get('cache-control')).toMatch(/private|no-store/);
    const tag = first.headers.get('etag')!;
    expect((await ask(WINDOWS, all, { headers: { 'if-none-match': tag } })).status).toBe(304);
    const other = await ask(WINDOWS, north, { headers: { 'if-none-match': tag } });
    expect(other.status).toBe(200);
    expect(await other.text()).not.toContain('south');
  });
});

describe('the stream', () => {
  const HOURS = { type: 'subscribe', id: 'a', view: 'power-by-region', window: '1h', stats: ['count'] };
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  it('opens for a token in a header or a sub-protocol, and for nobody else', async () => {
    const token = await identity.add('one');
    const header = await StreamReader.open(served.url, bearer(token));
    header.socket.close();
    const opened = async (protocols: readonly string[]): Promise<string> => {
      const socket = new WebSocket(served.url.replace('http', 'ws') + '/api/v1/stream', [...protocols]);
      return new Promise((resolve) => {
        socket.once('error', (error) => resolve(error.message));
        socket.once('open', () => {
          resolve(socket.protocol);
          socket.close();
        });
      });
    };
    expect(await opened(['weir', `weir.bearer.${token}`])).toBe('weir');
    for (const protocols of [['weir'], ['weir', `weir.bearer.${WRONG}`], [], [`weir.bearer.${token.slice(0, -1)}`]])
      expect(await opened(protocols)).toMatch(/Unexpected server response: (?:401|429)/);
  });

  it('tells each reader their own rows, also of the same question', async () => {
    const [all, north] = [await identity.add('all'), await identity.add('north', { where: { region: ['north'] } })];
    await using first = await StreamReader.open(served.url, bearer(all));
    await using second = await StreamReader.open(served.url, bearer(north));
    for (const reader of [first, second]) reader.send(HOURS);
    const regionsOf = async (reader: StreamReader, type: string) =>
      (await reader.until((message) => message.type === type)).windows.map(({ tags }) => tags['region']);
    expect(await regionsOf(first, 'snapshot')).toEqual(['north', 'south']);
    expect(await regionsOf(second, 'snapshot')).toEqual(['north']);
    await world.deliver('a', [at(2, 'm1@north'), at(2, 'm2@south')]);
    expect(await regionsOf(first, 'changes')).toEqual(['north', 'south']);
    expect(await regionsOf(second, 'changes')).toEqual(['north']);
    second.send({ ...HOURS, id: 'b', view: 'secret' });
    second.send({ ...HOURS, id: 'c', where: { region: 'south' } });
    expect((await second.until(({ id }) => id === 'c')).windows).toEqual([]);
  });

  it('ends within two seconds for who is revoked, or whose time is over, and goes on for the others', async () => {
    const [first, second, third] = [
      await identity.add('first'),
      await identity.add('second', { untilMs: START + 5_000 }),
      await identity.add('third'),
    ];
    const [one, two] = [
      await StreamReader.open(served.url, bearer(first)),
      await StreamReader.open(served.url, bearer(second)),
    ];
    await using three = await StreamReader.open(served.url, bearer(third));
    const startMs = performance.now();
    await identity.revokeToken('first');
    nowMs = START + 5_000;
    expect(await Promise.all([one.closed, two.closed])).toEqual([1008, 1008]);
    expect(performance.now() - startMs).toBeLessThan(2_000);
    three.send(HOURS);
    expect((await three.until(({ type }) => type === 'snapshot')).windows).toHaveLength(2);
  });
});

describe('what was asked and refused', () => {
  it('is noted with who, and without any secret', async () => {
    const [reader, operator] = [await identity.add('reader'), await identity.add('operator', { may: 'operate' })];
    await ask('/api/v1/status');
    await ask('/api/v1/status', WRONG);
    await ask('/api/v1/batch', reader, { method: 'POST' });
    await (await ask('/api/v1/agents/a/retire', operator, { method: 'POST' })).text();
    const address = expect.stringMatching(/^(?:::ffff:)?127\.0\.0\.1$/) as string;
    expect(identity.audit.entries).toEqual([
      { kind: 'refused', door: 'http', address, who: null, why: 'it shows no token' },
      { kind: 'refused', door: 'http', address, who: '000000000000', why: 'its token is not known' },
      { kind: 'refused', door: 'http', address, who: 'reader', why: 'it may not POST /api/v1/batch' },
      { kind: 'asked', who: 'operator', what: 'POST /api/v1/agents/a/retire' },
    ]);
  });
});
