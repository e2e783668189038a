import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStats } from '#core/stats/stats.ts';
import { parseDuration } from '#core/time/duration.ts';
import { openIndexOf, World, type WorldReading } from '../world.fixtures.ts';
import { answerSessions } from './answer-sessions.ts';
import { withSource } from './answer-windows.ts';
import { parseStats, type SessionsQuery } from './query.ts';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const GAPS_MS: Readonly<Record<string, number>> = {
  '1m': MINUTE,
  '5m': 5 * MINUTE,
  '1h': 60 * MINUTE,
  '1d': 1_440 * MINUTE,
};

interface Counted {
  readonly region: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly count: number;
  readonly sum: number;
}

/** Readings of a region in the order of time, parted wherever two are further apart than the gap. */
function sessionsOf(
  readings: readonly WorldReading[],
  gapMs: number,
  fromMs: number,
  toMs: number,
): readonly Counted[] {
  const sessions: Counted[] = [];
  for (const region of ['IDF', 'PACA']) {
    let open: WorldReading[] = [];
    const close = (): void => {
      const [first, last] = [open[0], open.at(-1)];
      if (first === undefined || last === undefined || last.atMs < fromMs || first.atMs >= toMs || fromMs === toMs)
        return;
      sessions.push({
        region,
        startMs: first.atMs,
        endMs: last.atMs,
        count: open.length,
        sum: open.reduce((sum, { value }) => sum + value, 0),
      });
    };
    for (const reading of readings
      .filter(({ device }) => device.endsWith(region))
      .toSorted((a, b) => a.atMs - b.atMs)) {
      const before = open.at(-1);
      if (before !== undefined && reading.atMs - before.atMs > gapMs) {
        close();
        open = [];
      }
      open.push(reading);
    }
    close();
  }
  return sessions.sort((a, b) => a.startMs - b.startMs || (a.region < b.region ? -1 : 1));
}

const reading: fc.Arbitrary<WorldReading> = fc.record({
  device: fc.constantFrom('m1@IDF', 'm2@IDF', 'm3@PACA'),
  // Clusters with edges at the gaps themselves, over several pages.
  atMs: fc
    .tuple(fc.constantFrom(0, 1_439, 1_440, 4_000), fc.nat(12), fc.constantFrom(0, 1, 59_999, 30_000))
    .map(([a, b, ms]) => START + (a + b) * MINUTE + ms),
  value: fc.integer({ min: -100, max: 100 }),
});

describe('sessions', () => {
  it('sessions are the readings parted at the gaps, whole beyond the range, whatever arrived when', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.uniqueArray(reading, { minLength: 1, maxLength: 8, selector: ({ device, atMs }) => `${device} ${atMs}` }),
          { maxLength: 4 },
        ),
        fc.constantFrom(...Object.keys(GAPS_MS)),
        fc.integer({ min: -5, max: 4_020 }),
        fc.integer({ min: 0, max: 3_000 }),
        fc.boolean(),
        async (frames, gap, fromMinute, minutes, hasRoom) => {
          const world = await World.open();
          const { view, metric } = world;
          await using index = await openIndexOf(world, hasRoom ? 1e8 : 4_000);
          const seen = new Set<string>();
          for (const [i, frame] of frames.entries()) {
            const readings = frame.filter(
              ({ device, atMs }) => !seen.has(`${device} ${atMs}`) && seen.add(`${device} ${atMs}`),
            );
            if (readings.length > 0) await world.deliver(i % 2 === 0 ? 'a' : 'b', readings);
            if (i === 1) await world.batch(1);
          }
          const fromMs = START + fromMinute * MINUTE;
          const query: SessionsQuery = {
            view,
            metric,
            where: new Map(),
            stats: parseStats(undefined, metric),
            gap: parseDuration(gap),
            fromMs,
            toMs: fromMs + minutes * MINUTE,
          };
          const answer = await withSource(
            index,
            view.name,
            () => index.source(view.name)!,
            (source) => answerSessions(index, source, query),
          );
          const told = Array.from(answer.windows, ({ startMs, endMs, tags, slot }) => ({
            region: tags[0],
            startMs,
            endMs,
            count: answer.table.count[slot],
            sum: Number(readStats(answer.table, slot).sum),
          }));
          expect(told).toEqual(sessionsOf(world.readings, GAPS_MS[gap]!, fromMs, query.toMs));
        },
      ),
      { numRuns: 150 },
    );
  });
});
