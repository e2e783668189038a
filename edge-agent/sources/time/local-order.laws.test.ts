import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openZone, type Zone } from '#core/time/zone.ts';
import { LocalOrder } from './local-order.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Zones and the wall clock around which each was set back: an hour, half an hour, an hour at midnight. */
const autumns = [
  { zone: openZone('Europe/Paris'), aroundMs: Date.UTC(2024, 9, 27, 2) },
  { zone: openZone('Australia/Lord_Howe'), aroundMs: Date.UTC(2024, 3, 7, 1, 30) },
  { zone: openZone('America/Havana'), aroundMs: Date.UTC(2024, 10, 3, 0) },
];

interface Row {
  readonly order: string;
  readonly localMs: number;
  readonly readings: number;
}

/** Rows that mostly go on by a few minutes, sometimes back by an hour or anywhere near. */
const rowsAround = (aroundMs: number): fc.Arbitrary<readonly Row[]> =>
  fc
    .array(
      fc.record({
        order: fc.constantFrom('a', 'b'),
        step: fc.oneof(
          { weight: 6, arbitrary: fc.integer({ min: 0, max: 20 }) },
          { weight: 1, arbitrary: fc.constantFrom(-60, -50, -30, -1, 90) },
          { weight: 1, arbitrary: fc.integer({ min: -100, max: 100 }) },
        ),
        readings: fc.nat({ max: 2 }),
      }),
      { maxLength: 30 },
    )
    .map((steps) => {
      let minutes = -30;
      return steps.map(({ order, step, readings }) => {
        minutes += step;
        return { order, localMs: aroundMs + minutes * MINUTE_MS, readings };
      });
    });

function resolve(order: LocalOrder, { order: name, localMs, readings }: Row): number {
  const plainMs = order.plain(localMs);
  if (!Number.isNaN(plainMs)) {
    order.leave(name, plainMs);
    return plainMs;
  }
  if (order.isGap(localMs)) return Number.NaN;
  const atMs = order.twice(localMs, name);
  for (let i = 0; i < readings; i++) order.countReading();
  return atMs;
}

/** The rule as one would explain it, on the whole list: every order remembers its last instant, wherever that was. */
function slowly(zone: Zone, rows: readonly Row[]): { at: readonly number[]; ambiguous: number } {
  const lastMs = new Map<string, number>();
  const undecided = new Map<string, number>();
  let ambiguous = 0;
  const settle = (order: string): void => {
    ambiguous += undecided.get(order) ?? 0;
    undecided.delete(order);
  };
  const at = rows.map(({ order, localMs, readings }) => {
    const meaning = zone.localToUtc(localMs);
    if (meaning.kind === 'none') return Number.NaN;
    if (meaning.kind === 'one') {
      settle(order);
      lastMs.set(order, meaning.at);
      return meaning.at;
    }
    const last = lastMs.get(order) ?? 0;
    const { first, second } = meaning;
    const isSecondPass = zone.localToUtc(last + zone.offsetAtMs(last)).kind === 'two';
    const pickSecond = first < last && (second >= last || isSecondPass);
    if (pickSecond) undecided.delete(order);
    else undecided.set(order, (undecided.get(order) ?? 0) + readings);
    lastMs.set(order, pickSecond ? second : first);
    return pickSecond ? second : first;
  });
  for (const readings of undecided.values()) ambiguous += readings;
  return { at, ambiguous };
}

describe('local times that occur twice', () => {
  const cases = fc
    .constantFrom(...autumns)
    .chain(({ zone, aroundMs }) => rowsAround(aroundMs).map((rows) => ({ zone, rows })));

  it('are resolved and counted as by an order that remembers everything', () => {
    fc.assert(
      fc.property(cases, ({ zone, rows }) => {
        const order = new LocalOrder(zone);
        const at = rows.map((row) => resolve(order, row));
        order.end();
        const slow = slowly(zone, rows);
        expect(at).toEqual(slow.at);
        expect(order.takeAmbiguous()).toBe(slow.ambiguous);
      }),
      { numRuns: 1_000 },
    );
  });

  it('mean the same when the memory is written down and read again between any two rows', () => {
    fc.assert(
      fc.property(cases, ({ zone, rows }) => {
        const whole = new LocalOrder(zone);
        let torn = new LocalOrder(zone);
        let ambiguous = 0;
        for (const row of rows) {
          expect(resolve(torn, row)).toEqual(resolve(whole, row));
          ambiguous += torn.takeAmbiguous();
          const snapshot = torn.snapshot();
          torn = new LocalOrder(zone);
          torn.restore(JSON.parse(JSON.stringify(snapshot)));
        }
        torn.end();
        whole.end();
        expect(ambiguous + torn.takeAmbiguous()).toBe(whole.takeAmbiguous());
      }),
    );
  });
});

describe('an hour that occurs twice', () => {
  const local = (text: string): number => Date.parse(`2024-10-27T${text}:00Z`);
  const utc = (text: string): number => Date.parse(`2024-10-27T${text}:00Z`);
  const run = (texts: readonly string[]): { at: number[]; ambiguous: number } => {
    const order = new LocalOrder(openZone('Europe/Paris'));
    const at = texts.map((text) => resolve(order, { order: '', localMs: local(text), readings: 1 }));
    order.end();
    return { at, ambiguous: order.takeAmbiguous() };
  };

  it('is told apart by the step back', () => {
    const { at, ambiguous } = run(['01:30', '02:00', '02:30', '02:00', '02:30', '03:00']);
    expect(at).toEqual(
      ['23:30', '00:00', '00:30', '01:00', '01:30', '02:00'].map((text, i) => utc(text) - (i === 0 ? 24 * HOUR_MS : 0)),
    );
    expect(ambiguous).toBe(0);
  });

  it('means the first where the rows never step back, and is counted', () => {
    const { at, ambiguous } = run(['01:00', '02:00', '02:00', '03:00']);
    expect(at.slice(1)).toEqual([utc('00:00'), utc('00:00'), utc('02:00')]);
    expect(ambiguous).toBe(2);
  });

  it('is forgotten by an order that has gone silent once others are a day further', () => {
    const order = new LocalOrder(openZone('Europe/Paris'));
    resolve(order, { order: 'silent', localMs: local('02:30'), readings: 1 });
    order.leave('other', utc('02:00'));
    expect(order.remembers).toBe(true);
    order.leave('other', utc('02:00') + 24 * HOUR_MS);
    expect(order.remembers).toBe(false);
    expect(order.takeAmbiguous()).toBe(1);
  });
});
