import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeReadings } from '../frames/encode-readings.ts';
import { readHeader } from '../frames/header.ts';
import { NO_LINKS } from '../frames/readings.ts';
import { type Kernels, KERNELS } from '../kernels/kernels.ts';
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

/** Folds the readings in runs of the lengths given, one frame each, the last of them as long as needed. */
function fold(told: Long, lengths: readonly number[], kernels: Kernels | undefined): Map<number, Stats> {
  const { startMs, stepMs, sliceMs, values } = told;
  const view = new ViewFold({ view: { name: 'v', metric: 'm', by: ['device'], where: {}, sliceMs }, version: 1 });
  const agent = new AgentFold('a', [entryOf(told)]);
  const folder = new FrameFolder(kernels);
  for (let from = 0, sequence = 1; from < values.length; sequence++) {
    const length = Math.min(lengths[sequence - 1] ?? Infinity, values.length - from);
    const timeMs = Float64Array.from({ length }, (_, i) => startMs + (from + i) * stepMs);
    const bytes = encodeReadings(
      { incarnation: 0, sequence, dictionaryVersion: 1, watermarkMs: null },
      {
        runCount: 1,
        entry: Int32Array.of(0),
        length: Int32Array.of(length),
        anchored: Uint8Array.of(from === 0 ? 0 : 1),
        anchorTimeMs: Float64Array.of(from === 0 ? 0 : timeMs[0]! - stepMs),
        anchorValue: Float64Array.of(from === 0 ? 0 : values[from - 1]!),
        unchecked: Uint8Array.of(0),
        timeMs,
        value: Float64Array.from(values.slice(from, from + length)),
        links: NO_LINKS,
      },
    );
    const header = readHeader(bytes);
    if (header.kind === 'fault') throw new Error(header.message);
    expect(folder.fold(bytes, header, agent, [view], sequence)).toBe(length);
    from += length;
  }
  const { slots } = view;
  return new Map([...slots.all()].map((slot) => [slots.sliceAt(slot), readStats(slots.table, slot)]));
}

describe('a long run', () => {
  it('is folded bit by bit as in JavaScript, as its two halves, and as its first readings one by one', () => {
    fc.assert(
      fc.property(long, fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 40 }), (told, cut, single) => {
        const whole = fold(told, [], KERNELS);
        expect(fold(told, [], undefined)).toEqual(whole);
        expect(fold(told, [cut], KERNELS)).toEqual(whole);
        expect(fold(told, [cut], undefined)).toEqual(whole);
        expect(
          fold(
            told,
            Array.from({ length: single }, () => 1),
            KERNELS,
          ),
        ).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });
});
