import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { folderPerTest } from '#backbone/disk/test-folder.fixtures.ts';
import { certificatePem, keyPem, makeKey } from '#backbone/doors/certificate.ts';
import { type Pair, TestAuthority } from '#backbone/doors/certificates.fixtures.ts';
import { askJson } from './ask.ts';

const folder = folderPerTest('unanswered');
const authority = new TestAuthority();

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** A server at any address of this machine's own; with TLS where it gets a certificate. Gives its port. */
async function serve(pair?: Pair): Promise<number> {
  server = pair === undefined ? createHttp() : createHttps({ ...pair });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function asking(url: string, trusted?: string): Promise<string> {
  const ca = join(folder.dir, 'ca.crt');
  if (trusted !== undefined) await writeFile(ca, trusted);
  const asked = { url: new URL(url), ...(trusted === undefined ? {} : { ca }) };
  return askJson(asked, { path: '/api/v1/views' }).then(
    () => 'was answered',
    (error: Error) => error.message,
  );
}

/** A certificate that was valid in 1970, and its authority. */
function expired(): Pair & { readonly ca: string } {
  const [caKey, key] = [makeKey(), makeKey()];
  const issuer = { name: 'old', key: caKey };
  const times = { serial: Uint8Array.of(1), fromMs: 0, toMs: Date.UTC(1970, 1, 1) };
  const ca = certificatePem({ ...times, use: 'authority', name: 'old', toMs: Date.UTC(9999, 11, 31) }, caKey, issuer);
  const facts = { ...times, use: 'server', name: 'localhost', hosts: ['127.0.0.1'] } as const;
  return { ca, cert: certificatePem(facts, key, issuer), key: keyPem(key) };
}

describe('a command whose server does not answer says what helps', () => {
  it('where nobody listens', async () => {
    const port = await serve();
    server?.close();
    await once(server!, 'close');
    expect(await asking(`http://127.0.0.1:${port}`)).toMatch(/^no weir answers at http.*; start one with "weir up"/);
  });

  it('where the authority of its certificate is not trusted here', async () => {
    const url = `https://127.0.0.1:${await serve(authority.pair('server'))}`;
    expect(await asking(url)).toMatch(/trusted here \(\w+\); name the certificate of its authority with --ca$/);
    expect(await asking(url, new TestAuthority('another').cert)).toContain('with --ca');
  });

  it('where its certificate names others', async () => {
    const port = await serve(authority.pair('server', 'weir', ['weir.example']));
    const told = await asking(`https://127.0.0.2:${port}`, authority.cert);
    expect(told).toContain('names others (DNS:localhost, IP Address:127.0.0.1, ');
    expect(told).toContain('DNS:weir.example); ask by a name of these');
  });

  it('where its certificate has expired', async () => {
    const { ca, ...pair } = expired();
    const told = await asking(`https://127.0.0.1:${await serve(pair)}`, ca);
    expect(told).toMatch(/^the certificate of https.* has expired; renew it at the server$/);
  });

  it('where one of both speaks TLS and the other does not', async () => {
    expect(await asking(`https://127.0.0.1:${await serve()}`)).toMatch(/speaks no TLS; ask by http:\/\/$/);
    server?.close();
    const port = await serve(authority.pair('server'));
    expect(await asking(`http://127.0.0.1:${port}`)).toMatch(/where it takes TLS, ask by https:\/\/$/);
  });

  it('where its name is none', async () => {
    expect(await asking('http://weir.invalid')).toMatch(
      /^asking failed \(E\w+\) at http:\/\/weir\.invalid; look whether/,
    );
  });
});
