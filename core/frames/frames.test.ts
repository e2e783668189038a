import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { powerSeries } from '../series/series.fixtures.ts';
import type { SeriesEntry } from '../series/series.ts';
import { encodeAmend, type Amends } from './amend-frame.ts';
import { encodeBirth } from './birth.ts';
import { encodeReadings } from './encode-readings.ts';
import { FrameTooLarge } from './fault.ts';
import { decodeFrame } from './frame.ts';
import { readHeader } from './header.ts';
import { FRAME_BYTES_MAX, FRAME_READINGS_MAX } from './limits.ts';
import { encodePanes } from './panes-codec.ts';
import type { PaneColumns } from './panes.ts';
import { NO_LINKS, type ReadingsRuns } from './readings.ts';
import { sampleLinks, samplePanes, sampleRuns, walkingRuns } from './sample-frames.fixtures.ts';

const meta = { incarnation: 3, sequence: 17, dictionaryVersion: 1000, watermarkMs: 1_700_000_000_000 };

const series = powerSeries('house-1', { quantiles: true, tags: { region: 'DK1' } });

const sampleAmends: Amends = {
  count: 1,
  entry: Int32Array.of(4),
  timeMs: Float64Array.of(1_700_000_004_000),
  oldValue: Float64Array.of(120),
  newValue: Float64Array.of(-7),
  paneStartMs: Float64Array.of(1_700_000_000_000),
  paneMs: Float64Array.of(10_000),
  revision: Float64Array.of(2),
  minAfter: Float64Array.of(-7),
  maxAfter: Float64Array.of(130),
  firstMsAfter: Float64Array.of(1_700_000_001_000),
  firstValueAfter: Float64Array.of(125),
  lastMsAfter: Float64Array.of(1_700_000_009_000),
  lastValueAfter: Float64Array.of(130),
  links: sampleLinks,
};

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}

function sealed(bytes: Uint8Array): Uint8Array {
  const sum = crc32(bytes.subarray(64), crc32(bytes.subarray(0, 60)));
  new DataView(bytes.buffer).setUint32(60, sum, true);
  return bytes;
}

function changed(bytes: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const copy = bytes.slice();
  change(new DataView(copy.buffer));
  return sealed(copy);
}

describe('the format', () => {
  it('is what it was: samples of all kinds keep their bytes', () => {
    const frames = [
      encodeReadings(meta, sampleRuns),
      encodeReadings(
        { ...meta, watermarkMs: null },
        walkingRuns({ runs: 5, length: 700, stepMs: 1000, anchored: true }),
      ),
      encodePanes(meta, { ...samplePanes, accountedMs: null }),
      encodePanes(meta, samplePanes),
      encodeAmend(meta, sampleAmends),
      encodeBirth(meta, {
        firstIndex: 0,
        entries: [series],
        previous: { incarnation: 2, lastSequence: 9, closed: true },
      }),
    ];
    expect(frames.map((frame) => createHash('sha256').update(frame).digest('hex').slice(0, 16))).toEqual([
      'fab030390d2b827a',
      '481a3127abdc5e50',
      '75046d1a3ac20958',
      '0ce1cf8fde484b7d',
      'c451959a699af5a7',
      '732f099c9e849166',
    ]);
  });

  it('has a version 2 of births, for entries that say what version 1 has no word for', () => {
    const { rollover: _, ...counter } = { ...series, kind: 'counter' } as const;
    const entries: readonly SeriesEntry[] = [
      { ...series, holdMs: 43_200_000 },
      { ...counter, rollover: 838_860_700, rolloverStep: 100 },
      { ...series, kind: 'total' },
      { ...series, kind: 'delta' },
    ];
    const births = entries.map((entry) =>
      encodeBirth(meta, { firstIndex: 0, entries: [series, entry], previous: null }),
    );
    expect(births.map((birth) => birth[4])).toEqual([2, 2, 2, 2]);
    expect(births.map((birth) => createHash('sha256').update(birth).digest('hex').slice(0, 16))).toEqual([
      'fc4b64294a9f5d86',
      '27d33ea537a480bc',
      'b13d125465409d6b',
      '8f5f2869e1249247',
    ]);
    for (const [i, birth] of births.entries()) {
      expect(decodeFrame(birth)).toMatchObject({ birth: { entries: [series, entries[i]] } });
      // What only version 2 says is nothing that version 1 may.
      const old = decodeFrame(changed(birth, (view) => view.setUint8(4, 1)));
      expect(old).toMatchObject({ kind: 'fault', code: 'birth' });
    }
  });

  it('is drawn rightly: a reader of the drawing finds the header', () => {
    const bytes = encodeReadings(meta, sampleRuns);
    const view = new DataView(bytes.buffer);
    expect(Buffer.from(bytes.subarray(0, 4)).toString('latin1')).toBe('WEIR');
    expect([view.getUint8(4), view.getUint8(5), view.getUint8(6), view.getUint8(7)]).toEqual([1, 1, 1, 0]);
    expect([view.getUint32(8, true), view.getUint32(12, true)]).toEqual([3, 1000]);
    expect(view.getBigInt64(16, true)).toBe(17n);
    expect(view.getBigInt64(24, true)).toBe(1_700_000_000_000n);
    expect(view.getBigInt64(32, true)).toBe(-5000n);
    expect(view.getBigInt64(40, true)).toBe(1_700_000_002_001n);
    expect(view.getBigInt64(48, true)).toBe(6n);
    expect(view.getUint32(56, true)).toBe(bytes.length - 64);
  });
});

describe('a frame is refused by name', () => {
  const good = encodeReadings(meta, sampleRuns);
  it.each([
    ['too-short', good.subarray(0, 3)],
    ['too-short', good.subarray(0, 63)],
    ['too-short', good.subarray(0, -1)],
    ['length', joined(good, new Uint8Array(1))],
    ['too-long', joined(good.subarray(0, 64), new Uint8Array(FRAME_BYTES_MAX))],
    ['not-a-frame', changed(good, (view) => view.setUint8(0, 0))],
    ['not-a-frame', changed(good, (view) => view.setUint8(4, 0))],
    ['newer-format', changed(good, (view) => view.setUint8(4, 3))],
    ['range', changed(good, (view) => view.setUint8(4, 2))],
    ['unknown-kind', changed(good, (view) => view.setUint8(5, 9))],
    ['unknown-kind', changed(good, (view) => view.setUint8(5, 0))],
    ['range', changed(good, (view) => view.setUint8(6, 2))],
    ['range', changed(good, (view) => view.setUint8(6, 0))],
    ['range', changed(good, (view) => view.setBigInt64(16, 0n, true))],
    ['range', changed(good, (view) => view.setBigInt64(16, 2n ** 53n, true))],
    ['range', changed(good, (view) => view.setUint32(12, 2 ** 21, true))],
    ['range', changed(good, (view) => view.setBigInt64(24, 2n ** 52n, true))],
    ['order', changed(good, (view) => view.setBigInt64(32, 1_700_000_009_000n, true))],
    ['range', changed(good, (view) => view.setBigInt64(40, 1_700_000_009_000n, true))],
    ['count', changed(good, (view) => view.setBigInt64(48, -1n, true))],
    ['count', changed(good, (view) => view.setBigInt64(48, 7n, true))],
    ['count', changed(good, (view) => view.setBigInt64(48, BigInt(FRAME_READINGS_MAX) + 1n, true))],
    ['columns', changed(good, (view) => view.setUint32(12, 1, true))],
    ['columns', changed(good, (view) => view.setUint32(64, 2 ** 31, true))],
    ['length', changed(joined(good, new Uint8Array(1)), (view) => view.setUint32(56, good.length - 63, true))],
  ])('%s: case %#', (code, bytes) => {
    expect(decodeFrame(bytes)).toMatchObject({ kind: 'fault', code });
  });

  it('checksum, when any one byte differs', () => {
    for (let at = 8; at < good.length; at++) {
      const bytes = good.slice();
      bytes[at]! ^= 0x10;
      const fault = readHeader(bytes);
      expect({ at, ...fault }).toMatchObject({
        at,
        code: expect.stringMatching(/^(checksum|too-short|length)$/) as string,
      });
    }
  });

  it('newer-format, naming both', () => {
    const fault = readHeader(changed(good, (view) => view.setUint8(4, 7)));
    expect(fault).toMatchObject({
      code: 'newer-format',
      message: expect.stringMatching(/format 7.*up to 2/) as string,
    });
  });

  it('birth, when its text is not what it should be', () => {
    const birth = encodeBirth(meta, { firstIndex: 0, entries: [series], previous: null });
    const text = Buffer.from(birth.subarray(64)).toString();
    for (const [wrong, code] of [
      [text.replace('"kW"', '7'), 'birth'],
      [text.slice(0, -1), 'birth'],
      [text.replace('"firstIndex"', '"firstindex"'), 'birth'],
      [text.replace('"firstIndex":0', '"firstIndex":1000'), 'range'],
      ['['.repeat(100_000), 'birth'],
      ['', 'birth'],
      [text.replace('kW', 'k\u00ff'), 'birth'],
    ] as const) {
      const body = Buffer.from(wrong, wrong.includes('\u00ff') ? 'latin1' : 'utf8');
      const frame = joined(birth.subarray(0, 64), body);
      new DataView(frame.buffer).setUint32(56, body.length, true);
      expect({ wrong: wrong.slice(0, 40), ...decodeFrame(sealed(frame)) }).toMatchObject({ kind: 'fault', code });
    }
  });
});

describe('a reader', () => {
  const lengths = Int32Array.of(1, 1023, 1024, 1025, 1026, 2, 127, 128, 129, 130, 4000, 1, 1, 777, 2049, 300, 1500);
  const one = walkingRuns({
    runs: 1,
    length: lengths.reduce((sum, length) => sum + length),
    stepMs: 1000,
    anchored: false,
  });
  const runCount = lengths.length;
  const zeros = { anchorTimeMs: new Float64Array(runCount), anchorValue: new Float64Array(runCount) };
  const flags = { anchored: new Uint8Array(runCount), unchecked: new Uint8Array(runCount) };
  const entry = new Int32Array(runCount);
  const mixed: ReadingsRuns = { ...one, ...zeros, ...flags, runCount, entry, length: lengths };

  it('finds its way where runs, chunks and blocks end', () => {
    expect(decodeFrame(encodeReadings(meta, mixed))).toMatchObject({ runs: mixed });
  });

  it('finds its way among irregular times too', () => {
    const timeMs = mixed.timeMs.map((atMs, i) => atMs + (i % 3000 > 1500 ? (i * 7919) % 97 : 0));
    const jittered: ReadingsRuns = { ...mixed, timeMs };
    expect(decodeFrame(encodeReadings(meta, jittered))).toMatchObject({ runs: jittered });
  });
});

describe('a writer', () => {
  it('is told by which measure a frame is too large', () => {
    const many = walkingRuns({ runs: 2, length: FRAME_READINGS_MAX / 2 + 1, stepMs: 1, anchored: false });
    expect(() => encodeReadings(meta, many)).toThrow(FrameTooLarge);
    const wide = { ...walkingRuns({ runs: 1, length: 100_000, stepMs: 1, anchored: false }) };
    const wild = wide.value.map((_, i) => (i % 2 === 0 ? 1 : -1) * (Number.MAX_SAFE_INTEGER - i));
    expect(() => encodeReadings(meta, { ...wide, value: wild })).toThrow(/bytes/);
  });

  it('is stopped by an assertion when its own numbers are wrong', () => {
    const give =
      (change: Partial<ReadingsRuns>): (() => unknown) =>
      () =>
        encodeReadings(meta, { ...sampleRuns, ...change });
    expect(give({ value: sampleRuns.value.map((value) => value + 0.5) })).toThrow(/safe integer/);
    expect(give({ timeMs: sampleRuns.timeMs.map((atMs) => -atMs) })).toThrow(/ascend/);
    expect(give({ length: Int32Array.of(4, 0, 2) })).toThrow(/readings/);
    expect(give({ entry: Int32Array.of(0, 1000, 0) })).toThrow(/dictionary/);
    expect(give({ anchorTimeMs: Float64Array.of(1_700_000_000_000, 0, 0) })).toThrow(/anchor/);
    const pane =
      (change: Partial<PaneColumns>): (() => unknown) =>
      () =>
        encodePanes(meta, { ...samplePanes, ...change });
    expect(pane({ sum: [19n, 0n] })).toThrow(/sum is not between/);
    expect(pane({ squares: [0n, 0n] })).toThrow(/squares/);
    expect(pane({ coveredMs: Float64Array.of(10_001, 0) })).toThrow(/covered/);
  });
});

describe('a frame is small', () => {
  it('when its series are regular: times take nothing', () => {
    const regular = walkingRuns({ runs: 10, length: 1000, stepMs: 1000, anchored: false });
    const still: ReadingsRuns = { ...regular, value: regular.value.map(() => 42) };
    expect(encodeReadings(meta, still).length).toBeLessThan(200);
  });

  it('when it is live: a thousand series with one reading and its anchor take 6 bytes a reading at most', () => {
    const live = walkingRuns({ runs: 1000, length: 1, stepMs: 1000, anchored: true });
    expect(encodeReadings(meta, live).length / 1000).toBeLessThan(6);
  });

  it('when all values of a run are in steps', () => {
    const fine = walkingRuns({ runs: 1, length: 4000, stepMs: 1000, anchored: false });
    const coarse: ReadingsRuns = { ...fine, value: fine.value.map((value) => value * 200) };
    expect(encodeReadings(meta, coarse).length - encodeReadings(meta, fine).length).toBeLessThan(20);
  });

  it('when it holds nothing', () => {
    const nothing = encodeReadings(meta, { ...sampleRuns, runCount: 0, links: NO_LINKS });
    expect(nothing.length).toBeLessThan(90);
    expect(decodeFrame(nothing)).toMatchObject({ header: { count: 0, earliestMs: 0, latestMs: 0 } });
  });
});
