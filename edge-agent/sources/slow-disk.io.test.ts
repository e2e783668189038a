import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connectAsync } from 'mqtt';
import { generate, type Packet, parser } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import type { RequestSource } from './doors/request-source.ts';
import { PENDING_SUBMISSIONS_MAX } from './live/pending-batches.ts';
import {
  PENDING_MESSAGE_BYTES_MAX,
  PENDING_MESSAGES_MAX,
  type PendingMessage,
  PendingMessages,
} from './live/pending-messages.ts';
import type { MqttSource } from './mqtt/mqtt-source.ts';
import { json, Served } from './poll/served.fixtures.ts';
import { SlowAgent, until } from './slow-disk.fixtures.ts';
import { born, double, TahuNode } from './sparkplug/tahu-node.fixtures.ts';

const T = Date.UTC(2024, 0, 1);
const TIMEOUT = { timeout: 120_000 };

/** Messages that ask for an acknowledgement, and ones without, which are more than may wait. */
const ASKING = 100;
const FLOOD = PENDING_MESSAGES_MAX + 5_000;

const TOPICS = [
  {
    topic: 'tank/+',
    names: ['device'],
    time: { columns: ['t'], format: 'unix-ms' },
    series: [{ metric: 'level', value: 'v', device: '{device}' }],
  },
];

function reading(i: number, qos: 0 | 1): Packet {
  const id = qos === 0 ? {} : { messageId: i + 1 };
  const payload = JSON.stringify({ t: T + i, v: i });
  return { cmd: 'publish', topic: 'tank/a', payload, qos, dup: false, retain: false, ...id };
}

function flood(): Buffer {
  return Buffer.concat(Array.from({ length: FLOOD }, (_, i) => generate(reading(ASKING + i, 0))));
}

/** A broker that lets its one client in, and then says what it has to say, without waiting for anything. */
async function startTalker(packets: readonly Uint8Array[]) {
  let acknowledged = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const reader = parser({ protocolVersion: 5 });
    reader.on('packet', (packet: Packet) => {
      const answer = (of: Packet): void => void socket.write(generate(of, { protocolVersion: 5 }));
      if (packet.cmd === 'connect') answer({ cmd: 'connack', sessionPresent: false, reasonCode: 0 });
      else if (packet.cmd === 'puback') acknowledged++;
      else if (packet.cmd === 'subscribe') {
        const granted = packet.subscriptions.map(({ qos }) => qos);
        answer({ cmd: 'suback', messageId: packet.messageId!, granted });
        for (const one of packets) socket.write(one);
      }
    });
    socket.on('data', (chunk) => reader.parse(chunk));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    acknowledged: () => acknowledged,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('a source of messages, while the disk is slow', () => {
  let pushes: MockInstance<(message: PendingMessage) => void>;
  let waits: MockInstance<(goOn: () => void) => () => void>;

  beforeEach(() => {
    pushes = vi.spyOn(PendingMessages.prototype, 'push');
    waits = vi.spyOn(PendingMessages.prototype, 'whenRoom');
  });

  afterEach(() => vi.restoreAllMocks());

  /** Sees that who sends is held back, that what waits has its limit, and that what is acknowledged is on the disk. */
  async function isHeldBack(agent: SlowAgent, connections: number, acknowledged: () => number): Promise<void> {
    await until(() => waits.mock.calls.length >= 1);
    const bytes = pushes.mock.calls.reduce((sum, [message]) => sum + message.bytes, 0);
    const [last] = pushes.mock.calls.at(-1)!;
    expect(pushes.mock.calls.length).toBeLessThanOrEqual(PENDING_MESSAGES_MAX + connections);
    expect(bytes - connections * last.bytes).toBeLessThanOrEqual(PENDING_MESSAGE_BYTES_MAX);
    expect([acknowledged(), await agent.durable()]).toEqual([0, 0]);
    await agent.advanceUntil(() => acknowledged() > 0);
    expect(await agent.durable()).toBeGreaterThanOrEqual(acknowledged());
    agent.disk.letThrough();
  }

  it('holds devices back that publish to it, and acknowledges nothing that is not stored', TIMEOUT, async () => {
    await using agent = await SlowAgent.start({ kind: 'mqtt', listen: '127.0.0.1:0', topics: TOPICS });
    const { port } = await (agent.source as MqttSource).listening!;
    const device = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
    let acknowledged = 0;
    const publishing = Array.from({ length: ASKING }, async (_, i) => {
      await device.publishAsync('tank/a', JSON.stringify({ t: T + i, v: i }), { qos: 1 });
      acknowledged++;
    });
    await until(() => pushes.mock.calls.length >= ASKING);
    const other = connect(port, '127.0.0.1');
    const hello: Packet = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId: 'b', clean: true };
    other.write(generate({ ...hello, keepalive: 0 }));
    other.write(flood());
    await isHeldBack(agent, 2, () => acknowledged);
    await Promise.all(publishing);
    await until(() => agent.totals.counted === ASKING + FLOOD);
    other.destroy();
    await device.endAsync();
  });

  it('holds a broker back that it is the client of', TIMEOUT, async () => {
    const asking = Array.from({ length: ASKING }, (_, i) => generate(reading(i, 1), { protocolVersion: 5 }));
    const rest = Array.from({ length: FLOOD }, (_, i) => generate(reading(ASKING + i, 0), { protocolVersion: 5 }));
    await using broker = await startTalker([...asking, Buffer.concat(rest)]);
    await using agent = await SlowAgent.start({ kind: 'mqtt', url: broker.url, topics: TOPICS });
    await isHeldBack(agent, 1, broker.acknowledged);
    await until(() => agent.totals.counted === ASKING + FLOOD && broker.acknowledged() === ASKING);
  });

  it('holds the nodes of Sparkplug B back', TIMEOUT, async () => {
    const node = new TahuNode('plant', 'line1');
    const births = [node.birth([], T), node.deviceBirth('press', [born('level', 1, 0, T)], T)];
    // What no rule takes waits too, until its message is read.
    const ballast = { name: 'note', value: 'x'.repeat(16_384), type: 'String', timestamp: T } as const;
    const said = Array.from({ length: 1_000 }, (_, i) =>
      node.deviceData('press', [double(1, i, T + 1 + i), ballast], T + 1 + i),
    );
    const packets = [...births, ...said].map(({ topic, payload }, i) => {
      const asks = i < ASKING ? ({ qos: 1, messageId: i + 1 } as const) : ({ qos: 0 } as const);
      const publish = { cmd: 'publish', topic, payload: Buffer.from(payload), dup: false, retain: false } as const;
      return generate({ ...publish, ...asks }, { protocolVersion: 5 });
    });
    await using broker = await startTalker(packets);
    const series = [{ metric: 'level', value: 'level', device: '{device}' }];
    await using agent = await SlowAgent.start({ kind: 'sparkplug', url: broker.url, series });
    // The birth of the node itself has no reading.
    await isHeldBack(agent, 1, () => Math.max(0, broker.acknowledged() - 1));
    await until(() => agent.totals.counted === said.length + 1 && broker.acknowledged() === ASKING);
  });
});

/** Requests at once, each of one reading; more than may wait. */
const REQUESTS = PENDING_SUBMISSIONS_MAX + 44;

describe.each([
  ['http', { kind: 'http' }, '/readings', 200],
  [
    'line-protocol',
    { kind: 'line-protocol', series: [{ metric: 'level', value: 'tank.v', device: '{device}' }] },
    '/api/v2/write?precision=ms',
    204,
  ],
] as const)('a source of requests, while the disk is slow: %s', (name, section, path, done) => {
  const bodyOf = (i: number): string =>
    name === 'http'
      ? JSON.stringify([{ time: T + i, metric: 'level', device: 'a', value: i }])
      : `tank,device=a v=${i} ${T + i}`;

  it('lets as many wait as have room, and tells the others when to come again', TIMEOUT, async () => {
    await using agent = await SlowAgent.start({ ...section, listen: '127.0.0.1:0' });
    const { port } = await (agent.source as RequestSource).listening;
    const refused: IncomingMessage['headers'][] = [];
    let acknowledged = 0;
    const isDiskBack = Promise.withResolvers<void>();
    const send = async (i: number): Promise<void> => {
      for (;;) {
        const request = httpRequest({ host: '127.0.0.1', port, method: 'POST', path, agent: false });
        request.end(bodyOf(i));
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        response.resume();
        if (response.statusCode === done) break;
        expect(response.statusCode).toBe(503);
        refused.push(response.headers);
        await isDiskBack.promise;
      }
      acknowledged++;
    };
    const sending = Array.from({ length: REQUESTS }, (_, i) => send(i));
    await until(() => refused.length >= REQUESTS - PENDING_SUBMISSIONS_MAX);
    expect(refused.every((headers) => headers['retry-after'] === '1')).toBe(true);
    expect([acknowledged, await agent.durable()]).toEqual([0, 0]);
    await agent.advanceUntil(() => acknowledged > 0 || refused.length === REQUESTS);
    expect(await agent.durable()).toBeGreaterThanOrEqual(acknowledged);
    agent.disk.letThrough();
    isDiskBack.resolve();
    await Promise.all(sending);
    // What was answered too late was stored nevertheless, and is known when it comes again.
    expect(agent.totals.counted).toBe(REQUESTS);
  });
});

describe('a source that asks, while the disk is slow', () => {
  it('asks for no more than a page or two ahead of what is stored', TIMEOUT, async () => {
    const pages = 12;
    await using service = await Served.start((url, request, response) => {
      const page = Number(url.searchParams.get('page') ?? 0);
      // Pages as large as one batch takes would be slow to make; each is a batch of its own anyway.
      const rows = [{ t: T + page, v: page }];
      const next = page + 1 < pages ? { next: `/?page=${page + 1}` } : {};
      json({ rows, ...next })(url, request, response);
    });
    await using agent = await SlowAgent.start({
      kind: 'poll',
      url: service.origin,
      every: '1h',
      rows: 'rows',
      pages: { next: 'next' },
      time: { columns: ['t'], format: 'unix-ms' },
      series: [{ metric: 'level', value: 'v', device: 'a' }],
    });
    const ahead: number[] = [];
    for (let stored = 0; stored < pages; stored = await agent.durable()) {
      await until(() => agent.disk.waiting > 0);
      ahead.push(service.asked.length - stored);
      agent.disk.letOneThrough();
    }
    expect(Math.max(...ahead)).toBeLessThanOrEqual(3);
    expect(agent.totals.counted).toBe(pages);
  });
});
