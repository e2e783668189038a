import { describe, expect, it } from 'vitest';
import { timeLabel, valueLabels, valueRange } from './axis.ts';

const EN = { locale: 'en' };

describe('the axis of values', () => {
  it.each([
    [0.025, [0.375, 0.4, 0.425, 0.45], ['0.375', '0.400', '0.425', '0.450']],
    [0.05, [0.9, 0.95, 1, 1.05], ['0.90', '0.95', '1.00', '1.05']],
    [0.1, [0.1, 0.2, 0.1 + 0.2, 0.4], ['0.1', '0.2', '0.3', '0.4']],
    [2.5, [0, 2.5, 5, 7.5], ['0.0', '2.5', '5.0', '7.5']],
    [1, [-1, 0, 1], ['-1', '0', '1']],
    [250, [9_500, 9_750, 10_000], ['9,500', '9,750', '10K']],
    [2_500, [10_000, 12_500, 15_000], ['10K', '12.5K', '15K']],
    [2_500, [1_000_000, 1_002_500, -1_005_000], ['1M', '1.0025M', '-1.005M']],
    [0.5, [10_000, 10_000.5, 10_001], ['10K', '10.0005K', '10.001K']],
    [50, [99_950, 100_000], ['99.95K', '100K']],
  ])('says the very values at lines %f apart', (step, values, labels) => {
    expect(valueLabels(values, step, EN)).toStrictEqual(labels);
  });

  it('says them in the language of the viewer', () => {
    expect(valueLabels([0.375, 1_000], 0.025, { locale: 'de' })).toStrictEqual(['0,375', '1.000,000']);
  });

  it('has no rounding that puts a minus before zero', () => {
    expect(valueLabels([-1e-17, 0.1], 0.1, EN)).toStrictEqual(['0.0', '0.1']);
  });

  it('leaves room around the values, and begins at zero for what adds up', () => {
    expect(valueRange(100, 200, false)).toStrictEqual([92, 208]);
    expect(valueRange(100, 200, true)).toStrictEqual([0, 216]);
    expect(valueRange(-200, -100, true)).toStrictEqual([-216, 0]);
    expect(valueRange(-100, 100, true)).toStrictEqual([-116, 116]);
  });

  it('has a height also where all values are one, or there is none', () => {
    expect(valueRange(50, 50, false)).toStrictEqual([46, 54]);
    expect(valueRange(0, 0, true)).toStrictEqual([0, 1]);
    expect(valueRange(null, null, false)).toStrictEqual([0, 1]);
  });
});

describe('the axis of time', () => {
  const hourS = 3_600;
  const midnightMs = Date.UTC(2026, 10, 20, 18, 15);

  it.each([
    ['en-GB', '23:45', '21 Nov'],
    ['de-DE', '23:45', '21. Nov.'],
    ['ar-EG', '\u2068٢٣:٤٥\u2069', '\u2068٢١ نوفمبر\u2069'],
  ])('says hours, and the day at midnight, to a viewer who speaks %s', (locale, hour, day) => {
    const viewer = { zone: 'Asia/Kathmandu', locale };
    expect(timeLabel(midnightMs - 900_000, hourS, viewer)).toBe(hour);
    expect(timeLabel(midnightMs, hourS, viewer)).toBe(day);
  });

  it('says seconds where it goes by less than minutes, and months where it goes by months', () => {
    const viewer = { zone: 'Asia/Kathmandu', locale: 'en-GB' };
    expect([0, 10_000, 20_000].map((ms) => timeLabel(midnightMs + ms, 10, viewer))).toStrictEqual([
      '00:00:00',
      '00:00:10',
      '00:00:20',
    ]);
    expect(timeLabel(midnightMs, 31 * 24 * hourS, viewer)).toBe('Nov 2026');
  });

  it('says days where it goes by days', () => {
    expect(timeLabel(midnightMs + 1, 24 * hourS, { zone: 'Asia/Kathmandu', locale: 'en-GB' })).toBe('21 Nov');
    expect(timeLabel(midnightMs + 1, 24 * hourS - 1, { zone: 'Asia/Kathmandu', locale: 'en-GB' })).toBe('00:00');
  });
});
