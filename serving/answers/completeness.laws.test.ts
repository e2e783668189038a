import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricKind } from '#core/metrics/metric.ts';
import { parseDuration } from '#core/time/duration.ts';
import { windowSpec } from '#core/time/windows.ts';
import { openZone } from '#core/time/zone.ts';
import { openIndexOf, POWER, POWER_BY_REGION, World, type WorldReading } from '../world.fixtures.ts';
import { answerWindows, withSource } from './answer-windows.ts';
import { completenessOf, isFinal, type KnownAgent, type KnownSeries } from './completeness.oracle.ts';
import { parseStats, type WindowsQuery } from './query.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 27);
/** Each is read by one agent; a region has series of several. */
const DEVICES = [
  ['a', 'm1@N'],
  ['a', 'm2@S'],
  ['b', 'm3@N'],
  ['c', 'm4@S'],
] as const;

/** From when on some are expected: before their first readings, mostly, and after them. */
const SINCE = new Map([
  ['m2@S', START - 30 * MINUTE],
  ['m3@N', START + 10 * MINUTE],
]);

/** On time, early or late by some seconds, twice as often as promised, or anywhere. */
const atMs = fc
  .tuple(
    fc.nat(59),
    fc.oneof(fc.constantFrom(0, 0, 0, 30_000), fc.integer({ min: -20_000, max: 20_000 }), fc.nat(MINUTE - 1)),
  )
  .map(([minute, ms]) => START + minute * MINUTE + ms);

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      device: fc.constantFrom(...DEVICES),
      times: fc.array(atMs, { minLength: 1, maxLength: 12 }),
      watermark: fc.option(fc.integer({ min: -5, max: 70 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), agent: fc.constantFrom('a', 'b', 'c') }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'evict' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'batch' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      window: fc.constantFrom('1m', '5m', '20m', '1h'),
      region: fc.constantFrom(undefined, 'N', 'S'),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The whole history as the oracle knows it. */
class Known {
  readonly agents = new Map<string, KnownAgent>(
    ['a', 'b', 'c'].map((name) => [name, { watermarkMs: null, holes: false }]),
  );
  readonly #times = new Map<string, Set<number>>(DEVICES.map(([, device]) => [device, new Set()]));
  readonly #lost = new Set<string>();

  /** Those of the readings that are new, each once; an agent sends no reading twice. */
  deliver(agent: string, device: string, times: readonly number[], watermarkMs: number | null): WorldReading[] {
    const known = this.#times.get(device)!;
    const fresh = [...new Set(times)].filter((ms) => !known.has(ms));
    if (fresh.length === 0) return [];
    for (const ms of fresh) known.add(ms);
    const before = this.agents.get(agent)!;
    const holes = before.holes || this.#lost.has(agent);
    const marks = holes || watermarkMs === null ? [] : [watermarkMs];
    if (before.watermarkMs !== null) marks.push(before.watermarkMs);
    this.agents.set(agent, { watermarkMs: marks.length === 0 ? null : Math.max(...marks), holes });
    return fresh.map((ms) => ({ device, atMs: ms, value: ms % 7 }));
  }

  lose(agent: string): void {
    this.#lost.add(agent);
  }

  seriesOf(region: string): KnownSeries[] {
    return DEVICES.filter(([, device]) => device.endsWith(region)).map(([agent, device]) => ({
      agent,
      times: [...this.#times.get(device)!],
      ...(SINCE.has(device) ? { sinceMs: SINCE.get(device)! } : {}),
    }));
  }
}

async function play(steps: readonly Step[], kind: MetricKind, intervalMs: number): Promise<void> {
  const metric = { ...POWER, kind, intervalMs };
  const world = await World.open({ metric, since: SINCE });
  const known = new Known();
  await using index = await openIndexOf(world, 20_000);
  let batches = 0;
  const ask = { kind: 'ask' as const, window: '5m', region: undefined };
  for (const one of [...steps, ask, { kind: 'batch' as const }, ask]) {
    if (one.kind === 'deliver') {
      const [agent, device] = one.device;
      const watermarkMs = one.watermark === null ? null : START + one.watermark * MINUTE;
      const readings = known.deliver(agent, device, one.times, watermarkMs);
      if (readings.length > 0) await world.deliverLinked(agent, readings, watermarkMs);
    } else if (one.kind === 'lose') {
      known.lose(one.agent);
      world.lose(one.agent);
    } else if (one.kind === 'evict') world.evict();
    else if (one.kind === 'batch') await world.batch(++batches);
    else {
      const query: WindowsQuery = {
        view: world.view,
        metric,
        spec: windowSpec(parseDuration(one.window), undefined, openZone('UTC')),
        fromMs: START - 60 * MINUTE,
        toMs: START + 120 * MINUTE,
        where: new Map(one.region === undefined ? [] : [['region', [one.region]]]),
        stats: parseStats('count', metric),
      };
      const answer = await withSource(
        index,
        world.view.name,
        () => index.source(world.view.name)!,
        (source) => answerWindows(index, source, query),
      );
      for (const { startMs, endMs, tags, completeness, final } of answer.windows) {
        const series = known.seriesOf(tags[0]!);
        const span = { startMs, endMs };
        expect({ ...span, tags, completeness, final }).toEqual({
          ...span,
          tags,
          completeness: completenessOf(series, known.agents, span, intervalMs, POWER_BY_REGION.sliceMs),
          final: isFinal(series, known.agents, span),
        });
      }
    }
  }
}

describe('how good a window is', () => {
  it.each([
    ['gauge', MINUTE],
    ['counter', MINUTE],
    ['delta', 20_000],
    ['total', 90_000],
    ['gauge', 15 * MINUTE],
    ['counter', 15 * MINUTE],
  ] as const)(
    'is what a slow calculation over all readings says, live and after batch, whatever is asked for, of a %s every %d ms',
    async (kind, intervalMs) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), (steps) => play(steps, kind, intervalMs)),
        { numRuns: 40 },
      );
    },
  );

  it('is half where one series is silent, whatever another sends, in windows of any length and every filter', async () => {
    const world = await World.open();
    await using index = await openIndexOf(world);
    const hour = Array.from({ length: 120 }, (_, half) => ({ device: 'm1@N', atMs: START + half * 30_000, value: 1 }));
    await world.deliverLinked('a', [{ device: 'm2@N', atMs: START - MINUTE, value: 1 }], null);
    await world.deliver('a', hour, START + 60 * MINUTE);
    for (const batches of [0, 1]) {
      if (batches > 0) await world.batch(batches);
      for (const window of ['1m', '7m', '1h']) {
        const query: WindowsQuery = {
          view: world.view,
          metric: world.metric,
          spec: windowSpec(parseDuration(window), undefined, openZone('UTC')),
          fromMs: START,
          toMs: START + 42 * MINUTE,
          where: new Map([['region', ['N']]]),
          stats: parseStats('count', world.metric),
        };
        await index.settled(world.view.name);
        const { windows } = await withSource(
          index,
          world.view.name,
          () => index.source(world.view.name)!,
          (source) => answerWindows(index, source, query),
        );
        const judged = Array.from(windows, ({ startMs, completeness }) => (startMs < START ? 0.5 : completeness));
        expect(new Set(judged)).toEqual(new Set([0.5]));
      }
    }
  });

  it('of a week whose data begin on Thursday says so, and is incomplete where they were expected since Monday', async () => {
    const DAY_MS = 24 * 60 * MINUTE;
    const monday = Date.UTC(2026, 2, 23);
    const hourly = { ...POWER, intervalMs: 60 * MINUTE };
    const week = {
      view: POWER_BY_REGION,
      metric: hourly,
      spec: windowSpec(parseDuration('1w'), undefined, openZone('UTC')),
      fromMs: monday,
      toMs: monday + 7 * DAY_MS,
      where: new Map(),
      stats: parseStats('count', hourly),
    };
    for (const [said, completeness, expectedFromMs] of [
      [[], 1, monday + 3 * DAY_MS],
      [[['m1@N', monday + DAY_MS]], 4 / 6, monday + DAY_MS],
      [[['m1@N', monday]], 4 / 7, undefined],
    ] as const) {
      const world = await World.open({ metric: hourly, since: new Map(said) });
      await using index = await openIndexOf(world);
      const readings = Array.from({ length: 4 * 24 }, (_, hour) => {
        return { device: 'm1@N', atMs: monday + 3 * DAY_MS + hour * 60 * MINUTE, value: hour };
      });
      await world.deliver('a', readings, week.toMs);
      const { windows } = await answerWindows(index, index.source(POWER_BY_REGION.name)!, week);
      const judged = expectedFromMs === undefined ? { completeness } : { completeness, expectedFromMs };
      expect([...windows]).toMatchObject([judged]);
      expect([...windows][0]!.expectedFromMs).toBe(expectedFromMs);
    }
  });
});
