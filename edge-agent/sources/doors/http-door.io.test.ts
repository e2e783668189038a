import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, type TemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { selfSigned } from '#backbone/doors/certificates.fixtures.ts';
import { cheapHash } from './doors.fixtures.ts';
import { HttpDoor } from './http-door.ts';
import { basicCredentials } from './logins.ts';
import { parsePasswordHash } from './password-hash.ts';
import { problemAnswer } from './problem.ts';

const LISTEN = { host: '127.0.0.1', port: 0 };
const USERS = new Map([['meter', parsePasswordHash(cheapHash('secret'))!]]);
const { cert, key } = selfSigned();

let folder: TemporaryDirectory;
beforeEach(async () => {
  folder = await makeTemporaryDirectory('door');
  await writeFile(join(folder.dir, 'cert.pem'), cert);
  await writeFile(join(folder.dir, 'key.pem'), key);
});
afterEach(() => folder[Symbol.asyncDispose]());

function doorOf(section: object, logged: unknown[] = []): HttpDoor {
  const warn = (fact: unknown): void => void logged.push(fact);
  return new HttpDoor({
    name: 'door',
    section: { listen: LISTEN, ...section },
    folder: folder.dir,
    nowMs: () => 0,
    logger: { warn, info: warn },
  });
}

/** Answers whoever may come in with 204. */
async function open(door: HttpDoor): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  await door.open(async (request, response) => {
    const problem =
      door.misdirected(request) ?? (await door.stranger(request, basicCredentials(request.headers.authorization)));
    door.respond(request, response, problem === null ? { status: 204, headers: {}, body: '' } : problemAnswer(problem));
  });
  const { port } = await door.listening;
  return { port, close: () => door.close(() => undefined) };
}

async function secureStatus(port: number, options: RequestOptions = {}): Promise<number> {
  const request = httpsRequest({ host: '127.0.0.1', port, ca: cert, agent: false, auth: 'meter:secret', ...options });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode!;
}

const basic = (credentials: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
});

describe('a door that asks who comes', () => {
  it('lets in who names the right password, by whatever name the machine is reached, and tells the others how', async () => {
    const logged: unknown[] = [];
    const { port, close } = await open(doorOf({ users: USERS }, logged));
    const ask = (headers: Record<string, string>) => fetch(`http://127.0.0.1:${port}/`, { headers });
    expect((await ask(basic('meter:secret'))).status).toBe(204);
    const stranger = await ask({});
    expect(stranger.status).toBe(401);
    expect(stranger.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
    expect((await ask(basic('meter:wrong'))).status).toBe(401);
    const soon = await ask(basic('meter:secret'));
    expect([soon.status, soon.headers.get('retry-after')]).toEqual([429, '1']);
    expect(logged).toEqual([{ source: 'door', user: 'meter', address: '127.0.0.1', count: 1 }]);
    await close();
  });

  it('tells pages of other origins away, also where a browser has the password', async () => {
    const { port, close } = await open(doorOf({ users: USERS }));
    const page = (origin: string) =>
      fetch(`http://127.0.0.1:${port}/`, { headers: { ...basic('meter:secret'), origin } });
    expect((await page('https://example.org')).status).toBe(403);
    expect((await page(`http://127.0.0.1:${port}`)).status).toBe(204);
    await close();
  });
});

describe('a door with TLS', () => {
  it('speaks TLS 1.2 and newer, and nothing else', async () => {
    const { port, close } = await open(doorOf({ users: USERS, tls: { cert: 'cert.pem', key: 'key.pem' } }));
    expect(await secureStatus(port)).toBe(204);
    expect(await secureStatus(port, { maxVersion: 'TLSv1.2' })).toBe(204);
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(secureStatus(port, old)).rejects.toThrow(/version|EPROTO|alert/i);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed');
    await close();
  });

  it('names the file that it can not use, before it listens', async () => {
    await writeFile(join(folder.dir, 'text.pem'), 'no PEM at all\n');
    await writeFile(join(folder.dir, 'other.pem'), selfSigned().key);
    await writeFile(join(folder.dir, 'locked.pem'), '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n');
    for (const [tls, message] of [
      [{ cert: 'absent.pem', key: 'key.pem' }, /absent\.pem does not exist; .*`tls\.cert`/],
      [{ cert: 'cert.pem', key: 'absent.pem' }, /absent\.pem does not exist; .*`tls\.key`/],
      [{ cert: 'text.pem', key: 'key.pem' }, /text\.pem holds no certificate/],
      [{ cert: 'cert.pem', key: 'text.pem' }, /text\.pem holds no private key/],
      [{ cert: 'cert.pem', key: 'locked.pem' }, /locked\.pem is locked with a passphrase/],
      [{ cert: 'cert.pem', key: 'other.pem' }, /other\.pem is not the key of .*cert\.pem/],
    ] as const) {
      await expect(doorOf({ tls }).inspect()).rejects.toThrow(message);
      await expect(open(doorOf({ tls }))).rejects.toThrow(message);
    }
    await expect(doorOf({ tls: { cert: 'cert.pem', key: 'key.pem' } }).inspect()).resolves.toBeUndefined();
  });
});
