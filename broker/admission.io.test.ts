import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import { agentTopic } from '#core/wire/topics.ts';
import { BrokerHarness, closing, frame, gated, message, NOW_MS, publish } from './broker.fixtures.ts';
import { startBroker } from './broker.ts';
import { CLIENT_IN_FLIGHT_BYTES_MAX, PACKET_BYTES_MAX } from './limits.ts';

describe('who comes to the broker', () => {
  let harness: BrokerHarness;

  beforeEach(async () => {
    harness = await BrokerHarness.open();
  });

  afterEach(() => harness[Symbol.asyncDispose]());

  it("says the ledger's head to who subscribes to it, and nothing to who may not", async () => {
    await harness.start();
    const agent = await harness.client('roof-1');
    const head = message(agent);
    await agent.subscribeAsync(agentTopic('roof-1', 'head'), { qos: 0 });
    const { payload } = await head;
    expect(JSON.parse(payload.toString())).toStrictEqual({ incarnation: 3, highestSequence: 17 });
    for (const filter of ['#', agentTopic('roof-2', 'head'), agentTopic('roof-1', 'frame')]) {
      const answer = await new Promise<unknown>((resolve) =>
        agent.subscribe(filter, { qos: 1 }, (error) => resolve(error)),
      );
      expect(answer).toBeInstanceOf(Error);
    }
  });

  it('ends the connection of a client that publishes for another agent, and logs nothing', async () => {
    await harness.start();
    const agent = await harness.client('roof-1');
    const closed = closing(agent);
    agent.publish(agentTopic('roof-2', 'frame'), Buffer.from(frame(1)), { qos: 1 });
    await closed;
    expect(await harness.recordsOf('roof-2')).toStrictEqual([]);
    expect(harness.broker.counters.connectionsCut).toBe(1);
  });

  it.each([
    ['no agent id', { clientId: 'a b' }],
    ['a session to be kept', { clean: false }],
    [
      "another's last will",
      { will: { topic: agentTopic('roof-2', 'gone'), payload: Buffer.alloc(0), qos: 1 as const } },
    ],
    ['no keep-alive', { keepalive: 0 }],
    ['MQTT 5', { protocolVersion: 5 as const }],
  ])('turns away a client with %s', async (_what, options) => {
    await harness.start();
    await expect(harness.client('roof-1', options)).rejects.toThrow(/refused|closed|Unsupported|Unacceptable/i);
    expect(harness.broker.presence()).toStrictEqual([]);
  });

  it('cuts off an announced giant before it has sent its body', async () => {
    await harness.start();
    const early = connect({ host: '127.0.0.1', port: harness.broker.port });
    early.on('error', () => undefined);
    early.write(Buffer.of(0x10, 0xff, 0xff, 0xff, 0x7f));
    await once(early, 'close');
    const agent = await harness.client('roof-1');
    const closed = closing(agent);
    const length = PACKET_BYTES_MAX;
    socketOf(agent).write(Buffer.of(0x32, (length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14));
    await closed;
    expect(harness.broker.counters.inFlightBytes).toBe(0);
  });

  it('takes packets in whatever pieces they come', async () => {
    await harness.start();
    const agent = await harness.client('roof-1');
    const stream = socketOf(agent);
    const write = stream.write.bind(stream) as (bytes: Uint8Array) => boolean;
    // Every byte of what the client writes goes out alone.
    stream.write = ((bytes: Uint8Array) => {
      for (const byte of Buffer.from(bytes)) write(Buffer.of(byte));
      return true;
    }) as typeof stream.write;
    Object.assign(stream, { _writev: undefined });
    await publish(agent, 'frame', frame(1, NOW_MS, 300));
    await publish(agent, 'frame', frame(2));
    expect((await harness.recordsOf('roof-1')).length).toBe(2);
  });

  it('holds no more of a client than its limit, and takes the rest when there is room', async () => {
    const gate = gated(harness.log);
    await harness.start({ log: gate.log });
    const agent = await harness.client('roof-1');
    const bodyBytes = 100_000;
    const count = 80;
    const all = Array.from({ length: count }, (_, i) => publish(agent, 'frame', frame(i + 1, NOW_MS, bodyBytes)));
    await vi.waitUntil(() => harness.broker.counters.inFlightBytes > CLIENT_IN_FLIGHT_BYTES_MAX - bodyBytes - 1_000);
    let highest = 0;
    const opener = setInterval(() => {
      highest = Math.max(highest, harness.broker.counters.inFlightBytes);
      gate.open();
    }, 1);
    await Promise.all(all);
    clearInterval(opener);
    expect(highest).toBeLessThanOrEqual(CLIENT_IN_FLIGHT_BYTES_MAX);
    expect(harness.broker.counters).toMatchObject({ framesAccepted: count, inFlight: 0, inFlightBytes: 0 });
  });

  it('hands an agent over to its second connection', async () => {
    const changes: string[] = [];
    await harness.start({ onPresence: ({ agent, state }) => changes.push(`${agent} ${state}`) });
    const first = await harness.client('roof-1');
    const closed = closing(first);
    const second = await harness.client('roof-1');
    await closed;
    await publish(second, 'frame', frame(1));
    await second.endAsync();
    await vi.waitUntil(() => changes.length === 4);
    expect(changes).toStrictEqual(['roof-1 online', 'roof-1 lost', 'roof-1 online', 'roof-1 left']);
  });

  it('stores and acknowledges what it has taken before it stops', async () => {
    const gate = gated(harness.log);
    await harness.start({ log: gate.log });
    const agent = await harness.client('roof-1');
    const sent = publish(agent, 'frame', frame(1));
    await vi.waitUntil(() => gate.waiting() === 1);
    const stopped = harness.broker[Symbol.asyncDispose]();
    gate.open();
    await sent;
    await stopped;
    await expect(harness.client('roof-1', { connectTimeout: 1_000 })).rejects.toThrow(/ECONNREFUSED|closed/);
  });

  it('says which address it can not listen at', async () => {
    await harness.start();
    const { port } = harness.broker;
    const again = startBroker({
      listen: { host: '127.0.0.1', port },
      log: harness.log,
      claims: await openEmbeddedKeyValue({ dir: join(harness.dir, 'other') }).then((store) => harness.stack.use(store)),
      metrics: null,
      clock: () => NOW_MS,
      logger: pino({ level: 'silent' }),
      ledgerHead: () => Promise.reject(new Error('none')),
      wantedOf: () => new Promise(() => undefined),
      dictionaryOf: () => [],
    });
    await expect(again).rejects.toMatchObject({ kind: 'listen-failed', message: new RegExp(`127.0.0.1:${port}`) });
  });
});

function socketOf(client: MqttClient): Socket {
  return client.stream as unknown as Socket;
}
