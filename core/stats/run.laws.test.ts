import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addHeld } from './additive.ts';
import { addLink, type LinkRule } from './link.ts';
import { addReading, equalSlots } from './merge.ts';
import { addPieces, measurePieces, pieceEnds } from './piece.ts';
import { addHeldRun, addRegularRun, addTimedRun } from './run.ts';
import { StatsTable } from './stats-table.ts';
import { counterValue, linkRule, runValues, scaledValue, seriesReadings } from './stats.fixtures.ts';
import { linksOf, type Reading, statsOf } from './stats.oracle.ts';
import { readStats } from './stats.ts';

/** One slice so long that every generated time from 0 on lies in it. */
const ONE_SLICE_MS = 2 ** 51;
const LENGTH_MAX = 1200;
const valuesOfRun = fc.oneof(runValues(LENGTH_MAX), fc.array(counterValue, { minLength: 1, maxLength: 30 }));

function freshTable(): StatsTable {
  const table = new StatsTable(1);
  table.allocate();
  return table;
}

/** Readings and links one by one, by the functions that take one. */
function foldOneByOne(table: StatsTable, readings: readonly Reading[], rule: LinkRule, sliceMs: number): void {
  readings.forEach(({ ms, value }, i) => {
    addReading(table, 0, ms, value, rule.quantiles);
    const before = readings[i - 1];
    if (before) addLink({ table, slotOf: () => 0 }, rule, sliceMs, 1, before.ms, before.value, ms, value);
  });
}

describe('a run', () => {
  it('the pieces of a run without times equal slow bigint arithmetic', () => {
    fc.assert(
      fc.property(valuesOfRun, fc.nat(3), (list, skipped) => {
        const table = freshTable();
        const values = Float64Array.from([...Array.from({ length: skipped }, () => 77), ...list, 99]);
        addPieces(table, 0, values, skipped, skipped + list.length, 0);
        const { count, sum, squares, min, max } = statsOf(
          list.map((value) => ({ ms: 0, value })),
          false,
        );
        expect(readStats(table, 0)).toMatchObject({ count, sum, squares, min, max, first: null, last: null });
      }),
      { numRuns: 300 },
    );
  });

  it('a regular run, the same run with times, its readings one by one and the slow way are the same', () => {
    fc.assert(
      fc.property(valuesOfRun, fc.constantFrom(1, 999, 1000, 3001), linkRule, (list, stepMs, rule) => {
        const readings = list.map((value, i) => ({ ms: 5000 + i * stepMs, value }));
        const values = Float64Array.from(list);
        const times = Float64Array.from(readings, ({ ms }) => ms);
        const [regular, timed, single] = [freshTable(), freshTable(), freshTable()];
        addRegularRun(regular, 0, values, 0, values.length, 5000, stepMs, rule);
        addTimedRun(timed, 0, values, times, 0, values.length, rule);
        foldOneByOne(single, readings, rule, ONE_SLICE_MS);
        const links = linksOf(readings, rule, ONE_SLICE_MS).get(0);
        expect(readStats(regular, 0)).toEqual(statsOf(readings, rule.quantiles, links));
        expect(equalSlots(regular, 0, timed, 0)).toBe(true);
        expect(equalSlots(regular, 0, single, 0)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('a run of irregular times equals the slow way', () => {
    fc.assert(
      fc.property(seriesReadings(40), linkRule, (series, rule) => {
        const readings = series.filter(({ ms }) => ms >= 0);
        const table = freshTable();
        addTimedRun(
          table,
          0,
          Float64Array.from(readings, ({ value }) => value),
          Float64Array.from(readings, ({ ms }) => ms),
          0,
          readings.length,
          rule,
        );
        const links = linksOf(readings, rule, ONE_SLICE_MS).get(0);
        expect(readStats(table, 0)).toEqual(statsOf(readings, rule.quantiles, links));
      }),
      { numRuns: 300 },
    );
  });

  it('a run cut in two, with the link between the parts, is the same run', () => {
    fc.assert(
      fc.property(valuesOfRun, fc.nat(), linkRule, (list, at, rule) => {
        const stepMs = 1000;
        const cut = at % list.length;
        const values = Float64Array.from(list);
        const [whole, parts] = [freshTable(), freshTable()];
        addRegularRun(whole, 0, values, 0, values.length, 0, stepMs, rule);
        addRegularRun(parts, 0, values, cut, values.length, cut * stepMs, stepMs, rule);
        addRegularRun(parts, 0, values, 0, cut, 0, stepMs, rule);
        if (cut > 0) {
          const fromMs = (cut - 1) * stepMs;
          const sink = { table: parts, slotOf: () => 0 };
          addLink(sink, rule, ONE_SLICE_MS, 1, fromMs, list[cut - 1]!, fromMs + stepMs, list[cut]!);
        }
        expect(equalSlots(whole, 0, parts, 0)).toBe(true);
      }),
    );
  });

  it('a run with its outer links is the run, and what is held before and after it', () => {
    const held = fc.nat(3000);
    fc.assert(
      fc.property(
        valuesOfRun,
        fc.constantFrom(1, 999, 3000),
        scaledValue,
        held,
        held,
        (list, stepMs, head, headMs, tailMs) => {
          const values = Float64Array.from(list);
          const [whole, parts] = [freshTable(), freshTable()];
          pieceEnds[0] = values.length;
          measurePieces(values, 0, 1, undefined);
          addHeldRun(whole, 0, values, 0, values.length, 5000, stepMs, head, headMs, tailMs, true, 0);
          const rule = { kind: 'gauge', holdMsMax: 3000, quantiles: true } as const;
          addRegularRun(parts, 0, values, 0, values.length, 5000, stepMs, rule);
          addHeld(parts, 0, head, headMs);
          addHeld(parts, 0, list.at(-1)!, tailMs);
          expect(equalSlots(whole, 0, parts, 0)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});
