import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { METRIC_KINDS } from '../metrics/metric.ts';
import { writeWide } from '../numbers/wide.ts';
import { TextWriter } from '../packing/text-writer.ts';
import { quickTextOf } from './quick-text.ts';
import { STATISTICS } from './statistics.ts';
import { StatsTable } from './stats-table.ts';
import { foldSteps, scaledValue, steps } from './stats.fixtures.ts';
import { readStats } from './stats.ts';

const out = new TextWriter();
const quick = [...STATISTICS.values()].filter((statistic) => quickTextOf(statistic) !== undefined);
const metric = fc.record({
  kind: fc.constantFrom(...METRIC_KINDS),
  unit: fc.constant('kW'),
  decimals: fc.integer({ min: 0, max: 9 }),
});

function expectSame(
  table: StatsTable,
  slot: number,
  one: (typeof quick)[number],
  of: Parameters<typeof one.compute>[1],
) {
  const isWritten = quickTextOf(one)!(out, table, slot, of);
  const text = out.takeString();
  expect(text).toBe(isWritten ? one.compute(readStats(table, slot), of) : '');
  return isWritten;
}

describe('a statistic that is written from columns', () => {
  it('has the text that is computed from its stats, or none', () => {
    fc.assert(
      fc.property(fc.constantFrom(...quick), steps, metric, (one, some, of) => {
        expectSame(foldSteps(some), 0, one, of);
      }),
      { numRuns: 500 },
    );
  });

  it('is the shortest text of the nearest double where it is a mean, whatever its count', () => {
    const mean = STATISTICS.get('mean')!;
    const count = fc.oneof(
      fc.constantFrom(1, 2, 4, 5, 8, 10, 20, 25, 40, 60, 64, 96, 125, 128, 512, 1000, 2048, 4000, 4095, 4096, 5000),
      fc.integer({ min: 1, max: 5_000 }),
    );
    const sum = fc.oneof(fc.integer({ min: -100_000, max: 100_000 }), scaledValue);
    fc.assert(
      fc.property(count, sum, metric, (readings, total, of) => {
        const table = new StatsTable(1);
        table.allocateMany(1);
        table.count[0] = readings;
        writeWide(table.sum, 0, BigInt(total));
        expect(expectSame(table, 0, mean, of)).toBe(Number.isSafeInteger(readings * 10 ** of.decimals));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is not written where there is no reading', () => {
    const table = new StatsTable(1);
    table.allocateMany(1);
    for (const one of quick) {
      const isWritten = quickTextOf(one)!(out, table, 0, { kind: 'gauge', unit: 'kW', decimals: 3 });
      expect([one.name, isWritten, out.takeString()]).toStrictEqual([
        one.name,
        one.name === 'count',
        one.name === 'count' ? '0' : '',
      ]);
    }
  });
});
