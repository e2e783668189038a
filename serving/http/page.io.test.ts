import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenAPIHono } from '@hono/zod-openapi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addPage } from './page.ts';

const SCRIPT = 'export const x = 1;\n'.repeat(2_000);

let folder: string;
let app: OpenAPIHono;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-page-'));
  await writeFile(join(folder, 'secret.txt'), 'secret');
  app = new OpenAPIHono();
  addPage(app, join(folder, 'page'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function build(): Promise<void> {
  await mkdir(join(folder, 'page', 'assets'), { recursive: true });
  await writeFile(join(folder, 'page', 'index.html'), '<title>page</title>');
  await writeFile(join(folder, 'page', 'assets', 'app-1a2b3c4d.js'), SCRIPT);
  await writeFile(join(folder, 'page', 'assets', 'plain.svg'), '<svg/>');
}

const headOf = async (path: string) => {
  const { status, headers } = await app.request(path);
  return [status, headers.get('content-type'), headers.get('cache-control')];
};

describe('the page', () => {
  it('is served with its files, their types and how long they keep', async () => {
    await build();
    expect(await (await app.request('/')).text()).toBe('<title>page</title>');
    expect(await headOf('/')).toStrictEqual([200, 'text/html; charset=utf-8', 'no-cache']);
    expect(await headOf('/assets/app-1a2b3c4d.js')).toStrictEqual([
      200,
      'text/javascript; charset=utf-8',
      'public, max-age=31536000, immutable',
    ]);
    expect(await headOf('/assets/plain.svg')).toStrictEqual([200, 'image/svg+xml; charset=utf-8', 'no-cache']);
  });

  it('is compressed for browsers that ask for it', async () => {
    await build();
    const asked = await app.request('/assets/app-1a2b3c4d.js', { headers: { 'accept-encoding': 'gzip, deflate, br' } });
    expect(asked.headers.get('content-encoding')).toBe('gzip');
    const body = asked.body!.pipeThrough(new DecompressionStream('gzip'));
    expect(await new Response(body).text()).toBe(SCRIPT);
  });

  it('says how to build it as long as it is not built, and is there once it is', async () => {
    expect(await headOf('/')).toStrictEqual([200, 'text/html; charset=UTF-8', 'no-store']);
    expect(await (await app.request('/')).text()).toContain('npm run build:dashboard');
    await build();
    expect(await (await app.request('/')).text()).toBe('<title>page</title>');
  });

  it('says how to build it where no folder is named', async () => {
    const without = new OpenAPIHono();
    addPage(without, undefined);
    expect(await (await without.request('/')).text()).toContain('npm run build:dashboard');
  });

  it.each([
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/..%5csecret.txt',
    '//secret.txt',
    '/%00',
    '/%',
    '/assets',
    '/absent.js',
    '/api/v1/absent',
  ])('has nothing at %s', async (path) => {
    await build();
    const answer = await app.request(path);
    expect([answer.status, (await answer.text()).includes('secret')]).toStrictEqual([404, false]);
  });

  it('leaves the API alone, also where a file has its name', async () => {
    await build();
    await mkdir(join(folder, 'page', 'api'));
    await writeFile(join(folder, 'page', 'api', 'views'), 'secret');
    expect((await app.request('/api/views')).status).toBe(404);
  });
});
