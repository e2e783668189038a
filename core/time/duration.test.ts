import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Duration, DurationError, formatDuration, longestMs, nominalMs, parseDuration } from './duration.ts';

describe('durations', () => {
  it.each([
    ['250ms', { kind: 'fixed', ms: 250 }],
    ['10s', { kind: 'fixed', ms: 10_000 }],
    ['5m', { kind: 'fixed', ms: 300_000 }],
    ['24h', { kind: 'fixed', ms: 86_400_000 }],
    ['1d', { kind: 'calendar', unit: 'day', count: 1 }],
    ['2w', { kind: 'calendar', unit: 'week', count: 2 }],
    ['3mo', { kind: 'calendar', unit: 'month', count: 3 }],
    ['1y', { kind: 'calendar', unit: 'year', count: 1 }],
  ] satisfies [string, Duration][])('%s is read', (text, duration) => {
    expect(parseDuration(text)).toStrictEqual(duration);
    expect(formatDuration(duration)).toBe(text);
  });

  it.each(['', '5', 'm', '1.5h', '-1h', '1h30m', '5 m', '1M', '1min', '∞s'])('%j is no duration', (text) => {
    expect(() => parseDuration(text)).toThrow(DurationError);
    expect(() => parseDuration(text)).toThrow('write it like 250ms, 10s, 5m, 1h, 1d, 1w, 1mo or 1y');
  });

  it('nothing and more than a thousand years are refused', () => {
    expect(() => parseDuration('0s')).toThrow('has no length');
    for (const text of ['1001y', '12001mo', '99999999999999999999ms', '8760001h']) {
      expect(() => parseDuration(text)).toThrow('longer than 1000 years');
    }
  });

  it('writing and reading is the identity', () => {
    const fixed = fc.integer({ min: 1, max: 1e12 }).map((ms): Duration => ({ kind: 'fixed', ms }));
    const calendar = fc
      .record({ unit: fc.constantFrom('day', 'week', 'month', 'year'), count: fc.integer({ min: 1, max: 1_000 }) })
      .map((parts): Duration => ({ kind: 'calendar', ...parts }));
    fc.assert(
      fc.property(fc.oneof(fixed, calendar), (duration) => {
        expect(parseDuration(formatDuration(duration))).toStrictEqual(duration);
        expect(nominalMs(duration)).toBeLessThanOrEqual(longestMs(duration));
      }),
    );
  });
});
