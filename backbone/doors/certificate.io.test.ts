import { execFile } from 'node:child_process';
import { randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, createServer, type PeerCertificate } from 'node:tls';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeTemporaryDirectory } from '../disk/temporary-directory.ts';
import { certificatePem, makeKey, serialOf } from './certificate.ts';
import { TestAuthority } from './certificates.fixtures.ts';

const run = promisify(execFile);

describe('a certificate', () => {
  it('says what it was made to say, as Node reads it', () => {
    const key = makeKey();
    const serial = serialOf(randomBytes(16));
    const hosts = ['weir.example', '192.0.2.7', '2001:db8::7', '::ffff:192.0.2.9'];
    const times = { fromMs: Date.UTC(2026, 4, 1, 12), toMs: Date.UTC(2049, 11, 31, 23, 59, 59) };
    const read = new X509Certificate(
      certificatePem({ use: 'server', name: 'weir.example', hosts, serial, ...times }, key, { name: 'x', key }),
    );
    expect(read.subject).toBe('CN=weir.example');
    expect(read.issuer).toBe('CN=x');
    expect(read.serialNumber.toLowerCase()).toBe(Buffer.from(serial).toString('hex'));
    expect(read.subjectAltName).toBe(
      'DNS:weir.example, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7, IP Address:0:0:0:0:0:FFFF:C000:209',
    );
    expect([read.validFromDate.getTime(), read.validToDate.getTime()]).toEqual([times.fromMs, times.toMs]);
    expect(read.ca).toBe(false);
    expect(read.checkPrivateKey(key)).toBe(true);
    expect(read.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  it('of an authority vouches for others, and for no other authority', () => {
    const authority = new TestAuthority();
    const root = new X509Certificate(authority.cert);
    const child = new X509Certificate(authority.pair('client', 'roof-1').cert);
    expect([root.ca, child.ca]).toEqual([true, false]);
    expect(child.checkIssued(root)).toBe(true);
    expect(child.verify(root.publicKey)).toBe(true);
    expect(child.verify(new X509Certificate(new TestAuthority().cert).publicKey)).toBe(false);
  });

  it('passes the strict checks of OpenSSL', async () => {
    await using place = await makeTemporaryDirectory('certificate');
    const authority = new TestAuthority();
    await writeFile(join(place.dir, 'ca.crt'), authority.cert);
    for (const [use, purpose] of [
      ['server', 'sslserver'],
      ['client', 'sslclient'],
    ] as const) {
      const file = join(place.dir, `${use}.crt`);
      await writeFile(file, authority.pair(use).cert);
      const trusted = ['-CAfile', join(place.dir, 'ca.crt'), file];
      const { stdout } = await run('openssl', ['verify', '-x509_strict', '-purpose', purpose, ...trusted]);
      expect(stdout).toBe(`${file}: OK\n`);
      const other = purpose === 'sslserver' ? 'sslclient' : 'sslserver';
      await expect(run('openssl', ['verify', '-purpose', other, ...trusted])).rejects.toThrow(
        'unsuitable certificate purpose',
      );
    }
  });

  it('is taken by both ends of TLS, each by its authority', async () => {
    const authority = new TestAuthority();
    const server = createServer({
      ...authority.pair('server'),
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    onTestFinished(() => void server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const met = once(server, 'secureConnection') as Promise<[{ getPeerCertificate(): PeerCertificate }]>;
    const socket = connect({ port, host: '127.0.0.1', ca: authority.cert, ...authority.pair('client', 'roof-1') });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    const [peer] = await met;
    expect(peer.getPeerCertificate().subject.CN).toBe('roof-1');
  });
});
