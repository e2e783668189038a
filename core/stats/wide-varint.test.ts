import { describe, expect, it } from 'vitest';
import { makeWide, readWide, writeWide } from '../numbers/wide.ts';
import { ByteReader, ByteWriter } from '../packing/bytes.ts';
import { coveredTotal, setCovered } from './additive.ts';
import { StatsTable } from './stats-table.ts';
import { readMs, readSigned, readWideAt, writeMs, writeSigned, writeUnsigned, writeWideAt } from './wide-varint.ts';

/** What `write` wrote, opened for reading. */
function written(write: (writer: ByteWriter) => void): ByteReader {
  const writer = new ByteWriter();
  write(writer);
  const reader = new ByteReader();
  const bytes = writer.written().slice();
  reader.open(bytes, 0, bytes.length);
  return reader;
}

describe('a varint', () => {
  it('is what LEB128 says', () => {
    const bytesOf = (value: number) => {
      const reader = written((writer) => writeUnsigned(writer, value));
      return [...reader.bytes.subarray(0, reader.end)];
    };
    expect(bytesOf(0)).toEqual([0]);
    expect(bytesOf(127)).toEqual([0x7f]);
    expect(bytesOf(128)).toEqual([0x80, 0x01]);
    expect(bytesOf(624_485)).toEqual([0xe5, 0x8e, 0x26]);
    expect(bytesOf(2 ** 28)).toEqual([0x80, 0x80, 0x80, 0x80, 0x01]);
    expect(bytesOf(Number.MAX_SAFE_INTEGER)).toEqual([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]);
  });

  it('is a safe integer from 0 on', () => {
    for (const value of [-1, 2 ** 53]) expect(() => writeUnsigned(new ByteWriter(), value)).toThrow('a safe integer');
  });
});

describe('a signed number', () => {
  const EDGES = [0, 1, 63, 64, 2 ** 47 - 1, 2 ** 47, 2 ** 48 - 1, 2 ** 48, 2 ** 48 + 1, Number.MAX_SAFE_INTEGER];
  it.each(EDGES.flatMap((value) => [value, 0 - value]))('%d reads back as it was', (value) => {
    const reader = written((writer) => writeSigned(writer, value));
    expect(readSigned(reader)).toBe(value);
    expect([reader.failed, reader.at]).toEqual([false, reader.end]);
  });

  it('fails beyond the safe integers', () => {
    for (const value of [2n ** 53n, -(2n ** 53n)]) {
      const reader = written((writer) => writer.wide(value));
      readSigned(reader);
      expect(reader.failed).toBe(true);
    }
  });
});

describe.each([2, 3, 4])('a wide number of %d limbs', (limbs) => {
  /** What a unit of the last limb is worth, which is a safe integer; the limbs below it are from 0 to 2^40 - 1. */
  const unit = 2n ** BigInt(40 * (limbs - 1));
  const limit = unit * 2n ** 53n;

  it.each([0n, 1n, -1n, 2n ** 48n - 1n, 2n ** 48n, -(2n ** 48n), limit - 1n, unit - limit])(
    'reads %d back',
    (value) => {
      const columns = makeWide(limbs, 2);
      writeWide(columns, 1, value);
      const reader = written((writer) => writeWideAt(writer, columns, 1));
      const again = makeWide(limbs, 2);
      writeWide(again, 0, 99n);
      readWideAt(reader, again, 0);
      expect(readWide(again, 0)).toBe(value);
      expect(reader.failed).toBe(false);
    },
  );

  it('fails where there is no room for it', () => {
    for (const value of [limit, unit - limit - 1n, -limit, 5n * limit]) {
      const reader = written((writer) => writer.wide(value));
      readWideAt(reader, makeWide(limbs, 1), 0);
      expect(reader.failed).toBe(true);
    }
  });
});

describe('a sum of milliseconds', () => {
  const LIMIT = 2n ** 105n;

  it.each([0n, 2n ** 48n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, LIMIT - 1n])('of %d ms reads back', (total) => {
    for (const [one, base] of [total, -total].flatMap((sum) => [0, 5, -5].map((less) => [sum, less] as const))) {
      const table = new StatsTable(2);
      table.allocateMany(2);
      expect(setCovered(table, 0, one)).toBe(true);
      const reader = written((writer) => writeMs(writer, table.coveredMs, table.coveredRest, 0, base));
      table.coveredRest.set(1, 5);
      readMs(reader, table.coveredMs, table.coveredRest, 1, base);
      expect(coveredTotal(table, 1)).toBe(one);
      expect(table.coveredMs[1]).toBe(Number(one));
      expect(reader.failed).toBe(false);
    }
  });

  it('fails beyond what two doubles hold', () => {
    for (const value of [LIMIT, -LIMIT]) {
      const table = new StatsTable(1);
      table.allocate();
      expect(setCovered(table, 0, value)).toBe(false);
      const reader = written((writer) => writer.wide(value));
      readMs(reader, table.coveredMs, table.coveredRest, 0, 0);
      expect(reader.failed).toBe(true);
    }
  });
});
