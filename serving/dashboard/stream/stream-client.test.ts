import { beforeEach, describe, expect, it } from 'vitest';
import type { ServerMessage, StrangeMessage, Subscription } from './message.ts';
import { type Connection, OPEN_MS_MAX, type Socket, StreamClient, WAIT_MS_MAX, waitBeforeMs } from './stream-client.ts';

const ASKED: Subscription = { view: 'usage', window: '1m', zone: 'UTC', stats: ['mean'], last: '1h' };

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  isClosed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.isClosed = true;
  }

  tell(type: string, id: string, position: string): void {
    this.onmessage?.({ data: JSON.stringify({ type, id, version: 1, position, freshness: null, windows: [] }) });
  }

  refuse(id: string, status: number): void {
    this.onmessage?.({ data: JSON.stringify({ type: 'error', id, problem: { title: 'No', detail: 'no', status } }) });
  }
}

let nowMs: number;
let sockets: FakeSocket[];
let timers: { readonly atMs: number; readonly action: () => void }[];
let connections: Connection[];
let messages: ServerMessage[];
let strange: StrangeMessage[];
let client: StreamClient;

beforeEach(() => {
  [nowMs, sockets, timers, connections, messages, strange] = [0, [], [], [], [], []];
  client = new StreamClient(
    {
      open: () => {
        sockets.push(new FakeSocket());
        return sockets.at(-1)!;
      },
      now: () => nowMs,
      random: () => 0.5,
      later: (action, delayMs) => {
        const timer = { atMs: nowMs + delayMs, action };
        timers.push(timer);
        return () => (timers = timers.filter((one) => one !== timer));
      },
    },
    {
      connection: (state) => connections.push(state),
      message: (message) => messages.push(message),
      strange: (problem) => strange.push(problem),
    },
  );
});

/** Lets time pass, and what is due happen. */
function pass(ms: number): void {
  nowMs += ms;
  const due = timers.filter(({ atMs }) => atMs <= nowMs);
  timers = timers.filter(({ atMs }) => atMs > nowMs);
  for (const { action } of due) action();
}

function connected(): FakeSocket {
  client.subscribe(ASKED);
  sockets.at(-1)!.onopen?.();
  return sockets.at(-1)!;
}

describe('the client of the stream', () => {
  it('connects when there is something to ask, and asks it', () => {
    expect(sockets).toHaveLength(0);
    const socket = connected();
    expect(socket.sent).toStrictEqual([{ type: 'subscribe', id: 'windows-1', ...ASKED }]);
    expect(connections.map(({ kind }) => kind)).toStrictEqual(['connecting', 'live']);
  });

  it('unsubscribes from what is no longer wanted, and does not tell it any more', () => {
    const socket = connected();
    client.subscribe({ ...ASKED, window: '5m' });
    expect(socket.sent.slice(1)).toStrictEqual([
      { type: 'unsubscribe', id: 'windows-1' },
      { type: 'subscribe', id: 'windows-2', ...ASKED, window: '5m' },
    ]);
    socket.tell('changes', 'windows-1', 'old');
    socket.tell('snapshot', 'windows-2', 'new');
    expect(messages.map((message) => 'position' in message && message.position)).toStrictEqual(['new']);
  });

  it('wants nothing once it has unsubscribed, also on another connection, until it subscribes again', () => {
    const socket = connected();
    client.unsubscribe();
    client.unsubscribe();
    expect(socket.sent.slice(1)).toStrictEqual([{ type: 'unsubscribe', id: 'windows-1' }]);
    socket.tell('changes', 'windows-1', 'late');
    socket.onclose?.();
    pass(WAIT_MS_MAX);
    sockets[1]!.onopen?.();
    expect([sockets[1]!.sent, messages]).toStrictEqual([[], []]);
    client.subscribe(ASKED);
    expect(sockets[1]!.sent).toMatchObject([{ type: 'subscribe', view: 'usage' }]);
  });

  it('resumes from the position it has reached when the connection was lost', () => {
    const socket = connected();
    socket.tell('snapshot', 'windows-1', 'p1');
    socket.tell('changes', 'windows-1', 'p2');
    socket.onclose?.();
    pass(WAIT_MS_MAX);
    sockets[1]!.onopen?.();
    expect(sockets[1]!.sent).toStrictEqual([{ type: 'subscribe', id: 'windows-1', ...ASKED, resume: 'p2' }]);
  });

  it('does not resume a question that has never been answered, or is another one', () => {
    const socket = connected();
    socket.tell('snapshot', 'windows-1', 'p1');
    socket.onclose?.();
    client.subscribe({ ...ASKED, window: '5m' });
    pass(WAIT_MS_MAX);
    sockets[1]!.onopen?.();
    expect(sockets[1]!.sent[0]).not.toHaveProperty('resume');
  });

  it('waits longer after each try that fails, says since when, and is quick again after an answer', () => {
    client.subscribe(ASKED);
    for (const waitMs of [375, 750, 1_500, 3_000]) {
      sockets.at(-1)!.onclose?.();
      expect(connections.at(-1)).toStrictEqual({ kind: 'away', retryAtMs: nowMs + waitMs, sinceMs: 0 });
      pass(waitMs);
    }
    const socket = sockets.at(-1)!;
    socket.onopen?.();
    socket.tell('snapshot', 'windows-1', 'p1');
    socket.onclose?.();
    expect(connections.at(-1)).toStrictEqual({ kind: 'away', retryAtMs: nowMs + 375, sinceMs: nowMs });
  });

  it('goes on waiting longer where the server takes connections and drops them', () => {
    client.subscribe(ASKED);
    for (const waitMs of [375, 750, 1_500]) {
      sockets.at(-1)!.onopen?.();
      sockets.at(-1)!.onclose?.();
      expect(connections.at(-1)).toMatchObject({ retryAtMs: nowMs + waitMs });
      pass(waitMs);
    }
  });

  it('tries at once when it is told to, and not twice', () => {
    connected().onclose?.();
    client.retryNow();
    client.retryNow();
    expect(sockets).toHaveLength(2);
    pass(OPEN_MS_MAX - 1);
    expect(sockets).toHaveLength(2);
  });

  it('gives up an open connection that is doubted, and resumes on the next', () => {
    const socket = connected();
    socket.tell('snapshot', 'windows-1', 'p1');
    client.doubt();
    client.doubt();
    expect(socket.isClosed).toBe(true);
    expect(connections.at(-1)?.kind).toBe('away');
    pass(WAIT_MS_MAX);
    sockets[1]!.onopen?.();
    socket.tell('changes', 'windows-1', 'late');
    expect(sockets[1]!.sent[0]).toMatchObject({ resume: 'p1' });
    expect(messages).toHaveLength(1);
  });

  it('gives up a connection that does not open', () => {
    client.subscribe(ASKED);
    pass(OPEN_MS_MAX);
    expect(sockets[0]!.isClosed).toBe(true);
    expect(connections.at(-1)?.kind).toBe('away');
    pass(WAIT_MS_MAX);
    expect(sockets).toHaveLength(2);
  });

  it('asks again after a fault of the server, without the position', () => {
    const socket = connected();
    socket.tell('snapshot', 'windows-1', 'p1');
    socket.refuse('windows-1', 503);
    expect(socket.sent).toHaveLength(1);
    pass(WAIT_MS_MAX);
    expect(socket.sent.slice(1)).toStrictEqual([{ type: 'subscribe', id: 'windows-1', ...ASKED }]);
  });

  it('does not ask again what was asked wrongly', () => {
    const socket = connected();
    socket.refuse('windows-1', 400);
    pass(10 * WAIT_MS_MAX);
    expect(socket.sent).toHaveLength(1);
    expect(messages.map(({ kind }) => kind)).toStrictEqual(['error']);
  });

  it('does not ask again for a fault when something else is wanted by then', () => {
    const socket = connected();
    socket.refuse('windows-1', 503);
    client.subscribe({ ...ASKED, window: '5m' });
    pass(WAIT_MS_MAX);
    expect(socket.sent.filter(({ type }) => type === 'subscribe').map(({ id }) => id)).toStrictEqual([
      'windows-1',
      'windows-2',
    ]);
  });

  it('says so when the server speaks another protocol', () => {
    connected().onmessage?.({ data: 'hello' });
    expect(strange).toHaveLength(1);
  });

  it('stays away once it is stopped', () => {
    const socket = connected();
    client.stop();
    socket.onclose?.();
    client.retryNow();
    pass(10 * WAIT_MS_MAX);
    expect(sockets).toHaveLength(1);
    expect(socket.isClosed).toBe(true);
  });
});

describe('the wait before a try', () => {
  it('grows to its limit, half of it by chance', () => {
    expect([0, 1, 2, 3].map((attempt) => waitBeforeMs(attempt, 0))).toStrictEqual([250, 500, 1_000, 2_000]);
    expect([0, 1, 2, 3].map((attempt) => waitBeforeMs(attempt, 1))).toStrictEqual([500, 1_000, 2_000, 4_000]);
    expect(waitBeforeMs(1_000, 1)).toBe(WAIT_MS_MAX);
  });
});
