import { OpenAPIHono } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import { addCors } from './cors.ts';
import { addSafety } from './safety.ts';

const HOST = 'weir.example:8080';
const NAMED = 'https://dash.example';
const OTHER = 'https://elsewhere.example';

function appFor(origins: readonly string[]): OpenAPIHono {
  const app = new OpenAPIHono();
  addCors(app, origins, () => [HOST]);
  addSafety(app, () => [HOST]);
  app.get('/', (c) => c.text('told', 200, { vary: 'Accept' }));
  app.post('/', (c) => c.text('done'));
  return app;
}

async function ask(origins: readonly string[], method: string, headers: Record<string, string>) {
  const answer = await appFor(origins).request(`http://${HOST}/`, { method, headers: { host: HOST, ...headers } });
  const told = Object.fromEntries([...answer.headers].filter(([name]) => /^(?:access-control-|vary$)/.test(name)));
  return { status: answer.status, told, body: await answer.text() };
}

const preflight = { 'access-control-request-method': 'GET', 'access-control-request-headers': 'if-none-match' };

describe('a page of another origin', () => {
  it('may read where its origin is named, headers too', async () => {
    for (const method of ['GET', 'HEAD'])
      expect(await ask([NAMED], method, { origin: NAMED })).toMatchObject({
        status: 200,
        told: {
          'access-control-allow-origin': NAMED,
          'access-control-expose-headers': expect.stringContaining('ETag') as string,
          vary: 'Accept, Origin',
        },
      });
    expect(await ask([NAMED], 'OPTIONS', { origin: NAMED, ...preflight })).toStrictEqual({
      status: 204,
      told: {
        'access-control-allow-origin': NAMED,
        'access-control-allow-methods': 'GET, HEAD',
        'access-control-allow-headers': 'If-None-Match, Authorization',
        'access-control-max-age': '600',
        vary: 'Origin',
      },
      body: '',
    });
  });

  it('may read why it was refused, and change nothing', async () => {
    const { status, told, body } = await ask([NAMED], 'PUT', { origin: NAMED });
    expect([status, told['access-control-allow-origin']]).toStrictEqual([403, NAMED]);
    expect(body).toContain('origin https://dash.example is not this server');
    const missing = await appFor([NAMED]).request(`http://${HOST}/else`, { headers: { host: HOST, origin: NAMED } });
    expect([missing.status, missing.headers.get('access-control-allow-origin')]).toStrictEqual([404, NAMED]);
  });

  it.each([OTHER, 'null', `${NAMED}:8443`, 'http://dash.example', `${NAMED}.elsewhere.example`])(
    'is told nothing where it is %s',
    async (origin) => {
      expect(await ask([NAMED], 'GET', { origin })).toMatchObject({ told: { vary: 'Accept, Origin' } });
      const { status, told, body } = await ask([NAMED], 'OPTIONS', { origin, ...preflight });
      expect([status, told]).toStrictEqual([403, {}]);
      expect(body).toContain(JSON.stringify(`http: { cors: ["${origin}"] }`).slice(1, -1));
    },
  );
});

describe('a server that names no origins', () => {
  it('says nothing of them', async () => {
    expect((await ask([], 'GET', { origin: OTHER })).told).toStrictEqual({ vary: 'Accept' });
    expect((await ask([], 'GET', { origin: `http://${HOST}` })).told).toStrictEqual({ vary: 'Accept' });
  });
});
