import { connect as connectSocket, type Socket } from 'node:net';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import type { Log } from '#backbone/log/log.ts';
import { LogUnavailable } from '#backbone/log/log-errors.ts';
import { encodeBirth } from '#core/frames/birth.ts';
import { type FrameMeta, sealFrame } from '#core/frames/header.ts';
import { HEADER_BYTES } from '#core/frames/limits.ts';
import type { Metric } from '#core/metrics/metric.ts';
import { partitionOf } from '#core/records/partition.ts';
import { decodeRecord } from '#core/records/record-codec.ts';
import type { LogRecord } from '#core/records/record.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import { encodeHeartbeat } from '#core/wire/heartbeat.ts';
import { encodeRefusalReport } from '#core/wire/refusal-report.ts';
import { agentTopic } from '#core/wire/topics.ts';
import { type Broker, type BrokerOptions, startBroker } from './broker.ts';
import { CLIENT_IN_FLIGHT_BYTES_MAX, PACKET_BYTES_MAX } from './limits.ts';

const NOW_MS = 1_000_000;
const PARTITIONS = 4;
const SERIES: SeriesEntry = {
  metric: 'power',
  unit: 'kW',
  decimals: 3,
  kind: 'gauge',
  intervalMs: 60_000,
  rollover: null,
  quantiles: false,
  paneMs: 10_000,
  device: 'house-1',
  tags: { device: 'house-1' },
};

function frame(sequence: number, latestMs = NOW_MS, bodyBytes = 8): Uint8Array {
  const meta: FrameMeta = { incarnation: 1, sequence, dictionaryVersion: 1, watermarkMs: null };
  const bytes = new Uint8Array(HEADER_BYTES + bodyBytes).fill(sequence & 0xff, HEADER_BYTES);
  return sealFrame(bytes, meta, { kind: 'readings', earliestMs: 0, latestMs, count: 1 });
}

function birth(sequence: number, entries: readonly SeriesEntry[]): Uint8Array {
  const meta: FrameMeta = { incarnation: 1, sequence, dictionaryVersion: entries.length, watermarkMs: null };
  return encodeBirth(meta, { firstIndex: 0, entries, previous: null });
}

const closing = (client: MqttClient): Promise<void> => new Promise((resolve) => client.once('close', resolve));

const message = (client: MqttClient): Promise<{ topic: string; payload: Buffer }> =>
  new Promise((resolve) => client.once('message', (topic, payload) => resolve({ topic, payload })));

/** A log whose appends are stored at once but say so only when the gate is opened. */
function gated(log: Log): { log: Log; open: () => void; waiting: () => number } {
  let waiting = 0;
  let release: (() => void)[] = [];
  const wrapped: Log = Object.create(log, {
    append: {
      value: async (partition: number, bytes: Uint8Array) => {
        const position = await log.append(partition, bytes);
        waiting++;
        await new Promise<void>((resolve) => release.push(resolve));
        waiting--;
        return position;
      },
    },
    partitions: { get: () => log.partitions },
  }) as Log;
  const open = (): void => {
    const all = release;
    release = [];
    for (const one of all) one();
  };
  return { log: wrapped, open, waiting: () => waiting };
}

describe('the broker', () => {
  let dir: string;
  let stack: AsyncDisposableStack;
  let log: Log;
  let broker: Broker;

  const start = async (options: Partial<BrokerOptions> = {}): Promise<void> => {
    const claims = stack.use(await openEmbeddedKeyValue({ dir: join(dir, 'claims') }));
    broker = stack.use(
      await startBroker({
        listen: { host: '127.0.0.1', port: 0 },
        log,
        claims,
        metrics: null,
        clock: () => NOW_MS,
        logger: pino({ level: 'silent' }),
        ledgerHead: () => Promise.resolve({ incarnation: 3, highestSequence: 17 }),
        ...options,
      }),
    );
  };

  const client = async (agent: string, options: IClientOptions = {}): Promise<MqttClient> => {
    const connected = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
      clientId: agent,
      reconnectPeriod: 0,
      protocolVersion: 4,
      keepalive: 30,
      ...options,
    });
    stack.defer(async () => void (await connected.endAsync(true)));
    connected.on('error', () => undefined);
    return connected;
  };

  const socket = async (): Promise<Socket> => {
    const opened = connectSocket({ host: '127.0.0.1', port: broker.port, noDelay: true });
    stack.defer(() => void opened.destroy());
    opened.on('error', () => undefined);
    await once(opened, 'connect');
    return opened;
  };

  const publish = (from: MqttClient, topic: Parameters<typeof agentTopic>[1], payload: Uint8Array): Promise<unknown> =>
    from.publishAsync(agentTopic(from.options.clientId ?? '', topic), Buffer.from(payload), { qos: 1 });

  const recordsOf = async (agent: string): Promise<LogRecord[]> => {
    const partition = partitionOf(agent, PARTITIONS);
    const { last } = await log.bounds(partition);
    if (last === 0) return [];
    const entries = await log.read(partition, 1, { bytes: 1 << 28 });
    return entries.map(({ bytes }) => {
      const record = decodeRecord(bytes);
      if (record.kind === 'record-fault') throw new Error(record.message);
      return record;
    });
  };

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'weir-broker-'));
    stack = new AsyncDisposableStack();
    log = stack.use(await openEmbeddedLog({ dir: join(dir, 'log'), partitions: PARTITIONS }));
  });

  afterEach(async () => {
    await stack.disposeAsync();
    await rm(dir, { recursive: true });
  });

  it('acknowledges a frame only when the log has stored it', async () => {
    const gate = gated(log);
    await start({ log: gate.log });
    const agent = await client('roof-1');
    let acknowledged = false;
    const sent = publish(agent, 'frame', frame(1)).then(() => (acknowledged = true));
    await vi.waitUntil(() => gate.waiting() === 1);
    // A ping is answered after the frame was taken, so an acknowledgement sent too soon would have come before it.
    agent.sendPing();
    await new Promise<void>((resolve) => agent.on('packetreceive', ({ cmd }) => cmd === 'pingresp' && resolve()));
    expect(acknowledged).toBe(false);
    gate.open();
    await sent;
    expect(await recordsOf('roof-1')).toStrictEqual([
      { kind: 'frame', agent: 'roof-1', atMs: NOW_MS, verdict: { kind: 'accepted' }, frame: frame(1) },
    ]);
  });

  it('keeps the order of a client with hundreds of frames in flight', async () => {
    const gate = gated(log);
    await start({ log: gate.log });
    const agent = await client('roof-1');
    const acknowledged: number[] = [];
    const all = Array.from({ length: 300 }, (_, i) =>
      publish(agent, 'frame', frame(i + 1)).then(() => acknowledged.push(i + 1)),
    );
    const opener = setInterval(gate.open, 1);
    await Promise.all(all);
    clearInterval(opener);
    const numbers = (await recordsOf('roof-1')).map(
      (record) => record.kind === 'frame' && Buffer.from(record.frame).readUInt32LE(16),
    );
    expect(numbers).toStrictEqual(Array.from({ length: 300 }, (_, i) => i + 1));
    expect(acknowledged).toStrictEqual(numbers);
    expect(broker.counters).toMatchObject({ framesAccepted: 300, framesRefused: 0, inFlight: 0, inFlightBytes: 0 });
  });

  it('acknowledges nothing after a frame that the log did not store, and ends the connection', async () => {
    let appends = 0;
    const failing = Object.create(log, {
      partitions: { value: PARTITIONS },
      append: {
        value: (partition: number, bytes: Uint8Array) =>
          ++appends === 2 ? Promise.reject(new LogUnavailable('here', 'a cause')) : log.append(partition, bytes),
      },
    }) as Log;
    await start({ log: failing });
    const agent = await client('roof-1');
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
    expect(broker.counters).toMatchObject({ appendsFailed: 1, inFlight: 0 });
    await publish(await client('roof-1'), 'frame', frame(2));
  });

  it('logs a frame from the future as refused, acknowledges it and says so', async () => {
    await start({ clockSkewMsMax: 1_000 });
    const agent = await client('roof-1');
    await agent.subscribeAsync(agentTopic('roof-1', 'verdict'), { qos: 0 });
    const verdict = message(agent);
    await publish(agent, 'frame', frame(7, NOW_MS + 1_001));
    const { topic, payload } = await verdict;
    expect(topic).toBe(agentTopic('roof-1', 'verdict'));
    expect(JSON.parse(payload.toString())).toMatchObject({ incarnation: 1, sequence: 7, code: 'future' });
    await publish(agent, 'frame', frame(8, NOW_MS + 1_000));
    const verdicts = (await recordsOf('roof-1')).map((record) => record.kind === 'frame' && record.verdict.kind);
    expect(verdicts).toStrictEqual(['refused', 'accepted']);
  });

  it('logs a frame that can not be read, byte by byte', async () => {
    await start();
    const agent = await client('roof-1');
    const broken = frame(1);
    broken[70] = 0;
    await publish(agent, 'frame', broken);
    await publish(agent, 'frame', Uint8Array.of(1, 2));
    expect(await recordsOf('roof-1')).toMatchObject([
      { verdict: { kind: 'refused', code: 'checksum' }, frame: new Uint8Array(broken) },
      { verdict: { kind: 'refused', code: 'too-short' }, frame: Uint8Array.of(1, 2) },
    ]);
  });

  it('admits one owner of a series and refuses a birth of another, naming the owner', async () => {
    await start();
    const [one, other] = [await client('roof-1'), await client('roof-2')];
    await publish(one, 'frame', birth(1, [SERIES]));
    await publish(other, 'frame', birth(1, [SERIES]));
    await publish(one, 'frame', birth(2, [SERIES]));
    expect(
      (await recordsOf('roof-1')).filter((record) => record.kind === 'frame' && record.agent === 'roof-1'),
    ).toMatchObject([{ verdict: { kind: 'accepted' } }, { verdict: { kind: 'accepted' } }]);
    const refusal = (await recordsOf('roof-2')).find((record) => record.kind === 'frame' && record.agent === 'roof-2');
    expect(refusal).toMatchObject({
      verdict: { kind: 'refused', code: 'series-claimed', detail: /belongs to agent roof-1/ },
    });
  });

  it('keeps frames behind a birth that still claims its series', async () => {
    await start();
    const agent = await client('roof-1');
    const many = Array.from({ length: 500 }, (_, i) => ({ ...SERIES, device: `d-${i}`, tags: { device: `d-${i}` } }));
    await Promise.all([
      publish(agent, 'frame', birth(1, many)),
      publish(agent, 'frame', frame(2)),
      publish(agent, 'frame', frame(3)),
    ]);
    const numbers = (await recordsOf('roof-1')).map(
      (record) => record.kind === 'frame' && Buffer.from(record.frame).readUInt32LE(16),
    );
    expect(numbers).toStrictEqual([1, 2, 3]);
  });

  it('refuses a birth that contradicts the declared metric', async () => {
    const metric = { name: 'power', unit: 'W', decimals: 0, kind: 'gauge' } as Metric;
    await start({ metrics: new Map([['power', metric]]) });
    await publish(await client('roof-1'), 'frame', birth(1, [SERIES]));
    expect(await recordsOf('roof-1')).toMatchObject([
      { verdict: { code: 'metric-mismatch', detail: /"kW" with 3.*"W" with 0/ } },
    ]);
  });

  it('logs a heartbeat when it says something new, and every report', async () => {
    await start();
    const agent = await client('roof-1');
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
    expect(await recordsOf('roof-1')).toMatchObject([
      { kind: 'heartbeat', heartbeat: beat },
      { kind: 'heartbeat', heartbeat: { ...beat, closed: true } },
      { kind: 'refusals', report },
    ]);
    expect(broker.counters).toMatchObject({
      heartbeatsLogged: 2,
      heartbeatsPassed: 1,
      reportsLogged: 1,
      messagesUnreadable: 2,
    });
    expect(broker.presence()).toMatchObject([{ agent: 'roof-1', state: 'online', heartbeat: { closed: true } }]);
  });

  it("says the ledger's head to who subscribes to it, and nothing to who may not", async () => {
    await start();
    const agent = await client('roof-1');
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
    await start();
    const agent = await client('roof-1');
    const closed = closing(agent);
    agent.publish(agentTopic('roof-2', 'frame'), Buffer.from(frame(1)), { qos: 1 });
    await closed;
    expect(await recordsOf('roof-2')).toStrictEqual([]);
    expect(broker.counters.connectionsCut).toBe(1);
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
    await start();
    await expect(client('roof-1', options)).rejects.toThrow(/refused|closed|Unsupported|Unacceptable/i);
    expect(broker.presence()).toStrictEqual([]);
  });

  it('cuts off an announced giant before it has sent its body', async () => {
    await start();
    const early = await socket();
    early.write(Buffer.of(0x10, 0xff, 0xff, 0xff, 0x7f));
    await once(early, 'close');
    const agent = await client('roof-1');
    const closed = closing(agent);
    const length = PACKET_BYTES_MAX;
    (agent.stream as unknown as Socket).write(
      Buffer.of(0x32, (length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14),
    );
    await closed;
    expect(broker.counters.inFlightBytes).toBe(0);
  });

  it('takes packets in whatever pieces they come', async () => {
    await start();
    const agent = await client('roof-1');
    const stream = agent.stream as unknown as Socket;
    const write = stream.write.bind(stream) as (bytes: Uint8Array) => boolean;
    // Every byte of what the client writes goes out alone.
    stream.write = ((bytes: Uint8Array) => {
      for (const byte of Buffer.from(bytes)) write(Buffer.of(byte));
      return true;
    }) as typeof stream.write;
    Object.assign(stream, { _writev: undefined });
    await publish(agent, 'frame', frame(1, NOW_MS, 300));
    await publish(agent, 'frame', frame(2));
    expect((await recordsOf('roof-1')).length).toBe(2);
  });

  it('holds no more of a client than its limit, and takes the rest when there is room', async () => {
    const gate = gated(log);
    await start({ log: gate.log });
    const agent = await client('roof-1');
    const bodyBytes = 100_000;
    const count = 80;
    const all = Array.from({ length: count }, (_, i) => publish(agent, 'frame', frame(i + 1, NOW_MS, bodyBytes)));
    await vi.waitUntil(() => broker.counters.inFlightBytes > CLIENT_IN_FLIGHT_BYTES_MAX - bodyBytes - 1_000);
    let highest = 0;
    const opener = setInterval(() => {
      highest = Math.max(highest, broker.counters.inFlightBytes);
      gate.open();
    }, 1);
    await Promise.all(all);
    clearInterval(opener);
    expect(highest).toBeLessThanOrEqual(CLIENT_IN_FLIGHT_BYTES_MAX);
    expect(broker.counters).toMatchObject({ framesAccepted: count, inFlight: 0, inFlightBytes: 0 });
  });

  it('hands an agent over to its second connection', async () => {
    const changes: string[] = [];
    await start({ onPresence: ({ agent, state }) => changes.push(`${agent} ${state}`) });
    const first = await client('roof-1');
    const closed = closing(first);
    const second = await client('roof-1');
    await closed;
    await publish(second, 'frame', frame(1));
    await second.endAsync();
    await vi.waitUntil(() => changes.length === 4);
    expect(changes).toStrictEqual(['roof-1 online', 'roof-1 lost', 'roof-1 online', 'roof-1 left']);
  });

  it('stores and acknowledges what it has taken before it stops', async () => {
    const gate = gated(log);
    await start({ log: gate.log });
    const agent = await client('roof-1');
    const sent = publish(agent, 'frame', frame(1));
    await vi.waitUntil(() => gate.waiting() === 1);
    const stopped = broker.stop();
    gate.open();
    await sent;
    await stopped;
    await expect(client('roof-1', { connectTimeout: 1_000 })).rejects.toThrow(/ECONNREFUSED|closed/);
  });

  it('says which address it can not listen at', async () => {
    await start();
    const { port } = broker;
    const again = startBroker({
      listen: { host: '127.0.0.1', port },
      log,
      claims: await openEmbeddedKeyValue({ dir: join(dir, 'other') }).then((store) => stack.use(store)),
      metrics: null,
      clock: () => NOW_MS,
      logger: pino({ level: 'silent' }),
      ledgerHead: () => Promise.reject(new Error('none')),
    });
    await expect(again).rejects.toMatchObject({ kind: 'listen-failed', message: new RegExp(`127.0.0.1:${port}`) });
  });
});
