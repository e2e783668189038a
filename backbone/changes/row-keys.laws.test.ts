import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bandOf } from '../results/results.ts';
import type { SliceRow } from './changes.ts';
import {
  GroupKeys,
  GroupPrefixes,
  groupSpansPrefix,
  readSpanTail,
  spanKey,
  type SpanName,
  viewSpansPrefix,
} from './row-keys.ts';
import { RowSpanDamaged } from './row-span-damaged.ts';
import { flagsOfSpan, rowsOfSpan, spansOfRows } from './row-span.ts';

const name = fc.oneof(fc.constantFrom('', 'a', 'b', '\0', 'ä'), fc.string()).map((text) => text.toWellFormed());
const position = fc.oneof(fc.nat(3), fc.nat(2 ** 31 - 1), fc.constantFrom(2 ** 40, Number.MAX_SAFE_INTEGER));
const slice = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.maxSafeInteger());
const place = {
  view: name,
  version: fc.nat(300),
  group: name,
  partition: fc.nat(255),
  epoch: position,
  part: position,
};
const span: fc.Arbitrary<SpanName> = fc.record({ ...place, opener: slice });
const row: fc.Arbitrary<SliceRow> = fc.record({
  ...place,
  slice,
  revision: fc.oneof(fc.nat(3), fc.constantFrom(2 ** 47, 2 ** 48 - 1)),
  flags: fc.nat(3),
  stats: fc.uint8Array({ maxLength: 200 }),
});

/** The order of the table of changes: by view, version, band, group, opener, partition, epoch, part. */
function inOrder(a: SpanName, b: SpanName): number {
  const bytes = (text: string) => Buffer.from(text);
  return (
    Buffer.compare(bytes(a.view), bytes(b.view)) ||
    a.version - b.version ||
    bandOf(a.opener) - bandOf(b.opener) ||
    Buffer.compare(bytes(a.group), bytes(b.group)) ||
    a.opener - b.opener ||
    a.partition - b.partition ||
    a.epoch - b.epoch ||
    a.part - b.part
  );
}

describe('the key of a span of changes', () => {
  it('tells what it was made of', () => {
    fc.assert(
      fc.property(span, (one) => {
        const { view, version, group, ...tail } = one;
        const key = spanKey(one);
        expect(readSpanTail(key)).toEqual(tail);
        expect(new GroupKeys(viewSpansPrefix(view, version)).of(key)).toBe(group);
      }),
    );
  });

  it('sorts as the spans do, equal only where all of them is', () => {
    fc.assert(
      fc.property(span, span, (a, b) => {
        expect(Math.sign(Buffer.compare(spanKey(a), spanKey(b)))).toBe(Math.sign(inOrder(a, b)));
      }),
    );
  });

  it('is the same by a prefix that is remembered for its group', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 6 }), (spans) => {
        const prefixes = new GroupPrefixes();
        for (const one of [...spans, ...spans]) {
          expect(spanKey(one, prefixes.of(one))).toEqual(spanKey(one));
          expect(prefixes.of(one)).toEqual(groupSpansPrefix(one.view, one.version, one.group, one.opener));
        }
      }),
    );
  });
});

describe('a span of changes', () => {
  it('reads back as the rows it was made of', () => {
    const rowsOfOne = fc
      .tuple(
        row,
        fc.uniqueArray(fc.nat(15), { minLength: 1, maxLength: 16 }),
        fc.array(row, { minLength: 16, maxLength: 16 }),
      )
      .map(([{ view, version, group, partition, epoch, part }, offsets, contents]) =>
        offsets
          .toSorted((a, b) => a - b)
          .map((offset, i) => {
            const { revision, flags, stats } = contents[i]!;
            return { view, version, group, slice: -32 + offset, partition, epoch, part, revision, flags, stats };
          }),
      );
    fc.assert(
      fc.property(rowsOfOne, (rows) => {
        const [one, ...others] = spansOfRows(rows.toReversed());
        expect(others).toEqual([]);
        expect(rowsOfSpan(one!).map((read) => ({ ...read, stats: Uint8Array.from(read.stats) }))).toEqual(rows);
        expect(one!.opener).toBe(rows[0]!.slice);
        expect(one!.changed).toBe(rows.reduce((bits, { slice: at }) => bits | (1 << (at + 32)), 0));
        const flags = rows.reduce((all, read) => all | read.flags, 0);
        expect([one!.flags, flagsOfSpan(one!.bytes)]).toEqual([flags, flags]);
      }),
    );
  });

  it('is one per span of slices, partition, epoch and part', () => {
    const rows = [0, 15, 16].flatMap((at) =>
      [1, 2].map((part) => ({ view: 'v', version: 1, group: 'g', slice: at, partition: 0, epoch: 0, part })),
    );
    const spans = spansOfRows(rows.map((one) => ({ ...one, revision: 1, flags: 0, stats: new Uint8Array(1) })));
    expect(spans.map(({ opener, part, changed }) => [opener, part, changed])).toEqual([
      [0, 1, 0x8001],
      [0, 2, 0x8001],
      [16, 1, 1],
      [16, 2, 1],
    ]);
  });

  it('is refused by name where its bytes end too early or are of another format', () => {
    const rows = [{ view: 'v', version: 1, group: '["a"]', slice: 3, partition: 0, epoch: 0, part: 1 }];
    const [one] = spansOfRows(rows.map((read) => ({ ...read, revision: 1, flags: 0, stats: new Uint8Array(4) })));
    for (let bytes = 3; bytes < one!.bytes.length; bytes++)
      expect(() => rowsOfSpan({ ...one!, bytes: one!.bytes.subarray(0, bytes) })).toThrow(RowSpanDamaged);
    const newer = Uint8Array.from(one!.bytes);
    newer[0] = 3;
    expect(() => rowsOfSpan({ ...one!, bytes: newer })).toThrow('have format 3');
  });

  it('are known to be damaged where their places, flags or parts can not be', () => {
    const row = { view: 'v', version: 1, group: '["a"]', partition: 0, epoch: 0, part: 1, revision: 1 };
    const rows = [3, 4].map((slice) => ({ ...row, slice, flags: 1, stats: Uint8Array.of() }));
    const [one] = spansOfRows(rows);
    // Format and flags, then five bytes of each row: place, flags, revision, part beyond the span's, bytes of stats.
    expect([...one!.bytes]).toEqual([1, 1, 3, 1, 1, 0, 0, 4, 1, 1, 0, 0]);
    const damaged = (at: number, byte: number): (() => unknown) => {
      return () => rowsOfSpan({ ...one!, bytes: one!.bytes.with(at, byte) });
    };
    expect(damaged(7, 15)).not.toThrow();
    expect(damaged(7, 16)).toThrow('lie outside of it or in no order');
    expect(damaged(7, 3)).toThrow('lie outside of it or in no order');
    expect(damaged(1, 0)).toThrow('have other flags than it says');
    expect(damaged(3, 3)).toThrow('have other flags than it says');
    expect(() => rowsOfSpan({ ...one!, bytes: one!.bytes.subarray(0, 2) })).toThrow(RowSpanDamaged);
    expect(damaged(5, 1)).not.toThrow();
    const late = { ...one!, part: Number.MAX_SAFE_INTEGER, bytes: one!.bytes.with(5, 1) };
    expect(() => rowsOfSpan(late)).toThrow('were opened by no record that can be');
  });
});
