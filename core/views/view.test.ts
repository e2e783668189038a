import { describe, expect, it } from 'vitest';
import type { Metric, StoredMetric } from '../metrics/metric.ts';
import { viewFault, viewsSchema } from './view-config.ts';
import { groupKey, groupOf, parseGroupKey, type View, viewAdmits, viewFingerprint } from './view.ts';

const VIEW: View = {
  name: 'by-region',
  metric: 'power',
  by: ['region', 'device'],
  where: { kind: ['roof', 'wall'], region: ['north', 'south'] },
  sliceMs: 60_000,
};

describe('a view', () => {
  it('admits the series of its metric whose tags all have one of the values', () => {
    const admits = (tags: Record<string, string>, metric = 'power') => viewAdmits(VIEW, { metric, tags });
    expect(admits({ kind: 'roof', region: 'south' })).toBe(true);
    expect(admits({ kind: 'roof', region: 'south' }, 'energy')).toBe(false);
    expect(admits({ kind: 'roof', region: 'west' })).toBe(false);
    expect(admits({ kind: 'cellar', region: 'north' })).toBe(false);
    expect(admits({ region: 'north' })).toBe(false);
    expect(viewAdmits({ ...VIEW, where: {} }, { metric: 'power', tags: {} })).toBe(true);
    expect(viewAdmits({ ...VIEW, where: { kind: [''] } }, { metric: 'power', tags: {} })).toBe(true);
  });

  it('groups series by its tags in its order; a tag that is not there is the empty text', () => {
    expect(groupOf(VIEW, { metric: 'power', tags: { device: 'd', region: 'r' } })).toEqual(['r', 'd']);
    expect(groupOf(VIEW, { metric: 'power', tags: { device: 'd' } })).toEqual(['', 'd']);
    expect(groupOf({ ...VIEW, by: [] }, { metric: 'power', tags: { device: 'd' } })).toEqual([]);
  });

  it('has a key for each group, and no two share one', () => {
    const groups = [[], [''], ['', ''], ['a,b'], ['a', 'b'], ['a","b'], ['a"', 'b']];
    expect(new Set(groups.map(groupKey)).size).toBe(groups.length);
    for (const group of groups) expect(parseGroupKey(groupKey(group))).toEqual(group);
  });
});

describe('the fingerprint of a view', () => {
  it('is that of its definition, whatever its name and the order in which tags and values are listed', () => {
    const where = { region: ['south', 'north'], kind: ['wall', 'roof'] };
    expect(viewFingerprint(VIEW)).toMatch(/^[0-9a-f]{16}$/);
    expect(viewFingerprint({ ...VIEW, name: 'other', where })).toBe(viewFingerprint(VIEW));
  });

  it('differs where anything differs that decides the slices', () => {
    const others: readonly View[] = [
      { ...VIEW, metric: 'energy' },
      { ...VIEW, by: ['device', 'region'] },
      { ...VIEW, by: ['region'] },
      { ...VIEW, where: { ...VIEW.where, kind: ['roof'] } },
      { ...VIEW, where: { kind: VIEW.where['kind']! } },
      { ...VIEW, sliceMs: 60_001 },
    ];
    expect(new Set([VIEW, ...others].map((view) => viewFingerprint(view))).size).toBe(7);
  });

  it('differs where the metric is declared otherwise in what decides what is stored', () => {
    const metric: StoredMetric = {
      unit: 'kW',
      decimals: 3,
      kind: 'counter',
      intervalMs: 1000,
      rolloverScaled: null,
      quantiles: false,
      paneMs: 10_000,
    };
    const others: readonly StoredMetric[] = [
      { ...metric, unit: 'W' },
      { ...metric, decimals: 2 },
      { ...metric, kind: 'gauge' },
      { ...metric, intervalMs: 2000 },
      { ...metric, rolloverScaled: 99 },
      { ...metric, quantiles: true },
      { ...metric, paneMs: 5000 },
      { ...metric, rolloverStep: 10 },
      { ...metric, kind: 'total' },
      { ...metric, kind: 'gauge', holdMs: 5000 },
    ];
    const told = [metric, ...others].map((one) => viewFingerprint(VIEW, one));
    expect(new Set([viewFingerprint(VIEW), ...told]).size).toBe(12);
    // The rule by which a counter's increase is found is part of what decides it.
    expect(told[0]).toBe('1b0725485a506dcf');
    expect(told[3]).toBe('9c00709342f06191');
    // What does not decide it takes no part.
    expect(viewFingerprint(VIEW, { ...metric, send: 'readings' } as StoredMetric)).toBe(told[0]);
  });
});

describe('the views of a configuration', () => {
  it('group by nothing and admit all unless told otherwise, and take one value for a list of one', () => {
    const views = viewsSchema.parse({
      all: { metric: 'power', slice: '1m' },
      'some.of_them-2': { metric: 'power', by: ['region'], where: { kind: 'roof', region: ['n', 's'] }, slice: '1h' },
    });
    expect(views).toEqual([
      { name: 'all', metric: 'power', by: [], where: {}, sliceMs: 60_000 },
      {
        name: 'some.of_them-2',
        metric: 'power',
        by: ['region'],
        where: { kind: ['roof'], region: ['n', 's'] },
        sliceMs: 3_600_000,
      },
    ]);
  });

  const one = { metric: 'power', slice: '1m' };
  it.each([
    ['an unknown key', { all: { ...one, colour: 'red' } }],
    ['no slice', { all: { metric: 'power' } }],
    ['a list of no values', { all: { ...one, where: { kind: [] } } }],
    ['a tag without a name', { all: { ...one, by: [''] } }],
    ['more tags than eight', { all: { ...one, by: Array.from({ length: 9 }, (_, i) => `t${i}`) } }],
    ['a name that begins with a dot', { '.all': one }],
    ['a name with a slash', { 'a/b': one }],
    ['a name of more than a hundred characters', { ['a'.repeat(101)]: one }],
    ['no name', { '': one }],
  ])('are refused with %s', (_, views) => {
    expect(viewsSchema.safeParse(views).success).toBe(false);
  });

  it('take names of up to a hundred characters and up to eight tags', () => {
    const by = Array.from({ length: 8 }, (_, i) => `t${i}`);
    expect(viewsSchema.safeParse({ ['a'.repeat(100)]: { ...one, by } }).success).toBe(true);
  });
});

describe('a view beside its metric', () => {
  const POWER = { name: 'power', paneMs: 10_000 } as Metric;
  const faultOf = (changed: Partial<View>) => viewFault({ ...VIEW, ...changed }, new Map([['power', POWER]]));

  it('is sound where its slice is whole panes and divides a day', () => {
    for (const sliceMs of [10_000, 60_000, 3_600_000, 86_400_000]) expect(faultOf({ sliceMs })).toBeUndefined();
  });

  it('has slices so wide that a held value reaches 10,000 of them at most', () => {
    const faultAt = (intervalMs: number, sliceMs: number, kind: Metric['kind'] = 'gauge') =>
      viewFault({ ...VIEW, sliceMs }, new Map([['power', { ...POWER, intervalMs, kind } as Metric]]));
    const slices = 10_000 * 10_000;
    expect(faultAt(slices / 3, 10_000)).toBeUndefined();
    expect(faultAt(slices / 3 + 1, 10_000)).toMatchObject({ key: 'slice' });
    expect(faultAt(30 * 86_400_000, 10_000)?.message).toBe(
      'a value of power is held for up to 7776000 s (`hold`, three intervals unless it says otherwise): more than 10000 slices of 10 s; take slices of 800s or more',
    );
    const held = { ...POWER, kind: 'gauge', intervalMs: 1000, holdMs: slices } as Metric;
    expect(viewFault({ ...VIEW, sliceMs: 10_000 }, new Map([['power', held]]))).toBeUndefined();
    const longer = new Map([['power', { ...held, holdMs: slices + 1 }]]);
    expect(viewFault({ ...VIEW, sliceMs: 10_000 }, longer)).toMatchObject({ key: 'slice' });
    // What a counter grows by belongs to one slice.
    expect(faultAt(30 * 86_400_000, 10_000, 'counter')).toBeUndefined();
  });

  it('has to name a declared metric, a slice of whole panes that divides a day, and each tag once', () => {
    expect(faultOf({ metric: 'powr' })).toEqual({
      key: 'metric',
      message: 'metric powr is not declared; did you mean power?',
    });
    expect(faultOf({ metric: 'humidity' })?.message).toBe(
      'metric humidity is not declared; declare it under "metrics"',
    );
    expect(faultOf({ sliceMs: 15_000 })?.message).toContain("a multiple of the metric's pane (10 s); 15 s is not");
    expect(faultOf({ sliceMs: 70_000 })?.message).toContain('divides a day evenly (1m, 5m, 15m, 1h, …); 70 s does not');
    expect(faultOf({ sliceMs: 2 * 86_400_000 })?.key).toBe('slice');
    expect(faultOf({ by: ['a', 'b', 'a'] })?.key).toBe('by');
  });
});
