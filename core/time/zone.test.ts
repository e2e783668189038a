import { describe, expect, it } from 'vitest';
import { nearestNames } from './nearest-name.ts';
import { openZone, tzdataVersion, UnknownZoneError } from './zone.ts';

const HOUR_MS = 3_600_000;
const day = (year: number, month: number, date: number): number => Date.UTC(year, month - 1, date) / 86_400_000;
const at = (text: string): number => Date.parse(text);

describe('zones', () => {
  it('Paris leaves out an hour in spring and repeats one in autumn', () => {
    const paris = openZone('Europe/Paris');
    expect(paris.localToUtc(at('2007-03-25T02:30:00Z'))).toStrictEqual({
      kind: 'none',
      after: at('2007-03-25T01:00:00Z'),
    });
    expect(paris.localToUtc(at('2007-10-28T02:30:00Z'))).toStrictEqual({
      kind: 'two',
      first: at('2007-10-28T00:30:00Z'),
      second: at('2007-10-28T01:30:00Z'),
    });
    expect(paris.localToUtc(at('2007-10-28T03:00:00Z'))).toStrictEqual({ kind: 'one', at: at('2007-10-28T02:00:00Z') });
    expect(paris.dayStart(day(2007, 3, 26)) - paris.dayStart(day(2007, 3, 25))).toBe(23 * HOUR_MS);
    expect(paris.dayStart(day(2007, 10, 29)) - paris.dayStart(day(2007, 10, 28))).toBe(25 * HOUR_MS);
  });

  it('of an offset alone have a name, which the refusal of the offset tells', () => {
    const hours = { '+01:00': 1, 'UTC+1': 1, 'GMT-0500': -5, '+05:30': 5.5 };
    const names = ['Etc/GMT-1', 'Etc/GMT-1', 'Etc/GMT+5', 'Asia/Kolkata'];
    Object.entries(hours).forEach(([offset, count], i) => {
      expect(() => openZone(offset)).toThrow(`an offset that holds all the year is the zone ${names[i]}`);
      for (const season of ['2026-01-01', '2026-07-01'])
        expect(openZone(names[i]!).offsetAtMs(at(season))).toBe(count * HOUR_MS);
    });
    expect(() => openZone('+15:00')).toThrow('write an IANA name');
  });

  it('Paris was 9 minutes and 21 seconds ahead of UTC until 1911', () => {
    const paris = openZone('Europe/Paris');
    expect(paris.offsetAtMs(at('1900-01-01T00:00:00Z'))).toBe(561_000);
    expect(paris.dayStart(day(1900, 1, 1))).toBe(at('1899-12-31T23:50:39Z'));
  });

  it('offsets of the years before Christ are those of the first known clock', () => {
    expect(openZone('Europe/Paris').offsetAtMs(at('0000-06-01T00:00:00Z'))).toBe(561_000);
    expect(openZone('Europe/Paris').offsetAtMs(at('-000400-06-01T00:00:00Z'))).toBe(561_000);
  });

  it('a day whose midnight is left out begins an hour later by the clock', () => {
    const saoPaulo = openZone('America/Sao_Paulo');
    expect(saoPaulo.dayStart(day(2018, 11, 4))).toBe(at('2018-11-04T03:00:00Z'));
    expect(saoPaulo.offsetAtMs(at('2018-11-04T03:00:00Z'))).toBe(-2 * HOUR_MS);
    expect(saoPaulo.startOfDay(at('2018-11-04T12:00:00Z'))).toBe(at('2018-11-04T03:00:00Z'));
  });

  it('a day whose first minute is repeated begins with the first', () => {
    const stJohns = openZone('America/St_Johns');
    const startMs = at('2006-10-29T02:30:00Z');
    expect(stJohns.dayStart(day(2006, 10, 29))).toBe(startMs);
    // One minute later the clock shows 23:01 of the day before; the new day goes on.
    expect(stJohns.startOfDay(startMs + 2 * 60_000)).toBe(startMs);
    expect(stJohns.startOfDay(startMs - 1)).toBe(stJohns.dayStart(day(2006, 10, 28)));
  });

  it('a date that Samoa left out begins where the next one does', () => {
    const apia = openZone('Pacific/Apia');
    const crossing = at('2011-12-30T10:00:00Z');
    expect(apia.dayStart(day(2011, 12, 30))).toBe(crossing);
    expect(apia.dayStart(day(2011, 12, 31))).toBe(crossing);
    expect(apia.localDay(crossing)).toBe(day(2011, 12, 31));
    expect(apia.localDay(crossing - 1)).toBe(day(2011, 12, 29));
    expect(apia.localToUtc(at('2011-12-30T12:00:00Z'))).toStrictEqual({ kind: 'none', after: crossing });
  });

  it('fixed zones never change', () => {
    expect(openZone('UTC').localToUtc(5)).toStrictEqual({ kind: 'one', at: 5 });
    expect(openZone('Etc/GMT-5').offsetAtMs(-5e12)).toBe(5 * HOUR_MS);
  });

  it('a name in another case is known', () => {
    expect(openZone('europe/paris').offsetAtMs(at('2020-07-01T00:00:00Z'))).toBe(2 * HOUR_MS);
  });

  it.each([
    ['Europe/Pariss', 'time zone "Europe/Pariss" is not known; did you mean Europe/Paris?'],
    ['Pari', 'time zone "Pari" is not known; did you mean Europe/Paris?'],
    ['UTZ', 'did you mean UTC?'],
    ['+05:45', 'an offset that holds all the year is the zone Asia/Kathmandu'],
    ['', 'write an IANA name such as Europe/Paris or UTC'],
    ['x'.repeat(200), 'write an IANA name such as Europe/Paris or UTC'],
  ])('%s is refused with a remedy', (name, message) => {
    expect(() => openZone(name)).toThrow(UnknownZoneError);
    expect(() => openZone(name)).toThrow(message);
  });

  it('zones beyond those kept open are opened again', () => {
    for (const name of Intl.supportedValuesOf('timeZone').slice(0, 100)) expect(openZone(name).name).toBe(name);
    expect(openZone('Europe/Paris')).toBe(openZone('Europe/Paris'));
  });

  it('the version of tzdata is the engine’s', () => {
    expect(tzdataVersion(process.versions)).toMatch(/^20\d\d[a-z]$/);
    expect(tzdataVersion({})).toBe('unknown');
  });
});

describe('nearest names', () => {
  it('are those with the fewest letters changed', () => {
    expect(nearestNames('powr', ['power', 'energy', 'tower'])).toStrictEqual(['power']);
    expect(nearestNames('entirely-else', ['power', 'energy'])).toStrictEqual([]);
  });
});
