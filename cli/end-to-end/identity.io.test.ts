/** A server that asks who comes and an agent that shows it, by TLS, as the commands compose them. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { folderPerTest } from '#backbone/disk/test-folder.fixtures.ts';
import { TestAuthority, writePair } from '#backbone/doors/certificates.fixtures.ts';
import { changeIdentities } from '#backbone/identity/identity-file.ts';
import { addToken, enrol, revokeAgent } from '#core/identity/decisions.ts';
import { makeToken } from '#core/identity/token.ts';
import type { EdgeAgent } from '#edge-agent/edge-agent.ts';
import { askJson } from '../api/ask.ts';
import { startEdge } from '../compose/edge.ts';
import { type RunningServer, startServer } from '../compose/server.ts';
import { judgeConfigText } from '../config/load-config.ts';
import type { WeirConfig } from '../config/schema.ts';
import { identityDirOf } from '../data-dir.ts';
import { auditRows, checkChains } from '../identity/audit.ts';

const DOOR = { host: '127.0.0.1', port: 0 };
const WHO = { at: '2026-05-01T00:00:00Z', by: 'test' };
const authority = new TestAuthority();
const folder = folderPerTest('identity');

function configOf(text: string): WeirConfig {
  const judged = judgeConfigText(text);
  if (judged.kind === 'usable') return judged.config;
  throw new Error(judged.faults.map(({ message }) => message).join('\n'));
}

const METRIC = 'metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 1m, send: readings } }\n';
const dataDir = (): string => join(folder.dir, 'data');
const identityDir = (): string => identityDirOf(dataDir());

async function start(): Promise<RunningServer> {
  await writePair(folder.dir, 'server', authority.pair('server', 'first'));
  await writeFile(join(folder.dir, 'ca.crt'), authority.cert);
  const config = configOf(
    `${METRIC}views: { power: { metric: power, by: [device], slice: 1m } }\nidentity: required\nmqtt: { websocket: true }\ntls: { cert: server.crt, key: server.key, clients: ca.crt }\n`,
  );
  const options = { config, folder: folder.dir, dataDir: dataDir(), http: DOOR, mqtt: DOOR, dashboardDir: undefined };
  return startServer({ ...options, version: 'test', logger: pino({ level: 'silent' }) });
}

/** An agent that takes one reading a line from a file that grows. */
async function agentOf(
  server: RunningServer,
  shown: string,
  logger = pino({ level: 'silent' }),
  scheme = 'mqtts',
): Promise<EdgeAgent> {
  const source = `{ kind: csv, file: m.csv, follow: true, time: { columns: [time] }, series: [{ metric: power, value: kw, device: d }] }`;
  const { metrics, sources, agent } = configOf(
    `${METRIC}agent: { id: roof-1, broker: '${scheme}://127.0.0.1:${server.mqttPort}', ca: ca.crt, ${shown} }\nsources: { m: ${source} }\n`,
  );
  return startEdge({
    agent: agent!,
    metrics,
    folder: folder.dir,
    logger,
    sources: Object.entries(sources),
  });
}

async function append(from: number, count: number): Promise<void> {
  const rows = Array.from(
    { length: count },
    (_, i) => `${new Date(Date.UTC(2024, 0, 1) + (from + i) * 60_000).toISOString()},1\n`,
  );
  await writeFile(join(folder.dir, 'm.csv'), (from === 0 ? 'time,kw\n' : '') + rows.join(''), { flag: 'a' });
}

async function giveAgent(replace = false): Promise<void> {
  const token = makeToken('agent', randomBytes);
  await changeIdentities(identityDir(), WHO, (known) => enrol(known, 'roof-1', token, replace));
  await writeFile(join(folder.dir, 'agent.token'), `${token.text}\n`);
}

async function giveToken(): Promise<string> {
  const token = makeToken('token', randomBytes);
  const grant = { may: 'read', views: null, where: {}, untilMs: null } as const;
  await changeIdentities(identityDir(), WHO, (known) => addToken(known, 'test', token, grant));
  return token.text;
}

async function get(
  server: RunningServer,
  token: string,
  path: string,
): Promise<{ status: number; body: string; name: unknown }> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.httpPort, path, ca: authority.cert, agent: false };
    const asked = request({ ...options, headers: { authorization: `Bearer ${token}` } }, (response) => {
      const name = (response.socket as TLSSocket).getPeerCertificate().subject.CN;
      text(response).then((body) => resolve({ status: response.statusCode!, body, name }), reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** How many readings the server tells of. */
async function count(server: RunningServer, token: string): Promise<number> {
  const path = '/api/v1/views/power/windows?from=2024-01-01&to=2025-01-01&window=1y&stats=count';
  const { status, body } = await get(server, token, path);
  if (status !== 200) return -1;
  const { windows } = JSON.parse(body) as { windows: { stats: { count: number } }[] };
  return windows[0]?.stats.count ?? 0;
}

const SOON = { timeout: 20_000, interval: 100 };

describe('a server and an agent by TLS, each of which shows who it is', () => {
  it('lose nothing while a certificate is renewed, the token is replaced, and the agent is revoked and let in again', async () => {
    await using server = await start();
    await giveAgent();
    const token = await giveToken();
    await append(0, 10);
    await using _agent = await agentOf(server, 'token: { file: agent.token }');
    await expect.poll(() => count(server, token), SOON).toBe(10);

    await writePair(folder.dir, 'server', authority.pair('server', 'second'));
    await expect.poll(async () => (await get(server, token, '/health/live')).name, SOON).toBe('second');
    await append(10, 10);
    await expect.poll(() => count(server, token), SOON).toBe(20);

    await giveAgent(true);
    await append(20, 10);
    await expect.poll(() => count(server, token), SOON).toBe(30);

    await changeIdentities(identityDir(), WHO, (known) => revokeAgent(known, 'roof-1'));
    const presence = async () =>
      (JSON.parse((await get(server, token, '/api/v1/agents')).body) as { agents: { presence: { online: boolean } }[] })
        .agents[0]!.presence.online;
    await expect.poll(presence, { timeout: 2_000, interval: 50 }).toBe(false);
    await append(30, 10);
    await giveAgent();
    await expect.poll(() => count(server, token), SOON).toBe(40);

    await server.stop();
    expect(await checkChains({ data: dataDir() }, undefined)).toMatchObject({ faults: [] });
    const rows = await auditRows({ data: dataDir() }, { limit: 1_000 });
    const noted = ['started', 'identities', 'ended', 'refused'];
    expect(new Set(rows.map(({ kind }) => kind))).toEqual(
      new Set([...noted, 'agent-enrolled', 'agent-revoked', 'token-added']),
    );

    // Who takes the last changes away makes a file that is whole in itself, and not the one that the server went by.
    const [file] = (await readdir(identityDir())).filter((name) => name.endsWith('.ndjson'));
    const path = join(identityDir(), file!);
    await writeFile(path, (await readFile(path, 'utf8')).split('\n').slice(0, -3).join('\n') + '\n');
    expect((await checkChains({ data: dataDir() }, undefined)).faults).toEqual([
      expect.stringMatching(/^identities: the server went by \d+ changes, of which the last was another/),
    ]);
  }, 90_000);

  it('answer commands that name the file of a token, and say to others what they need', async () => {
    await using server = await start();
    const tokenFile = join(folder.dir, 'reader.token');
    await writeFile(tokenFile, `${await giveToken()}\n`);
    const asked = { url: new URL(`https://127.0.0.1:${server.httpPort}`), ca: join(folder.dir, 'ca.crt') };
    await expect
      .poll(() => askJson({ ...asked, tokenFile }, { path: '/api/v1/views' }).catch(() => undefined), SOON)
      .toMatchObject({ views: [{ name: 'power' }] });
    await expect(askJson(asked, { path: '/api/v1/views' })).rejects.toThrow(
      `${asked.url.origin} wants to know who asks; name a file that holds one with --token-file`,
    );
    await writeFile(tokenFile, makeToken('token', randomBytes).text);
    await expect(askJson({ ...asked, tokenFile }, { path: '/api/v1/views' })).rejects.toThrow(
      `does not know the token in ${tokenFile}`,
    );
    await expect(askJson({ url: asked.url, tokenFile }, { path: '/api/v1/views' })).rejects.toThrow('with --ca');
  });

  it('know an agent by its certificate', async () => {
    await using server = await start();
    await changeIdentities(identityDir(), WHO, (known) => enrol(known, 'roof-1', null, false));
    const token = await giveToken();
    await writePair(folder.dir, 'roof-1', authority.pair('client', 'roof-1'));
    await append(0, 10);
    await using _agent = await agentOf(server, 'tls: { cert: roof-1.crt, key: roof-1.key }');
    await expect.poll(() => count(server, token), SOON).toBe(10);
  }, 30_000);

  it('let an agent in by WebSocket too, at the same port', async () => {
    await using server = await start();
    await giveAgent();
    const token = await giveToken();
    await append(0, 10);
    await using _agent = await agentOf(server, 'token: { file: agent.token }', undefined, 'wss');
    await expect.poll(() => count(server, token), SOON).toBe(10);
  }, 30_000);

  it('say at the agent why it is not let in, and what helps, and never what it showed', async () => {
    await using server = await start();
    await giveAgent();
    const wrong = makeToken('agent', randomBytes).text;
    await writeFile(join(folder.dir, 'agent.token'), wrong);
    await append(0, 1);
    const logged: string[] = [];
    const logger = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });
    await using _agent = await agentOf(server, 'token: { file: agent.token }', logger);
    await expect.poll(() => logged.join(''), SOON).toContain('the broker does not let agent roof-1 in');
    expect(logged.join('')).toContain('weir agents enroll roof-1');
    expect(logged.join('')).not.toContain(wrong.slice(-43));
  });

  it('end an agent at its start whose files are not there, with which one', async () => {
    await using server = await start();
    await expect(agentOf(server, 'token: { file: no.token }')).rejects.toThrow(
      'no.token does not exist; check the path and its permissions at `agent.token.file`',
    );
  });
});
