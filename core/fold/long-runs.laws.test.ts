import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeReadings } from '../frames/encode-readings.ts';
import { readHeader } from '../frames/header.ts';
import { NO_LINKS } from '../frames/readings.ts';
import { KERNELS } from '../kernels/kernels.ts';
import type { SeriesEntry } from '../series/series.ts';
import { readStats, type Stats } from '../stats/stats.ts';
import { AgentFold } from './agent-fold.ts';
import { FrameFolder } from './fold-frame.ts';
import { ViewFold } from './view-fold.ts';

/** Readings of one series at one distance, over many slices and chunks. */
interface Long {
  readonly startMs: number;
  readonly stepMs: number;
  readonly sliceMs: number;
  readonly intervalMs: number;
  readonly values: readonly number[];
  readonly quantiles: boolean;
}

const long: fc.Arbitrary<Long> = fc
  .record({
    startMs: fc.integer({ min: -200_000, max: 200_000 }),
    stepMs: fc.constantFrom(250, 700, 1000, 4999, 60_000),
    sliceMs: fc.constantFrom(5000, 7000, 60_000),
    intervalMs: fc.constantFrom(250, 1000, 4999, 60_000),
    length: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1000, max: 2600 })),
    first: fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 }), fc.integer({ min: -(2 ** 52), max: 2 ** 52 })),
    spread: fc.constantFrom(0, 3, 8, 16, 20, 30, 45),
    quantiles: fc.boolean(),
  })
  .map(({ length, first, spread, ...rest }) => {
    let value = first;
    let state = length;
    const values = Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      value += Math.round((state / 2 ** 32 - 0.5) * 2 ** spread);
      return value;
    });
    return { ...rest, values };
  });

function entryOf({ intervalMs, quantiles }: Long): SeriesEntry {
  const kind = 'gauge';
  const tags = { device: 'd' };
  return {
    metric: 'm',
    unit: '',
    decimals: 0,
    kind,
    intervalMs,
    rollover: null,
    quantiles,
    paneMs: 1000,
    device: 'd',
    tags,
  };
}

/** How the readings are sent, each frame a run: the first `cut` of them or none at all, then those behind a gap, whole or one by one. */
interface Sending {
  readonly folder: FrameFolder;
  readonly cut: number;
  readonly gapMs: number;
  readonly dropsFirst: boolean;
  /** Readings behind the cut that have a frame each. */
  readonly singles: number;
}

function fold(told: Long, { folder, cut, gapMs, dropsFirst, singles }: Sending): Map<number, Stats> {
  const { startMs, stepMs, sliceMs, values } = told;
  const view = new ViewFold({ view: { name: 'v', metric: 'm', by: ['device'], where: {}, sliceMs }, version: 1 });
  const agent = new AgentFold('a', [entryOf(told)]);
  const timeAt = (i: number): number => startMs + i * stepMs + (i < cut ? 0 : gapMs);
  for (let from = 0, sequence = 1; from < values.length; sequence++) {
    const rest = values.length - from;
    const length = from < cut ? Math.min(cut, rest) : sequence <= singles ? 1 : rest;
    const bytes = encodeReadings(
      { incarnation: 0, sequence, dictionaryVersion: 1, watermarkMs: null },
      {
        runCount: 1,
        entry: Int32Array.of(0),
        length: Int32Array.of(length),
        anchored: Uint8Array.of(from === 0 ? 0 : 1),
        anchorTimeMs: Float64Array.of(from === 0 ? 0 : timeAt(from - 1)),
        anchorValue: Float64Array.of(from === 0 ? 0 : values[from - 1]!),
        unchecked: Uint8Array.of(0),
        timeMs: Float64Array.from({ length }, (_, i) => timeAt(from + i)),
        value: Float64Array.from(values.slice(from, from + length)),
        links: NO_LINKS,
      },
    );
    const header = readHeader(bytes);
    if (header.kind === 'fault') throw new Error(header.message);
    if (!dropsFirst || from >= cut) expect(folder.fold(bytes, header, agent, [view], sequence)).toBe(length);
    from += length;
  }
  const { slots } = view;
  return new Map([...slots.all()].map((slot) => [slots.sliceAt(slot), readStats(slots.table, slot)]));
}

// One of each for all cases: a thread has few rooms, and what one frame leaves behind must not show in the next.
const withKernels = new FrameFolder(KERNELS);
const inJavaScript = new FrameFolder(undefined);

describe('a long run', () => {
  it('is folded bit by bit as in JavaScript, as its two halves, and as its first readings one by one', () => {
    fc.assert(
      fc.property(long, fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 40 }), (told, cut, singles) => {
        const whole = { folder: withKernels, cut: 0, gapMs: 0, dropsFirst: false, singles: 0 };
        const folded = fold(told, whole);
        expect(fold(told, { ...whole, folder: inJavaScript })).toEqual(folded);
        expect(fold(told, { ...whole, cut })).toEqual(folded);
        expect(fold(told, { ...whole, folder: inJavaScript, cut })).toEqual(folded);
        expect(fold(told, { ...whole, singles })).toEqual(folded);
      }),
      { numRuns: 60 },
    );
  });

  it('takes up what was held before it, whether that was folded here or not, and however long ago it was', () => {
    const gap = fc.constantFrom(0, 1, 2000, 4500, 30_000, 200_000);
    fc.assert(
      fc.property(long, fc.integer({ min: 1, max: 50 }), gap, fc.boolean(), (told, cut, gapMs, dropsFirst) => {
        const sending = { folder: withKernels, cut, gapMs, dropsFirst, singles: 0 };
        const folded = fold(told, sending);
        expect(fold(told, { ...sending, folder: inJavaScript })).toEqual(folded);
        expect(fold(told, { ...sending, singles: 30 })).toEqual(folded);
      }),
      { numRuns: 100 },
    );
  });
});
