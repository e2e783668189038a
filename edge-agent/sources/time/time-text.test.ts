import { describe, expect, it } from 'vitest';
import { openZone } from '#core/time/zone.ts';
import { PatternTime } from './pattern-time.ts';
import { parseTimePattern } from './time-pattern.ts';
import { openTimeText } from './time-section.ts';
import type { TimeText } from './time-text.ts';
import { UnixTime } from './unix-time.ts';

const UTC = openZone('UTC');

function parse(time: TimeText, text: string): number {
  const bytes = new TextEncoder().encode(text);
  return time.parse(bytes, 0, bytes.length);
}

describe('times in a pattern', () => {
  it('take one or two digits where a field has one letter, and exactly two where it has two', () => {
    const loose = new PatternTime('d/M/yyyy H:m');
    expect(parse(loose, '1/2/2024 3:04')).toBe(Date.UTC(2024, 1, 1, 3, 4));
    expect(parse(loose, '01/02/2024 03:4')).toBe(Date.UTC(2024, 1, 1, 3, 4));
    const strict = new PatternTime('dd/MM/yyyy HH:mm');
    expect(parse(strict, '1/02/2024 03:04')).toBeNaN();
    expect(strict.fault).toContain('dd/MM/yyyy HH:mm');
  });

  it('are read without any mark between fields of fixed width', () => {
    expect(parse(new PatternTime('yyyyMMddHHmmssSSS'), '20240229235958007')).toBe(Date.UTC(2024, 1, 29, 23, 59, 58, 7));
  });

  it('know the halves of the day', () => {
    const time = new PatternTime('M/d/yyyy h:mm a');
    expect(parse(time, '7/4/2024 12:05 AM')).toBe(Date.UTC(2024, 6, 4, 0, 5));
    expect(parse(time, '7/4/2024 12:05 pm')).toBe(Date.UTC(2024, 6, 4, 12, 5));
    expect(parse(time, '7/4/2024 11:05 PM')).toBe(Date.UTC(2024, 6, 4, 23, 5));
    expect(parse(time, '7/4/2024 13:05 PM')).toBeNaN();
  });

  it('cut what is finer than a millisecond and say so', () => {
    const time = new PatternTime('yyyy-MM-dd HH:mm:ss.SSSSSS');
    expect(parse(time, '2024-01-01 00:00:00.123456')).toBe(Date.UTC(2024, 0, 1, 0, 0, 0, 123));
    expect(time.cut).toBe(true);
    expect(parse(time, '2024-01-01 00:00:00.123000')).toBe(Date.UTC(2024, 0, 1, 0, 0, 0, 123));
    expect(time.cut).toBe(false);
  });

  it('refuse a date that no calendar has, also after one that it has', () => {
    const time = new PatternTime('yyyy-MM-dd');
    expect(parse(time, '2024-02-29')).toBe(Date.UTC(2024, 1, 29));
    expect(parse(time, '2023-02-29')).toBeNaN();
    expect(time.fault).toContain('no calendar');
    expect(parse(time, '2024-02-29')).toBe(Date.UTC(2024, 1, 29));
  });

  it('tell the instant where an offset is written, in each of its forms', () => {
    const time = new PatternTime('dd/MM/yyyy HH:mm XXX');
    for (const offset of ['+02:00', '+0200', '+02', 'GMT+02:00', 'UTC+0200']) {
      expect(parse(time, `27/10/2024 02:30 ${offset}`)).toBe(Date.UTC(2024, 9, 27, 0, 30));
      expect(time.local).toBe(false);
    }
    for (const zero of ['Z', 'UTC', 'gmt', '-00:00']) {
      expect(parse(time, `27/10/2024 02:30 ${zero}`)).toBe(Date.UTC(2024, 9, 27, 2, 30));
    }
    expect(parse(time, '27/10/2024 02:30 CEST')).toBeNaN();
    expect(parse(time, '27/10/2024 02:30 +24:00')).toBeNaN();
    expect(time.fault).toContain('23:59');
    expect(parse(new PatternTime('dd/MM/yyyy HH:mmZ'), '27/10/2024 02:30-0130')).toBe(Date.UTC(2024, 9, 27, 4));
  });

  it('know what offsets are called, by the zone where that is not plain', () => {
    const time = (zone: string): PatternTime => new PatternTime('dd/MM/yyyy HH:mm (z)', 'refuse', openZone(zone));
    const paris = time('Europe/Paris');
    expect(parse(paris, '27/10/2024 02:30 (CEST)')).toBe(Date.UTC(2024, 9, 27, 0, 30));
    expect(parse(paris, '27/10/2024 02:30 (CET)')).toBe(Date.UTC(2024, 9, 27, 1, 30));
    expect(paris.local).toBe(false);
    expect(parse(time('America/Chicago'), '03/11/2024 01:30 (CST)')).toBe(Date.UTC(2024, 10, 3, 7, 30));
    expect(parse(time('America/Chicago'), '03/11/2024 01:30 (CDT)')).toBe(Date.UTC(2024, 10, 3, 6, 30));
    expect(parse(time('Asia/Shanghai'), '03/11/2024 01:30 (cst)')).toBe(Date.UTC(2024, 10, 2, 17, 30));
    expect(parse(time('Asia/Kolkata'), '03/11/2024 05:30 (IST)')).toBe(Date.UTC(2024, 10, 3));
    expect(parse(time('Europe/Dublin'), '03/07/2024 05:30 (IST)')).toBe(Date.UTC(2024, 6, 3, 4, 30));
    // Loggers that keep winter time say so in summer too.
    expect(parse(time('America/New_York'), '03/07/2024 05:30 (EST)')).toBe(Date.UTC(2024, 6, 3, 10, 30));
    for (const name of ['CST', 'XYZ', '']) {
      expect(parse(paris, `03/11/2024 01:30 (${name})`)).toBeNaN();
      expect(paris.fault).toContain('names no offset');
    }
  });

  it('take two digits of a year for one from 1969 to 2068', () => {
    const time = new PatternTime('dd.MM.yy');
    const year = (text: string): number => new Date(parse(time, `27.10.${text}`)).getUTCFullYear();
    expect(['24', '68', '69', '99', '00'].map(year)).toStrictEqual([2024, 2068, 1969, 1999, 2000]);
    expect(parse(new PatternTime('yyMMdd'), '000229')).toBe(Date.UTC(2000, 1, 29));
  });

  it('know the English names of months and weekdays, whole or shortened', () => {
    const time = new PatternTime('E, d MMM yyyy HH:mm');
    for (const month of ['Sep', 'Sept', 'SEPTEMBER', 'september']) {
      expect(parse(time, `Tue, 3 ${month} 2024 10:00`)).toBe(Date.UTC(2024, 8, 3, 10));
    }
    expect(parse(time, 'Tuesday, 3 Brumaire 2024 10:00')).toBeNaN();
    expect(parse(time, 'Die, 3 Sep 2024 10:00')).toBeNaN();
    expect(parse(new PatternTime('dd-MMMM-yyyy'), '01-March-2024')).toBe(Date.UTC(2024, 2, 1));
  });

  it('know the months of other languages, and the point behind a shortened one', () => {
    const time = new PatternTime('d. MMM yyyy');
    const month = (name: string): number => new Date(parse(time, `3. ${name} 2024`)).getUTCMonth() + 1;
    expect(['März', 'MÄRZ', 'mar.', 'Dez.', 'août', 'Févr.', 'Ene', 'luglio', 'okt', 'Maj'].map(month)).toStrictEqual([
      3, 3, 3, 12, 8, 2, 1, 7, 10, 5,
    ]);
    expect(parse(time, '3. Brumaire 2024')).toBeNaN();
    const dated = new PatternTime('EE, dd.MM.yyyy');
    for (const day of ['So', 'sön', 'DOM']) expect(parse(dated, `${day}, 01.02.2026`)).toBe(Date.UTC(2026, 1, 1));
    expect(parse(new PatternTime('d MMM. yyyy'), '3 Feb. 2024')).toBe(Date.UTC(2024, 1, 3));
  });

  it('may have numbers that are padded with spaces, also behind a date that has just been read', () => {
    const time = new PatternTime('E MMM d HH:mm:ss yyyy');
    expect(parse(time, 'Thu Feb  1 00:15:00 2024')).toBe(Date.UTC(2024, 1, 1, 0, 15));
    expect(parse(time, 'Sat Feb 10 00:15:00 2024')).toBe(Date.UTC(2024, 1, 10, 0, 15));
    const dated = new PatternTime('dd.MM.yyyy H:mm');
    for (const clock of ['10:15', ' 9:15', '  9:15'])
      expect(parse(dated, `01.02.2024 ${clock}`)).toBe(Date.UTC(2024, 1, 1, Number.parseInt(clock, 10), 15));
    expect(parse(dated, '01.02.2024 10: 15')).toBeNaN();
    expect(parse(dated, '01.02.2024  ')).toBeNaN();
  });

  it('end a day with 24:00, and nothing beyond it', () => {
    const time = new PatternTime('yyyy/MM/dd HH:mm:ss');
    expect(parse(time, '2024/12/31 24:00:00')).toBe(Date.UTC(2025, 0, 1));
    expect(parse(time, '2024/12/31 00:00:00')).toBe(Date.UTC(2024, 11, 31));
    expect(parse(time, '2024/12/31 24:00:01')).toBeNaN();
    expect(parse(time, '2024/12/31 24:01:00')).toBeNaN();
    expect(parse(time, '2024/12/31 25:00:00')).toBeNaN();
    expect(time.fault).toContain('time.period');
    const fine = new PatternTime('yyyy/MM/dd HH:mm:ss.SSSS');
    expect(parse(fine, '2024/12/31 24:00:00.0001')).toBeNaN();
    expect(parse(fine, '2024/12/31 24:00:00.0000')).toBe(Date.UTC(2025, 0, 1));
  });

  it('count hours from 1 to 24 with k, where 24 begins the day, and from 0 to 11 with K', () => {
    expect(parse(new PatternTime('yyyy-MM-dd k:mm'), '2024-12-31 24:30')).toBe(Date.UTC(2024, 11, 31, 0, 30));
    expect(parse(new PatternTime('yyyy-MM-dd k:mm'), '2024-12-31 0:30')).toBeNaN();
    expect(parse(new PatternTime('yyyy-MM-dd K:mm a'), '2024-12-31 0:30 p.m.')).toBe(Date.UTC(2024, 11, 31, 12, 30));
    expect(parse(new PatternTime('yyyy-MM-dd K:mm a'), '2024-12-31 12:30 AM')).toBeNaN();
  });

  it('take an unbreakable space for a space', () => {
    const time = new PatternTime('M/d/yyyy h:mm a');
    expect(parse(time, '7/4/2024 12:05\u202fPM')).toBe(Date.UTC(2024, 6, 4, 12, 5));
    expect(parse(time, '7/4/2024\u00a012:05 PM')).toBe(Date.UTC(2024, 6, 4, 12, 5));
  });

  it.each([
    ['yyyy-MM-dd QQ', 'unknown field "QQ"'],
    ['yyy-MM-dd', 'unknown field "yyy"'],
    ['yyyy-MM-dd SSSSSSSSSSSSS', 'unknown field'],
    ['yy-MM-dd yyyy', 'names the year more than once'],
    ['yyyy-MM-dd MMM', 'names the month more than once'],
    ['yyyy-MM-dd HH:mm X Z', 'names the offset more than once'],
    ['HH:mm', 'names no year'],
    ['yyyy-MM-dd d', 'names the day more than once'],
    ["yyyy-MM-dd 'T", 'quote that is not closed'],
    ['yyyy-MM-dd h:mm', 'h without a'],
    ['yyyy-MM-dd HH h a', 'names the hour more than once'],
    ['YYYY-MM-DD', 'a year is yyyy or yy'],
    ['yyyy-MM-DD', 'a day of the month is dd or d'],
    ['%Y-%m-%d', 'is not one of strftime'],
    ['dd.mm.yyyy HH:MM', 'MM is the month, mm the minute'],
    ['yyyymmddHHMMss', 'MM is the month, mm the minute'],
  ])('name what is wrong with the pattern %s', (pattern, fault) => {
    expect(() => parseTimePattern(pattern)).toThrow(fault);
  });
});

describe('days of a spreadsheet', () => {
  const read = (text: string): string => new Date(parse(openTimeText('excel', 'refuse'), text)).toISOString();

  it('are counted from 1899-12-30, to the millisecond that is nearest', () => {
    // 25569 is 1970-01-01, so the day 46054 is 20485 days later; 45351 is a leap day.
    expect(read('46054')).toBe('2026-02-01T00:00:00.000Z');
    expect(read('46054.0104166667')).toBe('2026-02-01T00:15:00.000Z');
    expect(read('46054,010416667')).toBe('2026-02-01T00:15:00.000Z');
    expect(read('45350.999988426')).toBe('2024-02-28T23:59:59.000Z');
    expect(read('45351.500001447')).toBe('2024-02-29T12:00:00.125Z');
    expect(read('36526.0')).toBe('2000-01-01T00:00:00.000Z');
  });

  it('mean whole seconds where their digits tell nothing finer, and so a minute is never short of one', () => {
    expect(read('46054.01042')).toBe('2026-02-01T00:15:00.000Z');
    expect(read('46054.9999999')).toBe('2026-02-02T00:00:00.000Z');
  });

  it.each(['', '.5', '46054.', '46054.5 ', '-46054', '1e4', '12345678', '46054.5.5'])('refuse %j', (text) => {
    expect(parse(openTimeText('excel', 'refuse'), text)).toBeNaN();
  });
});

describe('ISO times', () => {
  const iso = openTimeText('iso', 'refuse');

  it('may be of the basic format, with a T', () => {
    for (const text of ['20240229T235900Z', '20240229T2359Z', '20240301T005900+0100', '20240301T0059+01'])
      expect(parse(iso, text)).toBe(Date.UTC(2024, 1, 29, 23, 59));
    expect(parse(iso, '20240229T235958')).toBe(Date.UTC(2024, 1, 29, 23, 59, 58));
    expect(iso.local).toBe(true);
    for (const text of [
      '20240230T000000Z',
      '20240229T24',
      '20240229',
      '20240229T2460',
      '2024022T0000Z',
      '20240229T00000',
    ])
      expect(parse(iso, text)).toBeNaN();
  });

  it('may name the zone whose offset they have (RFC 9557, 3.1), and nothing else', () => {
    expect(parse(iso, '2024-02-29T23:59:00+01:00[Europe/Paris]')).toBe(Date.UTC(2024, 1, 29, 22, 59));
    expect(parse(iso, '2024-02-29T22:59:00Z[Europe/London][u-ca=iso8601]')).toBe(Date.UTC(2024, 1, 29, 22, 59));
    expect(parse(iso, '2024-02-29T23:59:00[Europe/Paris]')).toBeNaN();
    expect(parse(iso, '2024-02-29T23:59:00Z[Europe/Paris')).toBeNaN();
  });
});

describe('unix times', () => {
  it.each(['', '-', '1e', '1e+', 'e9', '1.', '.5', '1 ', '0x1', '1234567890123456', '1e16', '1e99999', '1.5.5'])(
    'refuse %j',
    (text) => {
      const time = new UnixTime('s');
      expect(parse(time, text)).toBeNaN();
      expect(time.fault).toContain('unix');
    },
  );
});

describe('text after a time', () => {
  it.each([
    ['dd.MM.yyyy HH:mm', '27.10.2024 01:30 - 27.10.2024 02:00', '2024-10-27T01:30Z'],
    ['dd.MM.yyyy', '27.10.2024 (Sunday)', '2024-10-27T00:00Z'],
    ['MM/dd/yyyy hh:mm:ss a', '12/10/2020 01:00:00 AM - 02:00:00 AM', '2020-12-10T01:00Z'],
    ['iso', '2024-10-27 01:30 - 02:00', '2024-10-27T01:30Z'],
    ['iso', '2024-10-27T01:30:00Z/PT15M', '2024-10-27T01:30Z'],
    ['iso', '2024-10-27 01:30:00 +0200 CEST', '2024-10-26T23:30Z'],
    ['iso', '2024-10-27 01:30:00.5 h', '2024-10-27T01:30:00.500Z'],
    ['iso', '2024-10-27 (MTU)', '2024-10-27T00:00Z'],
    ['unix', '1729992600 s', '2024-10-27T01:30Z'],
    ['unix-ms', '1729992600000 - 1729992660000', '2024-10-27T01:30Z'],
  ])('is left unread in %s: %s', (format, text, instant) => {
    expect(parse(openTimeText(format, 'ignore', UTC), text)).toBe(Date.parse(instant));
    expect(parse(openTimeText(format, 'refuse', UTC), text)).toBeNaN();
  });

  it.each([
    ['dd.MM.yyyy HH:mm', '27.10.2024 01:305'],
    ['dd.MM.yyyy', '27.10.20241'],
    ['iso', '2024-10-27 1:30'],
    ['iso', '2024-10-27T01:3'],
  ])('never hides half a time, as in %s: %s', (format, text) => {
    expect(parse(openTimeText(format, 'ignore', UTC), text)).toBeNaN();
  });
});
