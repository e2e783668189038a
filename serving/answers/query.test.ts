import { describe, expect, it } from 'vitest';
import type { Metric } from '#core/metrics/metric.ts';
import { parseClientMessage } from '../stream/messages.ts';
import {
  parseFilter,
  parseRange,
  parseSpan,
  parseStats,
  STATS_MAX,
  parseTime,
  parseWindowSpec,
  parseZone,
  QueryError,
} from './query.ts';

const UTC = parseZone(undefined);
const NOW_MS = Date.UTC(2026, 9, 26, 12, 34, 56, 789);
const VIEW = { name: 'by-region', metric: 'power', by: ['region', 'kind'], where: {}, sliceMs: 60_000 };
const POWER = { name: 'power', kind: 'gauge', quantiles: false } as Metric;

/** Subject, value, status and message of what is thrown. */
function refusalOf(ask: () => unknown): Pick<QueryError, 'subject' | 'value' | 'status' | 'message' | 'remedy'> {
  try {
    ask();
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a query that can not be answered', () => {
  it('gives subject, value and remedy, and is the fault of whoever asked', () => {
    const error = new QueryError('gap', '1s', 'is too short', 'ask for more');
    expect(error).toMatchObject({ kind: 'query-unanswerable', fault: 'asked', retryable: false, status: 400 });
    expect(error.message).toBe('gap "1s" is too short; ask for more');
  });

  it('may be asked again where the state does not allow it yet', () => {
    expect(new QueryError('view', 'v', 'is not open yet', 'wait', 503).retryable).toBe(true);
    expect(new QueryError('view', 'v', 'is not there', 'name another', 404).retryable).toBe(false);
  });
});

describe('a range', () => {
  it('is half-open, in the zone where the texts have no offset', () => {
    expect(parseRange('2026-01-01', '2026-01-02T00:00:00Z', parseZone('Asia/Kathmandu'), NOW_MS)).toEqual({
      fromMs: Date.UTC(2025, 11, 31, 18, 15),
      toMs: Date.UTC(2026, 0, 2),
    });
  });

  it('may be empty, but not run backwards', () => {
    expect(parseRange('2026-01-01', '2026-01-01', UTC, NOW_MS)).toEqual({
      fromMs: Date.UTC(2026),
      toMs: Date.UTC(2026),
    });
    expect(refusalOf(() => parseRange('2026-01-02', '2026-01-01', UTC, NOW_MS))).toMatchObject({
      subject: 'from',
      value: '2026-01-02',
      remedy: 'swap them',
    });
  });

  it('may be told from now, by the calendar of the zone from the day up, rounded to nothing', () => {
    const day = 86_400_000;
    expect(parseRange('-7d', 'now', UTC, NOW_MS)).toEqual({ fromMs: NOW_MS - 7 * day, toMs: NOW_MS });
    expect(parseRange('now-90m', 'now-1h', UTC, NOW_MS)).toEqual({
      fromMs: NOW_MS - 5_400_000,
      toMs: NOW_MS - 3_600_000,
    });
    // The clocks of Copenhagen were set back the day before.
    const copenhagen = parseZone('Europe/Copenhagen');
    expect(parseTime('from', '-2d', copenhagen, NOW_MS)).toBe(NOW_MS - 2 * day - 3_600_000);
    expect(parseTime('from', '-48h', copenhagen, NOW_MS)).toBe(NOW_MS - 2 * day);
    expect(parseTime('from', '-1mo', UTC, NOW_MS)).toBe(NOW_MS - 30 * day);
    expect(refusalOf(() => parseTime('from', '-7 apples', UTC, NOW_MS))).toMatchObject({
      subject: 'from',
      value: '-7 apples',
      remedy: 'write it like -90m, -7d or -1mo',
    });
  });

  it('is refused by the name of the end that can not be read', () => {
    expect(refusalOf(() => parseRange('yesterday', '2026-01-01', UTC, NOW_MS))).toMatchObject({
      subject: 'from',
      value: 'yesterday',
    });
    expect(refusalOf(() => parseRange('2026-01-01', '', UTC, NOW_MS))).toMatchObject({ subject: 'to', value: '' });
    expect(refusalOf(() => parseTime('asOf', '2026-13-01', UTC, NOW_MS)).subject).toBe('asOf');
  });
});

describe('zones, spans and windows', () => {
  it('are UTC and tumbling unless told otherwise', () => {
    expect(UTC.name).toBe('UTC');
    expect(parseWindowSpec({ window: '1h' }, UTC).kind).toBe('tumbling');
    expect(parseWindowSpec({ window: '1h', every: '10m' }, UTC)).toMatchObject({ kind: 'hopping' });
    expect(parseSpan('gap', '90s')).toEqual({ kind: 'fixed', ms: 90_000 });
  });

  it('are refused by subject and value where they can not be read', () => {
    const refusals = [
      refusalOf(() => parseZone('Europe/Pariss')),
      refusalOf(() => parseSpan('gap', '5 apples')),
      refusalOf(() => parseWindowSpec({ window: 'x' }, UTC)),
      refusalOf(() => parseWindowSpec({ window: '1h', every: 'x' }, UTC)),
      refusalOf(() => parseWindowSpec({ window: '1h', every: '2h' }, UTC)),
      refusalOf(() => parseWindowSpec({ window: '1d', offset: 'x' }, UTC)),
      refusalOf(() => parseWindowSpec({ window: '1d', offset: '30h' }, UTC)),
    ];
    expect(refusals.map(({ subject, value, status }) => [subject, value, status])).toEqual([
      ['zone', 'Europe/Pariss', 400],
      ['gap', '5 apples', 400],
      ['window', 'x', 400],
      ['every', 'x', 400],
      ['every', '2h', 400],
      ['offset', 'x', 400],
      ['offset', '30h', 400],
    ]);
    expect(refusals[0]!.message).toMatch(/^zone "Europe\/Pariss" can't be read: .+; .*Europe\/Paris/);
  });
});

describe('statistics', () => {
  it('are count, sum, mean, min and max unless told otherwise', () => {
    const names = (text?: string) => parseStats(text, POWER).map(({ name }) => name);
    expect(names()).toEqual(['count', 'sum', 'mean', 'min', 'max']);
    expect(names('last,count')).toEqual(['last', 'count']);
  });

  it('are refused where the metric can not answer one of them, or there is no such', () => {
    expect(refusalOf(() => parseStats('count,increase', POWER))).toMatchObject({ subject: 'stats', value: 'increase' });
    expect(refusalOf(() => parseStats('p99', POWER)).message).toContain('quantiles');
    expect(refusalOf(() => parseStats('count,meen', POWER))).toMatchObject({ subject: 'stats', value: 'meen' });
  });
});

describe('statistics by the hundred', () => {
  it('are refused beyond what one question computes for every window, whichever way it is asked', () => {
    const metric = { ...POWER, quantiles: true };
    const quantiles = (count: number) => Array.from({ length: count }, (_, i) => `p${i + 1}`);
    expect(parseStats(quantiles(STATS_MAX).join(), metric)).toHaveLength(STATS_MAX);
    expect(refusalOf(() => parseStats(quantiles(STATS_MAX + 1).join(), metric))).toMatchObject({
      subject: 'stats',
      value: '65',
      remedy: 'name at most 64',
    });
    const subscribe = { type: 'subscribe', id: 'a', view: 'v', window: '1h' };
    const sent = (count: number) => JSON.stringify({ ...subscribe, stats: quantiles(count) });
    expect(parseClientMessage(sent(STATS_MAX))).toMatchObject({ stats: quantiles(STATS_MAX) });
    expect(refusalOf(() => parseClientMessage(sent(STATS_MAX + 1)))).toMatchObject({ subject: 'stats' });
  });
});

describe('a filter', () => {
  const KNOWN = ['from', 'to', 'window'];

  it('names values of the view’s tags', () => {
    const given = new Map([
      ['region', ['a', 'b']],
      ['kind', ['']],
    ]);
    expect(parseFilter(given, VIEW, KNOWN)).toEqual(given);
    expect(parseFilter([], VIEW, KNOWN)).toEqual(new Map());
  });

  it('is refused where it names something else, with the nearest that there is', () => {
    expect(refusalOf(() => parseFilter([['widnow', ['1h']]], VIEW, KNOWN))).toMatchObject({
      subject: 'parameter',
      value: 'widnow',
      remedy: 'did you mean window? known are from, to, window; its tags are region, kind',
    });
    expect(refusalOf(() => parseFilter([['xyz', ['1']]], { ...VIEW, by: [] }, KNOWN)).remedy).toBe(
      'known are from, to, window; it has no tags to filter by',
    );
  });

  it('takes a thousand values of a tag, and no more', () => {
    const values = (count: number) => Array.from({ length: count }, (_, i) => String(i));
    expect(parseFilter([['region', values(1_000)]], VIEW, KNOWN).get('region')).toHaveLength(1_000);
    expect(refusalOf(() => parseFilter([['region', values(1_001)]], VIEW, KNOWN))).toMatchObject({
      subject: 'region',
      value: '1001',
    });
  });
});
