import { EventEmitter } from 'node:events';
import pino from 'pino';
import { describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { ViewReader } from '../http/view-reader.ts';
import { BATCHES_REMEMBERED_MAX } from '../index/recent-changes.ts';
import { ServingIndex } from '../index/serving-index.ts';
import { readAnswer } from '../serving.fixtures.ts';
import { World } from '../world.fixtures.ts';
import { MESSAGES_WAITING_MAX, QUEUED_BYTES_MAX } from './limits.ts';
import { SharedTellings } from './shared-tellings.ts';
import { StreamConnection } from './stream-connection.ts';
import { textOfFrame } from './text-frame.fixtures.ts';

const START = Date.UTC(2026, 0, 1);

/** A socket whose other side reads as slowly as the test wants. */
class SlowSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly readyState = 1;
  readonly sent: string[] = [];
  closedWith: number | undefined;
  isTerminated = false;
  bufferedAmount = 0;
  writes = 0;
  #corks = 0;

  send(text: string): void {
    this.sent.push(text);
  }

  /** Takes a frame of text. */
  write(frame: Uint8Array): boolean {
    this.sent.push(textOfFrame(frame));
    if (this.#corks === 0) this.writes++;
    return true;
  }

  cork(): void {
    this.#corks++;
    this.writes++;
  }

  uncork(): void {
    this.#corks--;
  }

  terminate(): void {
    this.isTerminated = true;
  }

  close(code: number): void {
    this.closedWith = code;
  }
}

async function openClient(world: World) {
  const logger = pino({ level: 'silent' });
  const index = await ServingIndex.open({
    feed: world.changes,
    manifests: world.manifests,
    results: world.results,
    views: [world.view],
    logger,
  });
  const metrics = new Map([[world.metric.name, world.metric]]);
  const reader = new ViewReader(index, { views: [world.view], metrics, clock: () => 0 });
  const shared = new SharedTellings();
  const another = () => {
    const socket = new SlowSocket();
    const client = new StreamConnection(socket as unknown as WebSocket, socket, reader, shared, logger);
    return { socket, client };
  };
  const subscribe = { type: 'subscribe', id: 'a', view: world.view.name, window: '1h' };
  return { ...another(), another, subscribe, [Symbol.asyncDispose]: () => index[Symbol.asyncDispose]() };
}

describe('a client of the stream', () => {
  it('a reader that is slow is told the newest state of each window once, when it has room again', async () => {
    const world = await World.open();
    await using opened = await openClient(world);
    const { socket, client, subscribe } = opened;
    socket.emit('message', Buffer.from(JSON.stringify(subscribe)), false);
    await vi.waitUntil(() => socket.sent.length === 1);
    socket.bufferedAmount = QUEUED_BYTES_MAX + 1;
    for (let i = 0; i < 50; i++) {
      await world.deliver('a', [{ device: 'm@IDF', atMs: START + i * 60_000, value: 1 }]);
      void client.tell();
    }
    expect(socket.sent).toHaveLength(1);
    socket.bufferedAmount = 0;
    void client.tell();
    await vi.waitUntil(() => socket.sent.length === 2);
    expect(readAnswer(socket.sent[1]!).windows.map(({ stats }) => stats['count'])).toEqual(['50']);
    void client.tell();
    await new Promise((resolve) => setImmediate(resolve));
    expect(socket.sent).toHaveLength(2);
  });

  it('a reader is told at once what was made for another, and nothing twice', async () => {
    const world = await World.open();
    await using opened = await openClient(world);
    const both = [opened, opened.another()];
    for (const { socket } of both) {
      socket.emit('message', Buffer.from(JSON.stringify(opened.subscribe)), false);
      await vi.waitUntil(() => socket.sent.length === 1);
    }
    for (const count of [2, 3]) {
      await world.deliver('a', [{ device: 'm@IDF', atMs: START + count * 60_000, value: 1 }]);
      await both[0]!.client.tell();
      expect(both[1]!.socket.sent).toHaveLength(count - 1);
      expect(both[1]!.client.tell()).toBeUndefined();
      expect(both[1]!.socket.sent).toHaveLength(count);
      expect(both[1]!.socket.sent).toEqual(both[0]!.socket.sent);
    }
    for (const { client } of both) expect(client.tell()).toBeUndefined();
    expect(both.map(({ socket }) => socket.sent.length)).toEqual([3, 3]);
  });

  it('a reader is not kept busy by commits that change nothing of its view, and told of the next change alone', async () => {
    const world = await World.open({ partitions: 1 });
    await using opened = await openClient(world);
    const { socket, client, subscribe } = opened;
    socket.emit('message', Buffer.from(JSON.stringify(subscribe)), false);
    await vi.waitUntil(() => socket.sent.length === 1);
    const nothing = { spans: [], members: [], agents: [], refused: [] };
    for (let at = 0; at < BATCHES_REMEMBERED_MAX + 1; at++) {
      await world.changes.commit({ partition: 0, from: at, to: at + 1, ...nothing }, []);
      expect(client.tell()).toBeUndefined();
    }
    await world.deliver('a', [{ device: 'm@IDF', atMs: START, value: 1 }]);
    await client.tell();
    expect(JSON.parse(socket.sent[1]!)).toMatchObject({ type: 'changes', windows: [{ stats: { count: 1 } }] });
  });

  it('a reader of several windows is told what was made of them in one write', async () => {
    const world = await World.open();
    await using opened = await openClient(world);
    const both = [opened, opened.another()];
    for (const { socket } of both) {
      for (const window of ['1h', '1d', '1m'])
        socket.emit('message', Buffer.from(JSON.stringify({ ...opened.subscribe, id: window, window })), false);
      await vi.waitUntil(() => socket.sent.length === 3);
    }
    await world.deliver('a', [{ device: 'm@IDF', atMs: START, value: 1 }]);
    await both[0]!.client.tell();
    const { socket, client } = both[1]!;
    const before = socket.writes;
    void client.tell();
    expect([socket.sent.length, socket.writes - before]).toEqual([6, 1]);
  });

  it('a reader that subscribes and does not read is told nothing until it does', async () => {
    const world = await World.open();
    await world.deliver('a', [{ device: 'm@IDF', atMs: START, value: 1 }]);
    await using opened = await openClient(world);
    const { socket, client, subscribe } = opened;
    socket.bufferedAmount = QUEUED_BYTES_MAX + 1;
    for (const id of ['a', 'b']) socket.emit('message', Buffer.from(JSON.stringify({ ...subscribe, id })), false);
    await vi.waitUntil(() => client.subscriptionCount === 2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(socket.sent).toEqual([]);
    socket.bufferedAmount = 0;
    void client.tell();
    await vi.waitUntil(() => socket.sent.length === 2);
    expect(socket.isTerminated).toBe(false);
  });

  it.each([
    ['asks what is refused', (socket: SlowSocket) => socket.emit('message', Buffer.from('{'), false)],
    ['pings', (socket: SlowSocket) => socket.emit('ping', Buffer.from(''))],
  ])('a reader that %s while it leaves what it was sent unread is cut off', async (_what, act) => {
    const world = await World.open();
    await using opened = await openClient(world);
    const { socket } = opened;
    socket.bufferedAmount = QUEUED_BYTES_MAX + 1;
    act(socket);
    await vi.waitUntil(() => socket.isTerminated);
    expect(socket.sent).toEqual([]);
  });

  it('a reader that sends faster than it is answered is disconnected', async () => {
    const world = await World.open();
    await using opened = await openClient(world);
    const { socket, subscribe } = opened;
    for (let i = 0; i <= MESSAGES_WAITING_MAX; i++)
      socket.emit('message', Buffer.from(JSON.stringify(subscribe)), false);
    expect(socket.closedWith).toBe(1008);
  });
});
