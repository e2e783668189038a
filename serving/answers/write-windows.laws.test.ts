import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextWriter } from '#core/packing/text-writer.ts';
import { addReading } from '#core/stats/merge.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { POWER, POWER_BY_REGION } from '../world.fixtures.ts';
import type { AnsweredWindow } from './answered-window.ts';
import { parseStats, type ViewQuery } from './query.ts';
import { CsvWriter } from './write-csv.ts';
import { WindowWriter } from './write-json.ts';

const START = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const TAGS = ['north', 'süd', 'a,b'].map((tag) => [tag]);

const query: ViewQuery = {
  view: POWER_BY_REGION,
  metric: POWER,
  stats: parseStats('count,mean,max', POWER),
  where: new Map(),
};
const table = new StatsTable(3);
table.allocateMany(3);
for (let slot = 1; slot < 3; slot++) addReading(table, slot, START, slot * 1_001, false);

const window: fc.Arbitrary<AnsweredWindow> = fc
  .record({
    hour: fc.nat({ max: 1 }),
    hours: fc.constantFrom(1, 2),
    tags: fc.constantFrom(...TAGS),
    slot: fc.nat({ max: 2 }),
    revision: fc.nat({ max: 1 }),
    completeness: fc.constantFrom(0, 1, 2 / 3),
    final: fc.boolean(),
    pending: fc.boolean(),
  })
  .map(({ hour, hours, ...rest }) => ({
    startMs: START + hour * HOUR_MS,
    endMs: START + (hour + hours) * HOUR_MS,
    ...rest,
  }));

describe('a window among others', () => {
  it.each([
    ['CSV', () => new CsvWriter(table, query)],
    ['JSON', () => new WindowWriter(table, query)],
  ])('is written in %s as if it were the only one', (_, writer) => {
    const out = new TextWriter();
    fc.assert(
      fc.property(fc.array(window), (windows) => {
        const one = writer();
        for (const each of windows) one.write(out, each);
        const together = out.takeString();
        for (const each of windows) writer().write(out, each);
        expect(together).toBe(out.takeString());
      }),
    );
  });
});
