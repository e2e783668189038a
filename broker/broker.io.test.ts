import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import type { Log } from '#backbone/log/log.ts';
import { StoreUnavailable } from '#backbone/storage-errors.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { encodeHeartbeat } from '#core/wire/heartbeat.ts';
import { encodeRefusalReport } from '#core/wire/refusal-report.ts';
import { agentTopic } from '#core/wire/topics.ts';
import {
  birth,
  BrokerHarness,
  closing,
  frame,
  gated,
  message,
  NOW_MS,
  numbersOf,
  PARTITIONS,
  publish,
  SERIES,
} from './broker.fixtures.ts';
import { startBroker } from './broker.ts';
import { CLIENT_IN_FLIGHT_BYTES_MAX, PACKET_BYTES_MAX } from './limits.ts';

let harness: BrokerHarness;

beforeEach(async () => {
  harness = await BrokerHarness.open();
});

afterEach(() => harness[Symbol.asyncDispose]());

describe('what the broker takes', () => {
  it('acknowledges a frame only when the log has stored it', async () => {
    const gate = gated(harness.log);
    await harness.start({ log: gate.log });
    const agent = await harness.client('roof-1');
    let acknowledged = false;
    const sent = publish(agent, 'frame', frame(1)).then(() => (acknowledged = true));
    await vi.waitUntil(() => gate.waiting() === 1);
    // A ping is answered after the frame was taken, so an acknowledgement sent too soon would have come before it.
    agent.sendPing();
    await new Promise<void>((resolve) => agent.on('packetreceive', ({ cmd }) => cmd === 'pingresp' && resolve()));
    expect(acknowledged).toBe(false);
    gate.open();
    await sent;
    expect(await harness.recordsOf('roof-1')).toStrictEqual([
      { kind: 'frame', agent: 'roof-1', atMs: NOW_MS, verdict: { kind: 'accepted' }, frame: frame(1) },
    ]);
  });

  it('keeps the order of a client with hundreds of frames in flight', async () => {
    const gate = gated(harness.log);
    await harness.start({ log: gate.log });
    const agent = await harness.client('roof-1');
    const acknowledged: number[] = [];
    const all = Array.from({ length: 300 }, (_, i) =>
      publish(agent, 'frame', frame(i + 1)).then(() => acknowledged.push(i + 1)),
    );
    const opener = setInterval(gate.open, 1);
    await Promise.all(all);
    clearInterval(opener);
    const numbers = numbersOf(await harness.recordsOf('roof-1'));
    expect(numbers).toStrictEqual(Array.from({ length: 300 }, (_, i) => i + 1));
    expect(acknowledged).toStrictEqual(numbers);
    expect(harness.broker.counters).toMatchObject({
      framesAccepted: 300,
      framesRefused: 0,
      inFlight: 0,
      inFlightBytes: 0,
    });
  });

  it('acknowledges nothing after a frame that the log did not store, and ends the connection', async () => {
    let appends = 0;
    const failing = Object.create(harness.log, {
      partitions: { value: PARTITIONS },
      append: {
        value: (partition: number, bytes: Uint8Array) =>
          ++appends === 2
            ? Promise.reject(new StoreUnavailable('log', 'here', 'a cause'))
            : harness.log.append(partition, bytes),
      },
    }) as Log;
    await harness.start({ log: failing });
    const agent = await harness.client('roof-1');
    const acknowledged: number[] = [];
    const closed = closing(agent);
    for (const sequence of [1, 2, 3]) {
      agent.publish(
        agentTopic('roof-1', 'frame'),
        Buffer.from(frame(sequence)),
        { qos: 1 },
        (error) => !error && acknowledged.push(sequence),
      );
    }
    await closed;
    // The first is stored; whether the end of the connection overtakes its acknowledgement is open.
    expect([[], [1]]).toContainEqual(acknowledged);
    expect(harness.broker.counters).toMatchObject({ appendsFailed: 1, inFlight: 0 });
    await publish(await harness.client('roof-1'), 'frame', frame(2));
  });

  it('logs a frame from the future as refused, acknowledges it and says so', async () => {
    await harness.start({ clockSkewMsMax: 1_000 });
    const agent = await harness.client('roof-1');
    await agent.subscribeAsync(agentTopic('roof-1', 'verdict'), { qos: 0 });
    const verdict = message(agent);
    await publish(agent, 'frame', frame(7, NOW_MS + 1_001));
    const { topic, payload } = await verdict;
    expect(topic).toBe(agentTopic('roof-1', 'verdict'));
    expect(JSON.parse(payload.toString())).toMatchObject({ incarnation: 1, sequence: 7, code: 'future' });
    await publish(agent, 'frame', frame(8, NOW_MS + 1_000));
    const verdicts = (await harness.recordsOf('roof-1')).map(
      (record) => record.kind === 'frame' && record.verdict.kind,
    );
    expect(verdicts).toStrictEqual(['refused', 'accepted']);
  });

  it('logs a frame that can not be read, byte by byte', async () => {
    await harness.start();
    const agent = await harness.client('roof-1');
    const broken = frame(1);
    broken[70] = 0;
    await publish(agent, 'frame', broken);
    await publish(agent, 'frame', Uint8Array.of(1, 2));
    expect(await harness.recordsOf('roof-1')).toMatchObject([
      { verdict: { kind: 'refused', code: 'checksum' }, frame: new Uint8Array(broken) },
      { verdict: { kind: 'refused', code: 'too-short' }, frame: Uint8Array.of(1, 2) },
    ]);
  });

  it('admits one owner of a series and refuses what another sends of it, naming the owner', async () => {
    await harness.start();
    const [one, other] = [await harness.client('roof-1'), await harness.client('roof-2')];
    await publish(one, 'frame', birth(1, [SERIES]));
    await publish(other, 'frame', birth(1, [SERIES]));
    await publish(one, 'frame', birth(2, [SERIES]));
    expect(
      (await harness.recordsOf('roof-1')).filter((record) => record.kind === 'frame' && record.agent === 'roof-1'),
    ).toMatchObject([{ verdict: { kind: 'accepted' } }, { verdict: { kind: 'accepted' } }]);
    const refusal = (await harness.recordsOf('roof-2')).find(
      (record) => record.kind === 'frame' && record.agent === 'roof-2',
    );
    // The birth is taken up, since its entries keep their indexes; what comes of the series is refused.
    expect(refusal).toMatchObject({ verdict: { kind: 'accepted' } });
    await other.subscribeAsync(agentTopic('roof-2', 'verdict'), { qos: 0 });
    const verdict = message(other);
    await publish(other, 'frame', frame(2));
    expect(JSON.parse((await verdict).payload.toString())).toMatchObject({
      sequence: 2,
      code: 'series-claimed',
      detail: expect.stringContaining('belongs to agent roof-1'),
      entries: [0],
    });
  });

  it('keeps frames behind a birth that still claims its series', async () => {
    await harness.start();
    const agent = await harness.client('roof-1');
    const many = Array.from({ length: 500 }, (_, i) => ({ ...SERIES, device: `d-${i}`, tags: { device: `d-${i}` } }));
    await Promise.all([
      publish(agent, 'frame', birth(1, many)),
      publish(agent, 'frame', frame(2)),
      publish(agent, 'frame', frame(3)),
    ]);
    const numbers = numbersOf(await harness.recordsOf('roof-1'));
    expect(numbers).toStrictEqual([1, 2, 3]);
  });

  it('refuses what comes of a series that contradicts the declared metric', async () => {
    await harness.start({ metrics: new Map([['power', metricNamed('power', { unit: 'W', decimals: 0 })]]) });
    const agent = await harness.client('roof-1');
    await publish(agent, 'frame', birth(1, [SERIES]));
    await publish(agent, 'frame', frame(2));
    expect(await harness.recordsOf('roof-1')).toMatchObject([
      { verdict: { kind: 'accepted' } },
      { verdict: { code: 'metric-mismatch', detail: /"kW" with 3.*"W" with 0/ } },
    ]);
  });

  it('logs a heartbeat when it says something new, and every report', async () => {
    await harness.start();
    const agent = await harness.client('roof-1');
    const beat = { incarnation: 1, highestSequence: 4, watermarkMs: null, closed: false };
    await publish(agent, 'heartbeat', encodeHeartbeat(beat));
    await publish(agent, 'heartbeat', encodeHeartbeat(beat));
    await publish(agent, 'heartbeat', encodeHeartbeat({ ...beat, watermarkMs: 2 * NOW_MS }));
    await publish(agent, 'heartbeat', encodeHeartbeat({ ...beat, closed: true }));
    const report = {
      incarnation: 1,
      sequence: 1,
      source: 'csv',
      items: [{ line: 3, readings: 1, reason: 'range', text: 'x' }],
    };
    await publish(agent, 'refused', encodeRefusalReport(report));
    await publish(agent, 'refused', Uint8Array.of(1));
    expect(await harness.recordsOf('roof-1')).toMatchObject([
      { kind: 'heartbeat', heartbeat: beat },
      { kind: 'heartbeat', heartbeat: { ...beat, closed: true } },
      { kind: 'refusals', report },
    ]);
    expect(harness.broker.counters).toMatchObject({
      heartbeatsLogged: 2,
      heartbeatsPassed: 1,
      reportsLogged: 1,
      messagesUnreadable: 2,
    });
    expect(harness.broker.presence()).toMatchObject([
      { agent: 'roof-1', state: 'online', heartbeat: { closed: true } },
    ]);
  });
});

describe('who comes to the broker', () => {
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
      views: [],
      clock: () => NOW_MS,
      logger: pino({ level: 'silent' }),
      ledgerHead: () => Promise.reject(new Error('none')),
      wantedOf: () => new Promise(() => undefined),
      endedOf: () => Promise.resolve([]),
      dictionaryOf: () => [],
    });
    await expect(again).rejects.toMatchObject({ kind: 'listen-failed', message: new RegExp(`127.0.0.1:${port}`) });
  });
});

function socketOf(client: MqttClient): Socket {
  return client.stream as unknown as Socket;
}
