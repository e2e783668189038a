import { describe, expect, it } from 'vitest';
import { type Served, serveWorld } from '../serving.fixtures.ts';
import { World } from '../world.fixtures.ts';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const VIEW = '/api/v1/views/power-by-region';
const NOON = `${VIEW}/windows?from=2026-01-01&to=2026-01-01T12:00:00Z&window=1h`;

const at = (minute: number, value = 1_000) => ({ device: 'm1@IDF', atMs: START + minute * MINUTE, value });

/** Readings until ten past one, and a watermark at one. */
async function smallWorld(): Promise<World> {
  const world = await World.open();
  await world.deliver('a', [at(0), at(59), at(70)], START + 60 * MINUTE);
  return world;
}

async function ask({ url }: Served, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(url + path, { headers: { connection: 'close', ...headers } });
  const body = await response.text();
  const told = (name: string) => response.headers.get(name);
  return { status: response.status, body, tag: told('etag')!, caching: told('cache-control'), vary: told('vary') };
}

/** The status of an answer to who has one already. */
const again = async (served: Served, path: string, tag: string): Promise<number> =>
  (await ask(served, path, { 'if-none-match': tag })).status;

describe('an answer that a reader has', () => {
  it('is not sent again until something of it changes', async () => {
    const world = await smallWorld();
    await using served = await serveWorld(world);
    const { tag, status } = await ask(served, NOON);
    expect([status, tag]).toStrictEqual([200, expect.stringMatching(/^W\/"[\w.-]+"$/)]);
    const unchanged = await ask(served, NOON, { 'if-none-match': `"other", ${tag}` });
    expect(unchanged).toStrictEqual({
      status: 304,
      body: '',
      tag,
      caching: 'no-cache',
      vary: 'Accept, Accept-Encoding',
    });
    await world.deliver('b', [{ ...at(800), device: 'm2@IDF' }]);
    // A new agent, which has no watermark: the answer is no longer as fresh as it was.
    expect(await again(served, NOON, tag)).toBe(200);
    const { tag: newer } = await ask(served, NOON);
    await world.deliver('b', [{ ...at(801), device: 'm2@IDF' }]);
    expect(await again(served, NOON, newer)).toBe(304);
    await world.deliver('a', [at(30)], START + 60 * MINUTE);
    expect(await again(served, NOON, newer)).toBe(200);
  });

  it('is another one by other parameters, format or node, but not by how they are written', async () => {
    const world = await smallWorld();
    await using served = await serveWorld(world);
    const { tag } = await ask(served, NOON);
    for (const other of ['&stats=count', '&zone=Europe/Paris', '&region=IDF', '&every=30m', '&format=ndjson'])
      expect([other, await again(served, NOON + other, tag)]).toStrictEqual([other, 200]);
    expect(await again(served, `${VIEW}/sessions?from=2026-01-01&to=2026-01-02&gap=1h`, tag)).toBe(200);
    expect(await again(served, NOON.replace('T12:00:00Z', 'T13:00:00%2B01:00'), tag)).toBe(304);
    await using other = await serveWorld(world);
    expect(await again(other, NOON, tag)).toBe(200);
  });

  it('by times from now is the same as long as they lead to the same windows', async () => {
    const world = await smallWorld();
    let nowMs = START + 80 * MINUTE;
    await using served = await serveWorld(world, { clock: () => nowMs });
    const path = `${VIEW}/windows?from=-3h&to=now&window=1h`;
    const { tag, caching } = await ask(served, path);
    expect(caching).toBe('no-cache');
    nowMs += 39 * MINUTE;
    expect(await again(served, path, tag)).toBe(304);
    nowMs += 2 * MINUTE;
    expect(await again(served, path, tag)).toBe(200);
  });

  it('is not what was published or rolled back since, even to what it was', async () => {
    const world = await smallWorld();
    await world.batch(START + 1);
    await using served = await serveWorld(world);
    const { tag, body } = await ask(served, NOON);
    await world.batch(START + 2);
    await expect.poll(() => again(served, NOON, tag)).toBe(200);
    await world.manifests.change(world.view.name, (manifest) => {
      const versions = manifest!.versions.map((one) => ({ ...one, batch: one.history[0]!, history: [one.batch] }));
      return { ...manifest!, versions };
    });
    const windowsIn = (text: string) => (JSON.parse(text) as { windows: unknown[] }).windows;
    await expect.poll(async () => (await ask(served, '/api/v1/views')).body).toContain('"results":1');
    const rolledBack = await ask(served, NOON, { 'if-none-match': tag });
    expect([rolledBack.status, windowsIn(rolledBack.body)]).toStrictEqual([200, windowsIn(body)]);
  });

  it('is told as rows, of sessions and of an earlier cut by the same rules', async () => {
    const world = await smallWorld();
    const { cut } = await world.batch(START + 1);
    await using served = await serveWorld(world);
    const paths = [
      `${NOON}&format=csv`,
      `${VIEW}/sessions?from=2026-01-01&to=2026-01-01T12:00:00Z&gap=30m`,
      `${NOON}&asOf=${cut.join(',')}`,
    ];
    const tags = await Promise.all(paths.map(async (path) => (await ask(served, path)).tag));
    const statuses = () => Promise.all(paths.map((path, i) => again(served, path, tags[i]!)));
    expect(await statuses()).toStrictEqual([304, 304, 304]);
    await world.deliver('a', [at(100)], START + 60 * MINUTE);
    expect(await statuses()).toStrictEqual([200, 200, 304]);
    world.lose('a');
    await world.heartbeat('a', START + 61 * MINUTE);
    expect(await statuses()).toStrictEqual([200, 200, 200]);
  });

  it('is refused where the question is, and known to who has any', async () => {
    await using served = await serveWorld(await smallWorld());
    const { tag } = await ask(served, NOON);
    expect(await again(served, `${NOON}&regoin=IDF`, tag)).toBe(400);
    expect(await ask(served, NOON, { 'if-none-match': '*' })).toMatchObject({ status: 304, tag });
    expect(await again(served, NOON, '"", W/"1.0.0.abc", "x')).toBe(200);
  });
});

describe('an answer of which all is final', () => {
  const HOUR = NOON.replace('T12:00:00Z', 'T01:00:00Z');

  it('may be kept for a while, unless it is asked for by times from now', async () => {
    const world = await smallWorld();
    await using served = await serveWorld(world, { clock: () => START + 60 * MINUTE });
    const { tag, caching } = await ask(served, HOUR);
    expect(caching).toBe('max-age=60');
    expect(await ask(served, HOUR, { 'if-none-match': tag })).toMatchObject({ status: 304, caching: 'max-age=60' });
    for (const other of [
      NOON,
      `${HOUR}&stats=integral`,
      `${HOUR}&format=csv`,
      `${VIEW}/windows?from=-1h&to=now&window=1h`,
    ])
      expect([other, (await ask(served, other)).caching]).toStrictEqual([other, 'no-cache']);
    // What comes after it changes nothing of it, however much that is.
    await world.deliver('a', [at(71), at(130)], START + 130 * MINUTE);
    expect(await again(served, HOUR, tag)).toBe(304);
  });
});
