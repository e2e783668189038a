import { describe, expect, it } from 'vitest';
import { openFleet, type Meter } from './fleet.ts';

const fleet = openFleet(1, 200);
const YEAR_S = 365 * 86_400;

/** Mean watts of some meters between two instants, from their registers. */
function meanWatts(meters: readonly Meter[], fromMs: number, toMs: number): number {
  const [fromS, toS] = [fromMs / 1_000, toMs / 1_000];
  const wattHours = meters.reduce((sum, { household: h }) => sum + h.wattHours(toS) - h.wattHours(fromS), 0);
  return (wattHours * 3_600) / (toS - fromS) / meters.length;
}

/** Mean watts of the hour that begins at a local time (January: UTC + 1 h, July: UTC + 2 h), over days of a month. */
function hourOfMonth(meters: readonly Meter[], month: number, days: readonly number[], localHour: number): number {
  const utcHour = localHour - (month === 0 ? 1 : 2);
  const watts = days.map((day) => {
    const fromMs = Date.UTC(2026, month, day, utcHour);
    return meanWatts(meters, fromMs, fromMs + 3_600_000);
  });
  return watts.reduce((sum, w) => sum + w, 0) / days.length;
}

const WORKDAYS = [12, 13, 14, 15, 16];
const WEEKEND = [17, 18];

describe('a fleet', () => {
  it('has series of usage and energy for meters of both price areas, in flats and in houses', () => {
    expect(fleet.series).toHaveLength(400);
    expect(fleet.series[0]).toEqual({
      metric: 'usage',
      device: 'dk1-0001',
      tags: { device: 'dk1-0001', region: 'DK1', kind: fleet.meters[0]!.household.dwelling.kind },
    });
    const tagged = new Set(fleet.series.map(({ tags }) => `${tags['region']} ${tags['kind']}`));
    expect([...tagged].sort()).toEqual(['DK1 flat', 'DK1 house', 'DK2 flat', 'DK2 house']);
    expect(new Set(fleet.series.map(({ metric, device }) => `${metric} ${device}`)).size).toBe(400);
  });

  it('keeps the meters of a smaller fleet of the same seed', () => {
    const smaller = openFleet(1, 3);
    expect(fleet.series.slice(0, 6)).toEqual(smaller.series);
    const atS = Date.UTC(2026, 5, 1) / 1_000;
    expect(fleet.meters.slice(0, 3).map((m) => m.household.register(atS))).toEqual(
      smaller.meters.map((m) => m.household.register(atS)),
    );
  });

  it('uses in a year what Danish households use', () => {
    const fromS = Date.UTC(2025, 0, 1) / 1_000;
    const yearly = fleet.meters.map(({ household: h }) => (h.wattHours(fromS + YEAR_S) - h.wattHours(fromS)) / 1_000);
    const flats = yearly.filter((_, i) => fleet.meters[i]!.household.dwelling.kind === 'flat');
    const houses = yearly.filter((_, i) => fleet.meters[i]!.household.dwelling.kind === 'house');
    const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
    expect(mean(flats)).toBeGreaterThan(1_500);
    expect(mean(flats)).toBeLessThan(3_500);
    expect(mean(houses)).toBeGreaterThan(4_500);
    expect(mean(houses)).toBeLessThan(9_000);
    expect(Math.max(...yearly)).toBeLessThan(25_000);
  });

  it('lives by day and night: low at night, a small peak in the morning, a high one in the evening', () => {
    const [night, morning, forenoon, evening] = [3, 7, 10, 18].map((h) => hourOfMonth(fleet.meters, 0, WORKDAYS, h));
    expect(morning!).toBeGreaterThan(night! * 1.2);
    expect(morning!).toBeGreaterThan(forenoon! * 1.1);
    expect(evening!).toBeGreaterThan(morning! * 1.4);
  });

  it('lives by the week: mornings are later and middays busier at the weekend', () => {
    const july = 6;
    expect(hourOfMonth(fleet.meters, july, [18, 19], 7)).toBeLessThan(hourOfMonth(fleet.meters, july, WORKDAYS, 7));
    expect(hourOfMonth(fleet.meters, 0, WEEKEND, 12)).toBeGreaterThan(hourOfMonth(fleet.meters, 0, WORKDAYS, 12) * 1.1);
  });

  it('heats in winter where it has heat pumps, and hardly differs by season where it has none', () => {
    const seasonRatio = (meters: readonly Meter[]): number =>
      meanWatts(meters, Date.UTC(2026, 0, 5), Date.UTC(2026, 1, 2)) /
      meanWatts(meters, Date.UTC(2026, 6, 6), Date.UTC(2026, 7, 3));
    const isHeated = (meter: Meter): boolean => meter.household.dwelling.heating > 0;
    expect(seasonRatio(fleet.meters.filter(isHeated))).toBeGreaterThan(2);
    expect(seasonRatio(fleet.meters.filter((meter) => !isHeated(meter)))).toBeLessThan(1.4);
  });

  it('charges cars with 7.2 to 11 kW, mostly in the evening and at night', () => {
    const fromS = Date.UTC(2026, 5, 1) / 1_000;
    const byHour = Array.from({ length: 24 }, () => 0);
    for (const { household } of fleet.meters) {
      for (let atS = fromS; atS < fromS + 14 * 86_400; atS += 1_800) {
        if (household.load(atS) > 7_100_000) byHour[Math.floor((atS % 86_400) / 3_600)]!++;
      }
    }
    const total = byHour.reduce((sum, n) => sum + n, 0);
    const fromAfternoonToNight = [13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 3];
    const charging = fromAfternoonToNight.reduce((sum, hour) => sum + byHour[hour]!, 0);
    expect(total).toBeGreaterThan(100);
    expect(charging / total).toBeGreaterThan(0.9);
  });
});
