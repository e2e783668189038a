import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readPositionToken, writePositionToken } from '../index/position-token.ts';
import { readAnswer, serveWorld } from '../serving.fixtures.ts';
import { World } from '../world.fixtures.ts';
import { SUBSCRIPTIONS_MAX } from './limits.ts';
import { StreamReader } from './stream-reader.fixtures.ts';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function at(minute: number, value = 1_000, device = 'm1@IDF') {
  return { device, atMs: START + minute * MINUTE, value };
}

const HOURS = { type: 'subscribe', id: 'a', view: 'power-by-region', window: '1h' };

describe('the stream', () => {
  it('a subscriber gets a snapshot and then the windows that change, whole', async () => {
    const world = await World.open();
    await world.deliver('a', [at(0), at(70)]);
    await using served = await serveWorld(world);
    await using reader = await StreamReader.open(served.url);
    reader.send(HOURS);
    const snapshot = await reader.until(({ type }) => type === 'snapshot');
    expect(snapshot.windows.map(({ start, stats }) => [start, stats['count']])).toEqual([
      ['2026-01-01T00:00:00Z', '1'],
      ['2026-01-01T01:00:00Z', '1'],
    ]);
    await world.deliver('a', [at(5, 250), at(130)]);
    const changes = await reader.until(({ type, windows }) => type === 'changes' && windows.length > 0);
    expect(changes.windows.map(({ start, stats }) => [start, stats['count'], stats['sum']])).toEqual([
      ['2026-01-01T00:00:00Z', '2', '1.25'],
      ['2026-01-01T02:00:00Z', '1', '1'],
    ]);
  });

  it.each([
    { window: '2h', every: '30m', zone: 'Europe/Paris' },
    { window: '6h', offset: '90m', zone: 'Asia/Kathmandu' },
  ])('a reader that applies every message holds what a query would be answered: %j', async (asked) => {
    const world = await World.open();
    await using served = await serveWorld(world);
    await using reader = await StreamReader.open(served.url);
    reader.send({ ...HOURS, ...asked });
    await reader.until(({ type }) => type === 'snapshot');
    for (let i = 0; i < 20; i++) {
      await world.deliver(
        i % 3 === 0 ? 'b' : 'a',
        [at(i * 17, i), at(1_000 - i * 31, -i, 'm2@PACA')],
        START + i * 20 * MINUTE,
      );
      if (i === 12) await world.batch(1);
    }
    const range = { from: '2025-12-31T00:00:00Z', to: '2026-01-03T00:00:00Z' };
    const query = new URLSearchParams(Object.entries({ ...range, ...asked })).toString();
    const answer = readAnswer((await served.get(`/api/v1/views/power-by-region/windows?${query}`)).text);
    await reader.until(({ position }) => position === answer.position);
    const held = [...reader.windowsOf('a').values()].sort((a, b) =>
      a.start < b.start ? -1 : a.start > b.start ? 1 : a.tags['region']! < b.tags['region']! ? -1 : 1,
    );
    expect(held).toEqual(answer.windows);
  });

  it('names windows that come to hold nothing, since the interval across them was taken back', async () => {
    const world = await World.open();
    await world.deliverLinked('a', [at(0), at(3)], START + 5 * MINUTE);
    await using served = await serveWorld(world);
    await using reader = await StreamReader.open(served.url);
    const asked = { ...HOURS, window: '1m', stats: ['integral', 'count'] };
    reader.send(asked);
    const snapshot = await reader.until(({ type }) => type === 'snapshot');
    expect(snapshot.windows.map(({ stats }) => stats['count'])).toEqual(['1', '0', '0', '1']);
    await world.takeBack('a', at(0).device, 1);
    const changes = await reader.until(({ type }) => type === 'changes');
    const tags = { region: 'IDF' };
    expect(changes.gone).toEqual([1, 2].map((minute) => ({ start: `2026-01-01T00:0${minute}:00Z`, tags })));
    expect(changes.windows.map(({ start }) => start)).toEqual(['2026-01-01T00:00:00Z']);
    // Who was away meanwhile is told the same, and of who asks for readings alone none has gone.
    reader.send({ ...asked, id: 'b', resume: snapshot.position });
    expect((await reader.until(({ id }) => id === 'b')).gone).toEqual(changes.gone);
    reader.send({ ...asked, id: 'c', stats: ['count'], resume: snapshot.position });
    expect((await reader.until(({ id }) => id === 'c')).gone).toBeUndefined();
  });

  it('more readers than queries may wait are all told, whatever they ask for', async () => {
    const world = await World.open();
    await world.deliver('a', [at(0), at(70)]);
    await using served = await serveWorld(world);
    await using stack = new AsyncDisposableStack();
    const opening = Array.from({ length: 700 }, () => StreamReader.open(served.url));
    const readers = (await Promise.all(opening)).map((reader) => stack.use(reader));
    // Half of them ask for the same, the others each for something else.
    for (const [i, reader] of readers.entries())
      reader.send({ ...HOURS, from: new Date(START - (i % 2) * i * 1_000).toISOString() });
    for (const reader of readers) expect((await reader.until(() => true)).type).toBe('snapshot');
    await world.deliver('a', [at(5)]);
    for (const reader of readers) {
      const told = await reader.until(({ type, windows }) => type !== 'snapshot' && windows.length > 0);
      expect(told.windows.map(({ stats }) => stats['count'])).toEqual(['2']);
    }
  });

  it('a window is told again when it becomes final', async () => {
    const world = await World.open();
    await world.deliver('a', [at(0)]);
    await using served = await serveWorld(world);
    await using reader = await StreamReader.open(served.url);
    reader.send(HOURS);
    const snapshot = await reader.until(({ type }) => type === 'snapshot');
    expect(snapshot.windows[0]).toMatchObject({ final: false });
    expect(snapshot.freshness).toBe(null);
    await world.heartbeat('a', START + HOUR);
    const changes = await reader.until(({ type }) => type === 'changes');
    expect(changes.windows).toHaveLength(1);
    expect(changes.windows[0]).toMatchObject({ final: true, completeness: 1 / 60 });
    expect(changes.freshness).toBe('2026-01-01T01:00:00Z');
  });

  it('who comes back with a position is told only what changed since', async () => {
    const world = await World.open();
    await world.deliver('a', [at(0), at(70), at(140)]);
    await using served = await serveWorld(world);
    const { position } = readAnswer(
      (await served.get('/api/v1/views/power-by-region/windows?from=2026-01-01&to=2026-01-02&window=1h')).text,
    );
    await world.deliver('a', [at(75)]);
    await using reader = await StreamReader.open(served.url);
    reader.send({ ...HOURS, resume: position });
    const first = await reader.until(() => true);
    expect(first.type).toBe('changes');
    expect(first.windows.map(({ start, stats }) => [start, stats['count']])).toEqual([['2026-01-01T01:00:00Z', '2']]);
  });

  it('who comes back with a position that is not known any more gets a snapshot', async () => {
    const world = await World.open();
    await world.deliver('a', [at(0), at(70)]);
    await using served = await serveWorld(world);
    await using reader = await StreamReader.open(served.url);
    const { position } = readAnswer(
      (await served.get('/api/v1/views/power-by-region/windows?from=2026-01-01&to=2026-01-02&window=1h')).text,
    );
    const known = readPositionToken(position)!;
    const unknown = [
      writePositionToken({ ...known, positions: new Map([[0, 1]]) }),
      // The same position, as another run of the server says it: it may have come there by other records.
      writePositionToken({ ...known, run: 'before' }),
      'nonsense',
    ];
    for (const [i, resume] of unknown.entries()) reader.send({ ...HOURS, id: `s${i}`, resume });
    for (const [i] of unknown.entries()) expect((await reader.until(({ id }) => id === `s${i}`)).type).toBe('snapshot');
  });

  it('`last` reaches back from the newest data, and `where` admits one group', async () => {
    const world = await World.open();
    await world.deliver('a', [at(0), at(600), at(1_200), at(1_200, 5, 'm2@PACA')]);
    await using served = await serveWorld(world);
    await using reader = await StreamReader.open(served.url);
    reader.send({ ...HOURS, last: '12h', where: { region: 'IDF' } });
    const { windows } = await reader.until(({ type }) => type === 'snapshot');
    expect(windows.map(({ start, tags }) => [start, tags])).toEqual([
      ['2026-01-01T10:00:00Z', { region: 'IDF' }],
      ['2026-01-01T20:00:00Z', { region: 'IDF' }],
    ]);
  });

  it('a new batch result is told as a snapshot of the same windows', async () => {
    const world = await World.open();
    await world.deliver('a', [at(0), at(1)]);
    await using served = await serveWorld(world);
    await using reader = await StreamReader.open(served.url);
    reader.send(HOURS);
    const before = await reader.until(({ type }) => type === 'snapshot');
    await world.batch(1);
    const after = await reader.until((message) => message.type === 'snapshot' && message !== before);
    expect(after.windows).toEqual(before.windows);
  });

  it('a subscription that can not be answered is refused with its id, and the others go on', async () => {
    const world = await World.open();
    await world.deliver('a', [at(0)]);
    await using served = await serveWorld(world);
    await using reader = await StreamReader.open(served.url);
    reader.send({ ...HOURS, id: 'view', view: 'power-by-regoin' });
    reader.send({ ...HOURS, id: 'window', window: '90s' });
    reader.send({ ...HOURS, id: 'extra', colour: 'red' });
    reader.socket.send('{');
    reader.send(HOURS);
    const problemOf = async (id: string) => (await reader.until((message) => message.id === id)).problem;
    expect(await problemOf('view')).toMatchObject({
      subject: 'view',
      remedy: 'did you mean power-by-region? known are power-by-region',
    });
    expect((await problemOf('window'))?.detail).toContain('30s');
    expect((await problemOf('extra'))?.detail).toContain('colour');
    expect((await reader.until(({ type, id }) => type === 'error' && id === undefined)).problem?.detail).toContain(
      'is no JSON',
    );
    expect((await reader.until(({ type }) => type === 'snapshot')).windows).toHaveLength(1);
  });

  it('subscriptions end when they are unsubscribed, and there are only so many', async () => {
    const world = await World.open();
    await world.deliver('a', [at(0)]);
    await using served = await serveWorld(world);
    await using reader = await StreamReader.open(served.url);
    for (let i = 0; i <= SUBSCRIPTIONS_MAX; i++) reader.send({ ...HOURS, id: `s${i}` });
    expect((await reader.until(({ type }) => type === 'error')).id).toBe(`s${SUBSCRIPTIONS_MAX}`);
    reader.send({ type: 'unsubscribe', id: 's0' });
    reader.send({ ...HOURS, id: 'again' });
    expect((await reader.until(({ id }) => id === 'again')).type).toBe('snapshot');
    await world.deliver('a', [at(1)]);
    await reader.until(({ type, id }) => type === 'changes' && id === 'again');
    expect(reader.messages.some(({ type, id }) => type === 'changes' && id === 's0')).toBe(false);
  });

  it('an upgrade of anything else is answered, whatever its path and Host, and keeps nobody from stopping', async () => {
    const served = await serveWorld(await World.open());
    const { port } = served.serving;
    const upgrade = async (path: string, host = `localhost:${port}`): Promise<string> => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => undefined);
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
      );
      const [data] = (await once(socket, 'data')) as [Buffer];
      return data.toString().split('\r\n', 1)[0]!;
    };
    for (const path of ['//', '///', '/', 'http:', 'http://[', '*', '/%', '/api/v1/stream/', '//api/v1/stream'])
      expect(await upgrade(path)).toMatch(/^HTTP\/1\.1 (?:404 Not Found|400 Bad Request)$/);
    expect(await upgrade('/api/v1/stream', `rebound.example:${port}`)).toBe('HTTP/1.1 421 Misdirected Request');
    expect(await upgrade('/api/v1/stream')).toBe('HTTP/1.1 101 Switching Protocols');
    await served.serving.drain();
  });

  it('a page of another origin can not open the stream, unless that is named, and a stop says goodbye', async () => {
    const world = await World.open();
    await using served = await serveWorld(world, { corsOrigins: ['https://dash.example'] });
    await expect(StreamReader.open(served.url, { origin: 'https://elsewhere.example' })).rejects.toThrow('403');
    const other = await StreamReader.open(served.url, { origin: 'https://dash.example' });
    const reader = await StreamReader.open(served.url, { origin: served.url });
    await served.serving.drain();
    expect(await Promise.all([reader.closed, other.closed])).toEqual([1001, 1001]);
  });
});
