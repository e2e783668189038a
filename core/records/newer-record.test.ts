import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { SampleAgent } from '../fold/sample-agent.fixtures.ts';
import { FORMAT_VERSION } from '../frames/header.ts';
import {
  decodeRecord,
  encodeRecord,
  NewerRecord,
  readRecord,
  RECORD_VERSION,
  RECORD_VERSION_MAX,
} from './record-codec.ts';
import { ACCEPTED, type Verdict } from './record.ts';

const REFUSED: Verdict = { kind: 'refused', code: 'newer-format', detail: 'of another time' };

const at = (bytes: Uint8Array) => ({ position: 12, bytes });

/** A record of a frame that says a later format, with the checksum that its bytes have, or the one from before. */
function later(verdict: Verdict, isSealed: boolean): Uint8Array {
  const record = decodeRecord(new SampleAgent('a', 1).birth());
  if (record.kind !== 'frame') throw new Error('the sample is a frame');
  const frame = record.frame.slice();
  frame[4] = FORMAT_VERSION + 1;
  const checksum = crc32(frame.subarray(64), crc32(frame.subarray(0, 60)));
  if (isSealed) new DataView(frame.buffer).setUint32(60, checksum, true);
  return encodeRecord({ ...record, verdict, frame });
}

describe('a record of a newer version', () => {
  it('is refused by partition, position and version, whatever else it holds', () => {
    for (const version of [RECORD_VERSION + 1, RECORD_VERSION_MAX]) {
      const read = () => readRecord(3, at(Uint8Array.of(version, 9, 9)));
      expect(read).toThrow(NewerRecord);
      expect(read).toThrow(
        `Record 12 of partition 3 was written by a newer weir: record has version ${version}, this reader knows up to 4. Run`,
      );
    }
  });

  it('is refused likewise where the frame in it is of a later format, and was accepted', () => {
    const read = () => readRecord(3, at(later(ACCEPTED, true)));
    expect(read).toThrow(NewerRecord);
    expect(read).toThrow('frame has format 3, this reader knows up to 2. Run');
  });
});

describe('a record that is merely damaged', () => {
  it.each([
    ['text that strayed into the log', Uint8Array.of(RECORD_VERSION_MAX + 1), 'record-fault'],
    ['no version that ever was', Uint8Array.of(0), 'record-fault'],
    ['a frame whose format changed under its checksum', later(ACCEPTED, false), 'frame'],
    ['a frame of a later format that was refused', later(REFUSED, true), 'frame'],
  ])('is read as before: %s', (_what, bytes, kind) => {
    expect(readRecord(3, at(bytes)).kind).toBe(kind);
  });
});
