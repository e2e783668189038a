import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyMeta, anyRuns } from '#core/frames/arbitrary-frames.fixtures.ts';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import { NO_LINKS, type ReadingsRuns } from '#core/frames/readings.ts';
import { records } from '#core/records/arbitrary-records.fixtures.ts';
import { encodeRecord } from '#core/records/record-codec.ts';
import { ACCEPTED, type LogRecord } from '#core/records/record.ts';
import { packRecords } from './pack-records.ts';
import { encodeBlockTable, packBlock, unpackBlock } from './segment-blocks.ts';
import { RECORD_HEAD_BYTES, writeRecord } from './segment-format.ts';
import { unpackRecords } from './unpack-records.ts';

/** Records as a segment holds them, from a position on. */
function segmentOf(encoded: readonly Uint8Array[], first: number): Uint8Array {
  const raw = new Uint8Array(encoded.reduce((sum, { length }) => sum + RECORD_HEAD_BYTES + length, 0));
  let at = 0;
  for (const [i, bytes] of encoded.entries()) at = writeRecord(raw, at, first + i, bytes);
  return raw;
}

const agent = fc.constantFrom('roof-1', 'roof-2', 'x');
const times = fc.integer({ min: 0, max: 2e12 });

/** Frames of readings, of few agents that speak again and again, with links or without. */
const frames: fc.Arbitrary<LogRecord> = fc
  .record({ agent, atMs: times, meta: anyMeta, runs: anyRuns, linked: fc.boolean() })
  .map(({ agent: name, atMs, meta, runs, linked }) => ({
    kind: 'frame',
    agent: name,
    atMs,
    verdict: ACCEPTED,
    frame: encodeReadings(meta, linked ? runs : { ...runs, links: NO_LINKS }),
  }));

const heartbeats: fc.Arbitrary<LogRecord> = fc
  .record({
    incarnation: fc.nat(0xffff_ffff),
    highestSequence: fc.nat(Number.MAX_SAFE_INTEGER),
    watermarkMs: fc.option(fc.integer({ min: -1e12, max: 2e12 })),
    closed: fc.boolean(),
  })
  .chain((heartbeat) =>
    fc.record({ kind: fc.constant('heartbeat' as const), agent, atMs: times, heartbeat: fc.constant(heartbeat) }),
  );

const anything = fc.oneof(
  frames.map(encodeRecord),
  heartbeats.map(encodeRecord),
  records.map(encodeRecord),
  fc.uint8Array({ minLength: 1, maxLength: 40 }),
);

describe('records as columns', () => {
  it('are the same bytes again, whatever they are', () => {
    const logs = fc.array(anything, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(logs, fc.integer({ min: 1, max: 2 ** 45 }), (encoded, first) => {
        const raw = segmentOf(encoded, first);
        expect(Buffer.compare(unpackRecords(packRecords(raw))!, raw)).toBe(0);
      }),
    );
  });

  it('have a format that is locked, and so has the table of their blocks', () => {
    const odd = [Uint8Array.of(1, 2, 3), encodeRecord({ kind: 'cut', id: 'one', atMs: 5 })];
    const heartbeat = { incarnation: 2, highestSequence: 9, watermarkMs: null, closed: true } as const;
    const beat = encodeRecord({ kind: 'heartbeat', agent: 'g-1', atMs: 1_700_000_000_000, heartbeat });
    const packed = packRecords(segmentOf([...liveRecords(3, 4), ...odd, beat], 77));
    const table = encodeBlockTable({ last: 90, end: 5_000, index: Uint32Array.of(60) }, [
      { begin: 60, packed: Uint8Array.of(0, 1) },
      { begin: 900, packed: Uint8Array.of(1, 2, 3) },
    ]);
    const hashes = [packed, table].map((bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 16));
    expect(hashes).toEqual(['7c1e1aba64a204ed', '959798877c72231c']);
  });

  it('take a few bytes a reading where a record took a hundred', () => {
    const raw = segmentOf([...liveRecords(100, 60)], 1);
    const packed = packBlock(raw);
    const block = { begin: 0, end: raw.length, at: 0, bytes: packed.length, checksum: crc32(packed) };
    expect(Buffer.compare(unpackBlock(packed, block, 'x'), raw)).toBe(0);
    expect(raw.length / 6_000).toBeGreaterThan(100);
    expect(packed.length / 6_000).toBeLessThan(6);
  });
});

/** What gateways with a meter each send live: a frame for each reading. */
function* liveRecords(gateways: number, steps: number): Generator<Uint8Array> {
  let chance = 7;
  const draw = (below: number): number => {
    chance = (Math.imul(chance, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((chance / 2 ** 32) * below);
  };
  const values = Array.from({ length: gateways }, () => draw(3_000));
  for (let step = 1; step <= steps; step++) {
    for (let gateway = 0; gateway < gateways; gateway++) {
      const value = values[gateway]! + draw(101) - 50;
      const timeMs = 1_700_000_000_000 + 900_000 * step;
      const frame = encodeReadings(
        { incarnation: 1, sequence: step, dictionaryVersion: 1, watermarkMs: timeMs - 5_000 },
        oneReading(timeMs, value, values[gateway]!),
      );
      values[gateway] = value;
      yield encodeRecord({ kind: 'frame', agent: `g-${gateway}`, atMs: timeMs + draw(500), verdict: ACCEPTED, frame });
    }
  }
}

function oneReading(timeMs: number, value: number, before: number): ReadingsRuns {
  return {
    runCount: 1,
    entry: Int32Array.of(0),
    length: Int32Array.of(1),
    anchored: Uint8Array.of(1),
    anchorTimeMs: Float64Array.of(timeMs - 900_000),
    anchorValue: Float64Array.of(before),
    unchecked: Uint8Array.of(0),
    timeMs: Float64Array.of(timeMs),
    value: Float64Array.of(value),
    links: NO_LINKS,
  };
}
