import { describe, expect, it } from 'vitest';
import { instantText, localText, periodBefore, readPeriod } from './period.ts';

describe('a period', () => {
  const fromMs = Date.UTC(2006, 11, 16, 17, 24);

  it('is read between two instants, whatever their offset', () => {
    expect(readPeriod('2006-12-16T17:24Z', '2006-12-17T00:00:00+01:00')).toStrictEqual({
      fromMs,
      toMs: Date.UTC(2006, 11, 16, 23),
    });
  });

  it.each([
    [null, null],
    ['2006-12-16', null],
    ['', '2006-12-16'],
    ['soon', '2006-12-16'],
    ['2006-12-16', '2006-12-16'],
    ['2006-12-17', '2006-12-16'],
    ['0006-12-17', '2006-12-16'],
    ['2006-12-17', '+012006-12-16'],
  ])('is none from %j to %j', (from, to) => {
    expect(readPeriod(from, to)).toBeUndefined();
  });

  it('is written as short as it can be', () => {
    expect([fromMs, fromMs + 30_000, fromMs + 1].map(instantText)).toStrictEqual([
      '2006-12-16T17:24Z',
      '2006-12-16T17:24:30Z',
      '2006-12-16T17:24:00.001Z',
    ]);
  });

  it('comes back as it was written by the clock of the viewer', () => {
    const noon = new Date(2024, 1, 3, 4, 5).getTime();
    expect(localText(noon)).toBe('2024-02-03T04:05');
    expect(Date.parse(localText(noon))).toBe(noon);
  });

  it('begins as long before the end of the data as the span that was shown', () => {
    expect(periodBefore(10, 4)).toStrictEqual({ fromMs: 6, toMs: 10 });
  });
});
