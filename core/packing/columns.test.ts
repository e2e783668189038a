import { describe, expect, it } from 'vitest';
import { PackReader } from './pack-reader.ts';
import { PackWriter } from './pack-writer.ts';

function packed(values: readonly number[]): Uint8Array {
  const writer = new PackWriter();
  writer.column(Float64Array.from(values), values.length);
  return writer.finish(0);
}

describe('a column', () => {
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
