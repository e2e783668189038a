import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PackWriter } from '../packing/pack-writer.ts';
import { decodeBlock, encodeBlock } from './block-codec.ts';
import { BLOCK_ROWS_MAX } from './block-columns.ts';
import { addReading, equalSlots, mergeInto } from './merge.ts';
import { STATS_PARTS } from './statistics.ts';
import { StatsDataFault } from './stats-errors.ts';
import { StatsTable } from './stats-table.ts';
import { foldSteps, steps } from './stats.fixtures.ts';
import type { Step } from './stats.fixtures.ts';
import { readStats } from './stats.ts';

function tableOf(rows: readonly (readonly Step[])[]): StatsTable {
  const table = new StatsTable();
  for (const list of rows) mergeInto(table, table.allocate(), foldSteps(list), 0);
  return table;
}

function slotsOf(table: StatsTable): Int32Array {
  return Int32Array.from({ length: table.size }, (_, slot) => slot);
}

const rowLists = fc.array(steps, { minLength: 1, maxLength: 12 });

/** Rows of all sorts: regular, empty, negative, wide, with buckets, more than one packed block of them. */
function sampleTable(): StatsTable {
  const table = new StatsTable();
  for (let i = 0; i < 300; i++) {
    const slot = table.allocate();
    if (i % 7 === 3) continue;
    addReading(table, slot, 1000 * i, i % 2 === 0 ? i * 1_000_003 : -i, i % 5 === 0);
    if (i % 50 === 0) addReading(table, slot, 0 - i, Number.MAX_SAFE_INTEGER - i, false);
    table.coveredMs[slot] = i;
    table.accountedMs[slot] = i % 9 === 0 ? 0 : i;
  }
  return table;
}

describe('a block', () => {
  it('decodes to the stats it was made of, bit by bit and in order, behind what the table holds', () => {
    fc.assert(
      fc.property(rowLists, fc.nat(3), (rows, before) => {
        const table = tableOf(rows);
        const into = new StatsTable(1);
        if (before > 0) addReading(into, into.allocateMany(before), 1, 2, true);
        const first = decodeBlock(encodeBlock(table, slotsOf(table)), into);
        expect(first).toBe(before);
        expect(into.size).toBe(before + rows.length);
        rows.forEach((_, i) => expect(equalSlots(into, before + i, table, i)).toBe(true));
        expect(equalSlots(into, into.allocate(), foldSteps([]), 0)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('gives the parts that are asked for as they are, and of the others what no reading gives', () => {
    fc.assert(
      fc.property(rowLists, fc.subarray([...STATS_PARTS]), (rows, parts) => {
        const table = tableOf(rows);
        const into = new StatsTable();
        expect(decodeBlock(encodeBlock(table, slotsOf(table)), into, new Set(parts))).toBe(0);
        const { count: _, unchecked: __, accountedMs: ___, ...nothing } = readStats(foldSteps([]), 0);
        rows.forEach((____, i) => {
          const whole = readStats(table, i);
          expect(readStats(into, i)).toEqual({
            ...whole,
            ...nothing,
            ...Object.fromEntries(parts.map((part) => [part, whole[part]])),
          });
        });
      }),
    );
    // A block with everything in it.
    const sample = sampleTable();
    for (const part of STATS_PARTS) {
      const into = new StatsTable();
      decodeBlock(encodeBlock(sample, slotsOf(sample)), into, new Set([part]));
      for (let i = 0; i < sample.size; i++) expect(readStats(into, i)[part]).toEqual(readStats(sample, i)[part]);
    }
  });

  it('takes any slots in any order', () => {
    const table = sampleTable();
    const slots = [7, 5, 5, 250];
    const into = new StatsTable();
    expect(decodeBlock(encodeBlock(table, slots), into)).toBe(0);
    slots.forEach((slot, i) => expect(equalSlots(into, i, table, slot)).toBe(true));
  });

  it('holds as many rows as it may', () => {
    const table = new StatsTable();
    table.allocateMany(BLOCK_ROWS_MAX);
    const into = new StatsTable();
    expect(decodeBlock(encodeBlock(table, slotsOf(table)), into)).toBe(0);
    expect(into.size).toBe(BLOCK_ROWS_MAX);
    expect(() =>
      encodeBlock(
        table,
        Array.from({ length: BLOCK_ROWS_MAX + 1 }, () => 0),
      ),
    ).toThrow('1 to 4096 rows');
  });

  it('of version 1 is read still, and accounts for nothing', () => {
    const hex =
      '0100020002000000b00400006400000001020c010208010001028001007c0280010080a0abfef9620102800100f099070280010078000102800100b693' +
      '090102800100dabbb1590100010280010090d7a5460102800100f0990700';
    const into = new StatsTable();
    expect(decodeBlock(Buffer.from(hex, 'hex'), into)).toBe(0);
    expect([0, 1].map((slot) => readStats(into, slot).coveredMs)).toEqual([59_000n, 59_000n]);
    expect([0, 1].map((slot) => readStats(into, slot).accountedMs)).toEqual([0n, 0n]);
  });

  it('keeps the format of version 2', () => {
    const table = sampleTable();
    const hash = createHash('sha256')
      .update(encodeBlock(table, slotsOf(table)))
      .digest('hex');
    expect(hash).toBe('257daa1dd0e05e83420982ea5c7107aa84aca29dcb8547162ef8a2724701e014');
  });
});

describe('bytes that are no block', () => {
  it('made of a block by changes and cuts are a fault that leaves the table alone, or a block', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(rowLists, fc.array(change, { maxLength: 3 }), fc.nat(), (rows, changes, cut) => {
        const table = tableOf(rows);
        let bytes = encodeBlock(table, slotsOf(table));
        for (const [at, flip] of changes) bytes[at % bytes.length]! ^= flip;
        if (cut % 3 === 0) bytes = bytes.subarray(0, cut % bytes.length);
        const into = tableOf([[]]);
        const first = decodeBlock(bytes, into);
        if (first instanceof StatsDataFault) expect(into.size).toBe(1);
        else expect(decodeBlock(encodeBlock(into, slotsOf(into)), new StatsTable())).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it('of any other kind are a fault', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (tail) => {
        const bytes = Uint8Array.from([1, 0, 1, 0, ...tail]);
        const into = new StatsTable();
        if (decodeBlock(bytes, into) instanceof StatsDataFault) expect(into.size).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  /** A block of one row: the six numbers of its selective part, and what follows its count and unchecked. */
  function craftedBlock(selected: readonly number[], wides: readonly (readonly number[])[]): Uint8Array {
    const pack = new PackWriter();
    const [min, max, firstValue, lastValue, firstMs, lastMs] = selected.map((value) => Float64Array.of(value));
    pack.bytes.byte(1);
    pack.column(min!, 1);
    for (const column of [max!, firstValue!, lastValue!]) pack.relativeColumn(column, min!, 1);
    pack.column(firstMs!, 1);
    pack.relativeColumn(lastMs!, firstMs!, 1);
    for (let i = 0; i < 2; i++) pack.column(Float64Array.of(1), 1);
    for (const limbs of wides) {
      pack.bytes.byte(limbs.length);
      for (const limb of limbs) pack.column(Float64Array.of(limb), 1);
    }
    pack.bytes.byte(0);
    const bytes = pack.finish(4);
    bytes.set([2, 0, 1, 0]);
    return bytes;
  }

  const selected = [1, 5, 2, 3, 10, 20];
  const wides = [[6, 0, 0], [1], [1], [1], [1], [1]];

  it('but crafted like one are read where they make sense', () => {
    expect(decodeBlock(craftedBlock(selected, wides), new StatsTable())).toBe(0);
  });

  it.each([
    ['a first value below the smallest', [1, 5, 0, 3, 10, 20], wides],
    ['a last value above the largest', [1, 5, 2, 6, 10, 20], wides],
    ['a last reading before the first', [1, 5, 2, 3, 10, 9], wides],
    ['a limb beyond its base', selected, [[2 ** 40, 0, 0], [1], [1], [1], [1], [1]]],
    ['a negative limb', selected, [[0, -1, 0], [1], [1], [1], [1], [1]]],
    ['a limb too few', selected, [[6, 0], [1], [1], [1], [1], [1]]],
    ['covered time that no table holds', selected, [[1], [1], [1], [1], [0, 0, 2 ** 30], [1]]],
    ['accounted time that no table holds', selected, [[1], [1], [1], [1], [1], [0, 0, 2 ** 30]]],
    ['a number too few', selected, [[1], [1], [1], [1], [1]]],
    ['a number too many', selected, [[1], [1], [1], [1], [1], [1], [1]]],
  ])('that hold %s are invalid', (_, crafted, numbers) => {
    expect(decodeBlock(craftedBlock(crafted, numbers), new StatsTable())).toMatchObject({ problem: 'invalid' });
  });

  it('of a newer version, or with no rows, say so', () => {
    const into = new StatsTable();
    expect(decodeBlock(Uint8Array.of(9, 0, 1, 0), into)).toMatchObject({ problem: 'newer-version' });
    expect(decodeBlock(Uint8Array.of(1, 0, 0, 0), into)).toMatchObject({ problem: 'invalid' });
    expect(decodeBlock(Uint8Array.of(1, 0), into)).toMatchObject({ problem: 'truncated' });
    expect(decodeBlock(Uint8Array.of(1, 0, 1, 255), into)).toMatchObject({ problem: 'invalid' });
  });
});
