import { describe, expect, it } from 'vitest';
import type { FrameHeader } from '#core/frames/header.ts';
import type { Metric } from '#core/metrics/metric.ts';
import { powerSeries } from '#core/series/series.fixtures.ts';
import { VERDICT_DETAIL_MAX } from '#core/wire/down-messages.ts';
import { judgeHeader, judgeSeries, refused } from './frame-verdict.ts';

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

describe('the verdict on the series of a birth', () => {
  const metric = { name: 'power', unit: 'kW', decimals: 3, kind: 'gauge' } as Metric;
  const series = powerSeries('roof');
  const metrics = new Map([['power', metric]]);

  it('accepts what equals the declaration, and what has none', () => {
    expect(judgeSeries([series], metrics)).toStrictEqual({ kind: 'accepted' });
    expect(judgeSeries([{ ...series, metric: 'heat', unit: 'J' }], metrics)).toStrictEqual({ kind: 'accepted' });
    expect(judgeSeries([{ ...series, unit: 'W' }], null)).toStrictEqual({ kind: 'accepted' });
  });

  it.each([
    ['unit', { unit: 'W' }, 'a gauge in "W" with 3 decimals'],
    ['decimals', { decimals: 0 }, 'a gauge in "kW" with 0 decimals'],
    ['kind', { kind: 'counter' as const }, 'a counter in "kW" with 3 decimals'],
  ])('refuses another %s, naming both', (_what, other, described) => {
    expect(judgeSeries([series, { ...series, ...other }], metrics)).toStrictEqual({
      kind: 'refused',
      code: 'metric-mismatch',
      detail: `series power of roof is ${described}, the server's metric is a gauge in "kW" with 3 decimals`,
    });
  });
});
