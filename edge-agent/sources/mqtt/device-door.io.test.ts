import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { generate } from 'mqtt-packet';
import { describe, expect, it, vi } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { selfSigned } from '#backbone/doors/certificates.fixtures.ts';
import { runCommand } from '#tooling/servers/command.ts';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import { cheapHash } from '../doors/doors.fixtures.ts';
import { PENDING_MESSAGES_MAX } from '../live/pending-messages.ts';
import type { ReadingBatch } from '../source.ts';
import { NOW_MS, pinged, RunningMqtt, TEMPERATURE } from './mqtt.fixtures.ts';

const mosquittoPub = await serverForTests('mosquitto_pub');

const PUBLISH = { cmd: 'publish', qos: 0, dup: false, retain: false } as const;
const LISTEN = { listen: '127.0.0.1:0', topics: [TEMPERATURE] };

describe('a device that publishes to the agent', () => {
  for (const protocolVersion of [3, 4, 5] as const) {
    for (const qos of [0, 1, 2] as const) {
      it(`by version ${protocolVersion} of the protocol with quality of service ${qos} is read`, async () => {
        await using running = new RunningMqtt(LISTEN);
        const protocolId = protocolVersion === 3 ? 'MQIsdp' : 'MQTT';
        const client = await running.client({ protocolVersion, protocolId });
        await client.publishAsync('zigbee2mqtt/kitchen', '{"temperature":21.4}', { qos });
        await client.publishAsync('zigbee2mqtt/attic', '{"temperature":-3}', { qos, retain: true });
        await running.until(() => running.readings.length === 2);
        expect(running.seen).toEqual(['kitchen 21.4', 'attic -3']);
        expect(running.readings[0]!.timeMs).toBeGreaterThanOrEqual(NOW_MS);
        await client.endAsync();
      });
    }
  }

  it('is acknowledged once what it published is durable, and not before, in the order of what it published', async () => {
    const held: ReadingBatch[] = [];
    await using running = new RunningMqtt(LISTEN, { acknowledge: (batch) => void held.push(batch) });
    const client = await running.client();
    const acknowledged: number[] = [];
    const publish = (value: number, qos: 1 | 2): Promise<unknown> =>
      client
        .publishAsync('zigbee2mqtt/kitchen', `{"temperature":${value}}`, { qos })
        .then(() => acknowledged.push(value));
    const published = [publish(1, 1), publish(2, 2), publish(3, 1)];
    await running.until(() => running.readings.length === 3);
    await pinged(client);
    expect(acknowledged).toEqual([]);
    for (const batch of held) batch.acknowledged!();
    await Promise.all(published);
    expect(acknowledged.toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    await client.endAsync();
  });

  it('sends again what was not acknowledged when the connection ended, and that is read once', async () => {
    const held: ReadingBatch[] = [];
    await using running = new RunningMqtt(LISTEN, { acknowledge: (batch) => void held.push(batch) });
    const options = { clientId: 'meter', clean: false, reconnectPeriod: 1 };
    const client = await running.client(options);
    const published = [1, 2].map((qos) =>
      client.publishAsync('zigbee2mqtt/kitchen', `{"temperature":${qos}}`, { qos: qos as 1 | 2 }),
    );
    await running.until(() => running.readings.length === 2);
    client.stream.destroy();
    const known = 'that came again after a connection was lost, and were known';
    // This client sends one again, and the next when that is acknowledged.
    await vi.waitUntil(() => running.source.remarks().includes(`1 message ${known}`));
    for (const batch of held) batch.acknowledged!();
    await Promise.all(published);
    await client.publishAsync('zigbee2mqtt/kitchen', '{"temperature":3}');
    await running.until(() => running.readings.length === 3);
    expect(running.seen).toEqual(['kitchen 1', 'kitchen 2', 'kitchen 3']);
    expect(running.source.remarks()).toEqual([`2 messages ${known}`]);
    held.at(-1)!.acknowledged!();
    await client.endAsync();
  });

  it('has its will read when it goes without a word, and not when it takes leave', async () => {
    await using running = new RunningMqtt(LISTEN);
    const will = {
      topic: 'zigbee2mqtt/dying',
      payload: Buffer.from('{"temperature":0}'),
      qos: 1 as const,
      retain: true,
    };
    const leaving = await running.client({ will: { ...will, topic: 'zigbee2mqtt/leaving' } });
    await leaving.endAsync();
    for (const protocolVersion of [4, 5] as const) {
      const dying = await running.client({ protocolVersion, will });
      dying.stream.destroy();
    }
    await running.until(() => running.readings.length === 2);
    expect(running.seen).toEqual(['dying 0', 'dying 0']);
  });

  it('may subscribe, and hears nothing', async () => {
    await using running = new RunningMqtt(LISTEN);
    for (const protocolVersion of [4, 5] as const) {
      const client = await running.client({ protocolVersion });
      const granted = await client.subscribeAsync(['cmnd/#', 'other'], { qos: 1 });
      expect(granted.map(({ qos }) => qos)).toEqual([1, 1]);
      client.on('message', () => expect.fail('nothing is passed on'));
      await client.publishAsync('cmnd/x', 'on', { qos: 1 });
      await client.unsubscribeAsync('other');
      await client.endAsync();
    }
  });

  it('takes over from its own former connection', async () => {
    await using running = new RunningMqtt(LISTEN);
    const first = await running.client({ clientId: 'one', protocolVersion: 5 });
    const told = new Promise((resolve) => first.once('disconnect', resolve));
    const second = await running.client({ clientId: 'one', protocolVersion: 5 });
    expect(await told).toMatchObject({ reasonCode: 0x8e });
    await second.publishAsync('zigbee2mqtt/kitchen', '{"temperature":1}', { qos: 1 });
    expect(running.seen).toEqual(['kitchen 1']);
    await second.endAsync();
  });
});

describe('an agent whose disk is behind', () => {
  it('reads no more than has room, and the rest once there is', async () => {
    const held: ReadingBatch[] = [];
    let isBehind = true;
    const acknowledge = (batch: ReadingBatch): void => {
      if (isBehind) held.push(batch);
      else batch.acknowledged!();
    };
    await using running = new RunningMqtt(LISTEN, { acknowledge });
    const packet = generate({ ...PUBLISH, topic: 'zigbee2mqtt/a', payload: '{"temperature":1}' });
    const count = 2 * PENDING_MESSAGES_MAX;
    const socket = connect((await running.source.listening!).port, '127.0.0.1');
    socket.write(generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: 'a' }));
    socket.write(Buffer.concat(Array.from({ length: count }, () => packet)));
    await running.until(() => running.readings.length >= PENDING_MESSAGES_MAX);
    // Another one, that has nothing to say, is answered still.
    const other = await running.client();
    await pinged(other);
    expect(running.readings).toHaveLength(PENDING_MESSAGES_MAX);
    isBehind = false;
    for (const batch of held) batch.acknowledged!();
    await running.until(() => running.readings.length === count);
    socket.destroy();
    await other.endAsync();
  });
});

describe.runIf(mosquittoPub)('what mosquitto_pub publishes', () => {
  const published = async (running: RunningMqtt, ...args: readonly string[]): Promise<void> => {
    const { port } = await running.source.listening!;
    const { status, output } = await runCommand(mosquittoPub!.path, ['-p', String(port), ...args], {
      timeoutMs: 10_000,
    });
    expect([status, output]).toEqual([0, '']);
  };

  it('by 3.1, 3.1.1 and 5, with any quality of service and retained, is read', async () => {
    await using running = new RunningMqtt(LISTEN);
    const sent: string[] = [];
    for (const version of ['31', '311', '5']) {
      for (const qos of ['0', '1', '2']) {
        for (const retain of [[], ['-r']]) {
          const value = sent.length;
          sent.push(`a ${value}`);
          await published(
            running,
            '-V',
            version,
            '-q',
            qos,
            ...retain,
            '-t',
            'zigbee2mqtt/a',
            '-m',
            `{"temperature":${value}}`,
          );
        }
      }
    }
    await running.until(() => running.readings.length === sent.length);
    expect(running.seen).toEqual(sent);
  });

  it('has its will read when it is killed', async () => {
    await using running = new RunningMqtt(LISTEN);
    const { port } = await running.source.listening!;
    const will = ['--will-topic', 'zigbee2mqtt/dead', '--will-payload', '{"temperature":0}'];
    const args = ['-p', String(port), '-q', '1', '-t', 'zigbee2mqtt/a', '-l', ...will];
    const child = spawn(mosquittoPub!.path, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin.write('{"temperature":1}\n');
    await running.until(() => running.readings.length === 1);
    child.kill('SIGKILL');
    await running.until(() => running.readings.length === 2);
    expect(running.seen).toEqual(['a 1', 'dead 0']);
  });
});

describe('a door that asks who comes', () => {
  const users = { meter: cheapHash('secret') };

  it('lets in who names the right password, and tells the others in both versions', async () => {
    await using running = new RunningMqtt({ ...LISTEN, users });
    for (const protocolVersion of [4, 5] as const) {
      const client = await running.client({ protocolVersion, username: 'meter', password: 'secret' });
      await client.publishAsync('zigbee2mqtt/a', '{"temperature":1}', { qos: 1 });
      await client.endAsync();
      const code = protocolVersion === 5 ? 0x86 : 4;
      for (const login of [{}, { username: 'other', password: 'secret' }]) {
        await expect(running.client({ protocolVersion, ...login })).rejects.toMatchObject({ code });
        running.passMs(60_000);
      }
    }
    await expect(running.client({ username: 'meter', password: 'wrong' })).rejects.toMatchObject({ code: 4 });
    await expect(running.client({ username: 'meter', password: 'right' })).rejects.toMatchObject({ code: 3 });
    expect(running.seen).toEqual(['a 1', 'a 1']);
  });
});

describe('a door with TLS', () => {
  it('takes what comes by it, and nothing else', async () => {
    await using folder = await makeTemporaryDirectory('mqtt-tls');
    const { cert, key } = selfSigned();
    await writeFile(join(folder.dir, 'cert.pem'), cert);
    await writeFile(join(folder.dir, 'key.pem'), key);
    const tls = { cert: 'cert.pem', key: 'key.pem' };
    await using running = new RunningMqtt({ ...LISTEN, tls }, { folder: folder.dir });
    const { port } = await running.source.listening!;
    const device = await connectAsync(`mqtts://localhost:${port}`, { reconnectPeriod: 0, ca: cert });
    await device.publishAsync('zigbee2mqtt/a', '{"temperature":1}', { qos: 1 });
    await device.endAsync();
    const open = connect(port, '127.0.0.1');
    open.write(generate({ cmd: 'connect', clientId: 'a' }));
    await once(open, 'close');
    expect(running.seen).toEqual(['a 1']);
    await using other = new RunningMqtt({ ...LISTEN, tls: { ...tls, key: 'absent.pem' } }, { folder: folder.dir });
    await expect(other.done).rejects.toThrow(/absent\.pem does not exist/);
  });
});

describe('what a device must not send', () => {
  it('ends its connection, and only that', async () => {
    await using running = new RunningMqtt(LISTEN);
    const { port } = await running.source.listening!;
    for (const bytes of [
      [0x30, 0x05, 0, 1, 0x61, 1, 1],
      [0x10, 0xff, 0xff, 0xff, 0xff],
      [0x10, 0xff, 0xff, 0xff, 0x7f],
      [0x00, 0x00],
      [0xc0, 0x00],
      [0x10, 0x03, 0, 4, 0x4d],
      Array.from(Buffer.from('GET / HTTP/1.1\r\n\r\n')),
    ]) {
      const socket = connect(port, '127.0.0.1');
      socket.write(Buffer.from(bytes));
      socket.resume();
      await once(socket, 'close');
    }
    const client = await running.client();
    await client.publishAsync('zigbee2mqtt/kitchen', '{"temperature":1}', { qos: 1 });
    expect(running.seen).toEqual(['kitchen 1']);
    await client.endAsync();
  });
});
