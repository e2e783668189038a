import { describe, expect, it } from 'vitest';
import { serveWorld } from '../serving.fixtures.ts';
import { World } from '../world.fixtures.ts';

const START = Date.UTC(2026, 0, 1);
const GROUPS = '/api/v1/views/power-by-region/groups';

async function serveRegions(...regions: readonly string[]) {
  const world = await World.open();
  for (const [i, region] of regions.entries()) {
    await world.deliver('a', [{ device: `m@${region}`, atMs: START + i * 90_000, value: 1 }]);
  }
  return serveWorld(world);
}

describe('the groups of a view', () => {
  it('are told with how many there are, and between which slices their readings lie', async () => {
    await using served = await serveRegions('south', 'north', 'east');
    expect((await served.get(GROUPS)).body).toStrictEqual({
      view: 'power-by-region',
      total: 3,
      found: 3,
      data: { from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:04:00Z' },
      groups: ['east', 'north', 'south'].map((region) => ({ tags: { region } })),
    });
  });

  it('are found by words in their tags, whatever their case, as many as are asked for', async () => {
    await using served = await serveRegions('Nord-1', 'Nord-2', 'Sud-1');
    const found = async (query: string) => (await served.get(`${GROUPS}?${query}`)).body;
    expect(await found('search=nord')).toMatchObject({
      total: 3,
      found: 2,
      groups: [{ tags: { region: 'Nord-1' } }, { tags: { region: 'Nord-2' } }],
    });
    expect(await found('search=1%20%20SUD')).toMatchObject({ found: 1, groups: [{ tags: { region: 'Sud-1' } }] });
    expect(await found('search=west')).toMatchObject({ found: 0, groups: [] });
    expect(await found('search=%20&limit=1')).toMatchObject({ found: 3, groups: [{ tags: { region: 'Nord-1' } }] });
  });

  it('stand in the order in which people count', async () => {
    await using served = await serveRegions('r-10', 'r-9', 'r-1');
    const { groups } = (await served.get(`${GROUPS}?limit=2`)).body as { groups: { tags: object }[] };
    expect(groups.map(({ tags }) => tags)).toStrictEqual([{ region: 'r-1' }, { region: 'r-9' }]);
  });

  it('are none, and no data, before the first reading', async () => {
    await using served = await serveRegions();
    expect((await served.get(GROUPS)).body).toMatchObject({ total: 0, found: 0, data: null, groups: [] });
  });

  it.each([
    ['?limit=0', 400, 'limit'],
    ['?limit=x', 400, 'limit'],
    ['?serch=x', 400, 'serch'],
    ['es', 404, 'groupses'],
  ])('are not told where the question is wrong: %s', async (query, status, named) => {
    await using served = await serveRegions('north');
    const refused = await served.get(`${GROUPS}${query}`);
    expect(refused.status).toBe(status);
    expect((refused.body as { detail: string }).detail).toContain(named);
  });
});
