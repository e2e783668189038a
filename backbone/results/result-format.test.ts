import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addReading, equalSlots } from '#core/stats/merge.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { ObjectDamaged } from '../objects/objects.ts';
import { NewerFormat } from '../storage-errors.ts';
import { type BlockPlace, decodeDirectory, encodeDirectory } from './result-directory.ts';
import { type BlockRows, decodeResultBlock, encodeResultBlock } from './result-format.ts';

/** Rows whose i-th slice holds i readings, at slots in descending order. */
function rowsOf(slices: readonly number[], group = '["r1"]'): BlockRows {
  const table = new StatsTable();
  table.allocateMany(slices.length);
  const slots = Int32Array.from(slices, (_, i) => slices.length - 1 - i);
  slots.forEach((slot, i) => {
    for (let n = 0; n < i; n++) addReading(table, slot, slices[i]! * 1000 + n, n * 7 - 3, n % 2 === 0);
  });
  return {
    partition: 5,
    group,
    slices: Float64Array.from(slices),
    revisions: Float64Array.from(slices, (_, i) => i + 1),
    flags: Uint8Array.from(slices, (_, i) => i % 3),
    table,
    slots,
  };
}

const PLACES: readonly BlockPlace[] = [
  { partition: 0, group: '["a"]', firstSlice: -7, lastSlice: 12, rows: 3, object: 0, offset: 0, bytes: 900 },
  { partition: 0, group: '["ä"]', firstSlice: 0, lastSlice: 0, rows: 1, object: 0, offset: 900, bytes: 80 },
  {
    partition: 2,
    group: '["a"]',
    firstSlice: 2 ** 36,
    lastSlice: 2 ** 37,
    rows: 4096,
    object: 1,
    offset: 0,
    bytes: 70_000,
  },
];

describe('a block of a result', () => {
  it('has a format that is locked', () => {
    const hash = createHash('sha256')
      .update(encodeResultBlock(rowsOf([-2, 0, 1, 500])))
      .digest('hex');
    expect(hash).toBe('752e19e9150e83c9b7119c078cf48d3d5f1be81bef0d69edf2e09eff89eda29b');
  });

  it('reads back as it was written', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), { minLength: 1, maxLength: 40 }),
        fc.string(),
        (numbers, group) => {
          const rows = rowsOf(
            numbers.toSorted((a, b) => a - b),
            group.toWellFormed(),
          );
          const block = decodeResultBlock(encodeResultBlock(rows), 'x', 'y');
          expect(block).toMatchObject({ partition: 5, group: rows.group, count: rows.slices.length });
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

  it('of a newer format is refused by name', () => {
    const bytes = encodeResultBlock(rowsOf([1]));
    bytes[0] = 2;
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
    expect(createHash('sha256').update(encodeDirectory(PLACES)).digest('hex')).toBe(
      'e21df4aa10709e8e62be5c124ee714eed62bd7c50c658ca894067b59d5b5dc92',
    );
  });

  it('reads back as it was written, also when it is empty', () => {
    expect(decodeDirectory(encodeDirectory(PLACES), 'x', 'y')).toEqual(PLACES);
    expect(decodeDirectory(encodeDirectory([]), 'x', 'y')).toEqual([]);
  });

  it('of a newer format is refused by name, a changed one is damaged', () => {
    const newer = encodeDirectory(PLACES);
    newer[4] = 2;
    expect(() => decodeDirectory(newer, 'x', 'y')).toThrow(NewerFormat);
    const changed = encodeDirectory(PLACES);
    changed[changed.length - 1]! ^= 1;
    expect(() => decodeDirectory(changed, 'x', 'y')).toThrow(ObjectDamaged);
  });

  it('that was changed or cut anywhere is damaged', () => {
    const good = encodeDirectory(PLACES);
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
    const bytes = Buffer.from(encodeDirectory(PLACES));
    const textBytes = bytes.readUInt32LE(16);
    bytes.fill(' ', 20, 20 + textBytes);
    bytes.write('[]', 20);
    bytes.writeUInt32LE(crc32(bytes.subarray(12)), 8);
    expect(() => decodeDirectory(bytes, 'x', 'y')).toThrow('it names a group that it does not list');
  });
});
