import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KERNELS } from '../kernels/kernels.ts';
import { encodeAmend } from './amend-frame.ts';
import { anyAmends, anyBirth, anyMeta, anyPanes, anyRuns } from './arbitrary-frames.fixtures.ts';
import { encodeBirth } from './birth.ts';
import { encodeReadings } from './encode-readings.ts';
import { decodeFrame } from './frame.ts';
import { readHeader } from './header.ts';
import { HEADER_BYTES } from './limits.ts';
import { encodePanes } from './panes-codec.ts';
import { ReadingsReader } from './readings-reader.ts';

/** Gives the bytes the checksum that they should have, so that what lies behind it is put to the test. */
function rechecked(bytes: Uint8Array): Uint8Array {
  const sum = crc32(bytes.subarray(HEADER_BYTES), crc32(bytes.subarray(0, 60)));
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(60, sum, true);
  return bytes;
}

const anyFrame: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.tuple(anyMeta, anyRuns).map(([meta, runs]) => encodeReadings(meta, runs)),
  fc.tuple(anyMeta, anyPanes).map(([meta, panes]) => encodePanes(meta, panes)),
  fc.tuple(anyMeta, anyAmends).map(([meta, amends]) => encodeAmend(meta, amends)),
  fc.tuple(anyMeta, anyBirth).map(([meta, birth]) => encodeBirth(meta, birth)),
);

describe('a frame gives back what was put into it', () => {
  it('when it holds readings', () => {
    fc.assert(
      fc.property(anyMeta, anyRuns, (meta, runs) => {
        const frame = decodeFrame(encodeReadings(meta, runs));
        expect(frame).toMatchObject({ kind: 'readings', runs, header: meta });
        const { header } = frame as { header: { count: number; earliestMs: number; latestMs: number } };
        expect(header.count).toBe(runs.timeMs.length);
        expect(header.earliestMs).toBe(runs.timeMs.length === 0 ? 0 : Math.min(...runs.timeMs));
        expect(header.latestMs).toBe(runs.timeMs.length === 0 ? 0 : Math.max(...runs.timeMs));
      }),
      { numRuns: 100 },
    );
  });

  it('when it holds panes', () => {
    fc.assert(
      fc.property(anyMeta, anyPanes, (meta, panes) => {
        const count = panes.readings.reduce((sum, readings) => sum + readings, 0);
        expect(decodeFrame(encodePanes(meta, panes))).toMatchObject({
          kind: 'panes',
          panes,
          header: { ...meta, count },
        });
      }),
    );
  });

  it('when it holds amends', () => {
    fc.assert(
      fc.property(anyMeta, anyAmends, (meta, amends) => {
        expect(decodeFrame(encodeAmend(meta, amends))).toMatchObject({ kind: 'amend', amends, header: meta });
      }),
    );
  });

  it('when it is a birth', () => {
    fc.assert(
      fc.property(anyMeta, anyBirth, fc.boolean(), fc.maxSafeNat(), (meta, birth, closed, lastSequence) => {
        const incarnation = meta.incarnation === 0 ? 7 : meta.incarnation - 1;
        const grown = { ...birth, previous: { incarnation, lastSequence, closed } };
        expect(decodeFrame(encodeBirth(meta, birth))).toMatchObject({ kind: 'birth', birth, header: meta });
        expect(decodeFrame(encodeBirth(meta, grown))).toMatchObject({ kind: 'birth', birth: grown });
      }),
    );
  });

  it('and the same bytes when that is put in again', () => {
    fc.assert(
      fc.property(anyFrame, (bytes) => {
        const frame = decodeFrame(bytes);
        if (frame.kind === 'fault') throw new Error(frame.message);
        if (frame.kind === 'readings') expect(encodeReadings(frame.header, frame.runs)).toEqual(bytes);
        else if (frame.kind === 'panes') expect(encodePanes(frame.header, frame.panes)).toEqual(bytes);
        else if (frame.kind === 'amend') expect(encodeAmend(frame.header, frame.amends)).toEqual(bytes);
        else expect(encodeBirth(frame.header, frame.birth)).toEqual(bytes);
      }),
    );
  });
});

describe('bytes that are no frame are answered with a fault', () => {
  it('when they are random', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => decodeFrame(bytes).kind === 'fault'));
  });

  it('when a bit is flipped, or the end is missing', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), fc.nat(7), (bytes, place, bit) => {
        const flipped = bytes.slice();
        flipped[place % bytes.length]! ^= 1 << bit;
        expect(readHeader(flipped).kind).toBe('fault');
        expect(readHeader(bytes.subarray(0, place % bytes.length)).kind).toBe('fault');
      }),
    );
  });
});

describe('bytes that lie under a right checksum', () => {
  const lies = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff))), {
    minLength: 1,
    maxLength: 4,
  });
  // One reader for all: what one frame leaves behind must not show in the next.
  const reader = new ReadingsReader(KERNELS);

  it('are answered with a fault or with a frame that can be encoded again', () => {
    let faults = 0;
    fc.assert(
      fc.property(anyFrame, lies, (bytes, changes) => {
        const lying = bytes.slice();
        for (const [place, byte] of changes) lying[8 + (place % (lying.length - 8))] = byte;
        const frame = decodeFrame(rechecked(lying));
        const fault = reader.open(lying);
        if (frame.kind === 'fault') {
          faults++;
          expect(reader.next()).toBe(false);
          return;
        }
        expect(fault === null).toBe(frame.kind === 'readings');
        if (frame.kind === 'readings') {
          const again = decodeFrame(encodeReadings(frame.header, frame.runs));
          expect(again).toMatchObject({ runs: frame.runs });
        } else if (frame.kind === 'panes') encodePanes(frame.header, frame.panes);
        else if (frame.kind === 'amend') encodeAmend(frame.header, frame.amends);
        else encodeBirth(frame.header, frame.birth);
      }),
      { numRuns: 600 },
    );
    expect(faults).toBeGreaterThan(100);
  });

  it('are answered when the body is random', () => {
    fc.assert(
      fc.property(anyFrame, fc.uint8Array({ minLength: 4, maxLength: 200 }), fc.nat(40), (bytes, noise, words) => {
        noise.set([words, 0, 0, 0]);
        const lying = Uint8Array.of(...bytes.subarray(0, HEADER_BYTES), ...noise);
        new DataView(lying.buffer).setUint32(56, noise.length, true);
        decodeFrame(rechecked(lying));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a reader', () => {
  it.each([
    ['with kernels', KERNELS],
    ['in JavaScript', undefined],
  ])('gives in chunks what the whole decode gives, %s', (_, kernels) => {
    const reader = new ReadingsReader(kernels);
    fc.assert(
      fc.property(anyMeta, anyRuns, (meta, runs) => {
        expect(reader.open(encodeReadings(meta, runs))).toBe(null);
        const times: number[] = [];
        const values: number[] = [];
        const lengths = Array.from({ length: runs.runCount }, () => 0);
        while (reader.next()) {
          expect(reader.first).toBe(lengths[reader.run] === 0);
          expect(reader.size).toBeLessThanOrEqual(1024);
          lengths[reader.run]! += reader.size;
          for (let i = 0; i < reader.size; i++) {
            times.push(reader.regular ? reader.startMs + i * reader.stepMs : reader.times[reader.offset + i]!);
            values.push(reader.values[reader.offset + i]!);
          }
        }
        expect(lengths).toEqual([...runs.length]);
        expect(times).toEqual([...runs.timeMs]);
        expect(values).toEqual([...runs.value]);
      }),
    );
  });
});
