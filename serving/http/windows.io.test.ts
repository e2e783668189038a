import { describe, expect, it } from 'vitest';
import { serveWorld } from '../serving.fixtures.ts';
import { POWER_BY_REGION, World } from '../world.fixtures.ts';

const DAY = '/api/v1/views/power-by-region/windows?from=2026-01-01&to=2026-01-02';
const NOON = Date.UTC(2026, 0, 1, 12);
const MINUTE = 60_000;

async function readingAtNoon(): Promise<World> {
  const world = await World.open();
  await world.deliver('a', [{ device: 'm1@IDF', atMs: NOON, value: 1 }]);
  return world;
}

describe('windows over HTTP', () => {
  it('an hour of readings is answered exactly', async () => {
    const world = await World.open();
    await world.deliver('a', [
      { device: 'm1@IDF', atMs: NOON, value: 1_500 },
      { device: 'm1@IDF', atMs: NOON + MINUTE, value: 2_250 },
      { device: 'm2@PACA', atMs: NOON + 5 * MINUTE, value: -1 },
    ]);
    await using served = await serveWorld(world);
    const answer = await served.get(
      '/api/v1/views/power-by-region/windows?from=2026-01-01T12:00:00Z&to=2026-01-01T13:00:00Z&window=1h',
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      view: 'power-by-region',
      version: 1,
      freshness: null,
      windows: [
        {
          start: '2026-01-01T12:00:00Z',
          end: '2026-01-01T13:00:00Z',
          tags: { region: 'IDF' },
          stats: { count: 2, sum: 3.75, mean: 1.875, min: 1.5, max: 2.25 },
          completeness: 2 / 60,
          final: false,
          revision: 2,
        },
        { tags: { region: 'PACA' }, stats: { count: 1, sum: -0.001 }, revision: 1 },
      ],
    });
  });

  it.each([
    ['a day in Kathmandu', 'window=1d&zone=Asia/Kathmandu', 'slice: 15m'],
    ['an hour in Kolkata', 'window=1h&zone=Asia/Kolkata', 'slice: 30m'],
    ['a day from half past six', 'window=1d&offset=390m', 'slice: 30m'],
  ])('%s is refused over slices of an hour, naming the widest that fits', async (_, query, remedy) => {
    const world = await World.open({ view: { ...POWER_BY_REGION, sliceMs: 60 * MINUTE } });
    await world.deliver('a', [{ device: 'm1@IDF', atMs: NOON, value: 1 }]);
    await using served = await serveWorld(world);
    const refused = await served.get(`${DAY}&${query}`);
    expect(refused.status).toBe(400);
    expect((refused.body as { remedy: string }).remedy).toContain(remedy);
  });

  it.each([
    ['window=1d&offset=6h', ['2026-01-01T06:00:00Z']],
    ['window=1d&offset=13h', ['2025-12-31T13:00:00Z', '2026-01-01T13:00:00Z']],
    ['window=1h&offset=50m', ['2026-01-01T11:50:00Z', '2026-01-01T12:50:00Z']],
    ['window=1h&zone=Asia/Kolkata', ['2026-01-01T11:30:00Z', '2026-01-01T12:30:00Z']],
    ['window=6h&zone=Europe/Paris', ['2026-01-01T11:00:00Z']],
  ])('begin later by an offset, and by the clock of their zone: %s', async (query, starts) => {
    const world = await World.open();
    await world.deliver('a', [
      { device: 'm1@IDF', atMs: NOON, value: 1 },
      { device: 'm1@IDF', atMs: NOON + 61 * MINUTE, value: 2 },
    ]);
    await using served = await serveWorld(world);
    const answer = await served.get(`${DAY}&${query}`);
    expect((answer.body as { windows: { start: string }[] }).windows.map(({ start }) => start)).toStrictEqual(starts);
  });

  it('an answer has the format that is named, else the one its reader prefers, or is refused with those there are', async () => {
    await using served = await serveWorld(await readingAtNoon());
    const ask = (accept: string, query = '') =>
      fetch(`${served.url}${DAY}&window=1d&zone=Europe/Paris${query}`, { headers: { accept, connection: 'close' } });
    const csv = await ask('text/csv, application/json;q=0.5');
    expect(csv.headers.get('content-type')).toContain('text/csv');
    expect(csv.headers.get('content-disposition')).toBe(
      'attachment; filename="power-by-region_2026-01-01_2026-01-02_1d.csv"',
    );
    expect([csv.headers.get('vary'), csv.headers.get('weir-zone')]).toStrictEqual(['Accept', 'Europe/Paris']);
    const json = await ask('text/csv', '&format=json');
    expect(json.headers.get('content-disposition')).toBeNull();
    expect(await json.json()).toMatchObject({ zone: 'Europe/Paris' });
    const refused = await ask('image/png');
    expect(refused.status).toBe(406);
    expect(((await refused.json()) as { remedy: string }).remedy).toContain('application/x-ndjson');
  });

  it('the place of the stream says over plain HTTP what to speak there', async () => {
    await using served = await serveWorld(await readingAtNoon());
    const { status, headers } = await served.get('/api/v1/stream');
    expect([status, headers.get('upgrade')]).toStrictEqual([426, 'websocket']);
  });
});
