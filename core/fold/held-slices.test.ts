import { strict as assert } from 'node:assert';
import { describe, expect, it } from 'vitest';
import { encodeReadings } from '../frames/encode-readings.ts';
import { FrameOpener } from '../frames/frame.ts';
import { readHeader } from '../frames/header.ts';
import { NO_LINKS } from '../frames/readings.ts';
import { powerSeries } from '../series/series.fixtures.ts';
import type { SeriesEntry } from '../series/series.ts';
import { FRAME_SLICES_MAX, heldForm, tooManySlices } from './held-slices.ts';

const HOUR = 3_600_000;
const HOURLY = powerSeries('m', { intervalMs: HOUR });

/** What is said of a frame of one series, read at equal distances, or of one link, where a view has slices so long. */
function saidOf(
  entry: SeriesEntry,
  shape: { readonly readings: number; readonly stepMs: number; readonly linkMs?: number },
  sliceMs: number,
): string | null {
  const { readings, stepMs, linkMs } = shape;
  const one = (value: number) => new Float64Array(1).fill(value);
  const links = {
    count: 1,
    entry: new Int32Array(1),
    sign: Int8Array.of(1),
    fromMs: one(0),
    toMs: one(linkMs ?? 1),
    fromValue: one(1),
    toValue: one(1),
  };
  const bytes = encodeReadings(
    { incarnation: 1, sequence: 1, dictionaryVersion: 1, watermarkMs: null },
    {
      runCount: 1,
      entry: new Int32Array(1),
      length: Int32Array.of(readings),
      anchored: new Uint8Array(1),
      anchorTimeMs: one(0),
      anchorValue: one(0),
      unchecked: new Uint8Array(1),
      timeMs: Float64Array.from({ length: readings }, (_, i) => i * stepMs),
      value: new Float64Array(readings),
      links: linkMs === undefined ? NO_LINKS : links,
    },
  );
  const header = readHeader(bytes);
  assert(header.kind !== 'fault');
  const frame = new FrameOpener().open(bytes, header);
  assert(frame.kind !== 'fault');
  const held = heldForm(entry, [
    { metric: 'power', sliceMs },
    { metric: 'other', sliceMs: 1 },
  ]);
  return tooManySlices(frame, header, () => held);
}

describe('the slices that the values of a frame are held in', () => {
  const decades = { readings: 100_000, stepMs: HOUR };

  it('are few enough in a full frame of hours in slices of a minute, and too many in slices of two seconds', () => {
    expect(saidOf(HOURLY, decades, 60_000)).toBeNull();
    // 99,999 hours of 1,800 slices, and that of the last reading.
    expect(saidOf(HOURLY, decades, 2_000)).toMatch(
      new RegExp(
        `up to 179998201 slices .* ${FRAME_SLICES_MAX} are allowed.* power hold for 10800000 ms.* 2000 ms; declare`,
      ),
    );
  });

  it('are as many as the values hold for, and not as the years between them', () => {
    expect(saidOf(HOURLY, { readings: 2, stepMs: 250_000 * HOUR }, 2_000)).toBeNull();
    expect(saidOf(HOURLY, { readings: 1, stepMs: 1, linkMs: 250_000 * HOUR }, 2_000)).toBeNull();
    expect(saidOf(HOURLY, { readings: 5_000, stepMs: 250 * HOUR }, 2_000)).toMatch(/^the values of this frame/);
  });

  it('are one for a reading of a register, which holds nothing', () => {
    expect(saidOf(powerSeries('m', { intervalMs: HOUR, kind: 'counter' }), decades, 1)).toBeNull();
  });
});
