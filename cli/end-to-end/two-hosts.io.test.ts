/** A server and an agent on two hosts, as their users set them up: with TLS, tokens, and nothing on the loopback. */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderPerTest } from '#backbone/disk/test-folder.fixtures.ts';
import { TestAuthority, writePair } from '#backbone/doors/certificates.fixtures.ts';
import { canBeTwoHosts, SERVER_HOST, TwoHosts } from './two-hosts.fixtures.ts';

const authority = new TestAuthority();
const METRIC = 'metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 1m, send: readings } }\n';
const folder = folderPerTest('two-hosts');
const at = (name: string): string => join(folder.dir, name);
const SOON = { timeout: 30_000, interval: 300 };

async function append(from: number, count: number): Promise<void> {
  const time = (minute: number): string => new Date(Date.UTC(2024, 0, 1) + minute * 60_000).toISOString();
  const rows = Array.from({ length: count }, (_, i) => `${time(from + i)},1\n`);
  await appendFile(at('m.csv'), (from === 0 ? 'time,kw\n' : '') + rows.join(''));
}

describe.runIf(canBeTwoHosts())('a server and an agent on two hosts', () => {
  it('lose nothing while a certificate is renewed, and end within two seconds what is revoked', async () => {
    await using hosts = await TwoHosts.open();
    const data = ['--config', at('server.yaml')];
    await writeFile(
      at('server.yaml'),
      `${METRIC}views: { power: { metric: power, by: [device], slice: 1m } }\nidentity: required\ntls: { cert: server.crt, key: server.key }\n`,
    );
    // Not by `weir certs`: TLS tells the time by the machine's clock, and tests by one of their own.
    await writeFile(at('ca.crt'), authority.cert);
    await writePair(folder.dir, 'server', authority.pair('server', 'first', [SERVER_HOST]));
    await writeFile(at('roof-1.token'), await hosts.run('server', ['agents', 'enroll', 'roof-1', ...data]));
    await writeFile(at('me.token'), await hosts.run('server', ['tokens', 'add', 'me', '--may', 'read', ...data]));
    const source =
      '{ kind: csv, file: m.csv, follow: true, time: { columns: [time] }, series: [{ metric: power, value: kw, device: d }] }';
    const agent = `{ id: roof-1, broker: 'mqtts://${SERVER_HOST}:8883', token: { file: roof-1.token }, ca: ca.crt }`;
    await writeFile(at('agent.yaml'), `${METRIC}agent: ${agent}\nsources: { m: ${source} }\n`);
    await append(0, 10);

    let said = '';
    const doors = ['--http', `${SERVER_HOST}:8443`, '--mqtt', `${SERVER_HOST}:8883`];
    hosts.start('server', ['up', ...data, ...doors], (text) => (said += text));
    await expect.poll(() => said, SOON).toContain('identity   required: 1 agent enrolled, 1 token');
    hosts.start('agent', ['edge', '--config', at('agent.yaml')], (text) => (said += text));
    const asking = ['--url', `https://${SERVER_HOST}:8443`, '--token-file', at('me.token'), '--ca', at('ca.crt')];
    const range = ['--from', '2024-01-01', '--to', '2025-01-01', '--window', '1y', '--stats', 'count'];
    const count = async (): Promise<number> => {
      const { windows } = JSON.parse(await hosts.run('agent', ['query', 'power', ...range, ...asking])) as {
        windows: { stats: { count: number } }[];
      };
      return windows[0]?.stats.count ?? 0;
    };
    await expect.poll(count, SOON).toBe(10);

    await writePair(folder.dir, 'server', authority.pair('server', 'second', [SERVER_HOST]));
    await expect.poll(() => said, SOON).toContain('the certificate was renewed');
    await append(10, 10);
    await expect.poll(count, SOON).toBe(20);

    await hosts.run('server', ['agents', 'revoke', 'roof-1', ...data]);
    await expect.poll(() => said, { timeout: 2_000, interval: 50 }).toContain('its connection was ended');
    await append(20, 10);
    await writeFile(at('roof-1.token'), await hosts.run('server', ['agents', 'enroll', 'roof-1', ...data]));
    await expect.poll(count, SOON).toBe(30);

    await hosts.run('server', ['tokens', 'revoke', 'me', ...data]);
    await expect
      .poll(() => count().catch(({ stderr }: { stderr: string }) => stderr), SOON)
      .toContain('does not know the token');
    for (const file of ['roof-1.token', 'me.token'])
      expect(said).not.toContain((await readFile(at(file), 'utf8')).trim().slice(-43));
  }, 180_000);
});
