import { describe, expect, it } from 'vitest';
import { PatternTime } from './pattern-time.ts';
import { parseTimePattern } from './time-pattern.ts';
import type { TimeText } from './time-text.ts';
import { UnixTime } from './unix-time.ts';

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

  it.each([
    ['yyyy-MM-dd QQ', 'unknown field "QQ"'],
    ['yy-MM-dd', 'unknown field "yy"'],
    ['yyyy-MM-dd SSSSSSSSSS', 'unknown field'],
    ['HH:mm', 'names no year'],
    ['yyyy-MM-dd d', 'names the day more than once'],
    ["yyyy-MM-dd 'T", 'quote that is not closed'],
    ['yyyy-MM-dd h:mm', 'h without a'],
    ['yyyy-MM-dd HH h a', 'both H and h'],
  ])('name what is wrong with the pattern %s', (pattern, fault) => {
    expect(() => parseTimePattern(pattern)).toThrow(fault);
  });
});

describe('unix times', () => {
  it.each(['', '-', '1e9', '1.', '.5', '1 ', '0x1', '1234567890123456'])('refuse %j', (text) => {
    const time = new UnixTime('s');
    expect(parse(time, text)).toBeNaN();
    expect(time.fault).toContain('unix');
  });
});
