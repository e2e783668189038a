import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextWriter } from '#core/packing/text-writer.ts';
import { parseDuration } from '#core/time/duration.ts';
import { formatInstant } from '#core/time/instant.ts';
import { windowSpec, windowsOverlapping } from '#core/time/windows.ts';
import { openZone } from '#core/time/zone.ts';
import { openIndexOf, World, type WorldReading } from '../world.fixtures.ts';
import { type AnsweredRows, answerWindows, streamWindows, type WindowsAnswer, withSource } from './answer-windows.ts';
import { parseStats, type WindowsQuery } from './query.ts';
import { countWindows, threeDecimals } from './windows.oracle.ts';
import { WindowWriter } from './write-json.ts';

/** Around the night in which Paris sets its clocks forward, and the days beside it. */
const START = Date.UTC(2026, 2, 27);
const SPAN_MS = 4 * 86_400_000;

const reading: fc.Arbitrary<WorldReading> = fc.record({
  device: fc.constantFrom('m1@IDF', 'm2@IDF', 'm3@PACA'),
  atMs: fc.oneof(fc.nat(SPAN_MS - 1), fc.constantFrom(0, 3_599_999, 3_600_000, SPAN_MS / 2)).map((ms) => START + ms),
  value: fc.oneof(
    fc.integer({ min: -5_000, max: 5_000 }),
    fc.constantFrom(Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER),
  ),
});

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      agent: fc.constantFrom('a', 'b', 'c'),
      readings: fc.array(reading, { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'evict' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'batch' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      from: fc.nat(95),
      hours: fc.integer({ min: 1, max: 96 }),
      window: fc.constantFrom('1h', '1d', '10m', '1w', '6h', '1d later by 6h', '1w later by 6d', '30m later by 10m'),
    }),
  },
);

function queryOf(world: World, fromMs: number, toMs: number, window: string): WindowsQuery {
  const [size, offset] = window.split(' later by ').map(parseDuration);
  const spec = windowSpec(size!, undefined, openZone('Europe/Paris'), offset);
  return {
    view: world.view,
    metric: world.metric,
    spec,
    fromMs,
    toMs,
    where: new Map(),
    stats: parseStats('count,sum,min,max', world.metric),
  };
}

function textsOf(answer: AnsweredRows, query: WindowsQuery): readonly string[] {
  const writer = new WindowWriter(answer.table, query);
  const out = new TextWriter();
  return Array.from(answer.windows, (window) => {
    writer.write(out, window);
    return /"start".*?"stats":\{.*?\}/.exec(out.takeString())![0];
  });
}

/** What the oracle says: the readings one by one, over the windows that core/time names. */
function expectedTexts(world: World, query: WindowsQuery): readonly string[] {
  const spans = [...windowsOverlapping(query.spec, query.fromMs, query.toMs)];
  return countWindows(world.readings, spans).map(
    ({ region, startMs, endMs, count, sum, min, max }) =>
      `"start":"${formatInstant(startMs)}","end":"${formatInstant(endMs)}","tags":{"region":"${region}"},` +
      `"stats":{"count":${count},"sum":${threeDecimals(sum)},"min":${threeDecimals(BigInt(min))},"max":${threeDecimals(BigInt(max))}}`,
  );
}

/** Readings of one (device, time) are one reading, whatever its value: an agent never sends it twice. */
function unseen(world: World, readings: readonly WorldReading[]): readonly WorldReading[] {
  const seen = new Set(world.readings.map(({ device, atMs }) => `${device} ${atMs}`));
  return readings.filter(({ device, atMs }) => !seen.has(`${device} ${atMs}`) && seen.add(`${device} ${atMs}`));
}

async function play(
  steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
  bytesMax: number,
  wideGroupsMin?: number,
): Promise<void> {
  const world = await World.open();
  const { view } = world;
  await using index = await openIndexOf(world, bytesMax);
  const sourceOf = () => index.source(view.name)!;
  const options = wideGroupsMin === undefined ? {} : { wideGroupsMin };
  let batches = 0;
  for (const one of [...steps, { kind: 'ask' as const, from: 0, hours: 96, window: '1d' }]) {
    if (one.kind === 'deliver') {
      const readings = unseen(world, one.readings);
      if (readings.length > 0) await world.deliver(one.agent, readings);
    } else if (one.kind === 'evict') world.evict();
    else if (one.kind === 'batch') await world.batch(++batches);
    else {
      const query = queryOf(
        world,
        START + one.from * 3_600_000,
        START + (one.from + one.hours) * 3_600_000,
        one.window,
      );
      const answer = await withSource(index, view.name, sourceOf, (source) =>
        answerWindows(index, source, query, undefined, options),
      );
      expect(textsOf(answer, query)).toEqual(expectedTexts(world, query));
      const streamed: string[] = [];
      for await (const part of streamWindows(index, sourceOf, query, options)) streamed.push(...textsOf(part, query));
      expect(streamed).toEqual(expectedTexts(world, query));
    }
  }
}

describe('windows', () => {
  it('windows equal the sum of the readings, through late readings, new parts and batches, in days of 23 hours too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), (steps) => play(steps, 64 * 1024 * 1024)),
      { numRuns: 60 },
    );
  });

  it('an index that has room for almost nothing gives the same answers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), (steps) => play(steps, 4_000)),
      { numRuns: 40 },
    );
  });

  it('read all groups together give the same answers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), (steps) => play(steps, 64 * 1024 * 1024, 1)),
      { numRuns: 60 },
    );
  });

  it('are the same of many groups, read page by page or all together, from results and from changes', async () => {
    const world = await World.open();
    const regions = Array.from({ length: 80 }, (_, i) => `m@region-${i}`);
    const readingsAt = (hours: readonly number[]): WorldReading[] =>
      regions.flatMap((device, i) =>
        hours.map((hour) => ({ device, atMs: START + hour * 3_600_000 + i, value: (i * 31 + hour * 8) % 500 })),
      );
    await world.deliver('a', readingsAt([0, 1, 2, 30]));
    await world.batch(1);
    // One record beyond the cut, which a node that is opened now was never told of.
    await world.deliver('a', readingsAt([2.5, 31, 60]));
    for (const window of ['1h', '1d']) {
      const query = queryOf(world, START, START + SPAN_MS, window);
      for (const wideGroupsMin of [undefined, 1, 1_000]) {
        await using index = await openIndexOf(world);
        const options = wideGroupsMin === undefined ? {} : { wideGroupsMin };
        const source = index.source(world.view.name)!;
        const whole = await answerWindows(index, source, query, undefined, options);
        expect(textsOf(whole, query)).toEqual(expectedTexts(world, query));
        const streamed: string[] = [];
        for await (const part of streamWindows(index, () => source, query, options))
          streamed.push(...textsOf(part, query));
        expect(streamed).toEqual(expectedTexts(world, query));
      }
    }
  });

  it('are the same of a group whichever other groups are asked for, also before its first reading', async () => {
    const MINUTE_MS = 60_000;
    const world = await World.open();
    const at = (minute: number): number => START + minute * MINUTE_MS;
    await world.deliver(
      'a',
      [0, 1, 2, 9].map((minute) => ({ device: 'm1@A', atMs: at(minute), value: 1_000 })),
    );
    // What the device held before it was moved counts where it is now, from the reading before on.
    await world.deliver('b', [
      { device: 'm2@B', atMs: at(5), value: 2_000, anchor: { atMs: at(1), value: 4_000 } },
      { device: 'm2@B', atMs: at(6), value: 2_000 },
    ]);
    for (const batches of [0, 1]) {
      if (batches > 0) await world.batch(batches);
      await using index = await openIndexOf(world);
      const source = index.source(world.view.name)!;
      const asked = {
        ...queryOf(world, at(0), at(10), '1m'),
        stats: parseStats('count,integral,timeMean', world.metric),
      };
      const all = await answerWindows(index, source, asked);
      for (const region of ['A', 'B']) {
        const query = { ...asked, where: new Map([['region', [region]]]) };
        const told = textsOf(await answerWindows(index, source, query), query);
        expect(told).toEqual(textsOf(all, asked).filter((text) => text.includes(`"region":"${region}"`)));
        expect(told).toHaveLength(region === 'A' ? 6 : 5);
      }
    }
  });

  it.each([
    ['page by page', 100],
    ['all together', 1],
  ])(
    'what is committed while a query is answered is in the answer, or after its position, groups read %s',
    async (_, wideGroupsMin) => {
      const world = await World.open();
      const { view } = world;
      const regions = Array.from({ length: 9 }, (_, i) => `m@${i}`);
      const everywhere = regions.flatMap((device) =>
        Array.from({ length: 96 }, (_, i) => ({ device, atMs: START + i * 3_600_000, value: 1_000 })),
      );
      await world.deliver('a', everywhere);
      const query = queryOf(world, START, START + SPAN_MS, '1d');
      const seen = new Set<number>();
      for (let round = 0; round < 12; round++) {
        // A new node knows nothing yet: groups are read one after the other while the log goes on.
        await using index = await openIndexOf(world);
        const asked: Promise<WindowsAnswer>[] = [];
        for (let i = 0; i < 12; i++) {
          if (i % 4 === 0)
            asked.push(
              withSource(
                index,
                view.name,
                () => index.source(view.name)!,
                (source) => answerWindows(index, source, query, undefined, { wideGroupsMin }),
              ),
            );
          // One in a group that is read early and one in a group that is read late.
          const atMs = START + (round * 12 + i) * 60_000 + 1;
          await world.deliver('a', [
            { device: regions[0]!, atMs, value: 1 },
            { device: regions[8]!, atMs, value: 1 },
          ]);
          if (i % 2 === round % 2) await nextTurn();
        }
        for (const answer of await Promise.all(asked)) {
          let count = 0;
          for (const { slot } of answer.windows) count += answer.table.count[slot]!;
          const position = JSON.parse(Buffer.from(answer.position, 'base64url').toString()) as [
            string,
            number,
            number[],
            [number, number][],
          ];
          const records = position[3][0]![1];
          // The birth and the first frame are two records; each later one adds two readings.
          expect(count).toBe(everywhere.length + 2 * (records - 2));
          seen.add(records);
        }
      }
      expect(seen.size).toBeGreaterThan(12);
    },
  );

  it.each([
    ['group', { device: 'm@new', atMs: START, value: 1 }],
    ['window', { device: 'm@old', atMs: START + 3_600_000, value: 1 }],
  ])('say no position that lies behind a %s which comes while many groups are read', async (_, reading) => {
    const world = await World.open();
    await world.deliver('a', [{ device: 'm@old', atMs: START, value: 1 }]);
    await world.batch(1);
    await using index = await openIndexOf(world);
    const source = index.source(world.view.name)!;
    const scan = world.results.scan.bind(world.results);
    const readings = [reading];
    world.results.scan = async function* (...asked) {
      for (const one of readings.splice(0)) await world.deliver('a', [one]);
      yield* scan(...asked);
    };
    const query = queryOf(world, START, START + SPAN_MS, '1h');
    const ask = (): Promise<WindowsAnswer> => answerWindows(index, source, query, undefined, { wideGroupsMin: 1 });
    const { newest } = source.recent;
    const before = await ask();
    expect(source.recent.newest).toBeGreaterThan(newest);
    expect(before.sequence).toBe(newest);
    const after = await ask();
    expect([after.sequence, textsOf(after, query)]).toEqual([source.recent.newest, expectedTexts(world, query)]);
    expect(after.position).not.toBe(before.position);
  });
});
