import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connectAsync, type IClientOptions } from 'mqtt';
import { generate } from 'mqtt-packet';
import { pino } from 'pino';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { TestAuthority, writePair } from '#backbone/doors/certificates.fixtures.ts';
import { RenewedTls } from '#backbone/doors/renewed-tls.ts';
import { comeAndBeSilent } from '#backbone/doors/strangers.fixtures.ts';
import { IdentityHarness } from '#backbone/identity/identity.fixtures.ts';
import { makeToken } from '#core/identity/token.ts';
import { agentTopic } from '#core/wire/topics.ts';
import { birth, BrokerHarness, closing, publish, SERIES } from './broker.fixtures.ts';
import { LOGIN_WAIT_MS_MAX, STRANGERS_OF_ADDRESS_MAX } from './limits.ts';

const REFUSED = 'Connection refused: Bad username or password';

let harness: BrokerHarness;
let identity: IdentityHarness;

beforeEach(async () => {
  harness = await BrokerHarness.open();
  onTestFinished(() => harness[Symbol.asyncDispose]());
  identity = harness.stack.use(await IdentityHarness.open());
});

const login = (agent: string, password: string): IClientOptions => ({ username: agent, password });

/** What a connection comes to: `in`, or why not. */
async function coming(agent: string, options: IClientOptions = {}): Promise<string> {
  try {
    await (await harness.client(agent, options)).endAsync(true);
    return 'in';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a broker that asks who comes', () => {
  beforeEach(() => harness.start({ identity }));

  it('lets an agent in by its id and its token, and nobody by anything else', async () => {
    const [token, other] = [await identity.enrol('roof-1'), await identity.enrol('roof-2')];
    expect(await coming('roof-1', login('roof-1', token))).toBe('in');
    const wrong: readonly (readonly [string, IClientOptions])[] = [
      ['roof-1', {}],
      ['roof-1', { username: 'roof-1' }],
      ['roof-1', login('roof-1', '')],
      ['roof-1', login('roof-1', other)],
      ['roof-1', login('roof-1', token.toUpperCase())],
      ['roof-1', login('roof-1', `${token} `)],
      ['roof-1', login('roof-1', token.slice(0, -1))],
      ['roof-1', login('roof-1', 'x'.repeat(3_000))],
      ['roof-1', login('roof-2', token)],
      ['roof-2', login('roof-1', token)],
      ['roof-2', login('roof-2', token)],
      ['roof-3', login('roof-3', token)],
      ['constructor', login('constructor', token)],
    ];
    const came = await Promise.all(wrong.map(([name, options]) => coming(name, options)));
    expect(new Set(came)).toEqual(new Set([REFUSED]));
    expect(harness.broker.counters.loginsRefused).toBe(13);
    expect(identity.audit.entries.filter(({ kind }) => kind === 'refused')).toHaveLength(13);
    expect(JSON.stringify(identity.audit.entries)).not.toContain(token.slice(-43));
  });

  it('leaves an agent alone where another says to be it', async () => {
    const token = await identity.enrol('roof-1');
    const client = await harness.client('roof-1', login('roof-1', token));
    expect(await coming('roof-1', login('roof-1', makeToken('agent', (n) => new Uint8Array(n)).text))).toBe(REFUSED);
    await publish(client, 'frame', birth(1, [SERIES]));
    expect(client.connected).toBe(true);
  });

  it('lets it publish and hear for itself alone', async () => {
    const client = await harness.client('roof-1', login('roof-1', await identity.enrol('roof-1')));
    await client.subscribeAsync(agentTopic('roof-1', 'head'));
    for (const foreign of [agentTopic('roof-2', 'head'), agentTopic('+', 'head'), '#'])
      await expect(client.subscribeAsync(foreign)).rejects.toThrow('Subscribe error');
    const closed = closing(client);
    client.publish(agentTopic('roof-2', 'frame'), Buffer.from(birth(1, [SERIES])), { qos: 1 });
    await closed;
    expect(await harness.recordsOf('roof-2')).toEqual([]);
  });

  it('ends the connection of an agent that is revoked or gets another token, within two seconds', async () => {
    const first = await identity.enrol('roof-1');
    const client = await harness.client('roof-1', login('roof-1', first));
    const bystander = await harness.client('roof-2', login('roof-2', await identity.enrol('roof-2')));
    const replaced = closing(client);
    const second = await identity.enrol('roof-1', true);
    await replaced;
    expect(await coming('roof-1', login('roof-1', first))).toBe(REFUSED);
    const again = await harness.client('roof-1', login('roof-1', second));
    const revoked = closing(again);
    const startMs = performance.now();
    await identity.revokeAgent('roof-1');
    await revoked;
    expect(performance.now() - startMs).toBeLessThan(2_000);
    expect(await coming('roof-1', login('roof-1', second))).toBe(REFUSED);
    await publish(bystander, 'frame', birth(1, [SERIES]));
    expect(identity.audit.entries.filter(({ kind }) => kind === 'ended')).toEqual([
      { kind: 'ended', door: 'mqtt', who: 'roof-1' },
      { kind: 'ended', door: 'mqtt', who: 'roof-1' },
    ]);
  });

  it('holds nobody up while 10,000 wrong tokens are tried, answers them later, and counts them all', async () => {
    const token = await identity.enrol('roof-1');
    const wrong = makeToken('agent', (n) => new Uint8Array(n)).text;
    let tried = 0;
    const guessOn = async (): Promise<void> => {
      while (tried < 10_000) {
        const agent = tried++ % 2 === 0 ? 'roof-1' : `roof-${tried}`;
        await guess(agent, wrong);
      }
    };
    const guesses = Promise.all(Array.from({ length: 50 }, guessOn));
    const came: number[] = [];
    while (harness.broker.counters.loginsRefused < 2_000) {
      const startMs = performance.now();
      const client = await harness.client('roof-1', login('roof-1', token));
      await publish(client, 'heartbeat', Buffer.from('{}'));
      came.push(performance.now() - startMs);
      await client.endAsync(true);
    }
    expect(came.length).toBeGreaterThan(0);
    await guesses;
    await expect.poll(() => harness.broker.counters.loginsRefused).toBe(10_000);
    expect(came.toSorted((a, b) => a - b)[Math.floor(came.length / 2)]).toBeLessThan(LOGIN_WAIT_MS_MAX);
  }, 60_000);

  it('hears an agent while its address holds all the connections that it gets without saying who it is', async () => {
    const token = await identity.enrol('roof-1');
    const before = await harness.client('roof-1', login('roof-1', token));
    const silent = await comeAndBeSilent(harness.broker.port, STRANGERS_OF_ADDRESS_MAX);
    expect(await coming('roof-2', login('roof-2', await identity.enrol('roof-2')))).toBe('in');
    expect(harness.broker.counters.strangersCut).toBe(1);
    await expect.poll(() => silent.filter(({ closed }) => closed).length).toBe(1);
    await publish(before, 'frame', birth(1, [SERIES]));
  });
});

/** Says to be an agent, and doesn't wait long for the answer. */
function guess(agent: string, password: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port: harness.broker.port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve());
    const packet = {
      cmd: 'connect',
      clientId: agent,
      clean: true,
      keepalive: 60,
      protocolId: 'MQTT',
      protocolVersion: 4,
    } as const;
    socket.end(generate({ ...packet, username: agent, password: Buffer.from(password) }), () =>
      setTimeout(resolve, 20).unref(),
    );
  });
}

describe('a broker with TLS', () => {
  const authority = new TestAuthority();

  /** Starts it with a certificate of the authority; gives how to come in. */
  async function start(): Promise<(agent: string, options?: IClientOptions) => Promise<string>> {
    const { dir } = harness.stack.use(await makeTemporaryDirectory('tls'));
    await writeFile(join(dir, 'agents.crt'), authority.cert);
    const files = { ...(await writePair(dir, 'server', authority.pair('server'))), clients: 'agents.crt' };
    const tls = harness.stack.use(await RenewedTls.open(files, dir, pino({ level: 'silent' })));
    await harness.start({ identity, tls });
    return async (agent, options = {}) => {
      const shown = { clientId: agent, ca: authority.cert, reconnectPeriod: 0, keepalive: 30, ...options };
      const client = connectAsync(`mqtts://127.0.0.1:${harness.broker.port}`, { protocolVersion: 4, ...shown });
      try {
        await (await client).endAsync(true);
        return 'in';
      } catch (error) {
        return (error as Error).message;
      }
    };
  }

  it('takes tokens, and clients can see whose it is', async () => {
    const come = await start();
    const token = await identity.enrol('roof-1');
    expect(await come('roof-1', login('roof-1', token))).toBe('in');
    expect(await come('roof-1')).toBe(REFUSED);
    expect(await come('roof-1', { ...login('roof-1', token), ca: new TestAuthority('another').cert })).toContain(
      'certificate',
    );
  });

  it('takes a certificate of its authority for the agent that it names, as long as that is enrolled', async () => {
    const come = await start();
    await identity.enrolByCertificate('roof-1');
    await identity.enrol('roof-2');
    const pair = authority.pair('client', 'roof-1');
    expect(await come('roof-1', pair)).toBe('in');
    expect(await come('roof-2', pair)).toBe(REFUSED);
    expect(await come('roof-3', authority.pair('client', 'roof-3'))).toBe(REFUSED);
    expect(await come('roof-1', new TestAuthority('another').pair('client', 'roof-1'))).toBe(REFUSED);
    expect(await come('roof-1', authority.pair('server', 'roof-1'))).toBe(REFUSED);
    await identity.revokeAgent('roof-1');
    expect(await come('roof-1', pair)).toBe(REFUSED);
  });
});
