import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type FaultRates, NO_FAULTS } from '../faults/meter-faults.ts';
import { findScenario, openSimulation, type Simulation } from '../scenarios/scenario.ts';
import { type Delivery, DeliveryColumns } from './delivery-columns.ts';

const FROM_MS = Date.UTC(2026, 2, 28, 22);
const HOUR_MS = 3_600_000;

function open(meters: number, faults: Partial<FaultRates>, seed = 3, metrics?: readonly string[]): Simulation {
  return openSimulation(findScenario('denmark'), { meters, seed, faults, metrics });
}

/** Everything that a simulation hands over from `nextMs` on. */
function deliver(simulation: Simulation, toMs: number, nextMs = FROM_MS, fromMs = FROM_MS): DeliveryColumns {
  const out = new DeliveryColumns(0);
  const run = simulation.run({ fromMs, toMs }, nextMs);
  while (!run.isOver) run.advance(Number.POSITIVE_INFINITY, 1_000, out);
  return out;
}

function hashOf(columns: DeliveryColumns): string {
  const hash = createHash('sha256');
  hash.update(columns.series.slice(0, columns.count)).update(columns.timeMs.slice(0, columns.count));
  return hash.update(columns.value.slice(0, columns.count)).update(columns.atMs.slice(0, columns.count)).digest('hex');
}

const trouble = findScenario('denmark-in-trouble').faults;

describe('what a fleet hands over', () => {
  it('is the same bytes for the same seed, and others for another', () => {
    const toMs = FROM_MS + HOUR_MS / 2;
    const once = hashOf(deliver(open(20, trouble), toMs));
    expect(hashOf(deliver(open(20, trouble), toMs))).toBe(once);
    expect(hashOf(deliver(open(20, trouble, 4), toMs))).not.toBe(once);
  });

  it('is handed over in the order of its time of delivery, never before it was read', () => {
    const faults = { late: 0.1, outOfOrder: 0.1, offline: 1 };
    const { atMs, timeMs, count } = deliver(open(5, faults, 3, ['energy']), FROM_MS + 26 * HOUR_MS);
    const inOrder = Array.from(
      { length: count },
      (_, i) => (i === 0 || atMs[i]! >= atMs[i - 1]!) && timeMs[i]! <= atMs[i]!,
    );
    expect(inOrder).toHaveLength(5 * 26 * 60);
    expect(inOrder.every(Boolean)).toBe(true);
  });

  it('is one reading per interval and meter without faults, spread over the seconds of the interval', () => {
    const deliveries = deliver(open(20, NO_FAULTS), FROM_MS + 2 * 60_000);
    const perSeries = new Map<number, number[]>();
    for (const { series, timeMs, atMs } of deliveries) {
      expect(atMs).toBe(timeMs);
      perSeries.set(series, [...(perSeries.get(series) ?? []), timeMs]);
    }
    for (const [series, times] of perSeries) {
      const intervalMs = series % 2 === 0 ? 5_000 : 60_000;
      expect(times).toHaveLength(120_000 / intervalMs);
      for (let i = 1; i < times.length; i++) expect(times[i]! - times[i - 1]!).toBe(intervalMs);
    }
    expect(new Set([...perSeries.values()].map(([first]) => first! % 5_000)).size).toBe(5);
  });
});

describe('a run of deliveries', () => {
  it('a metric is read the same whichever others are read with it', () => {
    const toMs = FROM_MS + HOUR_MS;
    const alone = [...deliver(open(6, trouble, 3, ['energy']), toMs)];
    const together = [...deliver(open(6, trouble), toMs)].filter(({ series }) => series % 2 === 1);
    expect(together.map((delivery) => ({ ...delivery, series: (delivery.series - 1) / 2 }))).toEqual(alone);
  });
});

describe('faults', () => {
  const METERS = 25;
  const DAYS = 2;
  const fromMs = Date.UTC(2026, 4, 4);
  const toMs = fromMs + DAYS * 24 * HOUR_MS;
  const readings = (deliveries: Iterable<Delivery>): Map<string, Delivery[]> => {
    const found = new Map<string, Delivery[]>();
    for (const delivery of deliveries) {
      const key = `${delivery.series} ${delivery.timeMs}`;
      found.set(key, [...(found.get(key) ?? []), delivery]);
    }
    return found;
  };
  /** Energy readings alone are few enough to look at one by one. */
  const energyOf = (faults: Partial<FaultRates>): readonly Delivery[] => [
    ...deliver(open(METERS, faults, 3, ['energy']), toMs, fromMs, fromMs),
  ];
  const expected = METERS * DAYS * 24 * 60;

  it('delay a share of the readings, by minutes to hours or by seconds', () => {
    const late = energyOf({ late: 0.02 }).filter(({ timeMs, atMs }) => atMs > timeMs);
    expect(late.length / expected).toBeCloseTo(0.02, 2);
    expect(late.every(({ timeMs, atMs }) => atMs - timeMs >= 60_000 && atMs - timeMs <= 6 * HOUR_MS)).toBe(true);
    const shuffled = energyOf({ outOfOrder: 0.02 }).filter(({ timeMs, atMs }) => atMs > timeMs);
    expect(shuffled.length / expected).toBeCloseTo(0.02, 2);
    expect(shuffled.every(({ timeMs, atMs }) => atMs - timeMs <= 90_000)).toBe(true);
  });

  it('repeat a share of the readings with their value, and a share with another', () => {
    const twice = [...readings(energyOf({ repeated: 0.02 })).values()].filter((copies) => copies.length > 1);
    expect(twice.length / expected).toBeCloseTo(0.02, 2);
    expect(twice.every(([once, again]) => once!.value === again!.value)).toBe(true);
    const differing = [...readings(energyOf({ conflicting: 0.02 })).values()].filter((copies) => copies.length > 1);
    expect(differing.length / expected).toBeCloseTo(0.02, 2);
    expect(differing.every(([once, again]) => once!.value !== again!.value)).toBe(true);
  });

  it('hold back hours of readings until the meter is in reach again', () => {
    const deliveries = energyOf({ offline: 0.3 });
    expect(deliveries).toHaveLength(expected);
    const held = deliveries.filter(({ timeMs, atMs }) => atMs > timeMs);
    const bursts = new Map<string, number>();
    for (const { series, atMs } of held) bursts.set(`${series} ${atMs}`, (bursts.get(`${series} ${atMs}`) ?? 0) + 1);
    expect(bursts.size / (METERS * DAYS)).toBeGreaterThan(0.2);
    expect(bursts.size / (METERS * DAYS)).toBeLessThan(0.4);
    expect(Math.min(...bursts.values())).toBeGreaterThanOrEqual(59);
    expect(Math.max(...bursts.values())).toBeLessThanOrEqual(721);
  });

  it('leave hours without readings, and lose nothing else', () => {
    const missing = expected - energyOf({ silent: 0.3 }).length;
    const hours = missing / 60 / (METERS * DAYS * 0.3);
    expect(hours).toBeGreaterThan(4.5);
    expect(hours).toBeLessThan(8.5);
  });

  it('date hours of readings far ahead, or before what was read already', () => {
    const wrong = energyOf({ wrongClock: 0.5 }).filter(({ timeMs, atMs }) => timeMs !== atMs);
    const ahead = wrong.filter(({ timeMs, atMs }) => timeMs > atMs);
    expect(ahead.length).toBeGreaterThan(0);
    expect(ahead.length).toBeLessThan(wrong.length);
    expect(ahead.every(({ timeMs, atMs }) => timeMs - atMs >= 36 * HOUR_MS)).toBe(true);
  });

  it('set registers to 0 when meters are exchanged, and let others roll over', () => {
    const drops = (deliveries: readonly Delivery[]): { readonly before: number; readonly after: number }[] => {
      const last = new Map<number, number>();
      const found: { before: number; after: number }[] = [];
      for (const { series, value } of deliveries) {
        const before = last.get(series);
        if (before !== undefined && value < before) found.push({ before, after: value });
        last.set(series, value);
      }
      return found;
    };
    expect(drops(energyOf({}))).toEqual([]);
    const resets = drops(energyOf({ counterReset: 0.3 }));
    expect(resets.length / (METERS * DAYS)).toBeGreaterThan(0.2);
    expect(resets.length / (METERS * DAYS)).toBeLessThan(0.4);
    expect(resets.every(({ after }) => after < 500)).toBe(true);
    const rollovers = drops(energyOf({ rollover: 1 }));
    expect(rollovers.length).toBeGreaterThan(METERS * 0.9);
    expect(rollovers.every(({ before, after }) => before > 99_999_000 && after < 1_000)).toBe(true);
  });
});
