import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseInstant } from '#core/time/instant.ts';
import { openZone } from '#core/time/zone.ts';
import { RANGE_FORMATS, RangeText } from './range-text.ts';

const ZONES = ['UTC', 'Europe/Copenhagen', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'];
const instant = fc.integer({ min: Date.UTC(2023, 0, 1), max: Date.UTC(2026, 0, 1) });

/** All the instants that a text may mean to a service that reads it by its zone. */
function meanings(text: string, format: string, zoneName: string): readonly number[] {
  if (format === 'unix') return [Number(text) * 1_000];
  if (format === 'unix-ms') return [Number(text)];
  if (format === 'iso') return [Date.parse(text)];
  const zone = openZone(zoneName);
  if (format === 'date') return [parseInstant(text, zone)];
  const meaning = zone.localToUtc(Date.parse(`${text.padEnd('yyyy-MM-ddTHH:mm:ss'.length, ':00')}Z`));
  if (meaning.kind === 'two') return [meaning.first, meaning.second];
  return [meaning.kind === 'one' ? meaning.at : meaning.after];
}

describe('a range as text', () => {
  it('is never narrower than the range, however it is read', () => {
    const change = fc.constantFrom(
      Date.UTC(2024, 9, 27, 1),
      Date.UTC(2024, 2, 31, 1),
      Date.UTC(2024, 10, 3, 6),
      Date.UTC(2024, 3, 6, 15),
    );
    const near = fc.tuple(change, fc.integer({ min: -7_200_000, max: 7_200_000 })).map(([atMs, byMs]) => atMs + byMs);
    fc.assert(
      fc.property(
        fc.oneof(instant, near),
        fc.constantFrom(...ZONES),
        fc.constantFrom(...RANGE_FORMATS),
        (atMs, zone, format) => {
          const text = new RangeText(format, zone);
          for (const meant of meanings(text.from(atMs), format, zone)) expect(meant).toBeLessThanOrEqual(atMs);
          for (const meant of meanings(text.to(atMs), format, zone)) expect(meant).toBeGreaterThanOrEqual(atMs);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('is written as services take it', () => {
    const atMs = Date.UTC(2024, 6, 1, 22, 30, 15, 500);
    const both = (format: (typeof RANGE_FORMATS)[number], zone = 'UTC'): readonly string[] => {
      const text = new RangeText(format, zone);
      return [text.from(atMs), text.to(atMs)];
    };
    expect(both('iso-minutes')).toEqual(['2024-07-01T22:30', '2024-07-01T22:31']);
    expect(both('iso-minutes', 'Europe/Copenhagen')).toEqual(['2024-07-02T00:30', '2024-07-02T00:31']);
    expect(both('iso-seconds')).toEqual(['2024-07-01T22:30:15', '2024-07-01T22:30:16']);
    expect(both('iso', 'Europe/Copenhagen')).toEqual(['2024-07-01T22:30:15Z', '2024-07-01T22:30:16Z']);
    expect(both('date', 'Europe/Copenhagen')).toEqual(['2024-07-02', '2024-07-03']);
    expect(both('unix')).toEqual(['1719873015', '1719873016']);
    expect(both('unix-ms')).toEqual(['1719873015500', '1719873015500']);
    expect(new RangeText('date', 'UTC').to(Date.UTC(2024, 6, 1))).toBe('2024-07-01');
  });

  it('keeps clear of the hour that comes twice', () => {
    const second = Date.UTC(2024, 9, 27, 1, 30);
    const text = new RangeText('iso-minutes', 'Europe/Copenhagen');
    expect([text.from(second), text.to(second)]).toEqual(['2024-10-27T01:59', '2024-10-27T03:00']);
  });
});
