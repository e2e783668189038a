import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { describe, expect, it } from 'vitest';
import { startNatsServer } from '#tooling/servers/nats-server.ts';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import { folderPerTest } from '../disk/test-folder.fixtures.ts';
import { TestAuthority, writePair } from '../doors/certificates.fixtures.ts';
import { openNatsLink } from './nats-connection.ts';

const folder = folderPerTest('nats-login');
const authority = new TestAuthority();

/** A key of a user, and the file of credentials that holds it; the server here goes by the key, and not by the JWT before it. */
function makeUser(): { readonly publicKey: string; readonly credentials: Uint8Array } {
  const user = nkeys.createUser();
  const seed = Buffer.from(user.getSeed()).toString();
  const text = [
    '-----BEGIN NATS USER JWT-----',
    'eyJ0eXAiOiJKV1QifQ.e30.c2ln',
    '------END NATS USER JWT------',
    '',
    '-----BEGIN USER NKEY SEED-----',
    seed,
    '------END USER NKEY SEED------',
    '',
  ];
  return { publicKey: user.getPublicKey(), credentials: Buffer.from(text.join('\n')) };
}

describe.runIf(await serverForTests('nats-server'))('a nats-server that asks who comes, by TLS', () => {
  it('is reached with credentials and its authority, and without either it is not', async () => {
    const { cert, key } = await writePair(folder.dir, 'server', authority.pair('server'));
    await writeFile(join(folder.dir, 'ca.crt'), authority.cert);
    const [user, other] = [makeUser(), makeUser()];
    const tls = `tls { cert_file: ${JSON.stringify(join(folder.dir, cert))}, key_file: ${JSON.stringify(join(folder.dir, key))} }`;
    const config = `${tls}\nauthorization { users: [{ nkey: ${user.publicKey} }] }`;
    await using server = await startNatsServer({ storeDir: join(folder.dir, 'store'), syncAlways: true, config });
    const { credentials } = user;
    const ca = Buffer.from(authority.cert);
    const open = (login: object) => openNatsLink({ servers: [server.url], login });
    await using link = await open({ credentials, ca });
    expect(link.connection.info?.tls_required).toBe(true);
    await using secure = await openNatsLink({
      servers: [server.url.replace('nats:', 'tls:')],
      login: { credentials, ca },
    });
    expect(secure.connection.isClosed()).toBe(false);
    for (const login of [{ ca }, { credentials: other.credentials, ca }, { credentials }])
      await expect(open(login)).rejects.toThrow('nats');
  }, 60_000);
});
