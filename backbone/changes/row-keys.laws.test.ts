import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SliceRow } from './changes.ts';
import {
  encodeSliceRow,
  GroupPrefixes,
  groupOfRowKey,
  groupRowsPrefix,
  parseSliceRow,
  sliceRowKey,
  viewRowsPrefix,
} from './row-keys.ts';

const name = fc.oneof(fc.constantFrom('', 'a', 'b', '\0', 'ä'), fc.string()).map((text) => text.toWellFormed());
const position = fc.oneof(fc.nat(3), fc.nat(2 ** 31 - 1), fc.constantFrom(2 ** 40, Number.MAX_SAFE_INTEGER));
const row: fc.Arbitrary<SliceRow> = fc.record({
  view: name,
  version: fc.nat(300),
  group: name,
  slice: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.maxSafeInteger()),
  partition: fc.nat(255),
  epoch: position,
  part: position,
  revision: fc.oneof(fc.nat(3), fc.constantFrom(2 ** 47, 2 ** 48 - 1)),
  flags: fc.nat(3),
  stats: fc.uint8Array({ maxLength: 5 }),
});

/** The order of the table of changes: by view, version, group, slice, partition, epoch, part. */
function inOrder(a: SliceRow, b: SliceRow): number {
  const bytes = (text: string) => Buffer.from(text);
  return (
    Buffer.compare(bytes(a.view), bytes(b.view)) ||
    a.version - b.version ||
    Buffer.compare(bytes(a.group), bytes(b.group)) ||
    a.slice - b.slice ||
    a.partition - b.partition ||
    a.epoch - b.epoch ||
    a.part - b.part
  );
}

describe('a row of the table of changes', () => {
  it('reads back from its key and value as it was', () => {
    fc.assert(
      fc.property(row, (one) => {
        const key = sliceRowKey(one);
        const parsed = parseSliceRow(one.view, one.version, one.group, key, encodeSliceRow(one));
        expect({ ...parsed, stats: Uint8Array.from(parsed.stats) }).toEqual(one);
        expect(groupOfRowKey(key, viewRowsPrefix(one.view, one.version).length)).toBe(one.group);
      }),
    );
  });

  it('has a key that sorts as the rows do, equal only where all of them are', () => {
    fc.assert(
      fc.property(row, row, (a, b) => {
        expect(Math.sign(Buffer.compare(sliceRowKey(a), sliceRowKey(b)))).toBe(Math.sign(inOrder(a, b)));
      }),
    );
  });

  it('has the same key by a prefix that is remembered for its group', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 6 }), (rows) => {
        const prefixes = new GroupPrefixes();
        for (const one of [...rows, ...rows]) {
          expect(sliceRowKey(one, prefixes.of(one))).toEqual(sliceRowKey(one));
          expect(prefixes.of(one)).toEqual(groupRowsPrefix(one.view, one.version, one.group));
        }
      }),
    );
  });
});
