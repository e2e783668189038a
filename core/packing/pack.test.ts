import { describe, expect, it } from 'vitest';
import { halfOfWidth, widthOf, WIDTH_MAX } from './bits.ts';
import { BLOCK_VALUES } from './block.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { COLUMN_ROOM, PackReader } from './pack-reader.ts';
import { COLUMN_PLAIN, HEAD_PATCHED, PackWriter } from './pack-writer.ts';

const MAX = Number.MAX_SAFE_INTEGER;

/** A pack as its bytes say it: the words, then what stands behind them. */
function packOf(words: readonly number[], ...bytes: readonly number[]): Uint8Array {
  const head = Int32Array.of(words.length, ...words);
  return Uint8Array.of(...new Uint8Array(head.buffer), ...bytes);
}

/** The column that is all of a pack; null where it is refused. */
function columnOf(pack: Uint8Array, count: number, limit = MAX): number[] | null {
  const reader = new PackReader();
  const out = new Float64Array(count + COLUMN_ROOM);
  const isRead = reader.open(pack, 0) && reader.column(out, count, -limit, limit) && reader.finished();
  return isRead ? [...out.subarray(0, count)] : null;
}

describe('a column by its bytes', () => {
  it('has a mode, a head per block and its words', () => {
    expect(columnOf(packOf([], 0), 3)).toEqual([0, 0, 0]);
    expect(columnOf(packOf([0b11_01], COLUMN_PLAIN, 2), 2)).toEqual([1, -1]);
    expect(columnOf(packOf([0b11_01], 2, 2), 2)).toEqual([1, 0]);
  });

  it('is refused in an unknown mode', () => {
    expect(columnOf(packOf([0], 3, 2), 2)).toBe(null);
    expect(columnOf(packOf([0], 0x80, 2), 2)).toBe(null);
    expect(columnOf(packOf([]), 0)).toBe(null);
  });

  it('is refused with a head of a width above the widest, or with a bit that means nothing', () => {
    const words = [0, 0];
    expect(columnOf(packOf(words, COLUMN_PLAIN, WIDTH_MAX), 1)).toEqual([0]);
    expect(columnOf(packOf(words, COLUMN_PLAIN, WIDTH_MAX + 1), 1)).toBe(null);
    expect(columnOf(packOf([0], COLUMN_PLAIN, 2), 1)).toEqual([0]);
    expect(columnOf(packOf([0], COLUMN_PLAIN, 2 | 0x40), 1)).toBe(null);
  });

  it('is refused when its heads, or its words, are fewer than its blocks need', () => {
    const full = new PackWriter();
    full.plainColumn(new Float64Array(2 * BLOCK_VALUES).fill(1), 2 * BLOCK_VALUES);
    const whole = full.finish(0);
    const out = new Float64Array(3 * BLOCK_VALUES);
    const reader = new PackReader();
    expect(reader.open(whole, 0) && reader.column(out, 2 * BLOCK_VALUES, -1, 1)).toBe(true);
    // The reader's buffer still holds the head that is missing now.
    expect(reader.open(whole.subarray(0, -1), 0)).toBe(true);
    expect(reader.column(out, 2 * BLOCK_VALUES, -1, 1)).toBe(false);
    expect(columnOf(packOf([0, 0], COLUMN_PLAIN, 32), 2)).toEqual([0, 0]);
    expect(columnOf(packOf([0], COLUMN_PLAIN, 32), 2)).toBe(null);
    expect(columnOf(packOf([0, 0, 0], COLUMN_PLAIN, 32), 2)).toBe(null);
  });

  it('has patches at ascending places of its block, each with an upper part', () => {
    const patched = (...patches: readonly number[]): number[] | null =>
      columnOf(packOf([0b1101], COLUMN_PLAIN, 2 | HEAD_PATCHED, ...patches), 2);
    expect(patched(1, 0, 2)).toEqual([1 + 4, -1]);
    expect(patched(1, 1, 1)).toEqual([1, -1 - 4]);
    expect(patched(2, 0, 4, 1, 3)).toEqual([1 + 8, -1 - 8]);
    expect(patched(0)).toBe(null);
    expect(patched(1, 2, 2)).toBe(null);
    expect(patched(1, 0, 0)).toBe(null);
    expect(patched(2, 1, 2, 1, 2)).toBe(null);
    expect(patched(2, 1, 2, 0, 2)).toBe(null);
    expect(patched(2, 0, 2)).toBe(null);
  });

  it('of patches alone has no words', () => {
    expect(columnOf(packOf([], COLUMN_PLAIN, HEAD_PATCHED, 1, 2, 10), 3)).toEqual([0, 0, 5]);
  });

  it('holds its limits, and not one more, with and without patches', () => {
    for (const value of [7, -8, 2 ** 40, -(2 ** 40), MAX, -MAX]) {
      const writer = new PackWriter();
      writer.plainColumn(Float64Array.of(0, value, 1), 3);
      const bytes = writer.finish(0);
      expect(columnOf(bytes, 3, Math.abs(value))).toEqual([0, value, 1]);
      expect(columnOf(bytes, 3, Math.abs(value) - 1)).toBe(null);
    }
  });

  it('of differences holds its limits on every side', () => {
    const rising = Float64Array.from({ length: 200 }, (_, i) => 1_000_000 + i * 10);
    const writer = new PackWriter();
    writer.column(rising, 200);
    const out = new Float64Array(200 + COLUMN_ROOM);
    const read = (min: number, max: number): boolean => {
      const reader = new PackReader();
      return reader.open(writer.finish(0), 0) && reader.column(out, 200, min, max);
    };
    expect(read(1_000_000, 1_001_990)).toBe(true);
    expect(read(1_000_001, 1_001_990)).toBe(false);
    expect(read(1_000_000, 1_001_989)).toBe(false);
  });

  it('relative to another is refused with a mark that is neither yes nor no', () => {
    const bases = Float64Array.of(10, 20);
    const out = new Float64Array(2 + COLUMN_ROOM);
    const read = (mark: number, min: number, max: number): boolean => {
      const reader = new PackReader();
      return (
        reader.open(packOf([0b11_01], mark, COLUMN_PLAIN, 2), 0) &&
        reader.relativeColumn(out, bases, 2, min, max) &&
        !reader.failed
      );
    };
    expect(read(0, -1, 1)).toBe(true);
    expect(read(1, 11, 19)).toBe(true);
    expect(read(1, 12, 19)).toBe(false);
    expect(read(1, 11, 18)).toBe(false);
    expect(read(2, -1, 19)).toBe(false);
  });
});

describe('a pack', () => {
  it('is refused when it says that it has more words than bytes', () => {
    const reader = new PackReader();
    expect(reader.open(Uint8Array.of(0, 0, 0), 0)).toBe(false);
    expect(reader.open(packOf([5, 6]), 0)).toBe(true);
    expect(reader.open(packOf([5, 6]).subarray(0, -1), 0)).toBe(false);
    expect(reader.open(Uint8Array.of(0xff, 0xff, 0xff, 0xff), 0)).toBe(false);
    expect(reader.failed).toBe(true);
  });

  it('is finished when its last word and its last byte are read', () => {
    const reader = new PackReader();
    const out = new Float64Array(COLUMN_ROOM + 1);
    reader.open(packOf([1], COLUMN_PLAIN, 2, 9), 0);
    expect(reader.finished()).toBe(false);
    reader.column(out, 1, -1, 1);
    expect(reader.finished()).toBe(false);
    expect(reader.bytes.byte()).toBe(9);
    expect(reader.finished()).toBe(true);
    reader.bytes.byte();
    expect(reader.finished()).toBe(false);
  });
});

describe('a number among bytes', () => {
  const varintOf = (...bytes: readonly number[]): number | null => {
    const reader = new ByteReader();
    reader.open(Uint8Array.from(bytes), 0, bytes.length);
    const value = reader.varint();
    return reader.failed ? null : value;
  };
  const wideOf = (bytes: Uint8Array): bigint | null => {
    const reader = new ByteReader();
    reader.open(bytes, 0, bytes.length);
    const value = reader.wide();
    return reader.failed || reader.at !== bytes.length ? null : value;
  };
  const written = (value: bigint): Uint8Array => {
    const writer = new ByteWriter();
    writer.wide(value);
    return writer.written();
  };

  it('goes up to the largest safe integer, in eight bytes', () => {
    expect(varintOf(0)).toBe(0);
    expect(varintOf(0x7f)).toBe(127);
    expect(varintOf(0x80, 1)).toBe(128);
    expect(varintOf(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)).toBe(MAX);
    expect(varintOf(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10)).toBe(null);
    expect(varintOf(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1)).toBe(null);
  });

  it('has one form only, and an end', () => {
    expect(varintOf(0x80, 0)).toBe(null);
    expect(varintOf(0x80)).toBe(null);
    expect(varintOf()).toBe(null);
  });

  it('may have up to 192 bits where it is wide', () => {
    for (const value of [0n, -1n, 1n, 63n, 64n, -64n, -65n, 2n ** 191n - 1n, -(2n ** 191n)]) {
      expect(wideOf(written(value))).toBe(value);
    }
    expect(() => written(2n ** 191n)).toThrow(/192 bits/);
    expect(() => written(-(2n ** 191n) - 1n)).toThrow(/192 bits/);
    const widest = written(2n ** 191n - 1n).slice();
    expect(widest).toHaveLength(28);
    widest[27] = widest[27]! + 8;
    expect(wideOf(widest)).toBe(null);
    expect(wideOf(Uint8Array.of(...new Uint8Array(28).fill(0x80), 1))).toBe(null);
    expect(wideOf(Uint8Array.of(0x80, 0))).toBe(null);
    expect(wideOf(Uint8Array.of(0x80))).toBe(null);
  });
});

describe('a field', () => {
  it('is as narrow as its number allows', () => {
    const widths = [0, -1, 1, -2, 2, 3, 4, -4, -5, 2 ** 30, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 32, MAX, -MAX];
    expect(widths.map(widthOf)).toEqual([0, 1, 2, 2, 3, 3, 4, 3, 4, 32, 32, 32, 33, 34, 54, 54]);
    for (const number of widths) {
      const half = halfOfWidth(widthOf(number));
      expect(number === 0 || (number >= -half && number <= half - 1)).toBe(true);
    }
  });
});

function packed(values: readonly number[]): Uint8Array {
  const writer = new PackWriter();
  writer.column(Float64Array.from(values), values.length);
  return writer.finish(0);
}

describe('a column by its size', () => {
  it('of zeros takes one byte beside the word count, however long', () => {
    expect(packed(Array.from({ length: 100_000 }, () => 0)).length).toBe(4 + 1);
  });

  it('of evenly rising numbers takes the bits of their step', () => {
    const rising = Array.from({ length: 12_800 }, (_, i) => 1_700_000_000_000 + i * 1000);
    expect(packed(rising).length).toBeLessThan(4 + 1 + 100 * (1 + 11 * 16) + 16);
    expect(packed(Array.from({ length: 12_800 }, (_, i) => i)).length).toBeLessThan(4 + 1 + 100 * (1 + 32) + 16);
  });

  it('is not widened by one outlier in a block', () => {
    const noise = Array.from({ length: 128 }, (_, i) => (i * 37) % 16);
    const without = packed(noise).length;
    noise[64] = 2 ** 40;
    expect(packed(noise).length - without).toBeLessThanOrEqual(2 * 8 + 2);
  });

  it('is refused when a word is missing, a byte is missing or a byte is left over', () => {
    const whole = packed([5, -3, 2 ** 50, 7]);
    const reader = new PackReader();
    const out = new Float64Array(256);
    const read = (bytes: Uint8Array): boolean =>
      reader.open(bytes, 0) && reader.column(out, 4, -(2 ** 51), 2 ** 51) && reader.finished();
    expect(read(whole)).toBe(true);
    expect(read(whole.subarray(0, -1))).toBe(false);
    expect(read(Uint8Array.of(...whole, 0))).toBe(false);
    const fewer = whole.slice();
    fewer[0]!--;
    expect(read(fewer)).toBe(false);
  });

  it('is refused when a value is beyond its limits', () => {
    const reader = new PackReader();
    const out = new Float64Array(256);
    reader.open(packed([1, 2, 3]), 0);
    expect(reader.column(out, 3, 1, 2)).toBe(false);
    reader.open(packed([1, 2, 3]), 0);
    expect(reader.column(out, 3, 1, 3)).toBe(true);
    reader.open(packed([0, 0, 0]), 0);
    expect(reader.column(out, 3, 1, 3)).toBe(false);
  });
});
