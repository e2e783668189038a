import { describe, expect, it } from 'vitest';
import { serveWorld } from '../serving.fixtures.ts';
import { World } from '../world.fixtures.ts';

const NOON = Date.UTC(2026, 0, 1, 12);
const MINUTE = 60_000;

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
});
