import { describe, expect, it } from 'vitest';
import { measureNamed } from '../choice/measure.ts';
import { WINDOWS } from '../choice/spans.ts';
import { MINUTE_MS, shown, T0_MS } from '../stream/windows.fixtures.ts';
import { describeWindow, edgesText, stateText, type Terms, unitOf, valueText, windowsText } from './window-words.ts';

const VIEWER = { zone: 'Asia/Kathmandu', locale: 'en-GB' };

function terms(measure: string, over: Partial<Terms> = {}): Terms {
  const named = measureNamed(measure, { kind: 'gauge' });
  return {
    measure: named,
    unit: 'kW',
    decimals: 1,
    length: WINDOWS[0]!,
    nowMs: T0_MS,
    freshnessMs: T0_MS + MINUTE_MS,
    viewer: VIEWER,
    ...over,
  };
}

describe('a window in words', () => {
  const window = shown(0, { completeness: 0.5, final: false });

  it('says when it is, its value, how complete it is, and its state', () => {
    const named = [
      { name: 'DK1', window },
      { name: 'DK2', window: undefined },
      { name: 'DK3', window: shown(0) },
    ];
    expect(describeWindow(named, window, terms('band'))).toBe(
      '17:45–17:46. DK1: 1.0 – 3.0 kW, 50 % complete, provisional. DK2: no readings. DK3: 1.0 – 3.0 kW, 100 % complete, final',
    );
  });

  it('says its value the way of the viewer', () => {
    const german = { viewer: { zone: 'UTC', locale: 'de-DE' } };
    const value = shown(0, { stats: { count: 1_440, mean: 1_234.56 } });
    expect(valueText(value, terms('mean', german))).toBe('1.234,6');
    expect(valueText(value, terms('count', german))).toBe('1.440');
    expect(edgesText(value, terms('mean', german))).toBe('12:00–12:01');
  });

  it('has no decimals where it counts, and a dash where there is no value', () => {
    expect(valueText(window, terms('count'))).toBe('10');
    expect(valueText(shown(0, { stats: {} }), terms('count'))).toBe('0');
    expect(valueText(shown(0, { stats: {} }), terms('mean'))).toBe('–');
    expect(valueText(shown(0, { stats: { min: null, max: 2 } }), terms('band'))).toBe('– – 2.0');
  });

  it('has the unit of its metric, if there is one, or counts readings', () => {
    expect(['mean', 'count'].map((measure) => unitOf(terms(measure)))).toStrictEqual(['kW', 'readings']);
    expect(unitOf(terms('mean', { unit: null }))).toBe('');
    expect(describeWindow([{ name: 'DK1', window }], window, terms('mean', { unit: null }))).toContain(
      'DK1: 2.0, 50 %',
    );
  });

  it('says that it was revised, and what of it waits for a correction', () => {
    expect(stateText(shown(0), terms('mean'))).toBe('final');
    expect(stateText({ ...shown(0), revisedAtMs: 1 }, terms('mean'))).toBe('final, revised');
    expect(stateText({ ...shown(0, { final: false }), revisedAtMs: 1 }, terms('mean'))).toBe('provisional, revised');
    expect(stateText(shown(0, { pending: ['min', 'max'] }), terms('mean'))).toBe('final, min, max being corrected');
  });

  it('says that more of it is to come, and since when its group is there', () => {
    const open = shown(1, { final: false });
    expect(stateText(open, terms('mean'))).toBe('so far');
    expect(stateText(open, terms('mean', { freshnessMs: T0_MS + 2 * MINUTE_MS }))).toBe('provisional');
    expect(stateText(open, terms('mean', { freshnessMs: null }))).toBe('so far');
    expect(stateText(shown(0, { expectedFromMs: T0_MS + 30_000 }), terms('mean'))).toBe('final, since 17:45');
  });

  it('is of the clock, or of the days, of a zone', () => {
    const day = { length: WINDOWS[4]!, zone: 'Asia/Kathmandu' };
    expect(windowsText(terms('mean'))).toBe('minute · times in Asia/Kathmandu');
    expect(windowsText(terms('mean', { length: WINDOWS[3]!, zone: 'UTC' }))).toBe(
      'hour in UTC · times in Asia/Kathmandu',
    );
    expect(windowsText(terms('mean', day))).toBe('day in Asia/Kathmandu');
    expect(windowsText(terms('mean', { ...day, zone: 'UTC' }))).toBe('day in UTC · times in Asia/Kathmandu');
    expect(windowsText(terms('mean', { ...day, offset: '6h' }))).toBe('day from 06:00 in Asia/Kathmandu');
  });

  it('says its day where that is not today', () => {
    expect(edgesText(shown(0), terms('mean', { nowMs: T0_MS + 1_440 * MINUTE_MS }))).toBe('21 Nov, 17:45–17:46');
    expect(edgesText(shown(0), terms('mean', { nowMs: T0_MS + 366 * 1_440 * MINUTE_MS }))).toBe(
      '21 Nov 2026, 17:45–17:46',
    );
  });
});
