import { OpenAPIHono } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import { streamResponse } from './answer-response.ts';
import { addSafety, BODY_BYTES_MAX, compressed, COMPRESSED_BYTES_MIN } from './safety.ts';

const app = new OpenAPIHono();
addSafety(app, () => ['weir.example:8080']);
app.all('/', async (c) => c.text(await c.req.text()));
app.get('/answer/:type/:length', compressed, (c) => {
  const { type, length } = c.req.param();
  return streamResponse(once('x'.repeat(Number(length))), decodeURIComponent(type));
});

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

type Init = Omit<RequestInit, 'headers'> & { readonly headers?: Record<string, string>; readonly duplex?: 'half' };

const ask = (path: string, init: Init = {}) =>
  app.request(`http://weir.example:8080${path}`, {
    ...init,
    headers: { host: 'weir.example:8080', 'accept-encoding': 'gzip', ...init.headers },
  });

describe('a response', () => {
  it('lets a page load only what its own origin serves, and be framed by nobody', async () => {
    const { headers } = await ask('/');
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    );
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
  });

  it('says nothing of the transport, which is not its own, and nothing that browsers no longer ask for', async () => {
    const { headers } = await ask('/');
    expect([...headers.keys()].sort()).toStrictEqual([
      'content-security-policy',
      'content-type',
      'cross-origin-resource-policy',
      'referrer-policy',
      'x-content-type-options',
      'x-frame-options',
    ]);
  });
});

describe('a request', () => {
  it('by another name is refused, whatever it asks, with the names to use', async () => {
    for (const method of ['GET', 'POST']) {
      const refused = await ask('/', { method, headers: { host: 'rebound.example:8080' } });
      expect(refused.status).toBe(421);
      expect(await refused.json()).toMatchObject({
        detail: 'host rebound.example:8080 is not this server; ask it as weir.example:8080',
      });
    }
  });
});

describe('a request of a page', () => {
  const from = async (method: string, origin: string | undefined) =>
    (await ask('/', { method, headers: origin === undefined ? {} : { origin } })).status;

  it('of another origin may ask, and change nothing', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) expect(await from(method, 'https://elsewhere.example')).toBe(200);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      expect(await from(method, 'https://elsewhere.example')).toBe(403);
  });

  it('of this origin may change something, and so may what is no page', async () => {
    expect(await from('POST', 'http://weir.example:8080')).toBe(200);
    expect(await from('POST', undefined)).toBe(200);
  });

  it('is refused with the origin and the remedy', async () => {
    const refused = await ask('/', { method: 'POST', headers: { origin: 'null' } });
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(await refused.json()).toMatchObject({
      status: 403,
      detail: 'origin null is not this server; send the request from its own pages, or without an Origin header',
    });
  });
});

describe('a body', () => {
  /** A body of so many bytes whose length is not told before. */
  const streamed = (length: number): Init => ({
    method: 'POST',
    duplex: 'half',
    body: new Blob([new Uint8Array(length)]).stream(),
  });

  it.each([
    ['told before', (length: number) => ({ method: 'POST', body: 'x'.repeat(length), headers: lengthOf(length) })],
    ['not told', streamed],
  ])('whose length is %s has a limit', async (_how, bodyOf) => {
    const taken = await ask('/', bodyOf(BODY_BYTES_MAX));
    expect([taken.status, (await taken.text()).length]).toStrictEqual([200, BODY_BYTES_MAX]);
    const refused = await ask('/', bodyOf(BODY_BYTES_MAX + 1));
    expect(refused.status).toBe(413);
    expect(await refused.json()).toMatchObject({ detail: expect.stringContaining('16384 bytes') as string });
  });
});

const lengthOf = (length: number): Record<string, string> => ({ 'content-length': String(length) });

describe('an answer', () => {
  const encodingOf = async (type: string, length: number, headers: Record<string, string> = {}) => {
    const answer = await ask(`/answer/${encodeURIComponent(type)}/${length}`, { headers });
    return answer.headers.get('content-encoding');
  };

  it('is compressed where it is long and its reader asks for it', async () => {
    expect(await encodingOf('application/json', COMPRESSED_BYTES_MIN)).toBe('gzip');
    expect(await encodingOf('text/html; charset=utf-8', COMPRESSED_BYTES_MIN)).toBe('gzip');
    expect(await encodingOf('application/json', COMPRESSED_BYTES_MIN - 1)).toBeNull();
    expect(await encodingOf('application/json', COMPRESSED_BYTES_MIN, { 'accept-encoding': 'identity' })).toBeNull();
  });

  it('keeps its length for a reader that asks for no encoding', async () => {
    const { headers } = await app.request(`/answer/application%2Fjson/${COMPRESSED_BYTES_MIN}`);
    expect([headers.get('content-encoding'), headers.get('vary')]).toStrictEqual([null, null]);
    expect(headers.get('content-length')).toBe(String(COMPRESSED_BYTES_MIN));
  });

  it('of rows is sent as they come', async () => {
    expect(await encodingOf('application/x-ndjson', COMPRESSED_BYTES_MIN)).toBeNull();
    expect(await encodingOf('text/csv; charset=utf-8', COMPRESSED_BYTES_MIN)).toBeNull();
  });
});
