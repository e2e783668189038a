import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  encodeSegmentFooter,
  encodeSegmentHeader,
  readItem,
  readSegmentFooter,
  readSegmentHeader,
  writeRecord,
} from './segment-format.ts';

const HEADER = { generation: '5d7a3a3e-6a2b-4c83-9d8f-0b1c2d3e4f50', partition: 3, first: 2 ** 40 };

/** A segment of two records with its footer. */
function sampleSegment(): { readonly bytes: Uint8Array; readonly records: readonly number[] } {
  const header = encodeSegmentHeader(HEADER);
  const footer = encodeSegmentFooter(HEADER.first + 1, [header.length]);
  const bytes = new Uint8Array(header.length + 16 + 5 + 16 + 1 + footer.length);
  bytes.set(header);
  const second = writeRecord(bytes, header.length, HEADER.first, Uint8Array.of(1, 2, 3, 4, 5));
  const end = writeRecord(bytes, second, HEADER.first + 1, Uint8Array.of(9));
  bytes.set(footer, end);
  return { bytes, records: [header.length, second, end] };
}

describe('a segment', () => {
  it('the format of a segment is locked', () => {
    const hash = createHash('sha256').update(sampleSegment().bytes).digest('hex');
    expect(hash).toBe('8b617be2844f33eec65ca4e44cc41ed9465285d45b13230248b668986c14ac39');
  });

  it('a segment reads back as it was written', () => {
    const { bytes, records } = sampleSegment();
    const view = new DataView(bytes.buffer);
    expect(readSegmentHeader(bytes, 'x')).toEqual({ ...HEADER, format: 1, bytes: records[0] });
    expect(readItem(bytes, view, records[0]!)).toEqual({
      kind: 'record',
      position: HEADER.first,
      start: records[0]! + 16,
      end: records[1],
    });
    expect(readItem(bytes, view, records[2]!)).toEqual({ kind: 'footer' });
    expect(readSegmentFooter(bytes.subarray(records[2]!))).toMatchObject({
      last: HEADER.first + 1,
      index: Uint32Array.of(records[0]!),
    });
  });

  it('every byte of a segment is guarded by a checksum or its place', () => {
    const { bytes, records } = sampleSegment();
    const good = bytes.slice();
    for (let i = 0; i < bytes.length; i++) {
      bytes[i]! ^= 0x40;
      expect(isWhole(bytes, records), `byte ${i}`).toBe(false);
      bytes[i] = good[i]!;
    }
    expect(isWhole(bytes, records)).toBe(true);
  });
});

function isWhole(bytes: Uint8Array, records: readonly number[]): boolean {
  const view = new DataView(bytes.buffer);
  try {
    if (readSegmentHeader(bytes, 'x')?.bytes !== records[0]) return false;
  } catch {
    return false;
  }
  const items = records.slice(0, 2).map((at) => readItem(bytes, view, at));
  return items.every(({ kind }) => kind === 'record') && readSegmentFooter(bytes.subarray(records[2]!)) !== undefined;
}
