import { strict as assert } from 'node:assert';
import { describe, expect, it } from 'vitest';
import { FrameOpener, type OpenedFrame } from '#core/frames/frame.ts';
import { type FrameHeader, readHeader } from '#core/frames/header.ts';
import { encodePanes } from '#core/frames/panes-codec.ts';
import { columnsOf, quietPanes } from '#core/frames/sample-frames.fixtures.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { powerSeries } from '#core/series/series.fixtures.ts';
import { VERDICT_DETAIL_MAX } from '#core/wire/down-messages.ts';
import { judgeBody, judgeHeader, judgeSeries, refused } from './frame-verdict.ts';

const HEADER: FrameHeader = {
  kind: 'readings',
  incarnation: 1,
  sequence: 1,
  dictionaryVersion: 1,
  watermarkMs: null,
  earliestMs: 0,
  latestMs: 1_000,
  count: 1,
  bodyBytes: 0,
  checksum: 0,
  format: 1,
};
const RECEIVED = { atMs: 1_000, skewMsMax: 300 };

describe('the verdict on a header', () => {
  it('allows times up to the skew ahead of the clock and refuses a millisecond more', () => {
    expect(judgeHeader({ ...HEADER, latestMs: 1_300 }, RECEIVED)).toStrictEqual({ kind: 'accepted' });
    expect(judgeHeader({ ...HEADER, latestMs: 1_301 }, RECEIVED)).toStrictEqual({
      kind: 'refused',
      code: 'future',
      detail:
        "latest event time 1301 ms is 301 ms ahead of the broker's clock, 300 ms are allowed: set the agent's clock",
    });
  });

  it('refuses a watermark from the future, also of a birth', () => {
    expect(judgeHeader({ ...HEADER, watermarkMs: 1_301 }, RECEIVED)).toMatchObject({
      code: 'future',
      detail: /^watermark 1301/,
    });
    const birth: FrameHeader = { ...HEADER, kind: 'birth', earliestMs: 0, latestMs: 0, watermarkMs: 1_301 };
    expect(judgeHeader(birth, RECEIVED)).toMatchObject({ code: 'future' });
  });

  it('does not take the zeros of a birth for event times where the clock stands before 1970', () => {
    const birth: FrameHeader = { ...HEADER, kind: 'birth', earliestMs: 0, latestMs: 0 };
    expect(judgeHeader(birth, { atMs: -1_000_000, skewMsMax: 300 })).toStrictEqual({ kind: 'accepted' });
  });

  it('accepts what is late, however late', () => {
    expect(judgeHeader({ ...HEADER, earliestMs: -1e15, latestMs: -1e15 }, RECEIVED)).toStrictEqual({
      kind: 'accepted',
    });
  });

  it('names the fault of a header that can not be read', () => {
    expect(judgeHeader({ kind: 'fault', code: 'checksum', message: 'frame checksum is 1' }, RECEIVED)).toStrictEqual({
      kind: 'refused',
      code: 'checksum',
      detail: 'frame checksum is 1',
    });
  });

  it('keeps its detail within what a record holds, whole characters only', () => {
    const { detail } = refused('x', '\u{1f50c}'.repeat(VERDICT_DETAIL_MAX));
    expect(detail.length).toBeLessThanOrEqual(VERDICT_DETAIL_MAX);
    expect(refused('x', `${'y'.repeat(VERDICT_DETAIL_MAX - 1)}\u{1f50c}`).detail.isWellFormed()).toBe(true);
  });
});

describe('the verdict on a series of a birth', () => {
  const metric = metricNamed('power');
  const series = powerSeries('roof');
  const metrics = new Map([['power', metric]]);
  const DECLARED = 'a gauge in "kW" with 3 decimals every 60000 ms, in panes of 10000 ms';

  it('accepts what equals the declaration, and what has none', () => {
    expect(judgeSeries(series, metrics)).toStrictEqual({ kind: 'accepted' });
    expect(judgeSeries({ ...series, metric: 'heat', unit: 'J' }, metrics)).toStrictEqual({ kind: 'accepted' });
    expect(judgeSeries({ ...series, unit: 'W' }, null)).toStrictEqual({ kind: 'accepted' });
  });

  it('accepts panes that are parts of the declared ones, and histograms that nobody asks for', () => {
    expect(judgeSeries({ ...series, paneMs: 5_000, quantiles: true }, metrics)).toStrictEqual({ kind: 'accepted' });
  });

  it('accepts a hold that is said where it is what holds anyway', () => {
    expect(judgeSeries({ ...series, holdMs: 180_000 }, metrics)).toStrictEqual({ kind: 'accepted' });
  });

  it.each([
    ['unit', { unit: 'W' }, {}, 'a gauge in "W" with 3 decimals every 60000 ms, in panes of 10000 ms'],
    ['decimals', { decimals: 0 }, {}, 'a gauge in "kW" with 0 decimals every 60000 ms, in panes of 10000 ms'],
    [
      'kind',
      { kind: 'counter' as const },
      {},
      'a counter in "kW" with 3 decimals every 60000 ms, in panes of 10000 ms',
    ],
    ['interval', { intervalMs: 1 }, {}, 'a gauge in "kW" with 3 decimals every 1 ms, in panes of 10000 ms'],
    ['pane', { paneMs: 60_000 }, {}, 'a gauge in "kW" with 3 decimals every 60000 ms, in panes of 60000 ms'],
    ['histogram', {}, { quantiles: true }, DECLARED],
    ['rollover', {}, { rolloverScaled: 9 }, DECLARED],
    [
      'hold',
      { holdMs: 3_600_000 },
      {},
      'a gauge in "kW" with 3 decimals every 60000 ms, held for 3600000 ms, in panes of 10000 ms',
    ],
    ['hold of the server', {}, { holdMs: 60_000 }, DECLARED],
    [
      'step of the roll-over',
      { kind: 'counter' as const, rollover: 900, rolloverStep: 100 },
      { kind: 'counter' as const, rolloverScaled: 900 },
      'a counter in "kW" with 3 decimals every 60000 ms, rollover at 900 by steps of 100, in panes of 10000 ms',
    ],
  ])('refuses another %s, naming both', (_what, other, declared, described) => {
    const verdict = judgeSeries({ ...series, ...other }, new Map([['power', { ...metric, ...declared }]]));
    expect(verdict).toMatchObject({ kind: 'refused', code: 'metric-mismatch' });
    expect(verdict).toMatchObject({
      detail: expect.stringContaining(`series power of roof is ${described}, the server`),
    });
  });
});

describe('the verdict on what a frame holds', () => {
  const TAKEN = { kind: 'taken', paneMs: 1_000, quantiles: false } as const;
  const FOREIGN = refused('series-claimed', 'series x belongs to agent y');
  const meta = { incarnation: 1, sequence: 1, dictionaryVersion: 4, watermarkMs: null };

  const panesOf = (entry: number, startMs: number, spanMs: number, quantiles: boolean): OpenedFrame => {
    const histogram = quantiles ? { buckets: Int32Array.of(5), counts: Float64Array.of(1) } : null;
    const one = Float64Array.of(1);
    const bytes = encodePanes(meta, {
      ...quietPanes(1),
      entry: Int32Array.of(entry),
      spanMs: Float64Array.of(spanMs),
      readings: one,
      sum: [1n],
      squares: [1n],
      ...columnsOf(['startMs', 'firstMs', 'lastMs'], Float64Array.of(startMs)),
      ...columnsOf(['min', 'max', 'firstValue', 'lastValue'], one),
      histogram: [histogram],
    });
    const header = readHeader(bytes);
    assert(header.kind !== 'fault');
    const opened = new FrameOpener().open(bytes, header);
    assert(opened.kind !== 'fault');
    return opened;
  };

  it('names each refused series once, and accepts what only speaks of others', () => {
    const known = [TAKEN, FOREIGN, undefined];
    expect(judgeBody(panesOf(0, 0, 1_000, false), HEADER, (i) => known[i])).toEqual({
      verdict: { kind: 'accepted' },
      entries: [],
    });
    expect(judgeBody(panesOf(1, 0, 1_000, false), HEADER, (i) => known[i])).toEqual({ verdict: FOREIGN, entries: [1] });
    expect(judgeBody(panesOf(2, 0, 7, false), HEADER, (i) => known[i])).toEqual({
      verdict: { kind: 'accepted' },
      entries: [],
    });
  });

  it.each([
    [1_000, 500, false, 'spans 500 ms'],
    [500, 1_000, false, 'from 500 on'],
    [0, 1_000, true, 'has a histogram'],
  ])('refuses a pane that is not as its birth said: %#', (startMs, spanMs, quantiles, why) => {
    const { verdict } = judgeBody(panesOf(0, startMs, spanMs, quantiles), HEADER, () => TAKEN);
    expect(verdict).toMatchObject({ kind: 'refused', code: 'pane', detail: expect.stringContaining(why) });
  });

  it('refuses a pane without the histogram that its birth promised', () => {
    const { verdict } = judgeBody(panesOf(0, 0, 1_000, false), HEADER, () => ({ ...TAKEN, quantiles: true }));
    expect(verdict).toMatchObject({ code: 'pane', detail: expect.stringContaining('has no histogram') });
  });
});
