import { describe, expect, it } from 'vitest';
import { addCalendar } from './calendar.ts';
import { type CalendarDuration, parseDuration } from './duration.ts';
import { formatInstant, parseInstant } from './instant.ts';
import {
  countWindows,
  hullOfWindows,
  windowEdgesFitSlice,
  WindowError,
  windowsOverlapping,
  type WindowSpec,
  windowSpec,
} from './windows.ts';
import { openZone } from './zone.ts';

const HOUR_MS = 3_600_000;

function spec(zone: string, size: string, every?: string, offset?: string): WindowSpec {
  const [step, late] = [every, offset].map((text) => (text === undefined ? undefined : parseDuration(text)));
  return windowSpec(parseDuration(size), step, openZone(zone), late);
}

function shown(windows: WindowSpec, from: string, to: string): string[] {
  return [...windowsOverlapping(windows, parseInstant(from), parseInstant(to))].map(
    ({ startMs, endMs }) => `${formatInstant(startMs)}/${formatInstant(endMs)}`,
  );
}

describe('windows', () => {
  it('that began before the clock was set back may end after the last one, and their hull reaches so far', () => {
    // St John's set its clock back at 02:30 UTC on 29 October 2006; a year later summer time still held then.
    const windows = spec('America/St_Johns', '1y', '7m');
    const [fromMs, toMs] = [Date.UTC(2006, 9, 29, 2, 31), Date.UTC(2006, 9, 29, 2, 34)];
    const ends = [...windowsOverlapping(windows, fromMs, toMs)].map(({ endMs }) => endMs);
    expect(Math.max(...ends)).toBeGreaterThan(ends.at(-1)!);
    expect(hullOfWindows(windows, fromMs, toMs).endMs).toBe(Math.max(...ends));
  });

  it('tumbling ones are given whole where they overlap the range', () => {
    expect(shown(spec('UTC', '5m'), '2007-01-01T00:04:00Z', '2007-01-01T00:10:00Z')).toStrictEqual([
      '2007-01-01T00:00:00Z/2007-01-01T00:05:00Z',
      '2007-01-01T00:05:00Z/2007-01-01T00:10:00Z',
    ]);
    expect(shown(spec('UTC', '5m'), '2007-01-01T00:05:00Z', '2007-01-01T00:05:00Z')).toStrictEqual([]);
    expect(shown(spec('UTC', '5m'), '2007-01-01T00:06:00Z', '2007-01-01T00:05:00Z')).toStrictEqual([]);
  });

  it('hopping ones start at every hop and reach their size forward', () => {
    expect(shown(spec('Europe/Paris', '24h', '1h'), '2007-01-02T00:00:00Z', '2007-01-02T00:00:00.001Z')).toStrictEqual(
      Array.from({ length: 24 }, (_, i) => {
        const startMs = parseInstant('2007-01-01T01:00:00Z') + i * HOUR_MS;
        return `${formatInstant(startMs)}/${formatInstant(startMs + 24 * HOUR_MS)}`;
      }),
    );
  });

  it('days in Paris have 23 hours in spring and 25 in autumn', () => {
    expect(shown(spec('Europe/Paris', '1d'), '2007-03-25T12:00:00Z', '2007-03-25T12:00:01Z')).toStrictEqual([
      '2007-03-24T23:00:00Z/2007-03-25T22:00:00Z',
    ]);
    expect(shown(spec('Europe/Paris', '1d'), '2007-10-28T12:00:00Z', '2007-10-28T12:00:01Z')).toStrictEqual([
      '2007-10-27T22:00:00Z/2007-10-28T23:00:00Z',
    ]);
  });

  it('a date that Samoa left out has no window', () => {
    expect(shown(spec('Pacific/Apia', '1d'), '2011-12-30T09:00:00Z', '2011-12-30T11:00:00Z')).toStrictEqual([
      '2011-12-29T10:00:00Z/2011-12-30T10:00:00Z',
      '2011-12-30T10:00:00Z/2011-12-31T10:00:00Z',
    ]);
    expect(
      countWindows(
        spec('Pacific/Apia', '1d'),
        parseInstant('2011-12-30T09:00:00Z'),
        parseInstant('2011-12-30T11:00:00Z'),
      ),
    ).toBe(2);
  });

  it('weeks begin on Monday, months on their first, years in January, each by the local calendar', () => {
    expect(shown(spec('Europe/Paris', '1w'), '2007-03-25T12:00:00Z', '2007-03-25T12:00:01Z')).toStrictEqual([
      '2007-03-18T23:00:00Z/2007-03-25T22:00:00Z',
    ]);
    expect(shown(spec('Asia/Kathmandu', '1mo'), '2007-02-10T00:00:00Z', '2007-02-10T00:00:01Z')).toStrictEqual([
      '2007-01-31T18:15:00Z/2007-02-28T18:15:00Z',
    ]);
    expect(shown(spec('America/New_York', '1y'), '2007-02-10T00:00:00Z', '2007-02-10T00:00:01Z')).toStrictEqual([
      '2007-01-01T05:00:00Z/2008-01-01T05:00:00Z',
    ]);
  });

  it('several days count from 1970-01-01, several weeks from the Monday before, quarters from January', () => {
    expect(shown(spec('UTC', '2d'), '1970-01-02T00:00:00Z', '1970-01-02T00:00:01Z')).toStrictEqual([
      '1970-01-01T00:00:00Z/1970-01-03T00:00:00Z',
    ]);
    expect(shown(spec('UTC', '2w'), '1970-01-06T00:00:00Z', '1970-01-06T00:00:01Z')).toStrictEqual([
      '1969-12-29T00:00:00Z/1970-01-12T00:00:00Z',
    ]);
    expect(shown(spec('UTC', '3mo'), '2007-05-05T00:00:00Z', '2007-05-05T00:00:01Z')).toStrictEqual([
      '2007-04-01T00:00:00Z/2007-07-01T00:00:00Z',
    ]);
  });

  it('a calendar size from an hourly start ends at the same time of day', () => {
    expect(shown(spec('Europe/Paris', '1d', '1h'), '2007-03-25T10:00:00Z', '2007-03-25T10:00:01Z').at(-1)).toBe(
      '2007-03-25T10:00:00Z/2007-03-26T10:00:00Z',
    );
    expect(shown(spec('Europe/Paris', '1d', '1h'), '2007-03-24T10:00:00Z', '2007-03-24T10:00:01Z').at(-1)).toBe(
      '2007-03-24T10:00:00Z/2007-03-25T09:00:00Z',
    );
  });

  it('a window of a day with 25 hours is found from its last one', () => {
    expect(shown(spec('Europe/Paris', '1d', '30m'), '2007-10-28T23:30:00Z', '2007-10-28T23:30:01Z')[0]).toBe(
      '2007-10-27T23:00:00Z/2007-10-29T00:00:00Z',
    );
  });

  it('a fixed size hops by days of the calendar', () => {
    expect(shown(spec('Europe/Paris', '48h', '1d'), '2007-03-25T12:00:00Z', '2007-03-25T12:00:01Z')).toStrictEqual([
      '2007-03-23T23:00:00Z/2007-03-25T23:00:00Z',
      '2007-03-24T23:00:00Z/2007-03-26T23:00:00Z',
    ]);
  });

  it('hours begin on the hour of the wall clock in zones of half and quarter hours', () => {
    expect(shown(spec('Asia/Kolkata', '1h'), '2024-01-01T18:30:00Z', '2024-01-01T19:31:00Z')).toStrictEqual([
      '2024-01-01T18:30:00Z/2024-01-01T19:30:00Z',
      '2024-01-01T19:30:00Z/2024-01-01T20:30:00Z',
    ]);
    expect(shown(spec('Asia/Kathmandu', '1h'), '2024-01-01T00:00:00Z', '2024-01-01T00:00:01Z')).toStrictEqual([
      '2023-12-31T23:15:00Z/2024-01-01T00:15:00Z',
    ]);
    expect(shown(spec('Asia/Kathmandu', '15m'), '2024-01-01T00:00:00Z', '2024-01-01T00:00:01Z')).toStrictEqual([
      '2024-01-01T00:00:00Z/2024-01-01T00:15:00Z',
    ]);
  });

  it('hours stay hours over a change by an hour, and quarters of days give way', () => {
    expect(shown(spec('Europe/Paris', '1h'), '2024-10-26T23:30:00Z', '2024-10-27T02:00:00Z')).toStrictEqual([
      '2024-10-26T23:00:00Z/2024-10-27T00:00:00Z',
      '2024-10-27T00:00:00Z/2024-10-27T01:00:00Z',
      '2024-10-27T01:00:00Z/2024-10-27T02:00:00Z',
    ]);
    expect(shown(spec('Europe/Paris', '6h'), '2024-10-26T20:00:00Z', '2024-10-27T06:00:00Z')).toStrictEqual([
      '2024-10-26T16:00:00Z/2024-10-26T22:00:00Z',
      '2024-10-26T22:00:00Z/2024-10-27T05:00:00Z',
      '2024-10-27T05:00:00Z/2024-10-27T11:00:00Z',
    ]);
    expect(shown(spec('Europe/Paris', '6h'), '2024-03-31T00:00:00Z', '2024-03-31T05:00:00Z')).toStrictEqual([
      '2024-03-30T23:00:00Z/2024-03-31T04:00:00Z',
      '2024-03-31T04:00:00Z/2024-03-31T10:00:00Z',
    ]);
  });

  it('what a clock leaves out begins with the change, and what it shows again does not begin again', () => {
    // At 02:00 of Lord Howe clocks are set to 02:30 in spring and to 01:30 in autumn; hours of half and of one and a half.
    expect(shown(spec('Australia/Lord_Howe', '1h'), '2019-10-05T15:00:00Z', '2019-10-05T16:30:00Z')).toStrictEqual([
      '2019-10-05T14:30:00Z/2019-10-05T15:30:00Z',
      '2019-10-05T15:30:00Z/2019-10-05T16:00:00Z',
      '2019-10-05T16:00:00Z/2019-10-05T17:00:00Z',
    ]);
    expect(shown(spec('Australia/Lord_Howe', '1h'), '2019-04-06T14:00:00Z', '2019-04-06T16:00:00Z')).toStrictEqual([
      '2019-04-06T14:00:00Z/2019-04-06T15:30:00Z',
      '2019-04-06T15:30:00Z/2019-04-06T16:30:00Z',
    ]);
    // From 01:36 in Paris, 02:24 is left out: the change at 02:00 stands for it; then 03:12.
    expect(shown(spec('Europe/Paris', '48m'), '2024-03-31T00:36:00Z', '2024-03-31T01:12:00Z')).toStrictEqual([
      '2024-03-31T00:36:00Z/2024-03-31T01:00:00Z',
      '2024-03-31T01:00:00Z/2024-03-31T01:12:00Z',
    ]);
  });

  it('gas days begin at six, and have 23 or 25 hours where the clocks change within them', () => {
    const days = spec('Europe/Berlin', '1d', undefined, '6h');
    expect(shown(days, '2024-03-30T12:00:00Z', '2024-03-31T12:00:00Z')).toStrictEqual([
      '2024-03-30T05:00:00Z/2024-03-31T04:00:00Z',
      '2024-03-31T04:00:00Z/2024-04-01T04:00:00Z',
    ]);
    expect(shown(days, '2024-10-26T12:00:00Z', '2024-10-26T12:00:01Z')).toStrictEqual([
      '2024-10-26T04:00:00Z/2024-10-27T05:00:00Z',
    ]);
  });

  it('billing months begin on the fifteenth, weeks on Sunday, years in April', () => {
    const at = ['2024-03-10T00:00:00Z', '2024-03-10T00:00:01Z'] as const;
    expect(shown(spec('Europe/Berlin', '1mo', undefined, '14d'), ...at)).toStrictEqual([
      '2024-02-14T23:00:00Z/2024-03-14T23:00:00Z',
    ]);
    expect(shown(spec('UTC', '1w', undefined, '6d'), ...at)).toStrictEqual([
      '2024-03-10T00:00:00Z/2024-03-17T00:00:00Z',
    ]);
    expect(shown(spec('UTC', '1y', undefined, '3mo'), ...at)).toStrictEqual([
      '2023-04-01T00:00:00Z/2024-04-01T00:00:00Z',
    ]);
  });

  it('hops may begin later too', () => {
    expect(shown(spec('UTC', '2h', '1h', '20m'), '2024-01-01T10:00:00Z', '2024-01-01T10:00:01Z')).toStrictEqual([
      '2024-01-01T08:20:00Z/2024-01-01T10:20:00Z',
      '2024-01-01T09:20:00Z/2024-01-01T11:20:00Z',
    ]);
  });

  it.each([
    ['1h', undefined, '1h', 'offset 1h is not shorter than the 1h from one window to the next'],
    ['1d', '1h', '6h', 'offset 6h is not shorter than the 1h from one window to the next'],
    ['1mo', undefined, '28d', 'the 1mo from one window to the next, which has 28 days at least'],
    ['1w', undefined, '1mo', 'is not shorter'],
  ])('an offset is shorter than a step: %s every %s later by %s', (size, every, offset, fault) => {
    expect(() => spec('UTC', size, every, offset)).toThrow(WindowError);
    expect(() => spec('UTC', size, every, offset)).toThrow(fault);
  });

  it('hops wider than the window are refused', () => {
    expect(() => spec('UTC', '1m', '90s')).toThrow(WindowError);
    expect(() => spec('UTC', '1m', '90s')).toThrow('windows every 90s are further apart than their size 1m');
    expect(() => spec('UTC', '1d', '1w')).toThrow(WindowError);
  });

  it('hops as wide as the window tumble', () => {
    expect(spec('UTC', '1h', '60m').kind).toBe('tumbling');
    expect(spec('UTC', '1d', '1d').kind).toBe('tumbling');
  });

  it('counting stops at the limit', () => {
    const from = parseInstant('2000-01-01');
    const to = parseInstant('2020-01-01');
    expect(countWindows(spec('UTC', '24h', '1h'), from, to, 100_001)).toBe(100_001);
    expect(countWindows(spec('Europe/Paris', '1d'), from, to, 100)).toBe(100);
    expect(countWindows(spec('Europe/Paris', '1d'), from, to)).toBe(7_306);
  });
});

describe('a calendar step', () => {
  it.each([
    ['2007-01-31T12:00:00Z', '1mo', '2007-02-28T12:00:00Z'],
    ['2008-02-29T12:00:00Z', '1y', '2009-02-28T12:00:00Z'],
    ['2007-03-24T01:30:00Z', '1d', '2007-03-25T01:00:00Z'],
    ['2007-10-27T00:30:00Z', '1d', '2007-10-28T00:30:00Z'],
    ['2007-03-24T23:00:00Z', '1d', '2007-03-25T22:00:00Z'],
    ['2007-03-19T10:00:00Z', '1w', '2007-03-26T09:00:00Z'],
  ])('in Paris leads from %s by %s to %s', (from, step, to) => {
    const duration = parseDuration(step) as CalendarDuration;
    expect(formatInstant(addCalendar(openZone('Europe/Paris'), parseInstant(from), duration))).toBe(to);
  });
});

describe('a step from the start of a day', () => {
  it('leads to the start of a day, though its clock shows one o’clock', () => {
    const saoPaulo = openZone('America/Sao_Paulo');
    const tomorrow = addCalendar(saoPaulo, parseInstant('2018-11-04T03:00:00Z'), {
      kind: 'calendar',
      unit: 'day',
      count: 1,
    });
    expect(formatInstant(tomorrow)).toBe('2018-11-05T02:00:00Z');
  });
});

describe('window edges and slices', () => {
  const from = parseInstant('2007-01-01');
  const to = parseInstant('2007-12-31');
  it.each([
    ['UTC', '1h', undefined, HOUR_MS, undefined],
    ['UTC', '1d', undefined, 24 * HOUR_MS, undefined],
    ['UTC', '5m', undefined, HOUR_MS, 300_000],
    ['UTC', '24h', '1h', HOUR_MS, undefined],
    ['UTC', '90m', '1h', HOUR_MS, 1_800_000],
    ['Europe/Paris', '1d', undefined, HOUR_MS, undefined],
    ['Europe/Paris', '1mo', undefined, 2 * HOUR_MS, HOUR_MS],
    ['Asia/Kathmandu', '1d', undefined, HOUR_MS, 900_000],
    ['Asia/Kathmandu', '24h', undefined, HOUR_MS, undefined],
    ['Australia/Lord_Howe', '1w', undefined, HOUR_MS, 1_800_000],
    ['America/St_Johns', '1d', undefined, 60_000, undefined],
    ['UTC', '7ms', undefined, 2, 1],
    ['Asia/Kolkata', '1h', undefined, 900_000, undefined],
    ['Asia/Kolkata', '1h', undefined, HOUR_MS, 1_800_000],
    ['Asia/Kathmandu', '6h', undefined, HOUR_MS, 900_000],
    ['Europe/Paris', '6h', undefined, HOUR_MS, undefined],
    ['Europe/Paris', '6h', undefined, 6 * HOUR_MS, HOUR_MS],
    ['Australia/Lord_Howe', '1h', undefined, HOUR_MS, 1_800_000],
  ])('%s %s every %s from slices of %i ms', (zone, size, every, sliceMs, widestSliceMs) => {
    expect(windowEdgesFitSlice(spec(zone, size, every), sliceMs, from, to)).toStrictEqual(
      widestSliceMs === undefined ? { fits: true } : { fits: false, widestSliceMs },
    );
  });
});
