import { once } from 'node:events';
import { connect } from 'node:net';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { IdentityHarness } from '#backbone/identity/identity.fixtures.ts';
import { agentTopic } from '#core/wire/topics.ts';
import {
  birth,
  BrokerHarness,
  closing,
  frame,
  gated,
  message,
  numbersOf,
  publish,
  SERIES,
} from '../broker.fixtures.ts';
import { CLIENT_IN_FLIGHT_MAX, FINISH_TIMEOUT_MS, UPGRADE_BYTES_MAX } from '../limits.ts';

const URL = 'ws://127.0.0.1';

let harness: BrokerHarness;

beforeEach(async () => {
  harness = await BrokerHarness.open();
  onTestFinished(() => harness[Symbol.asyncDispose]());
});

/** The status with which a request for a WebSocket is answered. */
async function statusOf(
  path: string,
  options: { origin?: string; headers?: Record<string, string> },
  protocol = 'mqtt',
) {
  const socket = new WebSocket(`${URL}:${harness.broker.port}${path}`, protocol, options);
  socket.on('error', () => undefined);
  const answered = new Promise<number>((resolve) => {
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('open', () => resolve(101));
  });
  const status = await answered;
  socket.terminate();
  return status;
}

/** What comes back for bytes that are sent as they are, until the connection ends. */
async function answerTo(bytes: string | Uint8Array): Promise<string> {
  const socket = connect(harness.broker.port, '127.0.0.1');
  socket.write(bytes);
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
  socket.on('error', () => undefined);
  await once(socket, 'close');
  return answer;
}

describe('MQTT by WebSocket', () => {
  it('stores and acknowledges as by TCP, at the same port', async () => {
    const gate = gated(harness.log);
    await harness.start({ log: gate.log, webSocket: true });
    const [one, other] = [await harness.client('roof-1', {}, URL), await harness.client('roof-2')];
    let acknowledged = 0;
    const sent = [publish(one, 'frame', frame(1)), publish(other, 'frame', frame(1))];
    for (const each of sent) void each.then(() => acknowledged++);
    await vi.waitUntil(() => gate.waiting() === 2);
    expect(acknowledged).toBe(0);
    gate.open();
    await Promise.all(sent);
    const records = [...(await harness.recordsOf('roof-1')), ...(await harness.recordsOf('roof-2'))];
    for (const agent of ['roof-1', 'roof-2']) {
      expect(records).toContainEqual(
        expect.objectContaining({ agent, verdict: { kind: 'accepted' }, frame: frame(1) }),
      );
    }
  });

  it('keeps order and limits over hundreds of frames, long ones too', async () => {
    await harness.start({ webSocket: true });
    const agent = await harness.client('roof-1', {}, URL);
    const count = CLIENT_IN_FLIGHT_MAX + 100;
    const bytesOf = (i: number): number => (i % 40 === 0 ? 70_000 : 300);
    await Promise.all(
      Array.from({ length: count }, (_, i) => publish(agent, 'frame', frame(i + 1, undefined, bytesOf(i)))),
    );
    expect(numbersOf(await harness.recordsOf('roof-1'))).toEqual(Array.from({ length: count }, (_, i) => i + 1));
    expect(harness.broker.counters).toMatchObject({
      framesAccepted: count,
      framesRefused: 0,
      inFlight: 0,
      inFlightBytes: 0,
    });
  }, 30_000);

  it('answers pings of the WebSocket, tells an agent what it subscribes to, and sees it leave', async () => {
    await harness.start({ webSocket: true });
    const agent = await harness.client('roof-1', {}, URL);
    const head = message(agent);
    await agent.subscribeAsync(agentTopic('roof-1', 'head'));
    expect(JSON.parse((await head).payload.toString())).toEqual({ incarnation: 3, highestSequence: 17 });
    await agent.endAsync();
    await vi.waitUntil(() => harness.broker.presence()[0]?.state === 'left');
    const socket = new WebSocket(`${URL}:${harness.broker.port}/mqtt`, 'mqtt');
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    socket.ping('here');
    const [pong] = (await once(socket, 'pong')) as [Buffer];
    expect(pong.toString()).toBe('here');
    socket.send('text');
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1003);
  });

  it('asks who comes, and ends who is cut for what it sends', async () => {
    const identity = harness.stack.use(await IdentityHarness.open());
    await harness.start({ identity, webSocket: true });
    const password = await identity.enrol('roof-1');
    const login = { username: 'roof-1', password };
    await expect(harness.client('roof-1', { ...login, password: 'x' }, URL)).rejects.toThrow(
      'Bad username or password',
    );
    const agent = await harness.client('roof-1', login, URL);
    await publish(agent, 'frame', birth(1, [SERIES]));
    const ended = closing(agent);
    agent.publish(agentTopic('roof-1', 'frame'), 'retained', { qos: 1, retain: true }, () => undefined);
    await ended;
  });

  it.each([
    [101, '/mqtt', {}, 'mqtt'],
    [404, '/', {}, 'mqtt'],
    [400, '/mqtt', {}, 'mqttv3.1'],
    [403, '/mqtt', { origin: 'https://page.example' }, 'mqtt'],
  ] as const)('answers %i to a request of %s %o %s', async (status, path, options, protocol) => {
    await harness.start({ webSocket: true });
    expect(await statusOf(path, options, protocol)).toBe(status);
  });

  it('answers other requests, and cuts what is neither a request nor MQTT', async () => {
    await harness.start({ webSocket: true });
    expect(await answerTo('GET / HTTP/1.1\r\nHost: h\r\n\r\n')).toMatch(/^HTTP\/1\.1 426 /);
    expect(await answerTo('GARBAGE\r\n\r\n')).toBe('');
    expect(await answerTo(`GET /mqtt HTTP/1.1\r\nx: ${'x'.repeat(2 * UPGRADE_BYTES_MAX)}`)).toBe('');
    expect(await answerTo(Uint8Array.of(0xc0, 0))).toBe('');
  });

  it('is not there unless it is asked for', async () => {
    await harness.start();
    expect(await answerTo('GET /mqtt HTTP/1.1\r\nHost: h\r\n\r\n')).toBe('');
  });

  it('waits for nobody when the broker ends', async () => {
    await harness.start({ webSocket: true });
    const silent = connect(harness.broker.port, '127.0.0.1');
    await once(silent, 'connect');
    const agent = await harness.client('roof-1', {}, URL);
    const startMs = performance.now();
    await Promise.all([once(silent, 'close'), closing(agent), harness.broker[Symbol.asyncDispose]()]);
    expect(performance.now() - startMs).toBeLessThan(5 * FINISH_TIMEOUT_MS);
  });
});
