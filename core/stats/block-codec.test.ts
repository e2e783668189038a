import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PackWriter } from '../packing/pack-writer.ts';
import { addHeld } from './additive.ts';
import { BlockTarget, decodeBlock, encodeBlock } from './block-codec.ts';
import { BLOCK_ROWS_MAX } from './block-columns.ts';
import type { BlockGrid } from './foretold.ts';
import { addLink, type LinkRule } from './link.ts';
import { addReading, equalSlots, mergeInto } from './merge.ts';
import { STATS_PARTS } from './statistics.ts';
import { StatsDataFault } from './stats-errors.ts';
import { StatsTable } from './stats-table.ts';
import { foldSteps, steps } from './stats.fixtures.ts';
import type { Step } from './stats.fixtures.ts';
import { readStats } from './stats.ts';

const MAX = Number.MAX_SAFE_INTEGER;

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

/** Three hours of minutes of a gauge that speaks each 10 s, then each 10 min, and is 7 s late. */
function gaugeMinutes(): StatsTable {
  const table = new StatsTable();
  table.allocateMany(MINUTES.startMs.length);
  const sink = { table, slotOf: (slice: number) => slice };
  let before = { ms: -3_000, value: 1_000_000 };
  while (before.ms < 170 * 60_000) {
    const ms = before.ms + (before.ms < 90 * 60_000 ? 10_000 : 600_000);
    const value = before.value + ((before.ms / 1000) % 17) - 8;
    if (before.ms >= 0) addLink(sink, GAUGE, 60_000, 1, before.ms, before.value, ms, value);
    addReading(table, Math.floor(ms / 60_000), ms, value, false);
    before = { ms, value };
  }
  return table;
}

/** Three hours of minutes with readings that are all above those of the minute before, neither end the least or largest. */
function climb(): StatsTable {
  const table = new StatsTable();
  table.allocateMany(MINUTES.startMs.length);
  for (let i = 0; i < table.size; i++) {
    for (const [at, above] of [500, 0, 700, 600].entries())
      addReading(table, i, i * 60_000 + at * 10_000, i * 5_000 + above, false);
  }
  return table;
}

const GAUGE: LinkRule = { kind: 'gauge', holdMsMax: 1_800_000, quantiles: false };
const MINUTES: BlockGrid = { startMs: Float64Array.from({ length: 180 }, (_, i) => i * 60_000), sliceMs: 60_000 };

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

  it('keeps every bit whatever its slices are said to be', () => {
    const slices = fc.record({
      sliceMs: fc.constantFrom(0, 1, 1000, 60_000, 2 ** 31),
      steps: fc.array(fc.constantFrom(1, 1, 1, 2, -5, 2 ** 18), { minLength: 12, maxLength: 12 }),
    });
    fc.assert(
      fc.property(rowLists, slices, fc.subarray([...STATS_PARTS]), (rows, { sliceMs, steps: apart }, parts) => {
        const table = tableOf(rows);
        let slice = -2;
        const grid = { startMs: Float64Array.from(rows, (_, i) => (slice += apart[i]!) * sliceMs), sliceMs };
        const bytes = encodeBlock(table, slotsOf(table), grid);
        expect(encodeBlock(table, slotsOf(table), grid, table.limbsUsed())).toEqual(bytes);
        const whole = new StatsTable();
        expect(decodeBlock(bytes, whole, undefined, grid)).toBe(0);
        rows.forEach((_, i) => expect(equalSlots(whole, i, table, i)).toBe(true));
        const some = new StatsTable();
        expect(decodeBlock(bytes, some, new Set(parts), grid)).toBe(0);
        for (const part of parts)
          rows.forEach((_, i) => expect(readStats(some, i)[part]).toEqual(readStats(table, i)[part]));
      }),
      { numRuns: 300 },
    );
  });

  it('leaves nothing of itself where the next one is read over it', () => {
    fc.assert(
      fc.property(
        fc.array(rowLists, { minLength: 2, maxLength: 4 }),
        fc.subarray([...STATS_PARTS]),
        (blocks, parts) => {
          const target = new BlockTarget(12, new Set(parts));
          for (const rows of blocks) {
            const table = tableOf(rows);
            expect(target.read(encodeBlock(table, slotsOf(table)), rows.length)).toBe(undefined);
            for (const part of [...parts, 'count', 'accountedMs', 'unchecked'] as const)
              rows.forEach((_, i) => expect(readStats(target.table, i)[part]).toEqual(readStats(table, i)[part]));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('gives the rows of a window as those of the whole, but for what its first row may have of the row before', () => {
    const grids = [
      [sampleTable(), { startMs: new Float64Array(300), sliceMs: 0 }],
      [sampleTable(), { startMs: Float64Array.from({ length: 300 }, (_, i) => i * 1000), sliceMs: 1000 }],
      [gaugeMinutes(), MINUTES],
      [climb(), MINUTES],
    ] as const;
    for (const [table, grid] of grids) {
      const rows = table.size;
      const bytes = encodeBlock(table, slotsOf(table), grid);
      const ends = [128, 256, rows].filter((row) => row <= rows);
      for (const from of [0, 128, 256].filter((row) => row < rows)) {
        for (const to of ends.filter((row) => row > from)) {
          const target = new BlockTarget(rows, new Set(STATS_PARTS));
          expect(target.readWindow(bytes, rows, { from, to }, grid)).toBe(undefined);
          const first = from > 0 && grid.sliceMs > 0 ? 1 : 0;
          for (let i = first; i < to - from; i++)
            expect(equalSlots(target.table, i, table, from + i), `${from}–${to}: ${i}`).toBe(true);
        }
      }
    }
  });

  it('says of minutes with a few readings of one series little beside their values', () => {
    const table = gaugeMinutes();
    const slots = slotsOf(table);
    const into = new StatsTable();
    const bytes = encodeBlock(table, slots, MINUTES);
    expect(decodeBlock(bytes, into, undefined, MINUTES)).toBe(0);
    for (const slot of slots) expect(equalSlots(into, slot, table, slot)).toBe(true);
    expect(bytes.length / slots.length).toBeLessThan(8);
  });

  it('says of minutes in which a value is merely held, or read once, nothing but the value', () => {
    const table = gaugeMinutes();
    const rows = 60;
    const slots = Int32Array.from({ length: rows }, (_, i) => 110 + i);
    const grid = { startMs: MINUTES.startMs.subarray(110), sliceMs: 60_000 };
    expect(encodeBlock(table, slots, grid).length).toBeLessThan(4 * rows);
    const single = new StatsTable();
    single.allocateMany(128);
    for (let i = 0; i < 128; i++) {
      addReading(single, i, i * 60_000, 230_000 + ((i * 37) % 64), false);
      addHeld(single, i, 230_000 + ((i * 37) % 64), 60_000);
      single.accountedMs[i] = 60_000;
    }
    // Differences of seven bits.
    expect(encodeBlock(single, slotsOf(single), MINUTES).length).toBeLessThan(128 * 1.5);
  });

  it('keeps squares and integrals beyond the safe integers by their distances', () => {
    const table = new StatsTable();
    table.allocateMany(128);
    for (let i = 0; i < 128; i++) {
      addReading(table, i, i * 60_000, 2 ** 45 + i, false);
      addHeld(table, i, 2 ** 45 + i, 60_000);
    }
    const bytes = encodeBlock(table, slotsOf(table), MINUTES);
    const into = new StatsTable();
    expect(decodeBlock(bytes, into, undefined, MINUTES)).toBe(0);
    for (let i = 0; i < 128; i++) expect(equalSlots(into, i, table, i)).toBe(true);
    expect(bytes.length).toBeLessThan(128);
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

  it('of version 2 is read still', () => {
    const hex =
      '020004000f0000007100000085a0000007fffff705fffff760ea80a90300003075000000e803e80300e0b100820300000cfc00f74a0a005178e60000' +
      '80a9431f00000000000202020400018802018080808080801002808080808080100001880201808080808080100280808080808010010180010004021' +
      '201020e02030180010102010188010180808080808010040108018001018080feffff3f01800101feffff3f00010001000101110101800200c0a90703' +
      'b81701000205028218020000';
    const written = new StatsTable();
    written.allocateMany(4);
    addReading(written, 0, 60_000, 5, false);
    addReading(written, 0, 61_000, 7, false);
    addReading(written, 1, 120_000, Number.MAX_SAFE_INTEGER, true);
    addReading(written, 1, 125_000, -3, true);
    addReading(written, 3, 240_000, -9, false);
    written.coveredMs.set([59_000, 0, 60_000, 1_000]);
    written.accountedMs.set([60_000, 0, 0, 1_500]);
    written.unchecked[1] = 1;
    const into = new StatsTable();
    expect(decodeBlock(Buffer.from(hex, 'hex'), into)).toBe(0);
    for (let slot = 0; slot < 4; slot++) expect(equalSlots(into, slot, written, slot), `row ${slot}`).toBe(true);
    for (const part of STATS_PARTS) {
      const some = new StatsTable();
      expect(decodeBlock(Buffer.from(hex, 'hex'), some, new Set([part]))).toBe(0);
      for (let slot = 0; slot < 4; slot++) expect(readStats(some, slot)[part]).toEqual(readStats(written, slot)[part]);
    }
  });

  it('keeps the format of version 3', () => {
    const table = sampleTable();
    const grid = { startMs: Float64Array.from(slotsOf(table), (slot) => slot * 1000), sliceMs: 1000 };
    const hash = createHash('sha256')
      .update(encodeBlock(table, slotsOf(table)))
      .update(encodeBlock(table, slotsOf(table), grid))
      .update(encodeBlock(gaugeMinutes(), slotsOf(gaugeMinutes()), MINUTES))
      .digest('hex');
    expect(hash).toBe('322a80375cb5327fa37a12285c4ba400132cf8b68708d1fc04420b2639cf60df');
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
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(1, 2, 3), (tail, version) => {
        const bytes = Uint8Array.from([version, 0, 1, 0, ...tail]);
        const into = new StatsTable();
        if (decodeBlock(bytes, into) instanceof StatsDataFault) expect(into.size).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  /** A block of one row: the six numbers of its selective part, and the numbers that follow them. */
  function craftedBlock(selected: readonly number[], numbers: readonly (readonly number[])[]): Uint8Array {
    const pack = new PackWriter();
    const [min, ...others] = selected.map((value) => Float64Array.of(value));
    pack.bytes.byte(1);
    for (let i = 0; i < 2; i++) pack.column(Float64Array.of(1), 1);
    pack.column(min!, 1);
    for (const column of others) {
      pack.bytes.byte(0);
      pack.column(column, 1);
    }
    for (const limbs of numbers) {
      pack.bytes.byte(limbs.length);
      for (const limb of limbs) pack.column(Float64Array.of(limb), 1);
    }
    pack.bytes.byte(0);
    const bytes = pack.finish(4);
    bytes.set([3, 0, 1, 0]);
    return bytes;
  }

  /** min, max, last and first value, first and last time. */
  const selected = [1, 5, 3, 2, 10, 20];
  /** Covered and accounted time; sum, squares, increase, integral. */
  const numbers = [[1], [1], [6, 0, 0], [1], [], [1]];

  it('but crafted like one are read where they make sense', () => {
    expect(decodeBlock(craftedBlock(selected, numbers), new StatsTable())).toBe(0);
  });

  it.each([
    ['a first value below the smallest', [1, 5, 3, 0, 10, 20], numbers],
    ['a last value above the largest', [1, 5, 6, 2, 10, 20], numbers],
    ['a last reading before the first', [1, 5, 3, 2, 10, 9], numbers],
    ['a limb beyond its base', selected, [[1], [1], [2 ** 40, 0, 0], [1], [1], [1]]],
    ['a negative limb', selected, [[1], [1], [0, -1, 0], [1], [1], [1]]],
    ['a limb too few', selected, [[1], [1], [6, 0], [1], [1], [1]]],
    ['a sum that is none', [MAX, MAX, MAX, MAX, 10, 20], [[1], [1], [MAX], [1], [1], [1]]],
    ['covered time that no table holds', selected, [[0, 0, 2 ** 30], [1], [1], [1], [1], [1]]],
    ['accounted time that no table holds', selected, [[1], [0, 0, 2 ** 30], [1], [1], [1], [1]]],
    ['accounted time that is none', selected, [[MAX], [1], [1], [1], [1], [1]]],
    ['a number too few', selected, [[1], [1], [1], [1], [1]]],
    ['a number too many', selected, [[1], [1], [1], [1], [1], [1], [1]]],
  ])('that hold %s are invalid', (_, crafted, rest) => {
    expect(decodeBlock(craftedBlock(crafted, rest), new StatsTable())).toMatchObject({ problem: 'invalid' });
  });

  it('of a newer version, or with no rows, say so', () => {
    const into = new StatsTable();
    expect(decodeBlock(Uint8Array.of(9, 0, 1, 0), into)).toMatchObject({ problem: 'newer-version' });
    expect(decodeBlock(Uint8Array.of(1, 0, 0, 0), into)).toMatchObject({ problem: 'invalid' });
    expect(decodeBlock(Uint8Array.of(1, 0), into)).toMatchObject({ problem: 'truncated' });
    expect(decodeBlock(Uint8Array.of(1, 0, 1, 255), into)).toMatchObject({ problem: 'invalid' });
  });
});
