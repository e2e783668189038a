import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS } from './civil.ts';
import { type Duration, nominalMs, parseDuration } from './duration.ts';
import { oracleOffsetMs, zoneAndMinute } from './wall-clock.oracle.ts';
import {
  countWindows,
  hullOfWindows,
  windowEdgesFitSlice,
  windowsOverlapping,
  type WindowSpan,
  windowSpec,
} from './windows.ts';
import { openZone } from './zone.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

const durationText = fc.constantFrom('7m', '15m', '1h', '5h', '6h', '24h', '1d', '2d', '1w', '1mo', '3mo', '1y');

/** What windows may begin later by, where a step is longer. */
const offsetText = fc.constantFrom(undefined, '5m', '40m', '6h', '30h', '1d', '14d', '2w', '3mo');

/** The offset if it is shorter than a step. */
function offsetWithin(step: Duration, text: string | undefined): Duration | undefined {
  const offset = text === undefined ? undefined : parseDuration(text);
  return offset === undefined || nominalMs(offset) >= nominalMs(step) ? undefined : offset;
}

const question = fc
  .record({
    place: zoneAndMinute,
    size: durationText,
    every: durationText,
    offset: offsetText,
    lengthMinutes: fc.integer({ min: 1, max: 4_000 }),
  })
  .map(({ place, size, every, offset, lengthMinutes }) => ({
    zoneName: place.zone,
    size: parseDuration(size),
    every: parseDuration(every),
    sizeOffset: offsetWithin(parseDuration(size), offset),
    everyOffset: offsetWithin(parseDuration(every), offset),
    fromMs: place.utcMs,
    toMs: place.utcMs + lengthMinutes * MINUTE_MS,
  }));

/** What tells calendar units apart on a wall clock: the days since the epoch, its weeks, months, years. */
function labelOf(unit: string, count: number, localMs: number, lateMonths: number): number {
  const date = new Date(localMs);
  const day = Math.floor(localMs / DAY_MS);
  const months = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth() - lateMonths;
  // 1969-12-29, three days before the epoch, was a Monday.
  const number = { d: day, w: Math.floor((day + 3) / 7), mo: months, y: Math.floor(months / 12) }[unit]!;
  return Math.floor(number / count);
}

/** Units, and what they begin later by: as text, in ms where it is a part of days, in months where it is one of years. */
const calendarSteps = fc.constantFrom<readonly [string, number, (string | undefined)?, number?, number?]>(
  ['d', 1],
  ['d', 3],
  ['w', 1],
  ['w', 2],
  ['mo', 1],
  ['mo', 3],
  ['y', 1],
  ['d', 1, '6h', 6 * HOUR_MS],
  ['d', 1, '30m', HOUR_MS / 2],
  ['d', 2, '1d', DAY_MS],
  ['w', 1, '6d', 6 * DAY_MS],
  ['w', 1, '30h', 30 * HOUR_MS],
  ['mo', 1, '14d', 14 * DAY_MS],
  ['mo', 1, '2h', 2 * HOUR_MS],
  ['y', 1, '3mo', 0, 3],
);

/** Windows of whole calendar units by looking at the wall clock every minute of [fromMs, toMs): a label's first minute. */
function scannedStarts(zone: string, fromMs: number, toMs: number, labelAt: (localMs: number) => number): number[] {
  const starts: number[] = [];
  let latest = Number.NaN;
  for (let at = fromMs; at < toMs; at += MINUTE_MS) {
    const label = labelAt(at + oracleOffsetMs(zone, at));
    if (Number.isNaN(latest) || label > latest) {
      if (!Number.isNaN(latest)) starts.push(at);
      latest = label;
    }
  }
  return starts;
}

describe('laws of windows', () => {
  it('calendar windows begin where a wall clock, looked at every minute, first shows their date', () => {
    fc.assert(
      fc.property(
        zoneAndMinute,
        calendarSteps,
        ({ zone, utcMs }, [suffix, count, offset, lateMs = 0, lateMonths = 0]) => {
          const fromMs = utcMs - 2 * DAY_MS;
          const toMs = utcMs + DAY_MS;
          const late = offset === undefined ? undefined : parseDuration(offset);
          const spec = windowSpec(parseDuration(`${count}${suffix}`), undefined, openZone(zone), late);
          const starts = [...windowsOverlapping(spec, fromMs, toMs)].map(({ startMs }) => startMs);
          const scanned = scannedStarts(zone, fromMs, toMs, (localMs) =>
            labelOf(suffix, count, localMs - lateMs, lateMonths),
          );
          // The scan can't tell a start at its first minute, nor a date that is shown again after a change before it.
          const settledMs = fromMs + DAY_MS;
          expect(starts.filter((at) => at > settledMs)).toStrictEqual(scanned.filter((at) => at > settledMs));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('steps that divide a day begin where a wall clock, looked at every minute, first shows a multiple of them', () => {
    const step = fc
      .constantFrom('5m', '15m', '30m', '40m', '48m', '1h', '90m', '2h', '6h', '8h', '12h')
      .map(parseDuration);
    fc.assert(
      fc.property(zoneAndMinute, step, offsetText, ({ zone, utcMs }, size, offset) => {
        const sizeMs = nominalMs(size);
        const late = offsetWithin(size, offset);
        const lateMs = late === undefined ? 0 : nominalMs(late);
        const fromMs = utcMs - 3 * DAY_MS;
        const toMs = utcMs + DAY_MS;
        // A change by whole steps goes unnoticed; another makes the clock skip some steps, or show some again.
        const starts: number[] = [];
        let hiddenMs = 0;
        let lastOffsetMs = oracleOffsetMs(zone, fromMs);
        let latest = Math.floor((fromMs + lastOffsetMs - lateMs) / sizeMs);
        for (let at = fromMs; at < toMs; at += MINUTE_MS) {
          const offsetMs = oracleOffsetMs(zone, at);
          if ((offsetMs - lastOffsetMs) % sizeMs === 0) hiddenMs += offsetMs - lastOffsetMs;
          lastOffsetMs = offsetMs;
          const shown = Math.floor((at + offsetMs - hiddenMs - lateMs) / sizeMs);
          if (shown > latest) starts.push(at);
          latest = Math.max(latest, shown);
        }
        const spec = windowSpec(size, undefined, openZone(zone), late);
        const windows = [...windowsOverlapping(spec, fromMs, toMs)];
        // The scan doesn't know what the clock had shown before it began.
        const settledMs = fromMs + 1.5 * DAY_MS;
        expect(windows.map(({ startMs }) => startMs).filter((at) => at > settledMs)).toStrictEqual(
          starts.filter((at) => at > settledMs),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('days that begin later have the hours that lie between their two clocks', () => {
    fc.assert(
      fc.property(zoneAndMinute, fc.integer({ min: 0, max: 23 }), ({ zone, utcMs }, hours) => {
        const late = hours === 0 ? undefined : ({ kind: 'fixed', ms: hours * HOUR_MS } as const);
        const spec = windowSpec(parseDuration('1d'), undefined, openZone(zone), late);
        for (const { startMs, endMs } of windowsOverlapping(spec, utcMs, utcMs + 1)) {
          const fromMs = startMs + oracleOffsetMs(zone, startMs);
          const toMs = endMs + oracleOffsetMs(zone, endMs);
          // Both clocks show the hour, but where the clocks are changed just then.
          fc.pre(fromMs % DAY_MS === hours * HOUR_MS && toMs % DAY_MS === hours * HOUR_MS && toMs - fromMs === DAY_MS);
          const change = oracleOffsetMs(zone, endMs) - oracleOffsetMs(zone, startMs);
          expect(endMs - startMs).toBe(DAY_MS - change);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('tumbling windows join without gap or overlap and cover the range', () => {
    fc.assert(
      fc.property(question, ({ zoneName, size, sizeOffset, fromMs, toMs }) => {
        const spec = windowSpec(size, undefined, openZone(zoneName), sizeOffset);
        const windows = [...windowsOverlapping(spec, fromMs, toMs)];
        expect(windows[0]!.startMs <= fromMs && fromMs < windows[0]!.endMs).toBe(true);
        expect(windows.at(-1)!.startMs < toMs && toMs <= windows.at(-1)!.endMs).toBe(true);
        windows.slice(1).forEach((window, i) => expect(window.startMs).toBe(windows[i]!.endMs));
      }),
      { numRuns: 300 },
    );
  });

  it('hopping windows are exactly those, of a far wider range, that overlap', () => {
    fc.assert(
      fc.property(question, ({ zoneName, size, every, everyOffset: offset, fromMs, toMs }) => {
        fc.pre(size.kind === 'fixed' || size.unit === 'day');
        fc.pre(every.kind === 'fixed' || every.unit === 'day');
        const spec = { kind: 'hopping', size, every, offset, zone: openZone(zoneName) } as const;
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
      fc.property(question, ({ zoneName, size, every, everyOffset: offset, fromMs, toMs }) => {
        const zone = openZone(zoneName);
        const hops = [...windowsOverlapping({ kind: 'hopping', size, every, offset, zone }, fromMs, toMs)];
        const steps = [...windowsOverlapping({ kind: 'tumbling', size: every, offset, zone }, fromMs, toMs)];
        const inRange = (window: WindowSpan): boolean => window.startMs >= fromMs;
        expect(hops.filter(inRange).map(({ startMs }) => startMs)).toStrictEqual(
          steps.filter(inRange).map(({ startMs }) => startMs),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('a fixed step that does not divide a day is a multiple counted from the epoch in every zone', () => {
    const steps = fc
      .oneof(fc.integer({ min: 1, max: 1_439 }), fc.integer({ min: 1_440, max: 4_000 }))
      .filter((minutes) => 1_440 % minutes !== 0 || minutes === 1_440);
    fc.assert(
      fc.property(question, steps, fc.nat(), ({ zoneName, fromMs, toMs }, minutes, late) => {
        const everyMs = minutes * MINUTE_MS;
        const lateMs = (late % minutes) * MINUTE_MS;
        const size = { kind: 'fixed', ms: 3 * everyMs + HOUR_MS } as const;
        const offset = lateMs === 0 ? undefined : ({ kind: 'fixed', ms: lateMs } as const);
        const spec = windowSpec(size, { kind: 'fixed', ms: everyMs }, openZone(zoneName), offset);
        const expected: WindowSpan[] = [];
        const firstMs = (Math.floor((fromMs - size.ms) / everyMs) - 1) * everyMs + lateMs;
        for (let startMs = firstMs; startMs < toMs; startMs += everyMs) {
          if (startMs + size.ms > fromMs) expected.push({ startMs, endMs: startMs + size.ms });
        }
        expect([...windowsOverlapping(spec, fromMs, toMs)]).toStrictEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it('their hull reaches from the first start to the last end, and is the range itself where that is empty', () => {
    fc.assert(
      fc.property(question, ({ zoneName, size, every, everyOffset, sizeOffset, fromMs, toMs }) => {
        const zone = openZone(zoneName);
        const isHopping = nominalMs(every) <= nominalMs(size);
        const spec = windowSpec(size, isHopping ? every : undefined, zone, isHopping ? everyOffset : sizeOffset);
        const windows = [...windowsOverlapping(spec, fromMs, toMs)];
        const endMs = Math.max(...windows.map((window) => window.endMs));
        expect(hullOfWindows(spec, fromMs, toMs)).toStrictEqual({ startMs: windows[0]!.startMs, endMs });
        expect(hullOfWindows(spec, fromMs, fromMs)).toStrictEqual({ startMs: fromMs, endMs: fromMs });
      }),
      { numRuns: 300 },
    );
  });

  it('their hull holds one that began before the clock was set back behind its start', () => {
    const zone = openZone('America/St_Johns');
    // At 00:01 it was 23:01 of the day before again.
    const spec = windowSpec(parseDuration('6h'), undefined, zone);
    const [fromMs, toMs] = [Date.UTC(2006, 9, 29, 2, 31), Date.UTC(2006, 9, 29, 2, 32)];
    const window = { startMs: Date.UTC(2006, 9, 29, 2, 30), endMs: Date.UTC(2006, 9, 29, 9, 30) };
    expect([...windowsOverlapping(spec, fromMs, toMs)]).toStrictEqual([window]);
    expect(hullOfWindows(spec, fromMs, toMs)).toStrictEqual(window);
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
      fc.property(question, sliceMs, ({ zoneName, size, sizeOffset, fromMs, toMs }, slice) => {
        const spec = windowSpec(size, undefined, openZone(zoneName), sizeOffset);
        const edges = [...windowsOverlapping(spec, fromMs, toMs)].flatMap(({ startMs, endMs }) => [startMs, endMs]);
        const fit = windowEdgesFitSlice(spec, slice, fromMs, toMs);
        if (fit.fits) expect(edges.every((edge) => edge % slice === 0)).toBe(true);
        // Fixed windows are judged by all that there are under the offsets of the range.
        else if (size.kind === 'calendar') expect(edges.every((edge) => edge % slice === 0)).toBe(false);
        if (!fit.fits) {
          expect(fit.widestSliceMs).toBeLessThan(DAY_MS);
          expect(windowEdgesFitSlice(spec, fit.widestSliceMs, fromMs, toMs)).toStrictEqual({ fits: true });
          expect(edges.every((edge) => edge % fit.widestSliceMs === 0)).toBe(true);
          for (const wider of [15 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS]) {
            if (size.kind === 'calendar' && wider > fit.widestSliceMs)
              expect(edges.every((edge) => edge % wider === 0)).toBe(false);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
