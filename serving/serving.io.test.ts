import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { TURN_MS, Turns } from './answers/turns.ts';
import { serveWorld } from './serving.fixtures.ts';
import { World } from './world.fixtures.ts';

describe('a serving node', () => {
  it('lets what is being answered finish when it drains, and takes no connection any more', async () => {
    const asked = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    await using served = await serveWorld(await World.open(), {
      operations: {
        batch: () => Promise.reject(new Error('not asked for')),
        verify: async () => {
          asked.resolve();
          await release.promise;
          return { slices: 7, different: 0 };
        },
      },
    });
    const answer = fetch(`${served.url}/api/v1/verify`, { method: 'POST' }).then((response) => response.text());
    await asked.promise;
    let isDrained = false;
    const drained = served.serving.drain().then(() => (isDrained = true));
    await expect(fetch(`${served.url}/health/live`)).rejects.toThrow('fetch failed');
    expect(isDrained).toBe(false);
    release.resolve();
    expect(JSON.parse(await answer)).toEqual({ result: { slices: 7, different: 0 } });
    await drained;
  });

  it("has answered questions of its views before it listens, which are nobody's", async () => {
    const world = await World.open();
    await world.deliver('a', [{ device: 'm1@IDF', atMs: Date.UTC(2026, 0, 1), value: 1 }]);
    await using served = await serveWorld(world);
    const { text } = await served.get('/metrics');
    expect(text).toMatch(/^weir_serving_index_pages [1-9]/m);
    expect(text).not.toContain('weir_serving_requests_total{');
  });

  it('starts also where none of its views can be read yet', async () => {
    const world = await World.open();
    await world.deliver('a', [{ device: 'm1@IDF', atMs: Date.UTC(2026, 0, 1), value: 1 }]);
    await world.batch(1);
    world.results.extent = () => Promise.reject(new Error('not now'));
    await using served = await serveWorld(world);
    expect((await served.get('/health/ready')).status).toBe(200);
  });

  it('takes in all who connect at once before long work goes on', async () => {
    await using served = await serveWorld(await World.open());
    const asked: Socket[] = [];
    for (let i = 0; i < 64; i++) {
      const socket = connect(served.serving.port, '127.0.0.1');
      socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      asked.push(socket);
    }
    let isAnswered = false;
    const answered = Promise.all(asked.map((socket) => once(socket, 'data'))).then(() => (isAnswered = true));
    let turnsWorked = 0;
    for (const turns = new Turns(); !isAnswered; turnsWorked++) {
      for (const sinceMs = performance.now(); performance.now() - sinceMs < TURN_MS;);
      await turns.next();
    }
    await answered;
    for (const socket of asked) socket.destroy();
    expect(turnsWorked).toBeLessThan(asked.length / 2);
  });

  it('says which address it can not listen on, and gives everything back', async () => {
    await using served = await serveWorld(await World.open());
    const listen = { host: '127.0.0.1', port: served.serving.port };
    await expect(serveWorld(await World.open(), { listen })).rejects.toMatchObject({
      kind: 'address-unavailable',
      fault: 'world',
      message: `HTTP can't listen on 127.0.0.1:${listen.port}: another process listens there. End it, or choose another port with --http HOST:PORT.`,
    });
  });
});
