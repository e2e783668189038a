import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { civilFromDays, DAY_MS, daysFromCivil, daysInMonth, firstDayOfMonth, monthsFromCivil } from './civil.ts';
import {
  formatInstant,
  INSTANT_MAX_MS,
  INSTANT_MIN_MS,
  InstantError,
  parseInstant,
  readInstantText,
} from './instant.ts';
import { openZone } from './zone.ts';

const paris = openZone('Europe/Paris');

describe('instants', () => {
  it.each([
    ['2006-12-16T17:24:00Z', '2006-12-16T17:24:00Z'],
    ['2006-12-16t17:24:00z', '2006-12-16T17:24:00Z'],
    ['2006-12-16 17:24Z', '2006-12-16T17:24:00Z'],
    ['2006-12-16T17:24:00.5Z', '2006-12-16T17:24:00.500Z'],
    ['2006-12-16T17:24:00.0419999Z', '2006-12-16T17:24:00.041Z'],
    ['2006-12-16T18:24:00+01:00', '2006-12-16T17:24:00Z'],
    ['2006-12-16T18:24:00+0100', '2006-12-16T17:24:00Z'],
    ['2006-12-16T18:24:00+01', '2006-12-16T17:24:00Z'],
    ['2006-12-16T12:24:00-05:00', '2006-12-16T17:24:00Z'],
    ['2006-12-16 18:24:00 +0100', '2006-12-16T17:24:00Z'],
    ['2006-12-16 17:24:00 UTC', '2006-12-16T17:24:00Z'],
    ['2006-12-16T18:24:00GMT+01:00', '2006-12-16T17:24:00Z'],
    ['2006-12-15T24:00Z', '2006-12-16T00:00:00Z'],
    ['2006-12-15T24:00:00.000+01:00', '2006-12-15T23:00:00Z'],
    ['2006-12-16', '2006-12-16T00:00:00Z'],
    ['2000-02-29', '2000-02-29T00:00:00Z'],
    ['0000-01-01', '0000-01-01T00:00:00Z'],
  ])('%s is %s', (text, written) => {
    expect(formatInstant(parseInstant(text))).toBe(written);
  });

  it('a local time or a date is read in its zone', () => {
    expect(formatInstant(parseInstant('2006-12-16T18:24:00', paris))).toBe('2006-12-16T17:24:00Z');
    expect(formatInstant(parseInstant('2006-12-16', paris))).toBe('2006-12-15T23:00:00Z');
    expect(formatInstant(parseInstant('2018-11-04', openZone('America/Sao_Paulo')))).toBe('2018-11-04T03:00:00Z');
    expect(formatInstant(parseInstant('2006-12-16T18:24:00Z', paris))).toBe('2006-12-16T18:24:00Z');
  });

  it('a local time that occurs twice is the first, one that does not exist is refused', () => {
    expect(formatInstant(parseInstant('2007-10-28T02:30', paris))).toBe('2007-10-28T00:30:00Z');
    expect(() => parseInstant('2007-03-25T02:30', paris)).toThrow(
      'does not exist in Europe/Paris: its clocks were set forward over it; the next instant is 2007-03-25T01:00:00Z',
    );
  });

  it('finer digits than milliseconds are reported as cut unless they are zero', () => {
    expect(readInstantText('2006-12-16T17:24:00.123456Z').cut).toBe(true);
    expect(readInstantText('2006-12-16T17:24:00.123000Z').cut).toBe(false);
    expect(readInstantText('2006-12-16').dateOnly).toBe(true);
  });

  it.each([
    ['', 'is not ISO 8601'],
    ['16/12/2006', 'is not ISO 8601'],
    ['2006-12-16T17', 'is not ISO 8601'],
    ['2006-12-16Z', 'is not ISO 8601'],
    ['12006-12-16', 'is not ISO 8601'],
    ['2006-13-01', 'has month 13'],
    ['2006-00-01', 'has month 0'],
    ['2007-02-29', 'that month has 28 days'],
    ['2006-12-00', 'has day 0'],
    ['2006-12-16T24:00:01Z', 'hours are 00 to 23'],
    ['2006-12-16T25:00:00Z', 'hours are 00 to 23'],
    ['2016-12-31T23:59:60Z', 'no leap seconds'],
    ['2006-12-16T17:24:00+24:00', 'offset beyond 23:59'],
    ['2006-12-16T17:24:00', 'has no offset and no zone is given'],
  ])('%j is refused: %s', (text, reason) => {
    expect(() => parseInstant(text)).toThrow(InstantError);
    expect(() => parseInstant(text)).toThrow(reason);
  });

  it('writing agrees with ECMAScript, and reading gives it back', () => {
    const instant = fc.oneof(
      fc.integer({ min: INSTANT_MIN_MS, max: INSTANT_MAX_MS }),
      fc.integer({ min: INSTANT_MIN_MS / 1_000, max: Math.floor(INSTANT_MAX_MS / 1_000) }).map((s) => s * 1_000),
    );
    fc.assert(
      fc.property(instant, (atMs) => {
        const text = formatInstant(atMs);
        expect(text.replace(/:(\d\d)Z$/, ':$1.000Z')).toBe(new Date(atMs).toISOString());
        expect(parseInstant(text)).toBe(atMs);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the civil calendar', () => {
  it('agrees with ECMAScript on every day of 800 years', () => {
    for (let days = daysFromCivil(1599, 12, 1); days < daysFromCivil(2400, 3, 2); days++) {
      const date = new Date(days * DAY_MS);
      const { year, month, day } = civilFromDays(days);
      if (year !== date.getUTCFullYear() || month !== date.getUTCMonth() + 1 || day !== date.getUTCDate()) {
        expect({ year, month, day }).toBe(date.toISOString());
      }
      if (daysFromCivil(year, month, day) !== days) expect(daysFromCivil(year, month, day)).toBe(days);
    }
  });

  it('months begin where ECMAScript says and have the days between', () => {
    fc.assert(
      fc.property(fc.integer({ min: -20_000, max: 20_000 }), (months) => {
        const first = Date.UTC(1970, months, 1) / DAY_MS;
        expect(firstDayOfMonth(months)).toBe(first);
        const { year, month } = civilFromDays(first);
        expect(monthsFromCivil(year, month)).toBe(months);
        expect(daysInMonth(year, month)).toBe(firstDayOfMonth(months + 1) - first);
      }),
    );
  });
});
