import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, type TemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { selfSigned } from '#backbone/doors/certificates.fixtures.ts';
import { runCommand } from '#tooling/servers/command.ts';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import type { ReadingBatch } from '../source.ts';
import { startAedes, startMosquitto, type TestBroker } from './brokers.fixtures.ts';
import { RunningMqtt, TEMPERATURE } from './mqtt.fixtures.ts';

const mosquitto = await serverForTests('mosquitto');
const mosquittoPub = await serverForTests('mosquitto_pub');

const CUTS = 3;
const PUBLISHED = 200;

const isConnected = ({ what }: { readonly what: string }): boolean => what.startsWith('connected to the broker');

async function connected(running: RunningMqtt): Promise<void> {
  await running.until(() => running.logged.some(isConnected));
}

/** What has to be so at every broker. */
function describeBroker(name: string, versions: readonly (3 | 5)[], open: () => Promise<TestBroker>): void {
  describe(`the messages of ${name}`, () => {
    for (const version of versions) {
      for (const qos of [0, 1, 2] as const) {
        it(`are read by version ${version} with quality of service ${qos}`, async () => {
          await using broker = await open();
          await using running = new RunningMqtt({ url: broker.url, version, qos, topics: [TEMPERATURE] });
          await connected(running);
          const device = await connectAsync(broker.url, { reconnectPeriod: 0 });
          await device.publishAsync('zigbee2mqtt/kitchen', '{"temperature":21.4}', { qos });
          await device.publishAsync('zigbee2mqtt/kitchen/set', '{"temperature":21.4}', { qos });
          await device.publishAsync('zigbee2mqtt/attic', '{"temperature":-3}', { qos });
          await running.until(() => running.readings.length === 2);
          expect(running.seen).toEqual(['kitchen 21.4', 'attic -3']);
          expect(running.logged[0]!.fact).toMatchObject({ broker: broker.url, version });
          await device.endAsync();
        });
      }
    }

    it('are asked for, whenever it is there, where devices speak only as long as they are asked', async () => {
      await using broker = await open();
      const asked: string[] = [];
      const device = await connectAsync(broker.url, { reconnectPeriod: 10 });
      // A device that answers each request with the number that this one has.
      device.on('message', (topic, payload) => {
        asked.push(`${topic} ${payload.toString()}`);
        device.publish('zigbee2mqtt/venus', JSON.stringify({ temperature: asked.length }), { qos: 1 });
      });
      await device.subscribeAsync('R/+/keepalive', { qos: 1 });
      const ask = [{ topic: 'R/venus/keepalive', payload: '[]', every: '1s' }];
      await using running = new RunningMqtt({ url: broker.url, ask, topics: [TEMPERATURE] });
      await running.until(() => running.readings.length >= 2);
      expect(running.seen.slice(0, 2)).toEqual(['venus 1', 'venus 2']);
      expect(new Set(asked)).toEqual(new Set(['R/venus/keepalive []']));
      await device.endAsync();
    });

    it('that it had kept are no new readings', async () => {
      await using broker = await open();
      const device = await connectAsync(broker.url, { reconnectPeriod: 0 });
      await device.publishAsync('zigbee2mqtt/kitchen', '{"temperature":1}', { qos: 1, retain: true });
      await using running = new RunningMqtt({ url: broker.url, topics: [TEMPERATURE] });
      await connected(running);
      await device.publishAsync('zigbee2mqtt/kitchen', '{"temperature":2}', { qos: 1, retain: true });
      await running.until(() => running.readings.length > 0);
      expect(running.seen).toEqual(['kitchen 2']);
      expect(running.source.remarks()).toEqual(['1 message that the broker had kept, which are no new readings']);
      await device.endAsync();
    });

    it('come while the agent is away, and once', async () => {
      await using broker = await open();
      const section = { url: broker.url, topics: [TEMPERATURE] };
      {
        await using first = new RunningMqtt(section, { agent: 'roof-1' });
        await connected(first);
      }
      const device = await connectAsync(broker.url, { reconnectPeriod: 0 });
      for (let i = 0; i < 50; i++) await device.publishAsync('zigbee2mqtt/a', `{"temperature":${i}}`, { qos: 1 });
      await using second = new RunningMqtt(section, { agent: 'roof-1' });
      await second.until(() => second.readings.length === 50);
      expect(second.seen).toEqual(Array.from({ length: 50 }, (_, i) => `a ${i}`));
      await device.endAsync();
    });

    it('that were not acknowledged when the agent stopped come again', async () => {
      await using broker = await open();
      const section = { url: broker.url, topics: [TEMPERATURE] };
      const device = await connectAsync(broker.url, { reconnectPeriod: 0 });
      const held: ReadingBatch[] = [];
      {
        await using first = new RunningMqtt(section, {
          agent: 'roof-1',
          acknowledge: (batch) => void held.push(batch),
        });
        await connected(first);
        await device.publishAsync('zigbee2mqtt/a', '{"temperature":1}', { qos: 1 });
        await first.until(() => first.readings.length === 1);
        const stopping = first.stop();
        held[0]!.acknowledged!(new Error('the disk is full'));
        await stopping;
      }
      await using second = new RunningMqtt(section, { agent: 'roof-1' });
      await second.until(() => second.readings.length === 1);
      expect(second.seen).toEqual(['a 1']);
      await device.endAsync();
    });

    it(`are all read, in their order, where connections are cut ${CUTS} times`, async () => {
      await using broker = await open();
      await using running = new RunningMqtt({ url: broker.url, topics: [TEMPERATURE] }, { agent: 'roof-1' });
      await connected(running);
      const device = await connectAsync(broker.url, { reconnectPeriod: 1 });
      device.on('error', () => undefined);
      const connections = (): number => running.logged.filter(isConnected).length;
      let cuts = 0;
      let cutting = Promise.resolve();
      let published = 0;
      while (connections() <= CUTS) {
        const publishing = device.publishAsync('zigbee2mqtt/a', `{"temperature":${published}}`, { qos: 1 });
        if (cuts < connections() && published >= (cuts + 1) * PUBLISHED) {
          cuts++;
          cutting = broker.cut();
        }
        // What wasn't acknowledged before its connection ended is published again.
        await publishing.then(
          () => published++,
          () => undefined,
        );
        // Until the agent is there again no more is published than a broker keeps for it.
        if (cuts === connections() && published >= (cuts + 1) * PUBLISHED)
          await running.until(() => cuts < connections());
      }
      await cutting;
      const values = (): readonly number[] => [...new Set(running.readings.map(({ value }) => value))];
      await running.until(() => values().length === published);
      expect(values()).toEqual(Array.from({ length: published }, (_, i) => i));
      await device.endAsync();
    });
  });
}

describeBroker('aedes', [3], () => startAedes());
describe.runIf(mosquitto)('with Mosquitto', () => {
  describeBroker('Mosquitto', [3, 5], () => startMosquitto(mosquitto!.path));

  it.runIf(mosquittoPub)('reads what mosquitto_pub publishes, and what it left to be said for it', async () => {
    await using broker = await startMosquitto(mosquitto!.path);
    await using running = new RunningMqtt({ url: broker.url, topics: [TEMPERATURE] });
    await connected(running);
    const port = new URL(broker.url).port;
    for (const version of ['311', '5']) {
      const { status, output } = await runCommand(
        mosquittoPub!.path,
        ['-p', port, '-V', version, '-q', '2', '-t', 'zigbee2mqtt/a', '-m', `{"temperature":${version}}`],
        { timeoutMs: 10_000 },
      );
      expect([status, output]).toEqual([0, '']);
    }
    await running.until(() => running.readings.length === 2);
    expect(running.seen).toEqual(['a 311', 'a 5']);
  });
});

describe('a broker that refuses', () => {
  let folder: TemporaryDirectory;
  beforeEach(async () => {
    folder = await makeTemporaryDirectory('broker-link');
    await writeFile(join(folder.dir, 'password'), 'secret\n');
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  const topics = [TEMPERATURE];

  it('the user or the password says so at once, and is let in by the right one', async () => {
    await using broker = await startAedes((user, password) => user === 'meter' && password === 'secret');
    const password = { file: 'password' };
    for (const section of [{}, { user: 'other', password }]) {
      await using running = new RunningMqtt({ url: broker.url, topics, ...section }, { folder: folder.dir });
      await expect(running.done).rejects.toThrow(
        `broker ${broker.url} does not know the user or the password; check \`user\`, and the file that \`password\` names`,
      );
    }
    await using running = new RunningMqtt({ url: broker.url, topics, user: 'meter', password }, { folder: folder.dir });
    await connected(running);
  });

  it('is believed by its certificate alone', async () => {
    const { cert, key } = selfSigned();
    await writeFile(join(folder.dir, 'ca.pem'), cert);
    await using broker = await startAedes(() => true, { cert, key });
    await using distrusting = new RunningMqtt({ url: broker.url, topics });
    await expect(distrusting.done).rejects.toThrow(
      /has a certificate that can't be trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\); name the file/,
    );
    await using running = new RunningMqtt({ url: broker.url, topics, ca: 'ca.pem' }, { folder: folder.dir });
    await connected(running);
  });

  it('the version of MQTT that is asked for says so', async () => {
    await using broker = await startAedes();
    await using running = new RunningMqtt({ url: broker.url, version: 5, topics });
    await expect(running.done).rejects.toThrow('does not speak this version of MQTT; name the other one');
  });

  it('a subscription says which', async () => {
    await using broker = await startAedes();
    broker.aedes.authorizeSubscribe = (_client, subscription, done) =>
      done(null, subscription.topic === 'allowed' ? subscription : null);
    const rules = ['allowed', 'secret/+'].map((topic) => ({
      ...TEMPERATURE,
      topic,
      names: [],
      series: [{ metric: 'temperature', value: 'temperature', device: 'x' }],
    }));
    await using running = new RunningMqtt({ url: broker.url, topics: rules });
    await expect(running.done).rejects.toThrow('does not let us subscribe to secret/+;');
  });

  it('is dialled again where it is not there, and where it hangs up', async () => {
    let dialled = 0;
    const server = createServer((socket) => {
      dialled++;
      socket.on('data', () => socket.destroy());
      socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await using running = new RunningMqtt({ url: `mqtt://127.0.0.1:${port}`, topics });
    await running.until(() => dialled >= 3);
    server.close();
    await running.until(() => running.logged.some(({ fact }) => String(fact['reason']).includes('ECONNREFUSED')));
    expect(running.logged.every(({ what }) => what === 'the broker is not there; it is dialled again')).toBe(true);
  });

  it('names a file that can not be used, before it is dialled', async () => {
    const section = { url: 'mqtts://127.0.0.1:1', topics, user: 'u' };
    for (const [more, message] of [
      [{ password: { file: 'absent' } }, /absent does not exist; .*`password\.file`/],
      [{ ca: 'password' }, /password holds no certificate/],
    ] as const) {
      await using running = new RunningMqtt({ ...section, ...more }, { folder: folder.dir });
      await expect(running.source.inspect()).rejects.toThrow(message);
      await expect(running.done).rejects.toThrow(message);
    }
  });
});
