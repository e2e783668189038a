import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS } from './civil.ts';
import { oracleLocalToUtc, oracleOffsetMs, TELLING_ZONES, zoneAndMinute } from './wall-clock.oracle.ts';
import { openZone } from './zone.ts';

describe('laws of zones', () => {
  it('the offset is the one that the wall clock shows, from 1850 to 2150, to the second', () => {
    const anyInstant = fc.record({
      zone: fc.constantFrom(...TELLING_ZONES),
      utcMs: fc.integer({ min: Date.UTC(1850, 0, 1) / 1_000, max: Date.UTC(2150, 0, 1) / 1_000 }).map((s) => s * 1_000),
    });
    fc.assert(
      fc.property(fc.oneof(anyInstant, zoneAndMinute), ({ zone, utcMs }) => {
        expect(openZone(zone).offsetAtMs(utcMs)).toBe(oracleOffsetMs(zone, utcMs));
        expect(openZone(zone).offsetAtMs(utcMs - 1)).toBe(oracleOffsetMs(zone, utcMs - 1));
      }),
      { numRuns: 1_000 },
    );
  });

  it('the offset is right on both sides of every border between stretches of time that are kept', () => {
    const stretchMs = 128 * DAY_MS;
    for (const name of TELLING_ZONES) {
      const zone = openZone(name);
      for (
        let border = Date.UTC(1940, 0, 1) - (Date.UTC(1940, 0, 1) % stretchMs);
        border < Date.UTC(2040, 0, 1);
        border += stretchMs
      ) {
        for (const utcMs of [border - DAY_MS, border - 1, border, border + DAY_MS]) {
          if (zone.offsetAtMs(utcMs) !== oracleOffsetMs(name, utcMs)) {
            expect({ name, utcMs, offset: zone.offsetAtMs(utcMs) }).toBe(oracleOffsetMs(name, utcMs));
          }
        }
      }
    }
  });

  it('a local time is one instant, two, or none, as a trial of all offsets finds', () => {
    fc.assert(
      fc.property(zoneAndMinute, fc.boolean(), ({ zone: name, utcMs }, visitBefore) => {
        const zone = openZone(name);
        const localMs = utcMs + oracleOffsetMs(name, utcMs - DAY_MS);
        if (visitBefore) zone.offsetAtMs(utcMs);
        const plain = zone.plainLocalToUtc(localMs);
        const meaning = zone.localToUtc(localMs);
        const found = oracleLocalToUtc(name, localMs);
        expect(plain).toBe(found.length === 1 ? found[0] : Number.NaN);
        switch (meaning.kind) {
          case 'one':
            expect(found).toStrictEqual([meaning.at]);
            break;
          case 'two':
            expect(found).toStrictEqual([meaning.first, meaning.second]);
            break;
          case 'none':
            expect(found).toStrictEqual([]);
            expect(meaning.after + oracleOffsetMs(name, meaning.after)).toBeGreaterThan(localMs);
            expect(meaning.after - 1 + oracleOffsetMs(name, meaning.after - 1)).toBeLessThan(localMs);
        }
      }),
      { numRuns: 1_500 },
    );
  });

  it('a day begins at the first minute that shows its date or a later one', () => {
    fc.assert(
      fc.property(zoneAndMinute, ({ zone: name, utcMs }) => {
        const zone = openZone(name);
        // Three days back no instant shows this date yet; from there every minute is looked at.
        let latestDay = Number.NEGATIVE_INFINITY;
        let startMs = Number.NaN;
        for (let at = utcMs - 3 * DAY_MS; at <= utcMs; at += 60_000) {
          const day = Math.floor((at + oracleOffsetMs(name, at)) / DAY_MS);
          if (day > latestDay) {
            latestDay = day;
            startMs = at;
          }
        }
        expect(zone.localDay(utcMs)).toBe(latestDay);
        expect(zone.startOfDay(utcMs)).toBe(startMs);
        expect(zone.dayStart(latestDay)).toBe(startMs);
      }),
      { numRuns: 60 },
    );
  });

  it('days follow one another and every instant lies in the day that begins before it', () => {
    fc.assert(
      fc.property(zoneAndMinute, ({ zone: name, utcMs }) => {
        const zone = openZone(name);
        const day = zone.localDay(utcMs);
        expect(zone.dayStart(day)).toBeLessThanOrEqual(utcMs);
        expect(zone.dayStart(day + 1)).toBeGreaterThan(utcMs);
        expect(zone.localDay(zone.startOfDay(utcMs))).toBe(day);
      }),
      { numRuns: 1_000 },
    );
  });
});
