import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BUCKET_MAX } from '../numbers/log-buckets.ts';
import { PANE_MS_MAX } from '../series/series.ts';
import { encodeAmend, type Amends } from './amend-frame.ts';
import { encodeBirth } from './birth.ts';
import { encodeReadings } from './encode-readings.ts';
import { decodeFrame } from './frame.ts';
import type { FrameMeta } from './header.ts';
import { FRAME_READINGS_MAX, HEADER_BYTES, TIME_MS_MAX, VALUE_MAX } from './limits.ts';
import { encodePanes } from './panes-codec.ts';
import type { PaneColumns } from './panes.ts';
import { NO_LINKS, type ReadingsRuns, type SignedLinks } from './readings.ts';

const VERSION = 5;
const meta: FrameMeta = { incarnation: 0, sequence: 1, dictionaryVersion: VERSION, watermarkMs: null };

/** One run without an anchor. */
function run(times: readonly number[], values: readonly number[], about: Partial<ReadingsRuns> = {}): ReadingsRuns {
  return {
    runCount: 1,
    entry: Int32Array.of(0),
    length: Int32Array.of(times.length),
    anchored: Uint8Array.of(0),
    anchorTimeMs: Float64Array.of(0),
    anchorValue: Float64Array.of(0),
    unchecked: Uint8Array.of(0),
    timeMs: Float64Array.from(times),
    value: Float64Array.from(values),
    links: NO_LINKS,
    ...about,
  };
}

function link(about: Partial<Record<'entry' | 'fromMs' | 'toMs' | 'fromValue' | 'toValue', number>>): SignedLinks {
  const { entry = 0, fromMs = 1, toMs = 2, fromValue = 3, toValue = 4 } = about;
  return {
    count: 1,
    entry: Int32Array.of(entry),
    sign: Int8Array.of(-1),
    fromMs: Float64Array.of(fromMs),
    fromValue: Float64Array.of(fromValue),
    toMs: Float64Array.of(toMs),
    toValue: Float64Array.of(toValue),
  };
}

type Numbers<Columns> = {
  -readonly [Name in keyof Columns as Columns[Name] extends Float64Array ? Name : never]: number;
};

/** A pane of two readings, 4 and 6, in [1000, 2000), with an anchor; each test changes one number of it. */
const PANE = {
  startMs: 1_000,
  spanMs: 1_000,
  readings: 2,
  min: 4,
  max: 6,
  firstMs: 1_100,
  firstValue: 4,
  lastMs: 1_900,
  lastValue: 6,
  coveredMs: 800,
  unchecked: 1,
  anchorTimeMs: 900,
  anchorValue: 5,
};
interface PaneChange extends Partial<Numbers<PaneColumns>> {
  readonly entry?: number;
  readonly sum?: bigint;
  readonly squares?: bigint;
  readonly increase?: bigint;
  readonly integral?: bigint;
  readonly anchored?: number;
  readonly histogram?: PaneColumns['histogram'][number];
  readonly accountedMs?: number | null;
}

const VALUE_MOST = BigInt(VALUE_MAX);

function pane(change: PaneChange): PaneColumns {
  const {
    entry = 0,
    anchored = 1,
    sum = 10n,
    squares = 52n,
    increase = 2n,
    integral = 3n,
    histogram = null,
    accountedMs = 0,
    ...rest
  } = change;
  const numbers = Object.entries({ ...PANE, ...rest }).map(([name, value]) => [name, Float64Array.of(value)]);
  return {
    ...(Object.fromEntries(numbers) as Pick<PaneColumns, keyof typeof PANE>),
    count: 1,
    entry: Int32Array.of(entry),
    anchored: Uint8Array.of(anchored),
    sum: [sum],
    squares: [squares],
    increase: [increase],
    integral: [integral],
    histogram: [histogram],
    accountedMs: accountedMs === null ? null : Float64Array.of(accountedMs),
    links: NO_LINKS,
  };
}

/** The reading at 1500 became 5 in a pane of three; each test changes one number of it. */
const AMEND = {
  timeMs: 1_500,
  oldValue: 7,
  newValue: 5,
  paneStartMs: 1_000,
  paneMs: 1_000,
  revision: 1,
  minAfter: 4,
  maxAfter: 6,
  firstMsAfter: 1_100,
  firstValueAfter: 4,
  lastMsAfter: 1_900,
  lastValueAfter: 6,
};

function amend(change: Partial<Numbers<Amends>> & { readonly entry?: number }): Amends {
  const { entry = 0, ...rest } = change;
  const numbers = Object.entries({ ...AMEND, ...rest }).map(([name, value]) => [name, Float64Array.of(value)]);
  const columns = Object.fromEntries(numbers) as Pick<Amends, keyof typeof AMEND>;
  return { ...columns, count: 1, entry: Int32Array.of(entry), links: NO_LINKS };
}

/** The frame with another version of the dictionary in its header, under a right checksum. */
function claiming(frame: Uint8Array, dictionaryVersion: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset);
  view.setUint32(12, dictionaryVersion, true);
  view.setUint32(60, crc32(frame.subarray(HEADER_BYTES), crc32(frame.subarray(0, 60))), true);
  return frame;
}

describe('readings at their limits', () => {
  it.each([
    ['regular times up to the last there is', [TIME_MS_MAX - 2, TIME_MS_MAX - 1, TIME_MS_MAX]],
    ['irregular times up to the last there is', [TIME_MS_MAX - 9, TIME_MS_MAX - 8, TIME_MS_MAX - 7, TIME_MS_MAX]],
    ['times from the first there is', [-TIME_MS_MAX, -TIME_MS_MAX + 1, -TIME_MS_MAX + 7]],
    ['the first and the last time there is', [-TIME_MS_MAX, TIME_MS_MAX]],
  ])('are kept with %s', (_what, times) => {
    const runs = run(
      times,
      times.map((_, i) => i),
    );
    expect(decodeFrame(encodeReadings(meta, runs))).toMatchObject({ kind: 'readings', runs });
  });

  it('are as many as a frame holds, in one run', () => {
    const times = Array.from({ length: FRAME_READINGS_MAX }, (_, i) => i * 1_000);
    const decoded = decodeFrame(
      encodeReadings(
        meta,
        run(
          times,
          times.map(() => 7),
        ),
      ),
    );
    expect(decoded).toMatchObject({ kind: 'readings', header: { count: FRAME_READINGS_MAX } });
    const longer = run([...times, times.length * 1_000], [...times, 0]);
    expect(() => encodeReadings(meta, longer)).toThrow(/split it/);
  });

  it('hold the largest values and steps between them', () => {
    for (const values of [
      [VALUE_MAX, -VALUE_MAX],
      [-VALUE_MAX, 0, VALUE_MAX],
      [VALUE_MAX, VALUE_MAX - 1, VALUE_MAX],
    ]) {
      const runs = run(
        values.map((_, i) => i),
        values,
      );
      expect(decodeFrame(encodeReadings(meta, runs))).toMatchObject({ runs });
    }
  });

  it('may have their anchor one millisecond before', () => {
    const anchor = { anchored: Uint8Array.of(1), anchorValue: Float64Array.of(-VALUE_MAX) };
    for (const anchorMs of [4_999, -TIME_MS_MAX]) {
      const runs = run([5_000], [1], { ...anchor, anchorTimeMs: Float64Array.of(anchorMs) });
      expect(decodeFrame(encodeReadings(meta, runs))).toMatchObject({ runs });
    }
    const late = run([5_000], [1], { ...anchor, anchorTimeMs: Float64Array.of(5_000) });
    expect(() => encodeReadings(meta, late)).toThrow(/must lie before/);
  });

  it('carry links between any two times and values', () => {
    for (const links of [
      link({ entry: VERSION - 1, fromMs: -TIME_MS_MAX, toMs: TIME_MS_MAX }),
      link({ fromMs: TIME_MS_MAX - 1, toMs: TIME_MS_MAX, fromValue: -VALUE_MAX, toValue: VALUE_MAX }),
    ]) {
      const runs = run([0], [1], { links });
      expect(decodeFrame(encodeReadings(meta, runs))).toMatchObject({ runs });
    }
    expect(() => encodeReadings(meta, run([0], [1], { links: link({ fromMs: 2 }) }))).toThrow(/later reading/);
    expect(() => encodeReadings(meta, run([0], [1], { links: link({ entry: VERSION }) }))).toThrow(/dictionary/);
  });
});

describe('an entry', () => {
  const longer = { ...meta, dictionaryVersion: VERSION + 1 };
  it.each([
    ['a run', encodeReadings(longer, run([0], [1], { entry: Int32Array.of(VERSION) }))],
    ['a link', encodeReadings(longer, run([0], [1], { links: link({ entry: VERSION }) }))],
    ['a pane', encodePanes(longer, pane({ entry: VERSION }))],
    ['an amend', encodeAmend(longer, amend({ entry: VERSION }))],
  ])('of %s that the dictionary does not have is refused with its column', (_what, frame) => {
    expect(decodeFrame(frame).kind).not.toBe('fault');
    expect(decodeFrame(claiming(frame, VERSION))).toMatchObject({ kind: 'fault', code: 'columns' });
  });
});

describe('a birth', () => {
  it('may come after the very first start, and after one that sent nothing', () => {
    const birth = { firstIndex: 0, entries: [], previous: { incarnation: 0, lastSequence: 0, closed: true } };
    expect(decodeFrame(encodeBirth({ ...meta, incarnation: 1 }, birth))).toMatchObject({ kind: 'birth', birth });
  });
});

describe('a pane at its limits', () => {
  it.each<[string, PaneChange]>([
    ['as it is', {}],
    ['the last entry', { entry: VERSION - 1 }],
    [
      'an end where times end',
      {
        startMs: TIME_MS_MAX - 1_000,
        firstMs: TIME_MS_MAX - 1_000,
        lastMs: TIME_MS_MAX - 1,
        anchorTimeMs: TIME_MS_MAX - 1_001,
      },
    ],
    ['a first reading at its start and a last one at its end', { firstMs: 1_000, lastMs: 1_999 }],
    ['an anchor right before its first reading', { anchorTimeMs: 1_099 }],
    ['the farthest anchor, of the largest value', { anchorTimeMs: -TIME_MS_MAX, anchorValue: -VALUE_MAX }],
    ['all of it covered', { coveredMs: 1_000 }],
    ['all of it unchecked', { unchecked: 2 }],
    ['its first value above, its last below', { firstValue: 6, lastValue: 4 }],
    ['the least squares that its sum allows', { squares: 50n, sum: 10n }],
    ['the widest sums', { increase: 4n * VALUE_MOST, coveredMs: 2, integral: -2n * VALUE_MOST }],
    ['a histogram of all its readings', { histogram: { buckets: Int32Array.of(1, 2), counts: Float64Array.of(1, 1) } }],
  ])('is kept with %s', (_what, change) => {
    const panes = pane(change);
    expect(decodeFrame(encodePanes(meta, panes))).toMatchObject({ kind: 'panes', panes });
  });

  it.each<[string, PaneChange]>([
    ['is not in the dictionary', { entry: VERSION }],
    ['is no time', { startMs: -TIME_MS_MAX - 1 }],
    ['is none', { spanMs: 0, coveredMs: 0 }],
    ['is none', { startMs: TIME_MS_MAX - 999, firstMs: TIME_MS_MAX - 999, lastMs: TIME_MS_MAX - 1 }],
    ['is not in its span', { coveredMs: 1_001 }],
    ['is not in its span', { coveredMs: -1 }],
    ['is negative', { readings: -1 }],
    ['are more than all', { unchecked: 3 }],
    ['has values without readings', { readings: 0, unchecked: 0 }],
    ['values from', { min: 7 }],
    ['values from', { max: VALUE_MAX + 1 }],
    ['first or last is not between', { firstValue: 3 }],
    ['first or last is not between', { firstValue: 7 }],
    ['first or last is not between', { lastValue: 3 }],
    ['first or last is not between', { lastValue: 7 }],
    ['first time is not in the pane', { firstMs: 999 }],
    ['first time is not in the pane', { firstMs: 1_901 }],
    ['last time is not in the pane', { lastMs: 2_000 }],
    ['anchor is not before', { anchorTimeMs: 1_100 }],
    ['anchor has no safe value', { anchorValue: VALUE_MAX + 1 }],
    ['half an anchor', { anchored: 0 }],
    ['half an anchor', { anchored: 0, anchorTimeMs: 0 }],
    ['half an anchor', { anchored: 2 }],
    ['not between count times min and max', { sum: 7n }],
    ['not between count times min and max', { sum: 13n }],
    ['does not fit its sum', { squares: 49n }],
    ['does not fit its sum', { squares: 53n }],
    ['more than its readings give', { increase: 4n * VALUE_MOST + 1n }],
    ['more than its readings give', { increase: -4n * VALUE_MOST - 1n }],
    ['is not covered', { coveredMs: 2, integral: -2n * VALUE_MOST - 1n }],
    ['is not covered', { coveredMs: 2, integral: 2n ** 140n }],
    ['is none', { spanMs: PANE_MS_MAX + 1 }],
    ['holds 2 readings from 1500 to 1500', { firstMs: 1_500, lastMs: 1_500 }],
    ['has a bucket', { histogram: { buckets: Int32Array.of(BUCKET_MAX + 1), counts: Float64Array.of(2) } }],
    ['has a bucket', { histogram: { buckets: Int32Array.of(-BUCKET_MAX - 1), counts: Float64Array.of(2) } }],
    ['not as many counts', { histogram: { buckets: Int32Array.of(1, 2), counts: Float64Array.of(2) } }],
    ['do not ascend', { histogram: { buckets: Int32Array.of(1, 1), counts: Float64Array.of(1, 1) } }],
    ['bucket holds 0', { histogram: { buckets: Int32Array.of(1, 2), counts: Float64Array.of(2, 0) } }],
    ['holds 1 of 2', { histogram: { buckets: Int32Array.of(1), counts: Float64Array.of(1) } }],
    ['holds 3 of 2', { histogram: { buckets: Int32Array.of(1, 2), counts: Float64Array.of(1, 2) } }],
  ])('is refused beyond them: %s', (message, change) => {
    expect(() => encodePanes(meta, pane(change))).toThrow(message);
  });
});

describe('an amend at its limits', () => {
  it.each<[string, Parameters<typeof amend>[0]]>([
    ['as it is', {}],
    ['the last entry', { entry: VERSION - 1 }],
    ['a pane that begins with it', { paneStartMs: 1_500, firstMsAfter: 1_500 }],
    ['a pane that ends with it', { paneMs: 501, lastMsAfter: 1_500 }],
    ['a last reading at the end', { lastMsAfter: 1_999 }],
    ['its value as the least', { minAfter: 5, firstValueAfter: 5 }],
    ['its value as the most', { maxAfter: 5, lastValueAfter: 5 }],
    ['the largest values', { oldValue: -VALUE_MAX, newValue: VALUE_MAX, maxAfter: VALUE_MAX, minAfter: -VALUE_MAX }],
    ['the highest revision', { revision: VALUE_MAX }],
  ])('is kept with %s', (_what, change) => {
    const amends = amend(change);
    expect(decodeFrame(encodeAmend(meta, amends))).toMatchObject({ kind: 'amend', amends });
  });

  it.each<[string, Parameters<typeof amend>[0]]>([
    ['is not in the dictionary', { entry: VERSION }],
    ['is none', { timeMs: TIME_MS_MAX + 1 }],
    ['pane begins', { paneStartMs: 1_501 }],
    ['pane ends before', { paneMs: 500 }],
    ['revision 0', { revision: 0 }],
    ['first time 999', { firstMsAfter: 999 }],
    ['first time 1501', { firstMsAfter: 1_501 }],
    ['last time 1499', { lastMsAfter: 1_499 }],
    ['last time 2000', { lastMsAfter: 2_000 }],
    ['5 is not from min to max', { minAfter: 6 }],
    ['5 is not from min to max', { maxAfter: 4 }],
    ['5 is not from min to max', { maxAfter: VALUE_MAX + 1 }],
    ['first value 3', { firstValueAfter: 3 }],
    ['first value 7', { firstValueAfter: 7 }],
    ['last value 3', { lastValueAfter: 3 }],
    ['last value 7', { lastValueAfter: 7 }],
    ['is not safe', { oldValue: VALUE_MAX + 1 }],
  ])('is refused beyond them: %s', (message, change) => {
    expect(() => encodeAmend(meta, amend(change))).toThrow(message);
  });
});
