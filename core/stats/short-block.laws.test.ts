import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../packing/bytes.ts';
import { mergedParts } from './merge-run.ts';
import { equalSlots, mergeInto } from './merge.ts';
import { readShortBlock, SHORT_BLOCK_MAX, writeShortBlock } from './short-block.ts';
import { readShortColumn, SHORT_COLUMN_MAX, skipShortColumn, writeShortColumn } from './short-column.ts';
import { STATS_PARTS } from './statistics.ts';
import { StatsTable } from './stats-table.ts';
import { foldSteps, runValues, scaledValue, steps } from './stats.fixtures.ts';
import { readStats } from './stats.ts';

const writer = new ByteWriter();

function readerOf(bytes: Uint8Array): ByteReader {
  const reader = new ByteReader();
  reader.open(bytes, 0, bytes.length);
  return reader;
}

const numbers = fc.oneof(
  runValues(SHORT_COLUMN_MAX),
  fc.array(scaledValue, { minLength: 1, maxLength: SHORT_COLUMN_MAX }),
  fc
    .tuple(scaledValue, fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.integer({ min: 1, max: SHORT_COLUMN_MAX }))
    .map(([first, step, count]) => Array.from({ length: count }, (_, i) => first + i * step))
    .filter((list) => list.every(Number.isSafeInteger)),
);

describe('a short column', () => {
  it('gives back its numbers, or is stepped over', () => {
    fc.assert(
      fc.property(fc.array(numbers, { minLength: 1, maxLength: 4 }), (columns) => {
        writer.length = 0;
        for (const column of columns) writeShortColumn(writer, Float64Array.from(column), column.length);
        const [read, skipped] = [readerOf(writer.written().slice()), readerOf(writer.written().slice())];
        for (const column of columns) {
          const values = new Float64Array(SHORT_COLUMN_MAX);
          readShortColumn(read, values, column.length);
          expect([...values.subarray(0, column.length)]).toEqual(column);
          skipShortColumn(skipped);
          expect(skipped.at).toBe(read.at);
        }
        expect([read.failed, skipped.failed, read.at]).toEqual([false, false, read.end]);
      }),
      { numRuns: 500 },
    );
  });

  it('takes a byte where all are zero, and little more where they are at one distance', () => {
    const bytesOf = (...values: number[]): number => {
      writer.length = 0;
      writeShortColumn(writer, Float64Array.from(values), values.length);
      return writer.length;
    };
    expect(bytesOf(0, 0, 0)).toBe(1);
    expect(bytesOf(50, 50, 50)).toBe(2);
    expect(bytesOf(0, 60, 120, 180)).toBe(3);
    expect(bytesOf(1, 3, 2, 7)).toBe(5);
  });

  it('fails its reader where it ends too early', () => {
    fc.assert(
      fc.property(numbers, fc.nat(), (column, cut) => {
        writer.length = 0;
        writeShortColumn(writer, Float64Array.from(column), column.length);
        const reader = readerOf(writer.written().slice(0, cut % writer.length));
        readShortColumn(reader, new Float64Array(SHORT_COLUMN_MAX), column.length);
        expect(reader.failed).toBe(true);
      }),
    );
  });
});

/** Rows that no number of is too large for a short block, and rows of any. */
const small = fc.array(steps, { minLength: 1, maxLength: SHORT_BLOCK_MAX });

function tableOf(lists: readonly Parameters<typeof foldSteps>[0][]): StatsTable {
  const table = new StatsTable(lists.length + 1);
  table.allocateMany(lists.length + 1);
  for (const [i, list] of lists.entries()) mergeInto(table, i + 1, foldSteps(list), 0);
  return table;
}

function meters(count: number): StatsTable {
  const table = new StatsTable(count + 1);
  table.allocateMany(count + 1);
  for (let i = 1; i <= count; i++) {
    const value = 1_000 + ((i * 37) % 50);
    table.count[i] = 1;
    for (const column of [table.min, table.max, table.firstValue, table.lastValue]) column[i] = value;
    for (const column of [table.firstMs, table.lastMs]) column[i] = 1_700_000_000_000 + i * 900_000;
    table.coveredMs[i] = 900_000;
    table.accountedMs[i] = 900_000;
    table.sum[0]![i] = value;
    table.squares[0]![i] = value * value;
    table.integral[0]![i] = 900_000 * (1_000 + (((i - 1) * 37) % 50));
  }
  return table;
}

const slotsOf = (count: number) => Int32Array.from({ length: count }, (_, i) => i + 1);
const EVERY = mergedParts(new Set(STATS_PARTS));

describe('a short block', () => {
  it('gives back the stats of its rows to the bit, where they have one', () => {
    let written = 0;
    fc.assert(
      fc.property(small, small, (before, lists) => {
        const [first, table] = [tableOf(before), tableOf(lists)];
        const target = new StatsTable(SHORT_BLOCK_MAX);
        target.allocateMany(SHORT_BLOCK_MAX);
        for (const [from, count] of [
          [first, before.length],
          [table, lists.length],
        ] as const) {
          writer.length = 0;
          if (!writeShortBlock(writer, from, slotsOf(count), count)) continue;
          written++;
          const reader = readerOf(writer.written().slice());
          expect(readShortBlock(reader, target, count, EVERY)).toBe(true);
          expect(reader.at).toBe(reader.end);
          for (let i = 0; i < count; i++) expect(readStats(target, i)).toEqual(readStats(from, i + 1));
          for (let i = 0; i < count; i++) expect(equalSlots(target, i, from, i + 1)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
    expect(written).toBeGreaterThan(100);
  });

  it('gives the parts that are asked for as all of them', () => {
    fc.assert(
      fc.property(small, fc.subarray([...STATS_PARTS]), (lists, names) => {
        const table = tableOf(lists);
        writer.length = 0;
        if (!writeShortBlock(writer, table, slotsOf(lists.length), lists.length)) return;
        const parts = mergedParts(new Set(names));
        const target = new StatsTable(SHORT_BLOCK_MAX, parts);
        target.allocateMany(SHORT_BLOCK_MAX);
        expect(readShortBlock(readerOf(writer.written().slice()), target, lists.length, parts)).toBe(true);
        for (let i = 0; i < lists.length; i++) {
          const [some, all] = [readStats(target, i), readStats(table, i + 1)];
          for (const name of names) expect(some[name]).toEqual(all[name]);
          expect([some.count, some.unchecked, some.accountedMs]).toEqual([all.count, all.unchecked, all.accountedMs]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('takes some bytes a reading of a meter, whose six values are one', () => {
    writer.length = 0;
    expect(writeShortBlock(writer, meters(16), slotsOf(16), 16)).toBe(true);
    expect(writer.length).toBeLessThan(16 * 5);
  });

  it('is none where a number is no safe integer', () => {
    const table = meters(3);
    table.squares[3]![2] = 2 ** 20;
    writer.length = 0;
    expect(writeShortBlock(writer, table, slotsOf(3), 3)).toBe(false);
  });

  it('is known to end too early', () => {
    writer.length = 0;
    writeShortBlock(writer, meters(5), slotsOf(5), 5);
    const bytes = writer.written().slice();
    const target = new StatsTable(SHORT_BLOCK_MAX);
    target.allocateMany(SHORT_BLOCK_MAX);
    for (let length = 0; length < bytes.length; length++)
      expect(readShortBlock(readerOf(bytes.subarray(0, length)), target, 5, EVERY)).toBe(false);
  });
});
