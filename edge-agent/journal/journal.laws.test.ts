import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import { acceptBatch } from '../accept/accept.ts';
import { encodeChunks } from './chunk-codec.ts';
import { Journal } from './journal.ts';

/** Entries 0 and 1 are of one series, entry 2 of another. */
const SERIES = [0, 0, 1];
const RULE = { conflict: 'last', paneMs: 10 } as const;

interface Commit {
  readonly rows: readonly (readonly [entry: number, timeMs: number, value: number])[];
  readonly breaks: readonly (readonly [entry: number, atMs: number])[];
  readonly seals: readonly boolean[];
}

const commits: fc.Arbitrary<readonly Commit[]> = fc.array(
  fc.record({
    rows: fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 0, max: 60 }), fc.nat(3)), { maxLength: 8 }),
    breaks: fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 0, max: 65 })), { maxLength: 2 }),
    seals: fc.tuple(fc.boolean(), fc.boolean()),
  }),
  { maxLength: 25 },
);

function open(table: MemoryTable, horizonMs: number | null, readingsMax: number): Promise<Journal> {
  return Journal.open({
    table,
    seriesOf: (entry) => SERIES[entry]!,
    seriesCount: 2,
    repeatHorizonOf: () => horizonMs,
    readingsMax,
  });
}

/** One commit as an agent makes it; what is accepted is in frames where the series is sealed. */
async function commit(journal: Journal, table: MemoryTable, { rows, breaks: broken, seals }: Commit): Promise<void> {
  const entry = Int32Array.from(rows, ([number]) => number);
  const { taken, changed, breaks } = acceptBatch(
    {
      count: rows.length,
      entry,
      seriesOf: SERIES,
      timeMs: Float64Array.from(rows, ([, timeMs]) => timeMs),
      value: Float64Array.from(rows, ([, , value]) => value),
      breaks: broken.map(([number, atMs]) => ({ series: SERIES[number]!, entry: number, atMs })),
    },
    journal.series,
    () => RULE,
  );
  journal.took(taken);
  const operations = journal.record(encodeChunks(taken, 3), changed);
  operations.push(...journal.breaks.record(breaks));
  for (const [i, series] of journal.series.entries()) {
    if (!seals[i] || series.length === 0) continue;
    series.breaks.touch(Math.max(series.sealedMs, 0));
    series.sealedMs = series.lastMs;
  }
  journal.breaks.settle();
  operations.push(...journal.trim(), ...journal.seals.record());
  await journal.lookAhead();
  await table.write(operations, { sync: true });
}

/** All that the journal remembers and that acceptance goes by; readings among forgotten ones may be lost on the way. */
function memoryOf({ series }: Journal): unknown {
  return series.map((one) => {
    const { times, values, entries, length, sealedMs, forgottenMs, forgottenValue, lastMs } = one;
    const first = times.subarray(0, length).findIndex((timeMs) => timeMs > forgottenMs);
    const readings = Array.from({ length: first < 0 ? 0 : length - first }, (_, i) => [
      times[first + i],
      values[first + i],
      entries[first + i],
    ]);
    const isParted = Array.from({ length: 66 }, (_, atMs) => one.breaks.lieBetween(atMs - 1, atMs));
    // What was shipped of held time that ends at a break, and is not settled anew.
    one.breaks.touch(Number.NEGATIVE_INFINITY);
    const unsettled = one.settleBreaks();
    return { readings, isParted, unsettled, sealedMs, forgottenMs, forgottenValue, lastMs };
  });
}

describe('a journal', () => {
  it.each([
    ['that has room', null, 1_000],
    ['that is over its budget', null, 10],
    ['whose metrics have a horizon', 15, 1_000],
    ['with both', 15, 20],
  ] as const)('%s opens after each commit as its memory was', async (_what, horizonMs, readingsMax) => {
    await fc.assert(
      fc.asyncProperty(commits, async (all) => {
        const table = new MemoryTable();
        const journal = await open(table, horizonMs, readingsMax);
        for (const one of all) {
          await commit(journal, table, one);
          expect(memoryOf(await open(table.crash(), horizonMs, readingsMax))).toEqual(memoryOf(journal));
        }
      }),
    );
  });
});
