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

/** Rows of one order inside the stretch, one after the other, and how the file's rows had gone before. */
interface Visit {
  readonly rows: { readonly index: number; readonly localMs: number; readonly readings: number }[];
  readonly isDescending: boolean;
}

/** The rule as one would explain it, on the whole list: visit by visit, looking at all rows of each. */
function slowly(zone: Zone, rows: readonly Row[]): { at: readonly number[]; ambiguous: number } {
  const at: number[] = [];
  const visits: Visit[] = [];
  const open = new Map<string, Visit>();
  const plain: number[] = [];
  for (const [index, { order, localMs, readings }] of rows.entries()) {
    const meaning = zone.localToUtc(localMs);
    if (meaning.kind === 'one') {
      plain.push((at[index] = meaning.at));
      open.delete(order);
    } else if (meaning.kind === 'two') {
      const steps = plain.slice(1).map((ms, i) => Math.sign(ms - plain[i]!));
      const isDescending = steps.reduce((sum, step) => sum + step, 0) < 0;
      const visit = open.get(order) ?? { rows: [], isDescending };
      if (!open.has(order)) visits.push(visit);
      open.set(order, visit);
      visit.rows.push({ index, localMs, readings });
    } else at[index] = Number.NaN;
  }
  let ambiguous = 0;
  for (const { rows: visited, isDescending } of visits) {
    const goes = (i: number): number =>
      Math.sign(visited[i]!.localMs - visited[i - 1]!.localMs) * (isDescending ? -1 : 1);
    const turn = visited.findIndex((_, i) => i > 0 && goes(i) < 0);
    for (const [i, { index, localMs, readings }] of visited.entries()) {
      const meaning = zone.localToUtc(localMs);
      if (meaning.kind !== 'two') throw new Error('a visit is inside');
      const isLater = (turn >= 0 && i >= turn) || (i > 0 && goes(i) === 0);
      at[index] = isLater === isDescending ? meaning.first : meaning.second;
      const isPaired = i + 1 < visited.length && goes(i + 1) === 0;
      if (!isLater && turn < 0 && !isPaired) ambiguous += readings;
    }
  }
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

  const day = (text: string): number => utc(text) - (text >= '22:00' ? 24 * HOUR_MS : 0);

  it.each([
    ['hourly', ['01:00', '02:00', '02:00', '03:00'], ['23:00', '00:00', '01:00', '02:00'], 0],
    [
      'sorted by the wall clock',
      ['01:45', '02:00', '02:00', '02:15', '02:15', '03:00'],
      ['23:45', '00:00', '01:00', '00:15', '01:15', '02:00'],
      0,
    ],
    [
      'newest first',
      ['03:30', '03:00', '02:30', '02:00', '02:30', '02:00', '01:30'],
      ['02:30', '02:00', '01:30', '01:00', '00:30', '00:00', '23:30'],
      0,
    ],
    [
      'hourly, newest first',
      ['04:00', '03:00', '02:00', '02:00', '01:00'],
      ['03:00', '02:00', '01:00', '00:00', '23:00'],
      0,
    ],
    ['without a step that decides', ['01:30', '02:00', '02:30', '03:00'], ['23:30', '00:00', '00:30', '02:00'], 2],
    [
      'with one pair only',
      ['01:30', '02:00', '02:30', '02:30', '03:00'],
      ['23:30', '00:00', '00:30', '01:30', '02:00'],
      1,
    ],
  ])('is told apart where rows are %s', (_what, texts, instants, undecided) => {
    const { at, ambiguous } = run(texts);
    expect(at).toEqual(instants.map(day));
    expect(ambiguous).toBe(undecided);
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

describe('ends of intervals in an hour that occurs twice', () => {
  const HALF_HOUR_MS = HOUR_MS / 2;

  /** Labels of the intervals of a day by either way of writing, worked out on the instants alone. */
  const labels = (zone: Zone, ends: readonly number[], lengthMs: number, way: string): readonly number[] =>
    ends.map((end) =>
      way === 'instants' ? end + zone.offsetAtMs(end) : end - lengthMs + zone.offsetAtMs(end - lengthMs) + lengthMs,
    );

  const files = fc
    .record({
      change: fc.constantFrom(
        { zone: openZone('Europe/Paris'), atMs: Date.UTC(2024, 9, 27, 1) },
        { zone: openZone('Europe/Paris'), atMs: Date.UTC(2024, 2, 31, 1) },
        { zone: openZone('America/Chicago'), atMs: Date.UTC(2024, 10, 3, 7) },
        { zone: openZone('America/Havana'), atMs: Date.UTC(2024, 10, 3, 5) },
        { zone: openZone('Australia/Adelaide'), atMs: Date.UTC(2024, 3, 6, 16, 30) },
      ),
      lengthMs: fc.constantFrom(HOUR_MS, HALF_HOUR_MS, HALF_HOUR_MS / 2, HALF_HOUR_MS / 6),
      way: fc.constantFrom('instants', 'counted on'),
      isDescending: fc.boolean(),
      before: fc.integer({ min: 4, max: 40 }),
    })
    .map(({ change, lengthMs, way, isDescending, before }) => {
      const ends = Array.from({ length: before + 40 }, (_, i) => change.atMs + (i - before) * lengthMs);
      if (isDescending) ends.reverse();
      return { zone: change.zone, ends, labels: labels(change.zone, ends, lengthMs, way) };
    });

  it('are told apart whichever way they are written, forward and newest first, also after a restart', () => {
    fc.assert(
      fc.property(files, fc.nat({ max: 40 }), ({ zone, ends, labels: texts }, restart) => {
        let order = new LocalOrder(zone, 'end');
        const at = texts.map((localMs, i) => {
          if (i === restart) {
            const snapshot = JSON.parse(JSON.stringify(order.snapshot()));
            order = new LocalOrder(zone, 'end');
            order.restore(snapshot);
          }
          return resolve(order, { order: '', localMs, readings: 1 });
        });
        order.end();
        expect(at).toStrictEqual(ends);
        expect(order.takeAmbiguous()).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  const paris = (texts: readonly string[], passes: readonly string[] = []): { at: string[]; ambiguous: number } => {
    const order = new LocalOrder(openZone('Europe/Paris'), 'end');
    const at = texts.map((text, i) => {
      const localMs = Date.parse(`2024-10-27T${text}:00Z`);
      const plainMs = order.plain(localMs);
      const pass = passes[i] === undefined ? undefined : passes[i] === 'b' ? 'second' : 'first';
      if (!Number.isNaN(plainMs)) order.leave('', plainMs);
      const atMs = Number.isNaN(plainMs) ? order.twice(localMs, '', pass) : plainMs;
      if (Number.isNaN(plainMs)) order.countReading();
      return new Date(atMs).toISOString().slice(11, 16);
    });
    order.end();
    return { at, ambiguous: order.takeAmbiguous() };
  };

  it.each([
    [
      'sorted, with both openings',
      ['02:00', '02:00', '02:30', '02:30', '03:00'],
      ['00:00', '01:00', '00:30', '01:30', '02:00'],
      0,
    ],
    [
      'sorted, with both closings',
      ['02:00', '02:30', '02:30', '03:00', '03:00'],
      ['00:00', '00:30', '01:30', '01:00', '02:00'],
      0,
    ],
    ['without the other pass', ['01:00', '02:00', '03:00', '04:00'], ['23:00', '00:00', '01:00', '03:00'], 2],
    ['alone at the close', ['01:00', '03:00', '04:00'], ['23:00', '02:00', '03:00'], 0],
  ])('are told apart where rows are %s', (_what, texts, at, ambiguous) => {
    expect(paris(texts)).toStrictEqual({ at, ambiguous });
  });

  it.each([
    [
      ['02:00', '03:00', '03:00', '04:00'],
      ['a', 'a', 'b', 'a'],
      ['00:00', '01:00', '02:00', '03:00'],
    ],
    [
      ['02:00', '02:00', '03:00', '04:00'],
      ['a', 'b', 'a', 'a'],
      ['00:00', '01:00', '02:00', '03:00'],
    ],
    [
      ['02:00', '02:00', '03:00', '04:00'],
      ['a', 'b', 'b', 'b'],
      ['00:00', '01:00', '02:00', '03:00'],
    ],
    [
      ['03:00', '02:30', '03:00', '02:30'],
      ['b', 'a', 'a', 'b'],
      ['02:00', '00:30', '01:00', '01:30'],
    ],
  ])('are of the pass that they say they are of: %j by %j', (texts, passes, at) => {
    expect(paris(texts, passes)).toStrictEqual({ at, ambiguous: 0 });
  });
});
