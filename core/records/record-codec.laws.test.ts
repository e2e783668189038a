import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { records } from './arbitrary-records.fixtures.ts';
import { decodeRecord, encodeRecord } from './record-codec.ts';

describe('the record codec', () => {
  it('gives back every record that it was given', () => {
    fc.assert(
      fc.property(records, (record) => {
        expect(decodeRecord(encodeRecord(record))).toStrictEqual(record);
      }),
    );
  });

  it('reads a record anywhere in a larger buffer', () => {
    fc.assert(
      fc.property(records, fc.integer({ min: 0, max: 9 }), (record, before) => {
        const bytes = encodeRecord(record);
        const around = new Uint8Array(before + bytes.length + 3).fill(0xaa);
        around.set(bytes, before);
        expect(decodeRecord(around.subarray(before, before + bytes.length))).toStrictEqual(record);
      }),
    );
  });

  it('makes a record or a fault of any bytes', () => {
    const heads = fc.tuple(fc.constantFrom(0, 1, 2), fc.integer({ min: 0, max: 5 }), fc.uint8Array({ maxLength: 60 }));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 80 }),
          heads.map(([version, kind, rest]) => Uint8Array.of(version, kind, ...rest)),
        ),
        (bytes) => {
          const kind = decodeRecord(bytes).kind;
          expect(['frame', 'heartbeat', 'refusals', 'cut', 'record-fault']).toContain(kind);
        },
      ),
    );
  });

  it('makes another record or a fault of a record with a byte changed, and never throws', () => {
    fc.assert(
      fc.property(records, fc.nat(), fc.integer({ min: 1, max: 255 }), (record, at, change) => {
        const bytes = encodeRecord(record);
        const index = at % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ change;
        expect(decodeRecord(bytes)).not.toStrictEqual(record);
      }),
    );
  });

  it('finds out every record that was cut off before its payload', () => {
    fc.assert(
      fc.property(records, fc.nat(), (record, length) => {
        const bytes = encodeRecord({ ...record });
        const payloadBytes = record.kind === 'frame' ? record.frame.length : 0;
        const cut = bytes.subarray(0, length % (bytes.length - payloadBytes));
        expect(decodeRecord(cut).kind).toBe('record-fault');
      }),
    );
  });
});
