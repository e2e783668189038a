import { describe, expect, it } from 'vitest';
import { parseDuration } from '#core/time/duration.ts';
import { openZone } from '#core/time/zone.ts';
import { openIndexOf, World } from '../world.fixtures.ts';
import { answerSessions } from './answer-sessions.ts';
import { type AnsweredRows, answerWindows, streamWindows } from './answer-windows.ts';
import { parseRange, parseStats, parseWindowSpec } from './query.ts';

const FIRST_MS = Date.UTC(2000, 0, 1);
const LAST_MS = Date.UTC(2026, 0, 1);
const SECOND = 1_000;

/** Two readings, 26 years apart, in a view of slices of a second; before one of them, in between, or behind both a batch ran. */
async function worldOf(batchAfter: number): Promise<World> {
  const view = { name: 'far', metric: 'power', by: ['region'], where: {}, sliceMs: SECOND };
  const world = await World.open({ view });
  for (const [i, atMs] of [FIRST_MS, LAST_MS].entries()) {
    if (batchAfter === i) await world.batch(1);
    await world.deliver('a', [{ device: 'm@r', atMs, value: 1 }]);
  }
  if (batchAfter === 2) await world.batch(1);
  return world;
}

function startsOf({ windows }: AnsweredRows): readonly number[] {
  return Array.from(windows, ({ startMs }) => startMs);
}

describe.each([0, 1, 2])('two readings decades apart, of which %i are in a batch result', (batchAfter) => {
  it.each(['1s', '1h', '100y'])('are found in windows of %s without a look at what lies between', async (window) => {
    const world = await worldOf(batchAfter);
    const { view, metric } = world;
    const about = { view, metric, where: new Map(), stats: parseStats('count', metric) };
    const spec = parseWindowSpec({ window }, openZone('UTC'));
    const query = { ...about, spec, fromMs: Date.UTC(1900, 0, 1), toMs: Date.UTC(2100, 0, 1) };
    const expected = window === '100y' ? [Date.UTC(1970, 0, 1)] : [FIRST_MS, LAST_MS];
    for (const wideGroupsMin of [1, 2]) {
      await using index = await openIndexOf(world);
      const source = index.source(view.name)!;
      const whole = await answerWindows(index, source, query, undefined, { wideGroupsMin });
      expect(startsOf(whole)).toEqual(expected);
      const parts = streamWindows(index, () => source, query, { wideGroupsMin });
      expect((await Array.fromAsync(parts, startsOf)).flat()).toEqual(expected);
      expect(index.cache.pageCount).toBeLessThan(100);
    }
  });

  it.each([FIRST_MS, LAST_MS])('are sessions that are found as quickly, from %i on', async (fromMs) => {
    const world = await worldOf(batchAfter);
    const { view, metric } = world;
    await using index = await openIndexOf(world);
    const about = { view, metric, where: new Map(), stats: parseStats('count', metric) };
    for (const [gap, starts] of [
      ['1h', fromMs === FIRST_MS ? [FIRST_MS, LAST_MS] : [LAST_MS]],
      ['900y', [FIRST_MS]],
    ] as const) {
      const query = { ...about, gap: parseDuration(gap), fromMs, toMs: Date.UTC(2100, 0, 1) };
      expect(startsOf(await answerSessions(index, index.source(view.name)!, query))).toEqual(starts);
    }
    expect(index.cache.pageCount).toBeLessThan(100);
  });
});

describe('windows that overlap by the thousand', () => {
  it('look once at what lies between the data that they hold', async () => {
    const world = await worldOf(2);
    const { view, metric } = world;
    let looks = 0;
    const heldFrom = world.results.heldFrom.bind(world.results);
    world.results.heldFrom = (...asked) => {
      looks++;
      return heldFrom(...asked);
    };
    await using index = await openIndexOf(world);
    const about = { view, metric, where: new Map(), stats: parseStats('count', metric) };
    const spec = parseWindowSpec({ window: '3h', every: '1s' }, openZone('UTC'));
    const query = { ...about, spec, fromMs: FIRST_MS, toMs: Date.UTC(2100, 0, 1) };
    const answer = await answerWindows(index, index.source(view.name)!, query);
    expect(startsOf(answer)).toHaveLength(2 * 3 * 3_600);
    expect(looks).toBeLessThan(200);
  });
});

describe('readings at the end of what an instant can be', () => {
  const LATE_MS = Date.UTC(9995, 0, 1);

  it.each([
    ['99y', '0000-01-01', '9999-12-31'],
    ['100y', '0000-01-01', '9999-12-31'],
    ['100y', '9970-01-01', '9971-01-01'],
  ])('are refused in windows of %s that end in no year which can be written', async (window, from, to) => {
    const world = await World.open();
    await world.deliver('a', [{ device: 'm@r', atMs: LATE_MS, value: 1 }]);
    await using index = await openIndexOf(world);
    const source = index.source(world.view.name)!;
    const zone = openZone('UTC');
    const about = {
      view: world.view,
      metric: world.metric,
      where: new Map(),
      stats: parseStats('count', world.metric),
    };
    const asked = { ...about, spec: parseWindowSpec({ window }, zone), ...parseRange(from, to, zone, 0) };
    for (const wideGroupsMin of [1, 2]) {
      const refused = 'has edges beyond the years 0000 to 9999';
      await expect(answerWindows(index, source, asked, undefined, { wideGroupsMin })).rejects.toThrow(refused);
      await expect(streamWindows(index, () => source, asked, { wideGroupsMin }).next()).rejects.toThrow(refused);
    }
    const shorter = { ...asked, spec: parseWindowSpec({ window: '1y' }, zone), toMs: Date.UTC(9999, 0, 1) };
    expect(startsOf(await answerWindows(index, source, shorter))).toEqual([LATE_MS]);
  });
});
