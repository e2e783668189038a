import { describe, expect, it } from 'vitest';
import { WINDOWS } from '../choice/spans.ts';
import { mendedLanguage } from './mend-language.ts';
import { completenessLevel, formatCompleteness, formatCount, formatLarge, formatValue } from './numbers.ts';
import { formatAgo, formatMoment, formatWindow } from './times.ts';

const EN = { locale: 'en' };

describe('a value', () => {
  it('shows all digits, however long', () => {
    expect(formatValue('123456789012345678901.234', 3, EN)).toBe('123,456,789,012,345,678,901.234');
    expect(formatCount('9007199254740993', EN)).toBe('9,007,199,254,740,993');
  });

  it('has the decimals of its metric, a mean rounded to them', () => {
    expect(formatValue(0.5875965277777778, 3, EN)).toBe('0.588');
    expect(formatValue('1.5', 3, EN)).toBe('1.500');
    expect(formatValue(-12, 0, EN)).toBe('-12');
  });

  it('has up to three decimals where the metric does not say', () => {
    expect(formatValue(1.23456, null, EN)).toBe('1.235');
    expect(formatValue(2, null, EN)).toBe('2');
  });

  it('is written the way of the viewer', () => {
    expect(formatValue(1234.5, 1, { locale: 'da' })).toBe('1.234,5');
    expect(formatValue(1234.5, 1, { locale: 'ar-EG' })).toBe('\u2068١٬٢٣٤٫٥\u2069');
    expect(formatCompleteness(0.5, { locale: 'ar-EG' })).toBe('\u2068٥٠\u2069 %');
    expect(formatCompleteness(0.0001, { locale: 'de' })).toBe('< 0,1 %');
  });

  it('is a dash where there is none', () => {
    expect([formatValue(null, 3, EN), formatLarge(undefined, 3, EN)]).toStrictEqual(['–', '–']);
  });

  it('in large type has the decimals that can be read from afar', () => {
    expect([0.95123, 12.3456, 123.456, 1234.56].map((value) => formatLarge(value, 3, EN))).toStrictEqual([
      '0.951',
      '12.35',
      '123.5',
      '1,235',
    ]);
    expect(formatLarge(0.95123, 1, EN)).toBe('1.0');
  });
});

describe('completeness', () => {
  it('is a hundred percent only when nothing is missing', () => {
    expect(
      [1, 0.9999999, 0.9996, 0.7222, 0.5, 0].map((completeness) => formatCompleteness(completeness, EN)),
    ).toStrictEqual(['100 %', '99.9 %', '99.9 %', '72.2 %', '50 %', '0 %']);
  });

  it('is never nothing while there is something', () => {
    expect(formatCompleteness(0.00001, EN)).toBe('< 0.1 %');
  });

  it('is rounded down, without the faults of binary fractions', () => {
    expect([0.29, 0.57, 0.001, 0.9, 0.7219].map((completeness) => formatCompleteness(completeness, EN))).toStrictEqual([
      '29 %',
      '57 %',
      '0.1 %',
      '90 %',
      '72.1 %',
    ]);
  });

  it('has a level, which is full only for all of it', () => {
    expect([1, 0.9999999, 0.95, 0.94, 0.0001, 0].map(completenessLevel)).toStrictEqual([
      'full',
      'nearly',
      'nearly',
      'partial',
      'partial',
      'none',
    ]);
  });
});

describe('a time', () => {
  const style = { zone: 'Europe/Copenhagen', locale: 'en-GB' };
  const nowMs = Date.UTC(2026, 10, 21, 15, 30);
  const minute = WINDOWS[0]!;
  const day = WINDOWS[4]!;

  it('says how long ago it was, in its largest whole unit', () => {
    const ages = [
      0,
      900,
      12_000,
      59_999,
      60_000,
      3_600_000,
      47 * 3_600_000,
      48 * 3_600_000,
      730 * 86_400_000,
      5_825 * 86_400_000,
    ];
    expect(ages.map((ageMs) => formatAgo(nowMs - ageMs, nowMs, EN))).toStrictEqual([
      'now',
      'now',
      '12 s ago',
      '59 s ago',
      '1 min ago',
      '1 h ago',
      '47 h ago',
      '2 d ago',
      '730 d ago',
      '15 y ago',
    ]);
  });

  it('of a clock that is ahead is now', () => {
    expect(formatAgo(nowMs + 5_000, nowMs, EN)).toBe('now');
  });

  it('is in the zone of the viewer, with its day where that is not today', () => {
    expect(formatMoment(nowMs - 60_000, nowMs, style)).toBe('16:29');
    expect(formatMoment(nowMs - 86_400_000, nowMs, style)).toBe('20 Nov, 16:30');
    expect(formatMoment(Date.UTC(2010, 5, 1), nowMs, style)).toBe('1 Jun 2010, 02:00');
  });

  it('of a window keeps its edges in their order where digits run from right to left', () => {
    const arabic = { zone: 'Asia/Kathmandu', locale: 'ar-EG' };
    expect(formatWindow(nowMs, nowMs + 60_000, nowMs, minute, arabic)).toBe('\u2068٢١:١٥\u2069–\u2068٢١:١٦\u2069');
  });

  it('of a window has both its edges, of a day its date', () => {
    expect(formatWindow(nowMs, nowMs + 60_000, nowMs, minute, style)).toBe('16:30–16:31');
    expect(formatWindow(Date.UTC(2026, 9, 24, 22), Date.UTC(2026, 9, 25, 23), nowMs, day, style)).toBe('25 Oct');
  });

  it('of a window of days has its first and last, and the time where they begin at another than midnight', () => {
    const [week, month] = [WINDOWS[5]!, WINDOWS[6]!];
    const at = (day: number, hour: number): number => Date.UTC(2026, 10, day, hour);
    expect(formatWindow(at(15, 23), at(22, 23), nowMs, week, style)).toBe('16 Nov–22 Nov');
    expect(formatWindow(Date.UTC(2026, 9, 31, 23), at(30, 23), nowMs, month, style)).toBe('1 Nov–30 Nov');
    expect(formatWindow(at(20, 5), at(21, 5), nowMs, day, style)).toBe('20 Nov, 06:00 – 21 Nov, 06:00');
    expect(formatWindow(at(20, 0), at(21, 0), nowMs, day, style)).toBe('20 Nov, 01:00 – 21 Nov, 01:00');
  });

  it('at midnight is 00:00', () => {
    expect(formatMoment(Date.UTC(2026, 10, 20, 23), nowMs, style)).toBe('00:00');
  });
});

describe('the language of the page', () => {
  it.each([
    ['da-DK', 'da-DK'],
    ['en-US@posix', 'en-US'],
    ['C.UTF-8', 'en'],
    ['', 'en'],
    [undefined, 'en'],
  ])('a browser that speaks %s is formatted for as %s', (language, expected) => {
    expect(mendedLanguage(language)).toBe(expected);
  });
});
