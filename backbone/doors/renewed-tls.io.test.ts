import { once } from 'node:events';
import { utimes, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, type ConnectionOptions, createServer, type TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { makeTemporaryDirectory } from '../disk/temporary-directory.ts';
import { TestAuthority, writePair } from './certificates.fixtures.ts';
import { RenewedTls } from './renewed-tls.ts';
import { readTlsFiles } from './tls-files.ts';

const FILES = { cert: 'server.crt', key: 'server.key' };
const authority = new TestAuthority();

let dir: string;
let logged: string[];

beforeEach(async () => {
  const place = await makeTemporaryDirectory('tls');
  onTestFinished(() => place[Symbol.asyncDispose]());
  ({ dir } = place);
  logged = [];
  await writePair(dir, 'server', authority.pair('server', 'first'));
});

/** A server that echoes, and how to connect to it. */
async function serve() {
  const logger = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) });
  const tls = await RenewedTls.open(FILES, dir, logger);
  const server = createServer(tls.options, (socket) => socket.on('error', () => undefined).pipe(socket));
  onTestFinished(async () => {
    server.close();
    await tls[Symbol.asyncDispose]();
  });
  tls.renew(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return async (options: ConnectionOptions = {}): Promise<TLSSocket> => {
    const socket = connect({ port, host: '127.0.0.1', ca: authority.cert, ...options });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'secureConnect');
    return socket;
  };
}

const nameOf = (socket: TLSSocket): unknown => socket.getPeerCertificate().subject.CN;

describe('a certificate whose files are changed', () => {
  it('is the new one for who connects then, and open connections go on', async () => {
    const dial = await serve();
    const before = await dial();
    expect(nameOf(before)).toBe('first');
    await writePair(dir, 'server', authority.pair('server', 'second'));
    await expect.poll(async () => nameOf(await dial()), { timeout: 5_000 }).toBe('second');
    before.write('still here');
    expect(String((await once(before, 'data'))[0])).toBe('still here');
  });

  it('stays the one before where they can not be used, until they can', async () => {
    const dial = await serve();
    await writeFile(join(dir, 'server.crt'), '-----BEGIN CERT');
    await expect.poll(() => logged.length, { timeout: 5_000 }).toBe(1);
    expect(logged[0]).toContain('holds no certificate; name a file that begins with');
    expect(nameOf(await dial())).toBe('first');
    await writePair(dir, 'server', authority.pair('server', 'second'));
    await expect.poll(async () => nameOf(await dial()), { timeout: 5_000 }).toBe('second');
  });
});

describe('a certificate whose files keep their size and time', () => {
  it('is renewed too: what tools that copy files restore is no sign', async () => {
    const padded = (name: string) => {
      const { cert, key } = authority.pair('server', name);
      return { cert: cert.padEnd(4_096, '\n'), key: key.padEnd(4_096, '\n') };
    };
    const write = async (name: string): Promise<void> => {
      await writePair(dir, 'server', padded(name));
      for (const file of Object.values(FILES)) await utimes(join(dir, file), 1, 1);
    };
    await write('first');
    const dial = await serve();
    await write('second');
    await expect.poll(async () => nameOf(await dial()), { timeout: 5_000 }).toBe('second');
  });
});

describe('a door with TLS', () => {
  it('speaks 1.2 and newer', async () => {
    const dial = await serve();
    expect((await dial()).getProtocol()).toBe('TLSv1.3');
    expect((await dial({ maxVersion: 'TLSv1.2' })).getProtocol()).toBe('TLSv1.2');
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(dial(old)).rejects.toThrow('tlsv1 alert protocol version');
  });

  it('is refused with what is wrong with its files', async () => {
    const other = new TestAuthority().pair('server');
    await writePair(dir, 'other', other);
    const refused = async (files: object, why: string): Promise<void> => {
      await expect(readTlsFiles({ ...FILES, ...files }, dir)).rejects.toThrow(why);
    };
    await refused({ cert: 'none.crt' }, 'none.crt does not exist; check the path and its permissions at `tls.cert`');
    await refused({ key: 'other.key' }, 'other.key is not the key of');
    await refused({ key: 'server.crt' }, 'server.crt holds no private key');
    await refused({ clients: 'server.key' }, 'server.key holds no certificate; name a file that begins with');
  });
});
