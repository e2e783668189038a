import { describe, expect, it } from 'vitest';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { Dictionary } from './dictionary.ts';

const SERIES = { metric: 'power', device: 'd', tags: { device: 'd' } };

function reopened(before: Dictionary, ...given: Parameters<typeof metricNamed>[1][]): Dictionary {
  const after = new Dictionary(new Map(given.map((one) => ['power', metricNamed('power', one)])));
  for (const entry of before.entries) after.restore(entry);
  return after;
}

describe('an agent’s dictionary', () => {
  it('numbers a description once, also over a restart', () => {
    const before = new Dictionary(new Map([['power', metricNamed('power')]]));
    expect([before.intern(SERIES), before.intern({ ...SERIES })]).toEqual([0, 0]);
    const after = reopened(before, {});
    expect([after.intern(SERIES), after.entries.length, after.seriesCount]).toEqual([0, 1, 1]);
  });

  it('takes other tags for another series, but leaves together what an earlier version took for one', () => {
    const metrics = new Map([['power', metricNamed('power')]]);
    const of = (dictionary: Dictionary, phase: string) =>
      dictionary.intern({ ...SERIES, tags: { ...SERIES.tags, phase } });
    const fresh = new Dictionary(metrics);
    expect(['1', '2', '1'].map((phase) => of(fresh, phase))).toEqual([0, 1, 0]);
    expect([fresh.seriesOf, fresh.format]).toEqual([[0, 1], 2]);
    const older = new Dictionary(metrics, 9, 2);
    for (const entry of fresh.entries) older.restore(entry);
    expect([older.seriesOf, older.format]).toEqual([[0, 0], 1]);
    expect(['1', '2', '3'].map((phase) => of(older, phase))).toEqual([0, 1, 2]);
    expect([older.seriesOf, older.format]).toEqual([[0, 0, 1], 2]);
  });

  it('begins another entry of the same series where it is said anew since when it is expected', () => {
    const before = new Dictionary(new Map([['power', metricNamed('power')]]));
    const since = (dictionary: Dictionary, sinceMs?: number) =>
      dictionary.intern(sinceMs === undefined ? SERIES : { ...SERIES, sinceMs });
    expect([since(before), since(before, 5), since(before, 5), since(before), since(before, 9)]).toEqual([
      0, 1, 1, 1, 2,
    ]);
    expect(before.entries.map(({ sinceMs }) => sinceMs)).toEqual([undefined, 5, 9]);
    const after = reopened(before, {});
    expect([since(after), since(after, 9), since(after, 5), after.seriesCount]).toEqual([2, 2, 3, 1]);
  });

  it('takes so many series and refuses one more by name, but goes on with those it has', () => {
    const dictionary = new Dictionary(new Map([['power', metricNamed('power')]]), 2);
    const named = (device: string) => dictionary.intern({ metric: 'power', device, tags: { device } });
    expect([named('a'), named('b'), named('a')]).toEqual([0, 1, 0]);
    expect(named('c')).toMatchObject({ code: 'full', message: expect.stringContaining('2 series') as string });
  });

  it.each([
    ['unit', { unit: 'W' }],
    ['decimals', { decimals: 2 }],
    ['kind', { kind: 'counter' as const }],
  ])(
    'begins another entry of another series when the %s is declared otherwise, since values can not be compared',
    (_, now) => {
      const before = new Dictionary(new Map([['power', metricNamed('power')]]));
      before.intern(SERIES);
      const after = reopened(before, now);
      expect(after.metricOf[0]).toMatchObject({ unit: 'kW', decimals: 3, kind: 'gauge' });
      expect(after.intern(SERIES)).toBe(1);
      expect(after.entries[1]).toMatchObject(now);
      expect(after.seriesOf).toEqual([0, 1]);
      expect(after.metricOf[1]).toMatchObject(now);
      // Declared as before, the first entry holds again.
      expect(reopened(after, {}).intern(SERIES)).toBe(0);
    },
  );

  it.each([
    ['interval', { intervalMs: 1_000 }],
    ['pane', { paneMs: 5_000 }],
    ['quantiles', { quantiles: true }],
    ['hold', { holdMs: 3_600_000 }],
  ])('begins another entry of the same series when the %s is declared otherwise', (_, now) => {
    const before = new Dictionary(new Map([['power', metricNamed('power')]]));
    before.intern(SERIES);
    const after = reopened(before, now);
    expect(after.intern(SERIES)).toBe(1);
    expect(after.seriesOf).toEqual([0, 0]);
    expect(after.metricOf).toEqual([metricNamed('power', now)]);
    // Declared as before, it says so anew: the latest entry is what the server takes for what is said now.
    const again = reopened(after, {});
    expect([again.intern(SERIES), again.intern(SERIES), again.seriesCount]).toEqual([2, 2, 1]);
    expect(again.metricOf).toEqual([metricNamed('power')]);
  });

  it('says anew what the series of an entry is, once, where it was declared otherwise and values can be compared', () => {
    const before = new Dictionary(new Map([['power', metricNamed('power')]]));
    before.intern(SERIES);
    const renewed = (now: Parameters<typeof metricNamed>[1]) => {
      const after = reopened(before, now);
      for (let time = 0; time < 2; time++) after.renew(0);
      return after.entries.map(({ intervalMs, unit }) => [intervalMs, unit]);
    };
    expect(renewed({ intervalMs: 1_000 })).toEqual([
      [60_000, 'kW'],
      [1_000, 'kW'],
    ]);
    expect(renewed({ unit: 'W' })).toEqual([[60_000, 'kW']]);
    expect(renewed({})).toEqual([[60_000, 'kW']]);
  });

  it('keeps what a metric was that is no longer declared', () => {
    const before = new Dictionary(new Map([['power', metricNamed('power', { decimals: 1 })]]));
    before.intern(SERIES);
    expect(reopened(before).metricOf).toMatchObject([
      { name: 'power', decimals: 1, send: 'readings', conflict: 'last' },
    ]);
  });

  it('gives no number to what no frame can carry', () => {
    const dictionary = new Dictionary(new Map([['power', metricNamed('power')]]));
    expect(dictionary.intern({ ...SERIES, tags: { device: 'd', a: '\ud800' } })).toMatchObject({
      kind: 'series-fault',
    });
    expect(dictionary.entries).toEqual([]);
  });
});
