import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { addReading } from '#core/stats/merge.ts';
import { encodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { RowSpanDamaged } from './row-span-damaged.ts';
import { flagsOfSpan, ROW_SPAN_FORMAT, rowsOfSpan, slicesOfSpan, SpanWriter } from './row-span.ts';

const NAMES = { view: 'v', version: 1, group: '["a"]', opener: 37, partition: 2, epoch: 5, part: 40 };
const SLICES = [33, 37, 47];

/** A table with a slot for each of the slices, of so many readings each. */
function tableOf(readings: number, scale = 1): StatsTable {
  const table = new StatsTable(3);
  table.allocateMany(3);
  for (let slot = 0; slot < 3; slot++) {
    for (let i = 0; i < readings; i++)
      addReading(table, slot, SLICES[slot]! * 60_000 + i, scale * (1_000 + slot - i), false);
  }
  return table;
}

function written(table: StatsTable): Uint8Array {
  const writer = new SpanWriter();
  writer.begin(37, 40);
  for (const [slot, slice] of SLICES.entries()) writer.add(slice, 40 + 2 * slot, 7 + slot, slot === 1 ? 1 : 0, slot);
  return writer.finish(table);
}

describe('the bytes of a span', () => {
  it('are those of format 2', () => {
    const bytes = written(tableOf(3));
    expect(bytes[0]).toBe(ROW_SPAN_FORMAT);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      '1805db9c0a5a2abd6c5f69d537abd9a6bfbb647b981f87a7664f90f94b05ebf4',
    );
  });

  it.each([
    ['as columns', 1, 2],
    ['one by one where numbers are too large for columns', 2 ** 42, 1],
  ])('give back its rows, %s', (_, scale, format) => {
    const table = tableOf(4, scale);
    const span = { ...NAMES, flags: 1, bytes: written(table) };
    expect([span.bytes[0], flagsOfSpan(span.bytes)]).toEqual([format, 1]);
    const { view, version, group, partition, epoch } = NAMES;
    const names = { view, version, group, partition, epoch };
    expect(rowsOfSpan(span).map((row) => ({ ...row, stats: Buffer.from(row.stats) }))).toEqual(
      SLICES.map((slice, slot) => ({
        ...names,
        slice,
        part: 40 + 2 * slot,
        revision: 7 + slot,
        flags: slot === 1 ? 1 : 0,
        stats: Buffer.from(encodeRow(table, slot)),
      })),
    );
    expect(slicesOfSpan(span)).toEqual(SLICES);
  });

  it('are known to be damaged where they end too early, go on, or say something else', () => {
    const bytes = written(tableOf(3));
    const read = (changed: Uint8Array) => () => rowsOfSpan({ ...NAMES, flags: 1, bytes: changed });
    for (let length = 0; length < bytes.length; length++)
      expect(read(bytes.subarray(0, length))).toThrow(RowSpanDamaged);
    expect(read(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(RowSpanDamaged);
    expect(read(bytes.with(1, 3))).toThrow('have other flags than it says');
    expect(read(bytes.with(2, 0).with(3, 0))).toThrow('are missing');
    expect(read(bytes.with(0, 3))).toThrow('have format 3');
  });
});
