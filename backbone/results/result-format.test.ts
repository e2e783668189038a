import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addReading, equalSlots } from '#core/stats/merge.ts';
import { STATS_PARTS } from '#core/stats/statistics.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { readStats } from '#core/stats/stats.ts';
import { tailsRoom } from '#core/stats/tails.ts';
import { ObjectDamaged } from '../objects/objects.ts';
import { NewerFormat } from '../storage-errors.ts';
import { type BlockPlace, decodeDirectory, encodeDirectory, RESULT_DIRECTORY_FORMAT } from './result-directory.ts';
import {
  type BlockRows,
  decodeResultBlock,
  decodeRowsOfGroup,
  encodeResultBlock,
  RESULT_BLOCK_FORMAT,
  RESULT_BLOCK_SLICES_MAX,
  ResultBlockTarget,
} from './result-format.ts';
import { groupRows, type RowName } from './results.ts';

/** Rows of two groups, each with half of the slices, whose i-th row holds i readings, at slots in descending order. */
function rowsOf(slices: readonly number[], groups = ['["r1"]', '["r2"]']): BlockRows {
  const table = new StatsTable();
  table.allocateMany(slices.length);
  const slots = Int32Array.from(slices, (_, i) => slices.length - 1 - i);
  slots.forEach((slot, i) => {
    for (let n = 0; n < i; n++) addReading(table, slot, slices[i]! * 1000 + n, n * 7 - 3, n % 2 === 0);
  });
  return {
    partition: 5,
    sliceMs: 1000,
    groups: slices.length === 1 ? [groups[0]!] : groups,
    ends: slices.length === 1 ? [1] : [slices.length >>> 1, slices.length],
    slices: Float64Array.from(slices),
    revisions: Float64Array.from(slices, (_, i) => i + 1),
    flags: Uint8Array.from(slices, (_, i) => i % 3),
    table,
    slots,
  };
}

/** A gauge that walks, in stretches of slices that follow one another; every seventh row is empty and some have buckets. */
function walkOf(
  stretches: readonly { readonly rows: number; readonly first: number }[],
  isOneGroup: boolean,
): BlockRows {
  const slices = stretches.flatMap(({ rows, first }) => Array.from({ length: rows }, (_, i) => first + i));
  const table = emptyTable(slices.length);
  for (const [slot, slice] of slices.entries()) {
    if (slot % 7 === 6) continue;
    for (let n = 0; n < 3 - (slot % 2); n++)
      addReading(table, slot, slice * 1000 + n, 500 + ((slot * 7919 + n) % 300), slot % 50 === 3);
  }
  return {
    partition: 5,
    sliceMs: 1000,
    groups: stretches.map((_, i) => (isOneGroup ? 'a' : `g${i % 3}`)),
    ends: stretches.map((_, i) => stretches.slice(0, i + 1).reduce((sum, { rows }) => sum + rows, 0)),
    slices: Float64Array.from(slices),
    revisions: Float64Array.from(slices, (_, i) => i % 3),
    flags: Uint8Array.from(slices, (_, i) => i % 2),
    table,
    slots: Int32Array.from(slices, (_, i) => i),
  };
}

function emptyTable(slots: number): StatsTable {
  const table = new StatsTable();
  table.allocateMany(slots);
  return table;
}

const at = (partition: number, group: string, slice: number): RowName => ({ partition, group, slice });

const PLACES: readonly BlockPlace[] = [
  { first: at(0, '["a"]', -7), last: at(0, '["a"]', -1), slices: 3, object: 0, offset: 0, bytes: 900 },
  { first: at(0, '["ä"]', -2), last: at(0, '["a"]', 12), slices: 5, object: 0, offset: 900, bytes: 80 },
  { first: at(2, '["a"]', 2 ** 36), last: at(2, '["b"]', 2 ** 37), slices: 1024, object: 1, offset: 0, bytes: 70_000 },
];
const GROUPS = ['["ä"]', '["a"]', '["b"]', '["a"]', '["c"]'];
const directory = (): Uint8Array => encodeDirectory(PLACES, GROUPS);

describe('a block of a result', () => {
  it('has a format that is locked', () => {
    const hash = createHash('sha256')
      .update(encodeResultBlock(rowsOf([-2, 0, 1, 500])))
      .digest('hex');
    expect(hash).toBe('6ff8684b8210498f0ed528092a25207fb9493237fabeec4d387ae74e8cac0a9b');
  });

  it('with a tail has a format that is locked', () => {
    const rows = rowsOf([-2, 0, 1, 500]);
    rows.table.coveredMs.fill(1000, 0, 4);
    rows.table.accountedMs.set([0, 60_000, 0, 0]);
    const tails = tailsRoom(4);
    tails.slices.set([1, 0, 9, 3]);
    tails.markedAt.set([0, 0, 4, 3]);
    tails.revision.set([7, 0, 1, 2]);
    tails.markedRevision.set([0, 0, 3, 2]);
    tails.coveredMs.set([1000, 0, 1000, 1]);
    tails.integral.set([-3000, 0, 4000, 2 ** 50]);
    tails.markedMs.set([0, 0, 60_000, 0]);
    const bytes = encodeResultBlock({ ...rows, tails });
    expect(bytes[0]).toBe(RESULT_BLOCK_FORMAT);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      'ce1b5d4b21a3e7e22bc5bfc424a148db29a19e4092cdea409d99805312a91f0a',
    );
    const { count, ends, slice, revision, table, firstSlot } = decodeResultBlock(bytes, 'x', 'y');
    expect([count, ends[0], ends[1]]).toEqual([17, 3, 17]);
    expect([...slice.subarray(0, count)]).toEqual([-2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 500, 501, 502, 503]);
    expect([...revision.subarray(0, count)]).toEqual([1, 7, 2, 3, 1, 1, 1, 3, 1, 1, 1, 1, 1, 4, 2, 2, 2]);
    const held = [1, 4, 7, 16].map((i) => readStats(table, firstSlot + i));
    expect(
      held.map(({ count: readings, coveredMs, integral, accountedMs }) => [readings, coveredMs, integral, accountedMs]),
    ).toEqual([
      [0, 1000n, -3000n, 0n],
      [0, 1000n, 4000n, 0n],
      [0, 1000n, 4000n, 60_000n],
      [0, 1n, 2n ** 50n, 0n],
    ]);
  });

  it.each([
    ['has more slices than a block may have', { slices: RESULT_BLOCK_SLICES_MAX - 3 }],
    ['marks a slice that it doesn’t have', { markedAt: 3 }],
    ['has a revision below none', { revision: -1 }],
  ])('whose tail %s is damaged', (_what, wrong) => {
    const tails = tailsRoom(4);
    const said = { slices: 2, markedAt: 1, revision: 1, ...wrong };
    tails.slices[0] = said.slices;
    tails.markedAt[0] = said.markedAt;
    tails.revision[0] = said.revision;
    tails.markedRevision[0] = 1;
    const bytes = encodeResultBlock({ ...rowsOf([1, 2000, 9000, 9001]), tails });
    expect(() => decodeResultBlock(bytes, 'x', 'y')).toThrow(ObjectDamaged);
  });

  it('reads back as it was written', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), { minLength: 1, maxLength: 40 }),
        fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 2 }),
        (numbers, groups) => {
          const rows = rowsOf(
            numbers.toSorted((a, b) => a - b),
            groups.map((group) => group.toWellFormed()),
          );
          const block = decodeResultBlock(encodeResultBlock(rows), 'x', 'y');
          expect(block).toMatchObject({ partition: 5, groups: rows.groups, count: rows.slices.length });
          expect(rows.groups.map((_, i) => block.ends[i])).toEqual(rows.ends);
          expect(block.slice.subarray(0, block.count)).toEqual(rows.slices);
          expect(block.revision.subarray(0, block.count)).toEqual(rows.revisions);
          expect(block.flags).toEqual(rows.flags);
          rows.slots.forEach((slot, i) =>
            expect(equalSlots(block.table, block.firstSlot + i, rows.table, slot)).toBe(true),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('gives the rows of one group as those of the whole, wherever it stands in it', () => {
    const other = encodeResultBlock({ ...walkOf([{ rows: 300, first: 70_000 }], true), sliceMs: 60_000 });
    const stretch = fc.record({ rows: fc.integer({ min: 1, max: 200 }), first: fc.integer({ min: -300, max: 300 }) });
    fc.assert(
      fc.property(fc.array(stretch, { minLength: 1, maxLength: 5 }), fc.boolean(), (stretches, isOneGroup) => {
        const rows = walkOf(stretches, isOneGroup);
        const bytes = encodeResultBlock(rows);
        const whole = [...groupRows(decodeResultBlock(bytes, 'x', 'y'))];
        for (const group of new Set(rows.groups)) {
          const expected = whole.filter((one) => one.group === group);
          let at = 0;
          for (const one of decodeRowsOfGroup(bytes, 'x', 'y', group, new ResultBlockTarget(new Set(STATS_PARTS)))) {
            // Who else asks reads other blocks in between.
            decodeResultBlock(other, 'x', 'y');
            const { count, slice, revision, flags, table, firstSlot } = expected[at++]!;
            expect([one.group, one.partition, one.count]).toEqual([group, 5, count]);
            expect([one.slice, one.revision, one.flags]).toEqual([slice, revision, flags]);
            for (let i = 0; i < count; i++)
              expect(equalSlots(one.table, one.firstSlot + i, table, firstSlot + i), `row ${i}`).toBe(true);
          }
          expect(at).toBe(expected.length);
        }
      }),
      {
        numRuns: 60,
        // The slice of the second group's first row follows that of the row before, which is another group's.
        examples: [[[128, 130].map((rows, i) => ({ rows, first: 128 * i })), false]],
      },
    );
  });

  it.each([
    [
      2,
      '0200040099172da605000000150000001c0000005b225b5c22615c225d222c225b5c22625c225d225d040000000b0000005500000035000000080400' +
        '000103020202020103020004000f0000007100000085a0000007fffff705fffff760ea80a90300003075000000e803e80300e0b100820300000cfc00' +
        'f74a0a005178e6000080a9431f0000000000020202040001880201808080808080100280808080808010000188020180808080808010028080808080' +
        '8010010180010004021201020e02030180010102010188010180808080808010040108018001018080feffff3f01800101feffff3f00010001000101' +
        '110101800200c0a90703b81701000205028218020000',
      [2, 2, 0, 1],
    ],
    [
      3,
      '03000400b7379d7f05000000150000001f0000005b225b5c22615c225d222c225b5c22625c225d225d040000000b0000005500000035000000080400' +
        '00e0d40301030202020201030300040003000000710000000a020000c71c0000000202010300010401018001000401018001000201018001000301' +
        '01800101904e0101800100d00f0100010001000100000000',
      [2, 1, 0, 1],
    ],
  ])('of format %i is read still', (_format, hex, counts) => {
    const block = decodeResultBlock(Buffer.from(hex, 'hex'), 'x', 'y');
    expect(block).toMatchObject({ partition: 5, groups: ['["a"]', '["b"]'], count: 4 });
    expect([block.ends[0], block.ends[1]]).toEqual([3, 4]);
    expect([...block.slice.subarray(0, 4)]).toEqual([1, 2, 3, 4]);
    expect([...block.revision.subarray(0, 4)]).toEqual([1, 2, 1, 1]);
    expect([...block.flags]).toEqual([0, 1, 0, 2]);
    const { table, firstSlot } = block;
    expect([...table.count.subarray(firstSlot, firstSlot + 4)]).toEqual(counts);
    expect([...table.lastMs.subarray(firstSlot, firstSlot + 4)]).toEqual([61_000, 125_000, -Infinity, 240_000]);
  });

  it('takes no bytes for slices that follow one another, in each of its groups', () => {
    const slices = Float64Array.from({ length: 1024 }, (_, i) => 1_888_896 + (i % 128));
    const groups = Array.from({ length: 8 }, (_, i) => `["d${i}"]`);
    const table = emptyTable(1024);
    const bytes = encodeResultBlock({
      partition: 0,
      sliceMs: 900_000,
      groups,
      ends: groups.map((_, i) => 128 * (i + 1)),
      slices,
      revisions: new Float64Array(1024),
      flags: new Uint8Array(1024),
      table,
      slots: Int32Array.from({ length: 1024 }, (_, slot) => slot),
    });
    // A pack's head, a head a block of 128 values, and the number that the first slice is.
    expect(Buffer.from(bytes).readUInt32LE(16)).toBeLessThan(64);
    expect(decodeResultBlock(bytes, 'x', 'y').slice.subarray(0, 1024)).toEqual(slices);
  });

  it('keeps slices that lie further apart than a distance can say', () => {
    const rows = { ...rowsOf([-Number.MAX_SAFE_INTEGER, 0, 5, Number.MAX_SAFE_INTEGER]), sliceMs: 0 };
    const block = decodeResultBlock(encodeResultBlock({ ...rows, table: emptyTable(4) }), 'x', 'y');
    expect(block.slice.subarray(0, 4)).toEqual(rows.slices);
  });

  it('of a newer format is refused by name', () => {
    const bytes = encodeResultBlock(rowsOf([1]));
    bytes[0] = RESULT_BLOCK_FORMAT + 1;
    expect(() => decodeResultBlock(bytes, 'results/x/0', 'y')).toThrow(NewerFormat);
  });

  it('that was changed or cut anywhere is damaged', () => {
    const good = encodeResultBlock(rowsOf([1, 2, 9]));
    for (let i = 4; i < good.length; i++) {
      const bytes = good.slice();
      bytes[i]! ^= 1;
      expect(() => decodeResultBlock(bytes, 'x', 'y'), `byte ${i}`).toThrow(ObjectDamaged);
    }
    for (const length of [0, 10, good.length - 1]) {
      expect(() => decodeResultBlock(good.subarray(0, length), 'x', 'y')).toThrow(ObjectDamaged);
    }
  });
});

describe('the directory of a result', () => {
  it('has a format that is locked', () => {
    expect(createHash('sha256').update(directory()).digest('hex')).toBe(
      '8388cc75d858a4bd24776bff5405f776420bf32f10135795d1e2635b7c72e7ef',
    );
  });

  it('reads back as it was written, also when it is empty', () => {
    const read = decodeDirectory(directory(), 'x', 'y');
    expect(read.places()).toEqual(PLACES);
    expect(read.groups).toEqual(['["a"]', '["b"]', '["c"]', '["ä"]']);
    const empty = decodeDirectory(encodeDirectory([], []), 'x', 'y');
    expect([empty.places(), empty.groups, empty.within(-Infinity, Infinity)]).toEqual([[], [], []]);
  });

  it('of a newer format is refused by name, a changed one is damaged', () => {
    const newer = directory();
    newer[4] = RESULT_DIRECTORY_FORMAT + 1;
    expect(() => decodeDirectory(newer, 'x', 'y')).toThrow(NewerFormat);
    const changed = directory();
    changed[changed.length - 1]! ^= 1;
    expect(() => decodeDirectory(changed, 'x', 'y')).toThrow(ObjectDamaged);
  });

  it('that was changed or cut anywhere is damaged', () => {
    const good = directory();
    for (const at of [0, 1, 2, 3, ...Array.from({ length: good.length - 8 }, (_, i) => 8 + i)]) {
      const bytes = good.slice();
      bytes[at]! ^= 1;
      expect(() => decodeDirectory(bytes, 'x', 'y'), `byte ${at}`).toThrow(ObjectDamaged);
    }
    for (const length of [0, 19, 20, good.length - 1]) {
      expect(() => decodeDirectory(good.subarray(0, length), 'x', 'y')).toThrow(ObjectDamaged);
    }
  });

  it('that is sound but for a group that it does not list is damaged', () => {
    const bytes = Buffer.from(directory());
    const textBytes = bytes.readUInt32LE(16);
    bytes.fill(' ', 20, 20 + textBytes);
    bytes.write('[]', 20);
    bytes.writeUInt32LE(crc32(bytes.subarray(12)), 8);
    expect(() => decodeDirectory(bytes, 'x', 'y')).toThrow('it names a group that it does not list');
  });
});
