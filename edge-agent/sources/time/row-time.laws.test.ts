import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS } from '#core/time/civil.ts';
import { oracleOffsetMs, zoneAndMinute } from '#core/time/wall-clock.oracle.ts';
import { RowTimes } from './row-time.fixtures.ts';

const MINUTE_MS = 60_000;

const lengths = fc.constantFrom<readonly [string, number]>(
  ['5m', 5],
  ['15m', 15],
  ['30m', 30],
  ['1h', 60],
  ['2h', 120],
);

/** The minutes of the date that a clock shows at an instant, found by looking at a wall clock minute by minute. */
function minutesOfDate(zone: string, utcMs: number): { readonly date: number; readonly minutes: readonly number[] } {
  const dateAt = (at: number): number => Math.floor((at + oracleOffsetMs(zone, at)) / DAY_MS);
  const date = dateAt(utcMs);
  const minutes: number[] = [];
  for (let at = utcMs - 2 * DAY_MS; at < utcMs + 2 * DAY_MS; at += MINUTE_MS) if (dateAt(at) === date) minutes.push(at);
  return { date, minutes };
}

describe('periods of a day', () => {
  it('divide the minutes in which a clock shows the date, one after the other', () => {
    fc.assert(
      fc.property(zoneAndMinute, lengths, ({ zone, utcMs }, [every, length]) => {
        const { date, minutes } = minutesOfDate(zone, utcMs);
        // A date that a clock shows again after the next one had begun is nobody's day.
        fc.pre(minutes.at(-1)! - minutes[0]! === (minutes.length - 1) * MINUTE_MS);
        const times = new RowTimes({ columns: ['date'], format: 'unix-ms', zone, period: { column: 'n', every } }, [
          'date',
          'n',
        ]);
        const text = new Date(date * DAY_MS).toISOString().slice(0, 10);
        const local = new RowTimes({ columns: ['date'], zone, period: { column: 'n', every } }, ['date', 'n']);
        const starts = minutes.filter((_, i) => i % length === 0);
        expect(starts.map((_, i) => local.read(text, String(i + 1)))).toStrictEqual(starts);
        expect(starts.map((_, i) => times.read(String(starts[0]), String(i + 1)))).toStrictEqual(starts);
        expect(local.read(text, String(starts.length + 1))).toBeNull();
        expect(local.time.fault).toContain(`which has ${starts.length} periods of ${every}`);
      }),
      { numRuns: 60 },
    );
  });
});

describe('times at the end of their intervals', () => {
  it('are the starts of the same intervals, whichever way the ends are written', () => {
    const zone = 'Europe/Paris';
    const changes = fc.constantFrom(Date.UTC(2024, 9, 27, 1), Date.UTC(2024, 2, 31, 1), Date.UTC(2024, 5, 1));
    fc.assert(
      fc.property(changes, fc.constantFrom(5, 15, 30, 60), fc.boolean(), (aroundMs, minutes, isCountedOn) => {
        const lengthMs = minutes * MINUTE_MS;
        const times = new RowTimes({ columns: ['time'], zone, stamp: 'end' }, ['time']);
        for (let startMs = aroundMs - DAY_MS; startMs < aroundMs + DAY_MS; startMs += lengthMs) {
          const shownMs = isCountedOn
            ? startMs + oracleOffsetMs(zone, startMs) + lengthMs
            : startMs + lengthMs + oracleOffsetMs(zone, startMs + lengthMs);
          const atMs = times.read(new Date(shownMs).toISOString().slice(0, 16))!;
          expect(times.time.startOf(atMs, lengthMs)).toBe(startMs);
        }
      }),
      { numRuns: 24 },
    );
  });
});
