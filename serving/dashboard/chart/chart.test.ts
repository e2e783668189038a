import { describe, expect, it } from 'vitest';
import { measureNamed } from '../choice/measure.ts';
import { group, MINUTE_MS, shown, T0_MS } from '../stream/windows.fixtures.ts';
import { chartData, lonePoints, timeRange } from './chart-data.ts';
import { assignColours, withAlpha } from './colours.ts';
import { barOf, ROW_PX, stripHeightPx } from './draw-strip.ts';
import { axisWidthPx, plotColumns, plotOptions } from './plot-options.ts';
import { steppedTo } from './strip.tsx';

const MEAN = measureNamed('mean', { kind: 'gauge' });
const BAND = measureNamed('band', { kind: 'gauge' });
const COUNT = measureNamed('count', { kind: 'gauge' });

describe('what is drawn', () => {
  it('has a value in the middle of each window', () => {
    const data = chartData([group('a', shown(0), shown(1, { stats: { mean: '2.50' } }))], MEAN, null);
    expect(data.centresS).toStrictEqual([T0_MS / 1_000 + 30, T0_MS / 1_000 + 90]);
    expect(data.groups[0]?.final).toStrictEqual([2, 2.5]);
  });

  it('breaks the line over a time without windows, in one place for all groups', () => {
    const data = chartData([group('a', shown(0), shown(5)), group('b', shown(0), shown(1), shown(5))], MEAN, null);
    expect(data.startMs.map((atMs) => (atMs - T0_MS) / MINUTE_MS)).toStrictEqual([0, 1, 2, 5]);
    expect(data.groups.map(({ final }) => final)).toStrictEqual([
      [2, null, null, 2],
      [2, 2, null, 2],
    ]);
  });

  it('draws what is provisional apart, beginning at the final window beside it', () => {
    const data = chartData(
      [group('a', shown(0), shown(1), shown(2, { final: false }), shown(3, { final: false }))],
      MEAN,
      null,
    );
    expect(data.groups[0]).toMatchObject({ final: [2, 2, null, null], provisional: [null, 2, 2, 2] });
  });

  it('draws the count of a window that still fills, or that its group was not there from the start, apart', () => {
    const started = shown(0, { stats: { count: 4, mean: 2 }, expectedFromMs: T0_MS + 36_000 });
    const late = shown(2, { final: false });
    const filling = shown(3, { stats: { count: 3, mean: 2 }, final: false });
    const windows = [group('a', started, shown(1), late, filling)];
    const freshnessMs = T0_MS + 3.3 * MINUTE_MS;
    expect(chartData(windows, COUNT, freshnessMs).groups[0]).toMatchObject({
      final: [null, 10, null, null],
      provisional: [null, 10, 10, null],
      partial: [4, null, null, 3],
    });
    expect(chartData(windows, COUNT, null).groups[0]?.partial).toStrictEqual([4, null, 10, 3]);
    expect(chartData(windows, MEAN, freshnessMs).groups[0]).toMatchObject({
      final: [2, 2, null, null],
      provisional: [null, 2, 2, 2],
      partial: [null, null, null, null],
    });
  });

  it('tells what is per second by the length of each window', () => {
    const load = measureNamed('load', { kind: 'gauge', amountUnit: 'kWh' });
    const window = shown(0, { stats: { integral: '120.600' } });
    expect(chartData([group('a', window)], load, null).groups[0]?.final).toStrictEqual([2.01]);
    expect(chartData([group('a', shown(0, { stats: { integral: null } }))], load, null).groups[0]?.final).toStrictEqual(
      [null],
    );
  });

  it('has a band where the measure has one, and nothing where a window has no value', () => {
    const data = chartData(
      [group('a', shown(0), shown(1, { stats: { mean: null, min: null, max: null } }))],
      BAND,
      null,
    );
    expect(data.groups[0]).toMatchObject({ low: [1, null], high: [3, null], final: [2, null] });
    expect(chartData([group('a', shown(0))], MEAN, null).groups[0]).toMatchObject({ low: [], high: [] });
  });

  it('puts a dot where a value has no neighbour', () => {
    expect(lonePoints([1, null, 2, 3, null, 4])).toStrictEqual([0, 5]);
  });

  it('is nothing for no groups', () => {
    expect(chartData([], MEAN, null)).toStrictEqual({ startMs: [], endMs: [], centresS: [], groups: [], windows: [] });
  });
});

describe('the time that is shown', () => {
  const hourMs = 60 * MINUTE_MS;

  it('ends with the window that runs while readings arrive', () => {
    expect(timeRange(T0_MS, T0_MS - 20_000, hourMs, MINUTE_MS)).toStrictEqual([T0_MS - hourMs, T0_MS]);
  });

  it('goes on with the clock when readings stop, so that the gap is seen', () => {
    const nowMs = T0_MS + 10 * MINUTE_MS + 1;
    expect(timeRange(T0_MS, nowMs, hourMs, MINUTE_MS)).toStrictEqual([T0_MS - 49 * MINUTE_MS, T0_MS + 11 * MINUTE_MS]);
  });

  it('ends with the window that runs, which begins when the clock strikes', () => {
    expect(timeRange(T0_MS, T0_MS, hourMs, MINUTE_MS)).toStrictEqual([T0_MS - hourMs, T0_MS]);
    expect(timeRange(T0_MS, T0_MS + 1, hourMs, MINUTE_MS)).toStrictEqual([
      T0_MS - hourMs + MINUTE_MS,
      T0_MS + MINUTE_MS,
    ]);
  });

  it('stays with the newest window where that is half a span and three windows past', () => {
    expect(timeRange(T0_MS, T0_MS + 1_000 * hourMs, hourMs, MINUTE_MS)).toStrictEqual([T0_MS - hourMs, T0_MS]);
    const nowMs = T0_MS + 33 * MINUTE_MS;
    expect(timeRange(T0_MS, nowMs, hourMs, MINUTE_MS)).toStrictEqual([nowMs - hourMs, nowMs]);
    expect(timeRange(T0_MS, nowMs + 1, hourMs, MINUTE_MS)).toStrictEqual([T0_MS - hourMs, T0_MS]);
  });

  it('ends now where there is no window', () => {
    expect(timeRange(undefined, T0_MS, hourMs, MINUTE_MS)).toStrictEqual([T0_MS - hourMs, T0_MS]);
  });
});

describe('colours', () => {
  const keys = Array.from({ length: 12 }, (_, i) => `g${i}`);

  it('go to the first eight groups, each its own', () => {
    expect([...assignColours(keys, new Set())]).toStrictEqual(keys.slice(0, 8).map((key, i) => [key, i]));
  });

  it('stay with their groups when one is hidden, whose colour the next one takes', () => {
    const colours = assignColours(keys, new Set(['g2']));
    expect(colours.get('g3')).toBe(3);
    expect(colours.get('g8')).toBe(2);
    expect(colours.has('g2')).toBe(false);
    expect(new Set(colours.values()).size).toBe(8);
  });

  it('that are free go to groups beyond the eighth, the lowest first', () => {
    const colours = assignColours(keys, new Set(['g0', 'g5', 'g9']));
    expect([colours.get('g8'), colours.get('g10'), colours.has('g9'), colours.has('g11')]).toStrictEqual([
      0,
      5,
      false,
      false,
    ]);
  });

  it('are written with how much shows through', () => {
    expect([0, 0.1, 0.5, 1].map((alpha) => withAlpha('#0b6fa4', alpha))).toStrictEqual([
      '#0b6fa400',
      '#0b6fa41a',
      '#0b6fa480',
      '#0b6fa4ff',
    ]);
  });
});

describe('a bar of the strip', () => {
  const geometry = { leftPx: 50, widthPx: 600, fromMs: T0_MS, toMs: T0_MS + 60 * MINUTE_MS };

  it('stands under its window and fills as far as that is complete', () => {
    expect(barOf(T0_MS + MINUTE_MS, T0_MS + 2 * MINUTE_MS, 0.5, geometry)).toStrictEqual({
      leftPx: 60,
      widthPx: 9,
      heightPx: ROW_PX / 2,
    });
  });

  it('is cut at the edges of the plot, and not there beyond them', () => {
    expect(barOf(T0_MS - MINUTE_MS, T0_MS + MINUTE_MS, 1, geometry)).toMatchObject({ leftPx: 50, widthPx: 9 });
    expect(barOf(T0_MS - 2 * MINUTE_MS, T0_MS - MINUTE_MS, 1, geometry)).toBeUndefined();
  });

  it('is seen for the smallest part, and not for none', () => {
    expect(barOf(T0_MS, T0_MS + MINUTE_MS, 0.001, geometry)?.heightPx).toBeGreaterThan(1);
    expect(barOf(T0_MS, T0_MS + MINUTE_MS, 0, geometry)?.heightPx).toBe(0);
  });

  it('has a row for each group, and one where there is none', () => {
    expect([0, 1, 2, 8].map(stripHeightPx)).toStrictEqual([14, 14, 28, 112]);
  });

  it('is never higher than its row', () => {
    expect(barOf(T0_MS, T0_MS + MINUTE_MS, 1.5, geometry)?.heightPx).toBe(ROW_PX);
    expect(barOf(T0_MS, T0_MS + MINUTE_MS, -1, geometry)?.heightPx).toBe(0);
  });

  it('has a gap beside it only where it is wide enough to spare one', () => {
    const narrow = { ...geometry, widthPx: 240 };
    expect(barOf(T0_MS, T0_MS + MINUTE_MS, 1, narrow)?.widthPx).toBe(4);
    expect(barOf(T0_MS, T0_MS + MINUTE_MS, 1, { ...geometry, widthPx: 300 })?.widthPx).toBe(4);
  });
});

describe('the axis of values', () => {
  it('is wide enough for the widest of its labels', () => {
    expect(axisWidthPx([])).toBe(axisWidthPx([10, 48]));
    expect(axisWidthPx([10, 80.2, 30])).toBeGreaterThan(88);
  });
});

describe('the plot', () => {
  const colours = {
    groups: ['#111111', '#222222'],
    paper: '#ffffff',
    text: '',
    rule: '',
    track: '',
    full: '',
    nearly: '',
    partial: '',
    none: '',
  };
  const optionsOf = (measure: typeof MEAN) =>
    plotOptions({ measure, colours, groupColours: [1, 0] }, { width: 600, height: 300 }, {});

  it('draws a line, its provisional part and hollow points per group, in the colour of the group', () => {
    const { series, bands } = optionsOf(MEAN);
    expect(series.slice(1).map(({ stroke, dash }) => [stroke, dash !== undefined])).toStrictEqual([
      ['#222222', false],
      ['#222222', true],
      ['#222222', false],
      ['#111111', false],
      ['#111111', true],
      ['#111111', false],
    ]);
    expect(series[3]).toMatchObject({ points: { show: true, fill: '#ffffff', stroke: '#222222' } });
    expect(series[3]?.paths?.({} as never, 3, 0, 1)).toBeNull();
    expect(bands).toStrictEqual([]);
  });

  it('fills a band from its lower to its upper edge, of each group before its lines', () => {
    const { series, bands } = optionsOf(BAND);
    expect(bands).toStrictEqual([
      { series: [2, 1], fill: '#2222221a' },
      { series: [7, 6], fill: '#1111111a' },
    ]);
    expect(series.slice(1).map(({ width }) => width)).toStrictEqual([
      1,
      1,
      2,
      1.75,
      undefined,
      1,
      1,
      2,
      1.75,
      undefined,
    ]);
  });

  it('has room for a value that lies before what is in sight, from where a line comes', () => {
    const range = optionsOf(MEAN).scales?.['y']?.range;
    if (typeof range !== 'function') throw new Error('the axis of values follows what is drawn');
    const data = [
      [0, 1, 2],
      [9, 2, 3],
      [null, undefined, 4],
    ];
    const [low, high] = range({ data } as never, 2, 4, 'y');
    expect(low).toBeLessThan(2);
    expect(high).toBeGreaterThan(9);
    expect(range({ data } as never, null as never, null as never, 'y')).toEqual([0, 1]);
  });

  it('has as many columns as it draws lines, in their order', () => {
    const [columns] = chartData([group('a', shown(0), shown(1, { final: false }))], BAND, null).groups;
    expect(plotColumns(columns!, true)).toStrictEqual([
      [1, 1],
      [3, 3],
      [2, null],
      [2, 2],
      [null, null],
    ]);
    expect(plotColumns(columns!, false)).toStrictEqual([
      [2, null],
      [2, 2],
      [null, null],
    ]);
  });
});

describe('stepping through windows', () => {
  it('begins at the newest and stays within', () => {
    expect(['ArrowLeft', 'ArrowRight', 'PageUp', 'End'].map((key) => steppedTo(key, undefined, 20))).toStrictEqual([
      19, 19, 19, 19,
    ]);
    expect(
      ['ArrowLeft', 'ArrowRight', 'PageDown', 'PageUp', 'Home'].map((key) => steppedTo(key, 12, 20)),
    ).toStrictEqual([11, 13, 2, 19, 0]);
    expect(['ArrowDown', 'ArrowUp', 'End'].map((key) => steppedTo(key, 12, 20))).toStrictEqual([11, 13, 19]);
    expect(['ArrowLeft', 'ArrowRight'].map((key, i) => steppedTo(key, i * 19, 20))).toStrictEqual([0, 19]);
    expect(steppedTo('ArrowLeft', undefined, 1)).toBe(0);
  });

  it('ends with Escape, and is not begun by other keys or without windows', () => {
    expect([
      steppedTo('Escape', 3, 20),
      steppedTo('Tab', undefined, 20),
      steppedTo('Escape', undefined, 0),
      steppedTo('Home', undefined, 0),
    ]).toStrictEqual([undefined, undefined, undefined, undefined]);
    expect(steppedTo('Tab', 3, 20)).toBe(3);
  });
});
