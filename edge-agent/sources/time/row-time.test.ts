import { describe, expect, it } from 'vitest';
import { RowTimes } from './row-time.fixtures.ts';
import { describeTime, timeSchema } from './time-section.ts';

const DAY_MS = 86_400_000;

describe('hours numbered 1 to 24', () => {
  const section = { columns: ['date', 'hour'], format: 'yyyy/MM/dd HH:mm', zone: 'Europe/Madrid', stamp: 'end' };

  it('end a day with the 24th', () => {
    const times = new RowTimes(section, ['date', 'hour']);
    expect(
      times.texts([
        ['2022/07/01', '01:00'],
        ['2022/07/01', '24:00'],
        ['2022/07/02', '01:00'],
      ]),
    ).toStrictEqual(['2022-06-30T23:00:00Z', '2022-07-01T22:00:00Z', '2022-07-01T23:00:00Z']);
  });

  it('are refused beyond 24, with the key that reads them', () => {
    const times = new RowTimes(section, ['date', 'hour']);
    expect(times.texts([['2022/10/30', '25:00']])[0]).toContain('`time.period`');
  });
});

describe('periods of a day', () => {
  const section = {
    columns: ['date'],
    format: 'yyyy-MM-dd',
    zone: 'Europe/London',
    period: { column: 'period', every: '30m' },
  };
  const times = new RowTimes(section, ['date', 'period']);

  it('count elapsed time from local midnight', () => {
    expect(
      times.texts([
        ['2023-10-29', '1'],
        ['2023-10-29', '4'],
        ['2023-10-29', '5'],
        ['2023-10-29', '50'],
      ]),
    ).toStrictEqual(['2023-10-28T23:00:00Z', '2023-10-29T00:30:00Z', '2023-10-29T01:00:00Z', '2023-10-29T23:30:00Z']);
  });

  it.each([
    ['2024-03-31', '47', 'period "47" is beyond 2024-03-31, which has 46 periods of 30m in Europe/London'],
    ['2024-06-01', '49', 'period "49" is beyond 2024-06-01, which has 48 periods of 30m in Europe/London'],
    ['2023-10-29', '51', 'period "51" is beyond 2023-10-29, which has 50 periods of 30m in Europe/London'],
    ['2024-06-01', '0', 'period "0" is no number of a period; they count from 1'],
    ['2024-06-01', '', 'period "" is no number of a period; they count from 1'],
    ['2024-06-01', '-1', 'no number of a period'],
    ['2024-06-01', '1:30', 'no number of a period'],
    ['2024-06-01', '9999999999', 'no number of a period'],
    ['2024-06-01', 'H1Q3', 'no number of a period'],
    ['2024-06-01', 'H1Q', 'no number of a period'],
    ['2024-06-01', '1Q1', 'no number of a period'],
    ['2024-06-01', 'P', 'no number of a period'],
    ['2023-10-29', 'H26Q1', 'period "H26Q1" is beyond 2023-10-29, which has 50 periods of 30m in Europe/London'],
  ])('are refused where a day has none such: %s %s', (date, period, fault) => {
    expect(times.texts([[date, period]])[0]).toContain(fault);
  });

  it('are numbered as clocks and spreadsheets write numbers too', () => {
    const starts = times.texts(['3', '03', '03:00', '3.0'].map((number) => ['2024-06-01', number]));
    expect(new Set(starts)).toStrictEqual(new Set(['2024-06-01T00:00:00Z']));
  });

  it('may have letters before them, or be those of an hour', () => {
    const starts = (...cells: readonly string[]): readonly unknown[] =>
      times.texts(cells.map((cell) => ['2023-10-29', cell]));
    expect(new Set(starts('P4', 'SP04', 'SP 4', 'Period 4', 'H2Q2', 'h02q2'))).toStrictEqual(
      new Set(['2023-10-29T00:30:00Z']),
    );
    expect(starts('H25Q2')).toStrictEqual(['2023-10-29T23:30:00Z']);
  });

  it('may stand in one cell with their date', () => {
    const inOne = { ...section, columns: ['when'], rest: 'ignore', period: { column: 'when', every: '30m' } };
    expect(new RowTimes(inOne, ['when']).texts([['2023-10-29 P5'], ['2023-10-29 05']])).toStrictEqual([
      '2023-10-29T01:00:00Z',
      '2023-10-29T01:00:00Z',
    ]);
  });

  it('stand beside a date alone', () => {
    const timed = new RowTimes({ ...section, format: 'iso' }, ['date', 'period']);
    expect(
      timed.texts([
        ['2024-06-01 00:00', '1'],
        ['2024-05-31T23:00:00Z', '2'],
        ['2024-06-01 00:30', '1'],
      ]),
    ).toStrictEqual([
      '2024-05-31T23:00:00Z',
      '2024-05-31T23:30:00Z',
      'time "2024-06-01 00:30" is no date alone; with `time.period` leave the time of day out',
    ]);
  });
});

describe('a column that names the second pass', () => {
  const autumn = (second: unknown) => ({
    columns: ['time'],
    zone: 'Europe/Paris',
    repeated: { column: 'pass', second },
  });

  it('tells the hours of autumn apart, whatever the order of the rows', () => {
    const rows = [
      ['2024-10-27 02:30', 'B'],
      ['2024-10-27 02:00', 'A'],
      ['2024-10-27 02:00', 'B'],
      ['2024-10-27 02:30', 'A'],
    ];
    expect(new RowTimes(autumn('B'), ['time', 'pass']).texts(rows)).toStrictEqual([
      '2024-10-27T01:30:00Z',
      '2024-10-27T00:00:00Z',
      '2024-10-27T01:00:00Z',
      '2024-10-27T00:30:00Z',
    ]);
  });

  it('says nothing of other hours', () => {
    const times = new RowTimes(autumn(['CET', 'MEZ']), ['time', 'pass']);
    expect(
      times.texts([
        ['2024-07-01 12:00', 'CET'],
        ['2024-12-01 12:00', 'CET'],
      ]),
    ).toStrictEqual(['2024-07-01T10:00:00Z', '2024-12-01T11:00:00Z']);
  });

  it('may be the hour itself, where it is written 2A and 2B', () => {
    const section = {
      columns: ['date', 'hour'],
      format: 'dd.MM.yyyy H',
      zone: 'Europe/Berlin',
      rest: 'ignore',
      repeated: { column: 'hour', second: '2B' },
    };
    const hours = ['1', '2A', '2B', '3'].map((hour) => ['27.10.2024', hour]);
    expect(new RowTimes(section, ['date', 'hour']).texts(hours)).toStrictEqual([
      '2024-10-26T23:00:00Z',
      '2024-10-27T00:00:00Z',
      '2024-10-27T01:00:00Z',
      '2024-10-27T02:00:00Z',
    ]);
  });

  it('tells apart the hours that are numbered by their ends', () => {
    const section = {
      columns: ['date', 'hour'],
      format: 'MM/dd/yyyy HH:mm',
      zone: 'America/Chicago',
      stamp: 'end',
      repeated: { column: 'again', second: 'Y' },
    };
    const hours = [
      ['01:00', 'N'],
      ['02:00', 'N'],
      ['02:00', 'Y'],
      ['03:00', 'N'],
    ].map((row) => ['11/03/2024', ...row]);
    expect(new RowTimes(section, ['date', 'hour', 'again']).texts(hours)).toStrictEqual([
      '2024-11-03T06:00:00Z',
      '2024-11-03T07:00:00Z',
      '2024-11-03T08:00:00Z',
      '2024-11-03T09:00:00Z',
    ]);
  });

  it('is read from truth values and numbers as YAML has them', () => {
    expect(timeSchema.parse(autumn(true)).repeated!.second).toStrictEqual(['true']);
    expect(timeSchema.parse(autumn(2)).repeated!.second).toStrictEqual(['2']);
  });
});

describe('times that are moved', () => {
  it('lie earlier or later by a span, in the repeated hour too', () => {
    const section = { columns: ['time'], zone: 'Europe/Paris', shift: '-15s' };
    const times = new RowTimes(section, ['time']);
    expect(
      times.texts([['2022-07-08T03:00:13Z'], ['2024-10-27 02:00'], ['2024-10-27 02:00'], ['2024-10-27 03:00']]),
    ).toStrictEqual(['2022-07-08T02:59:58Z', '2024-10-26T23:59:45Z', '2024-10-27T00:59:45Z', '2024-10-27T01:59:45Z']);
    expect(new RowTimes({ columns: ['time'], shift: '1h' }, ['time']).texts([['2024-01-01']])).toStrictEqual([
      '2024-01-01T01:00:00Z',
    ]);
  });

  it('stay within the years that can be written', () => {
    const times = new RowTimes({ columns: ['time'], zone: 'America/New_York', shift: '48h' }, ['time']);
    expect(times.texts([['9999-12-31 23:00']])[0]).toContain('outside the years 0 to 9999');
  });
});

describe('the start of an interval that ends at a time', () => {
  it.each([
    ['Europe/Berlin', '2024-04-01 00:00', '2024-03-31 00:00'],
    ['Europe/Berlin', '2024-10-28 00:00', '2024-10-27 00:00'],
    ['UTC', '2024-03-01 00:00', '2024-02-29 00:00'],
  ])('is a day before by the calendar in %s', (zone, end, start) => {
    const times = new RowTimes({ columns: ['time'], zone, stamp: 'end' }, ['time']);
    expect(times.time.startOf(times.read(end)!, DAY_MS)).toBe(times.read(start));
  });
});

describe('the section of a time', () => {
  it.each([
    [{ shift: '-1d' }, 'follows a calendar; a shift moves by elapsed time'],
    [{ shift: 'later' }, 'is not a whole number with a unit'],
    [{ stamp: 'middle' }, 'expected one of "start"|"end"'],
    [{ rest: 'keep' }, 'expected one of "refuse"|"ignore"'],
    [{ period: { column: 'p', every: '7m' } }, 'periods of 7m do not make up a day'],
    [{ period: { column: 'p', every: '1d' } }, 'follows a calendar; a period is a part of a day'],
    [{ period: { column: 'p', every: '30m' }, stamp: 'end' }, 'leave `stamp` out'],
    [{ period: { column: 'p', every: '30m' }, repeated: { column: 'q', second: 'B' } }, 'leave `repeated` out'],
    [{ repeated: { column: 'q', second: [] } }, 'Too small'],
  ])('refuses %j', (fields, fault) => {
    const { error } = timeSchema.safeParse({ columns: ['time'], ...fields });
    expect(error?.issues.map(({ message }) => message).join()).toContain(fault);
  });
});

describe('how times are read', () => {
  it.each([
    [{}, undefined],
    [{ stamp: 'end', shift: '-15s' }, 'each time the end of its interval, times moved 15s back'],
    [{ shift: '1h', rest: 'ignore' }, 'times moved 1h ahead, text after a time ignored'],
    [
      { zone: 'Europe/London', period: { column: 'SP', every: '30m' } },
      'times by periods of 30m counted from midnight in Europe/London (column SP)',
    ],
    [
      { zone: 'Europe/Paris', repeated: { column: 'pass', second: ['B', 2] } },
      'in the repeated hour of Europe/Paris the second pass where column pass is "B" or "2"',
    ],
  ])('is told in a phrase: %j', (fields, phrase) => {
    expect(describeTime(timeSchema.parse({ columns: ['time'], ...fields }))).toBe(phrase);
  });
});

describe('a time that its format does not read', () => {
  const said = (text: string, section: object = {}): string =>
    new RowTimes({ columns: ['t'], ...section }, ['t']).texts([[text]])[0]!;

  it.each([
    ['01.02.2026 00:15', '"d.M.yyyy H:mm"`'],
    ['13/02/2026 00:15', '"d/M/yyyy H:mm"`'],
    ['2/1/2026 12:15 AM', '"d/M/yyyy h:mm a"` or `"M/d/yyyy h:mm a"`'],
    ['2026/02/01 00:15:30', '"yyyy/M/d H:mm:ss"`'],
    ['20260201001500', '"yyyyMMddHHmmss"`'],
    ['2026-02-01 00:15:00 CET', '"yyyy-M-d H:mm:ss z"`'],
    ['1769904900', 'unix`'],
    ['1769904900000', 'unix-ms`'],
    ['46054.010416667', 'excel`'],
  ])('says which one does: %s', (text, format) => {
    expect(said(text)).toBe(`time ${JSON.stringify(text)} is not ISO 8601; say \`format: ${format}`);
  });

  it('is told the format by which it is ISO 8601, or that text may be left unread, or nothing', () => {
    expect(said('2026-02-01T00:15:00Z', { format: 'unix' })).toMatch(/; say `format: iso`$/);
    expect(said('01.02.2026 00:00-00:15', { format: 'dd.MM.yyyy HH:mm' })).toMatch(/; say `rest: ignore` /);
    expect(said('Total')).not.toContain('say `format');
    expect(said('')).toBe('time "" is empty');
  });

  it('is what it is, once another time of the source has been read', () => {
    const texts = new RowTimes({ columns: ['t'] }, ['t']).texts([['2026-02-01T00:15:00Z'], ['1769904900']]);
    expect(texts[1]).toContain('write it like');
  });
});
