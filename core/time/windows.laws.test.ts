import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS } from './civil.ts';
import { parseDuration } from './duration.ts';
import { oracleOffsetMs, zoneAndMinute } from './wall-clock.oracle.ts';
import { countWindows, windowEdgesFitSlice, windowsOverlapping, type WindowSpan, windowSpec } from './windows.ts';
import { openZone } from './zone.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

const durationText = fc.constantFrom('7m', '15m', '1h', '5h', '24h', '1d', '2d', '1w', '1mo', '3mo', '1y');

const question = fc
  .record({
    place: zoneAndMinute,
    size: durationText,
    every: durationText,
    lengthMinutes: fc.integer({ min: 1, max: 4_000 }),
  })
  .map(({ place, size, every, lengthMinutes }) => ({
    zoneName: place.zone,
    size: parseDuration(size),
    every: parseDuration(every),
    fromMs: place.utcMs,
    toMs: place.utcMs + lengthMinutes * MINUTE_MS,
  }));

/** What tells calendar units apart on a wall clock: the days since the epoch, its weeks, months, years. */
function labelOf(unit: string, count: number, localMs: number): number {
  const date = new Date(localMs);
  const day = Math.floor(localMs / DAY_MS);
  const months = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
  // 1969-12-29, three days before the epoch, was a Monday.
  const number = { d: day, w: Math.floor((day + 3) / 7), mo: months, y: date.getUTCFullYear() - 1970 }[unit]!;
  return Math.floor(number / count);
}

/** Windows of whole calendar units by looking at the wall clock every minute of [fromMs, toMs): a label's first minute. */
function scannedStarts(zone: string, unit: string, count: number, fromMs: number, toMs: number): number[] {
  const starts: number[] = [];
  let latest = Number.NaN;
  for (let at = fromMs; at < toMs; at += MINUTE_MS) {
    const label = labelOf(unit, count, at + oracleOffsetMs(zone, at));
    if (Number.isNaN(latest) || label > latest) {
      if (!Number.isNaN(latest)) starts.push(at);
      latest = label;
    }
  }
  return starts;
}

describe('laws of windows', () => {
  it('calendar windows begin where a wall clock, looked at every minute, first shows their date', () => {
    const unit = fc.constantFrom(
      ['d', 1],
      ['d', 3],
      ['w', 1],
      ['w', 2],
      ['mo', 1],
      ['mo', 3],
      ['y', 1],
    ) as fc.Arbitrary<[string, number]>;
    fc.assert(
      fc.property(zoneAndMinute, unit, ({ zone, utcMs }, [suffix, count]) => {
        const fromMs = utcMs - 2 * DAY_MS;
        const toMs = utcMs + DAY_MS;
        const spec = windowSpec(parseDuration(`${count}${suffix}`), undefined, openZone(zone));
        const starts = [...windowsOverlapping(spec, fromMs, toMs)].map(({ startMs }) => startMs);
        // The scan can't tell a start at its first minute, nor a date that is shown again after a change before it.
        const settledMs = fromMs + DAY_MS;
        expect(starts.filter((at) => at > settledMs)).toStrictEqual(
          scannedStarts(zone, suffix, count, fromMs, toMs).filter((at) => at > settledMs),
        );
      }),
      { numRuns: 80 },
    );
  });

  it('tumbling windows join without gap or overlap and cover the range', () => {
    fc.assert(
      fc.property(question, ({ zoneName, size, fromMs, toMs }) => {
        const windows = [...windowsOverlapping(windowSpec(size, undefined, openZone(zoneName)), fromMs, toMs)];
        expect(windows[0]!.startMs <= fromMs && fromMs < windows[0]!.endMs).toBe(true);
        expect(windows.at(-1)!.startMs < toMs && toMs <= windows.at(-1)!.endMs).toBe(true);
        windows.slice(1).forEach((window, i) => expect(window.startMs).toBe(windows[i]!.endMs));
      }),
      { numRuns: 300 },
    );
  });

  it('hopping windows are exactly those, of a far wider range, that overlap', () => {
    fc.assert(
      fc.property(question, ({ zoneName, size, every, fromMs, toMs }) => {
        fc.pre(size.kind === 'fixed' || size.unit === 'day');
        fc.pre(every.kind === 'fixed' || every.unit === 'day');
        const spec = { kind: 'hopping', size, every, zone: openZone(zoneName) } as const;
        const windows = [...windowsOverlapping(spec, fromMs, toMs)];
        const wider = [...windowsOverlapping(spec, fromMs - 6 * DAY_MS, toMs + 6 * DAY_MS)];
        const overlaps = ({ startMs, endMs }: WindowSpan): boolean => startMs < toMs && endMs > fromMs;
        expect(windows).toStrictEqual(wider.filter(overlaps));
        expect(countWindows(spec, fromMs, toMs)).toBe(windows.length);
        expect(countWindows(spec, fromMs, toMs, 3)).toBe(Math.min(windows.length, 3));
        expect(windows).toStrictEqual(windows.toSorted((a, b) => a.startMs - b.startMs));
      }),
      { numRuns: 200 },
    );
  });

  it('hopping starts are those of tumbling windows of the hop', () => {
    fc.assert(
      fc.property(question, ({ zoneName, size, every, fromMs, toMs }) => {
        const zone = openZone(zoneName);
        const hops = [...windowsOverlapping({ kind: 'hopping', size, every, zone }, fromMs, toMs)];
        const steps = [...windowsOverlapping({ kind: 'tumbling', size: every, zone }, fromMs, toMs)];
        const inRange = (window: WindowSpan): boolean => window.startMs >= fromMs;
        expect(hops.filter(inRange).map(({ startMs }) => startMs)).toStrictEqual(
          steps.filter(inRange).map(({ startMs }) => startMs),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('a fixed window has its length, and starts at a multiple counted from the epoch in every zone', () => {
    fc.assert(
      fc.property(question, fc.integer({ min: 1, max: 600 }), ({ zoneName, fromMs, toMs }, minutes) => {
        const everyMs = minutes * MINUTE_MS;
        const size = { kind: 'fixed', ms: 3 * everyMs + HOUR_MS } as const;
        const spec = windowSpec(size, { kind: 'fixed', ms: everyMs }, openZone(zoneName));
        const expected: WindowSpan[] = [];
        for (let startMs = Math.floor((fromMs - size.ms) / everyMs) * everyMs; startMs < toMs; startMs += everyMs) {
          if (startMs + size.ms > fromMs) expected.push({ startMs, endMs: startMs + size.ms });
        }
        expect([...windowsOverlapping(spec, fromMs, toMs)]).toStrictEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it('a window of days ends at the wall clock at which it began, where that is one instant', () => {
    fc.assert(
      fc.property(question, fc.integer({ min: 1, max: 5 }), ({ zoneName, fromMs, toMs }, count) => {
        const size = { kind: 'calendar', unit: 'day', count } as const;
        const zone = openZone(zoneName);
        for (const { startMs, endMs } of windowsOverlapping(
          { kind: 'hopping', size, every: parseDuration('7h'), zone },
          fromMs,
          toMs,
        )) {
          const wanted = startMs + oracleOffsetMs(zoneName, startMs) + count * DAY_MS;
          const meaning = zone.localToUtc(wanted);
          if (meaning.kind === 'one' && zone.startOfDay(startMs) !== startMs) {
            expect(endMs + oracleOffsetMs(zoneName, endMs)).toBe(wanted);
          }
          expect(endMs).toBeGreaterThan(startMs);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('edges fit a slice exactly when each is a multiple, and the widest slice named does fit', () => {
    const sliceMs = fc.constantFrom(10_000, MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS);
    fc.assert(
      fc.property(question, sliceMs, ({ zoneName, size, fromMs, toMs }, slice) => {
        fc.pre(size.kind === 'calendar');
        const spec = windowSpec(size, undefined, openZone(zoneName));
        const edges = [...windowsOverlapping(spec, fromMs, toMs)].flatMap(({ startMs, endMs }) => [startMs, endMs]);
        const fit = windowEdgesFitSlice(spec, slice, fromMs, toMs);
        expect(fit.fits).toBe(edges.every((edge) => edge % slice === 0));
        if (!fit.fits) {
          expect(fit.widestSliceMs).toBeLessThan(DAY_MS);
          expect(windowEdgesFitSlice(spec, fit.widestSliceMs, fromMs, toMs)).toStrictEqual({ fits: true });
          for (const wider of [15 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS]) {
            if (wider > fit.widestSliceMs) expect(edges.every((edge) => edge % wider === 0)).toBe(false);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
