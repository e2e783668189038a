import { beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { IdentityHarness } from '#backbone/identity/identity.fixtures.ts';
import { readAnswer, type Served } from '../serving.fixtures.ts';
import { StreamReader } from '../stream/stream-reader.fixtures.ts';
import { type Ask, serveAsking, START, WINDOWS, WRONG } from './access.fixtures.ts';
import { SESSION_MS } from './sessions.ts';

let nowMs: number;
let identity: IdentityHarness;
let served: Served;
let ask: Ask;

beforeEach(async () => {
  nowMs = START;
  ({ identity, served, ask } = await serveAsking(() => nowMs));
});

describe('the page where a person logs in', () => {
  const own = (): Record<string, string> => ({
    origin: served.url,
    'content-type': 'application/x-www-form-urlencoded',
  });
  const login = (token: string, headers = own()): Promise<Response> =>
    ask('/login', undefined, { method: 'POST', headers, body: new URLSearchParams({ token }).toString() });
  const sessionOf = (response: Response): string => response.headers.get('set-cookie')!.split(';', 1)[0]!;

  it('gives a cookie that no script reads and no other site sends, for which the API answers', async () => {
    const page = await ask('/');
    expect([page.status, page.headers.get('location')]).toEqual([303, '/login']);
    const token = await identity.add('person', { where: { region: ['north'] } });
    const response = await login(token);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/']);
    const cookie = response.headers.get('set-cookie')!;
    expect(cookie).toMatch(/^weir_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(token);
    const headers = { cookie: sessionOf(response) };
    expect(readAnswer(await (await ask(WINDOWS, undefined, { headers })).text()).windows).toHaveLength(1);
    expect((await ask('/', undefined, { headers })).status).toBe(200);
    expect((await ask('/api/v1/status', undefined, { headers })).status).toBe(403);
  });

  it('ends by itself, with its token, and by signing out', async () => {
    const [first, second] = [await identity.add('first'), await identity.add('second')];
    const statusOf = async (cookie: string) => (await ask('/api/v1/views', undefined, { headers: { cookie } })).status;
    const [revoked, left, old] = [
      sessionOf(await login(first)),
      sessionOf(await login(second)),
      sessionOf(await login(second)),
    ];
    await identity.revokeToken('first');
    expect(await statusOf(revoked)).toBe(401);
    const out = await ask('/logout', undefined, { method: 'POST', headers: { ...own(), cookie: left } });
    expect(out.headers.get('set-cookie')).toMatch(/^weir_session=; Path=\/; Max-Age=0;/);
    expect([await statusOf(left), await statusOf(old)]).toEqual([401, 200]);
    nowMs += SESSION_MS;
    expect(await statusOf(old)).toBe(401);
  });

  it('ends the streams that a session has open once it ends, and no others of its token', async () => {
    const token = await identity.add('person');
    const [left, kept] = [sessionOf(await login(token)), sessionOf(await login(token))];
    const opened = (cookie: string) => StreamReader.open(served.url, { cookie, origin: served.url });
    await using program = await StreamReader.open(served.url, { authorization: `Bearer ${token}` });
    const [first, second] = [await opened(left), await opened(kept)];
    await ask('/logout', undefined, { method: 'POST', headers: { ...own(), cookie: left } });
    expect(await first.closed).toBe(1008);
    expect(second.socket.readyState).toBe(WebSocket.OPEN);
    nowMs += SESSION_MS;
    expect(await second.closed).toBe(1008);
    expect(program.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('takes a session from its own pages only, and so does the stream', async () => {
    const cookie = sessionOf(await login(await identity.add('op', { may: 'operate' })));
    const order = (headers: Record<string, string>) =>
      ask('/api/v1/agents/a/retire', undefined, { method: 'POST', headers: { cookie, ...headers } });
    expect((await order({ origin: served.url })).status).toBe(200);
    expect((await order({ origin: 'https://elsewhere.example' })).status).toBe(403);
    expect((await order({})).status).toBe(403);
    expect((await login('x', { ...own(), origin: 'https://elsewhere.example' })).status).toBe(403);
    await using reader = await StreamReader.open(served.url, { cookie, origin: served.url });
    expect(reader.socket.readyState).toBe(WebSocket.OPEN);
    for (const headers of [{ cookie }, { cookie, origin: 'https://elsewhere.example' }])
      await expect(StreamReader.open(served.url, headers)).rejects.toThrow(/40[13]/);
  });

  it('says that a token is wrong, and then that the next has to wait', async () => {
    const first = await login(WRONG);
    expect([first.status, await first.text()]).toEqual([401, expect.stringContaining('This token is not known')]);
    const next = await login(WRONG);
    expect([next.status, next.headers.get('retry-after')]).toEqual([429, '1']);
    expect((await login(await identity.add('one'))).status).toBe(303);
  });
});
