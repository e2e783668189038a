import { describe, expect, it } from 'vitest';
import {
  type Choice,
  CHOICE_DEFAULT,
  fittingChoice,
  offsetOf,
  OFFSETS,
  readChoice,
  stretchOf,
  writeChoice,
} from './choice.ts';
import { columnsOf, measureNamed, measuresOf, statsOf } from './measure.ts';
import {
  fits,
  fittingWindow,
  instantText,
  localText,
  periodBefore,
  readPeriod,
  sliceLengthMs,
  SPANS,
  WINDOWS,
  WINDOWS_PER_SPAN_MAX,
  WINDOWS_PER_SPAN_MIN,
  zoneOf,
} from './spans.ts';

const [W1M, , , W1H, W1D] = WINDOWS;
const [S15M, , , , S7D] = SPANS;

describe('a choice in the address', () => {
  it('comes back as it was written', () => {
    const choice: Choice = {
      view: 'usage & more #1',
      window: W1H!,
      span: S7D!,
      period: { fromMs: Date.UTC(2006, 11, 16, 17, 24), toMs: Date.UTC(2010, 10, 26, 21, 2, 30) },
      offset: '6h',
      measure: 'band',
      hidden: ['[["region","DK1"]]', 'x=1&y'],
      picked: ['[["region","DK2"]]', '[["region","é"]]'],
    };
    expect(readChoice(`#${writeChoice(choice)}`)).toStrictEqual(choice);
    expect(readChoice(`#${writeChoice(CHOICE_DEFAULT)}`)).toStrictEqual(CHOICE_DEFAULT);
  });

  it('is the default where it says nothing, or nothing that is known', () => {
    expect(readChoice('')).toStrictEqual(CHOICE_DEFAULT);
    expect(readChoice('#window=2m&span=forever&offset=25h&from=2026-01-02&to=2026-01-01&other=1')).toStrictEqual(
      CHOICE_DEFAULT,
    );
  });
});

describe('windows in a span', () => {
  it('are neither too many nor too few, nor narrower than the slice', () => {
    for (const span of SPANS) {
      for (const window of WINDOWS) {
        const count = span.ms / window.ms;
        expect(fits(window, span, 0)).toBe(count >= WINDOWS_PER_SPAN_MIN && count <= WINDOWS_PER_SPAN_MAX);
      }
    }
    expect(fits(W1M!, S15M!, 60_000)).toBe(true);
    expect(fits(W1M!, S15M!, 300_000)).toBe(false);
    expect(fits(WINDOWS[2]!, SPANS[2]!, 600_000)).toBe(false);
  });

  it('suit the view where none was chosen, and fit it where some were', () => {
    const asked = (choice: Partial<Choice>, sliceMs: number, intervalMs: number): string => {
      const { span, window } = fittingChoice({ ...CHOICE_DEFAULT, ...choice }, { sliceMs, intervalMs });
      return `${window.text} in ${span.text}`;
    };
    expect(asked({}, 60_000, 10_000)).toBe('1m in 1h');
    expect(asked({}, 60_000, 900_000)).toBe('15m in 6h');
    expect(asked({}, 3_600_000, 3_600_000)).toBe('1h in 24h');
    expect(asked({}, 86_400_000, 86_400_000)).toBe('1d in 30d');
    expect(asked({ span: S15M!, window: W1M! }, 3_600_000, 0)).toBe('1h in 6h');
    expect(asked({ span: S7D!, window: W1H! }, 60_000, 10_000)).toBe('1h in 7d');
  });

  it('may be a single one in a period, also a day of 23 hours', () => {
    const stretch = stretchOf({ span: S7D!, period: { fromMs: 0, toMs: 23 * 3_600_000 } });
    expect(fits(W1D!, stretch, 0)).toBe(true);
    expect(fits(W1D!, { ms: stretch.ms }, 0)).toBe(false);
    expect(fits(W1M!, { ...stretch, ms: (WINDOWS_PER_SPAN_MAX + 1) * W1M!.ms }, 0)).toBe(false);
    expect(stretchOf({ span: S7D!, period: undefined })).toBe(S7D);
  });

  it('begin later than midnight only where they are days or longer', () => {
    expect([W1H!, W1D!, WINDOWS.at(-1)!].map((window) => offsetOf({ offset: '6h' }, window))).toStrictEqual([
      undefined,
      '6h',
      '6h',
    ]);
    expect(OFFSETS).toContain('6h');
    expect(OFFSETS).not.toContain('24h');
  });

  it('leave a choice for every span', () => {
    for (const span of SPANS) expect(fits(fittingWindow(W1M!, span, 0), span, 0)).toBe(true);
  });

  it('change as little as possible when the span does', () => {
    expect(fittingWindow(W1M!, S7D!, 60_000).text).toBe('5m');
    expect(fittingWindow(W1D!, S15M!, 60_000).text).toBe('5m');
    expect(fittingWindow(W1H!, S7D!, 60_000)).toBe(W1H);
  });

  it('follow the clock of whoever looks, but not where its slices do not fit it', () => {
    const [kolkata, london] = [
      { zone: 'Asia/Kolkata', offsetsMs: [330 * 60_000, 330 * 60_000] },
      { zone: 'Europe/London', offsetsMs: [0, 60 * 60_000] },
    ];
    expect(zoneOf(60 * 60_000, kolkata!)).toBe('UTC');
    expect(zoneOf(15 * 60_000, kolkata!)).toBe('Asia/Kolkata');
    expect(zoneOf(60 * 60_000, london!)).toBe('Europe/London');
    expect(zoneOf(24 * 60 * 60_000, london!)).toBe('UTC');
    expect(zoneOf(0, london!)).toBe('Europe/London');
  });

  it('stay as they are where none fits', () => {
    expect(fittingWindow(W1M!, S15M!, 3_600_000)).toBe(W1M);
  });

  it('are as long as they are written', () => {
    for (const { text, ms } of [...WINDOWS, ...SPANS]) expect(sliceLengthMs(text)).toBe(ms);
    expect(WINDOWS.map(({ words }) => words).join()).toBe('1 minute,5 minutes,15 minutes,1 hour,1 day,1 week,1 month');
    expect(SPANS.map(({ words }) => words).join()).toBe('15 minutes,1 hour,6 hours,24 hours,7 days,30 days,1 year');
  });

  it('know how long a slice is', () => {
    expect(['10s', '1m', '2h', '1d', '250ms', 'soon'].map(sliceLengthMs)).toStrictEqual([
      10_000, 60_000, 7_200_000, 86_400_000, 250, 0,
    ]);
  });
});

describe('the measures of a metric', () => {
  it('are those that mean something for its kind', () => {
    expect(measuresOf({ kind: 'gauge' }).map(({ name }) => name)).toStrictEqual(['mean', 'band', 'count']);
    expect(measuresOf({ kind: 'counter', amountUnit: 'kWh' }).map(({ name }) => name)).toStrictEqual([
      'increase',
      'band',
      'count',
    ]);
    expect(measuresOf({ kind: 'gauge', amountUnit: 'kWh' }).map(({ name }) => name)).toStrictEqual([
      'mean',
      'band',
      'load',
      'amount',
      'count',
    ]);
    expect(measuresOf({ kind: 'delta', amountUnit: 'kWh' }).map(({ name }) => name)).toStrictEqual([
      'sum',
      'mean',
      'band',
      'count',
    ]);
    expect(measuresOf({ kind: 'total', amountUnit: 'kWh' })).toStrictEqual(
      measuresOf({ kind: 'counter', amountUnit: 'kWh' }),
    );
  });

  it.each(['gauge', 'counter', 'total', 'delta', null])(
    'need no statistic beyond those that are asked for of a %s',
    (kind) => {
      for (const metric of [{ kind }, { kind, amountUnit: 'kWh' }]) {
        for (const measure of measuresOf(metric)) {
          const { stat, band } = measure;
          const needed = [stat, ...(band === undefined ? [] : [band.low, band.high]), ...columnsOf(metric, measure)];
          expect(statsOf(metric, measure)).toStrictEqual(expect.arrayContaining(needed));
        }
      }
    },
  );

  it('are final as early as they can be unless the amount of a rate is asked for', () => {
    const power = { kind: 'gauge', amountUnit: 'kWh' };
    const [mean, , load, amount] = measuresOf(power);
    expect(statsOf(power, mean!)).not.toContain('amount');
    expect(statsOf(power, mean!)).not.toContain('integral');
    expect(statsOf(power, load!)).toContain('integral');
    expect(statsOf(power, amount!)).toContain('amount');
  });

  it('have no sum of what is no amount', () => {
    for (const kind of ['gauge', 'counter', 'total', null]) {
      for (const amountUnit of [null, 'kWh']) {
        const measures = measuresOf({ kind, amountUnit });
        expect(measures.map(({ stat }) => stat)).not.toContain('sum');
        for (const measure of measures) expect(statsOf({ kind, amountUnit }, measure)).not.toContain('sum');
      }
    }
  });

  it('fall back to the first where the one named is not among them', () => {
    expect(measureNamed('increase', { kind: 'gauge' }).name).toBe('mean');
    expect(measureNamed(undefined, { kind: 'counter' }).name).toBe('increase');
    expect(measureNamed('count', { kind: 'counter' }).name).toBe('count');
  });
});

describe('a period', () => {
  const fromMs = Date.UTC(2006, 11, 16, 17, 24);

  it('is read between two instants, whatever their offset', () => {
    expect(readPeriod('2006-12-16T17:24Z', '2006-12-17T00:00:00+01:00')).toStrictEqual({
      fromMs,
      toMs: Date.UTC(2006, 11, 16, 23),
    });
  });

  it.each([
    [null, null],
    ['2006-12-16', null],
    ['', '2006-12-16'],
    ['soon', '2006-12-16'],
    ['2006-12-16', '2006-12-16'],
    ['2006-12-17', '2006-12-16'],
    ['0006-12-17', '2006-12-16'],
    ['2006-12-17', '+012006-12-16'],
  ])('is none from %j to %j', (from, to) => {
    expect(readPeriod(from, to)).toBeUndefined();
  });

  it('is written as short as it can be', () => {
    expect([fromMs, fromMs + 30_000, fromMs + 1].map(instantText)).toStrictEqual([
      '2006-12-16T17:24Z',
      '2006-12-16T17:24:30Z',
      '2006-12-16T17:24:00.001Z',
    ]);
  });

  it('comes back as it was written by the clock of the viewer', () => {
    const noon = new Date(2024, 1, 3, 4, 5).getTime();
    expect(localText(noon)).toBe('2024-02-03T04:05');
    expect(Date.parse(localText(noon))).toBe(noon);
  });

  it('begins as long before the end of the data as the span that was shown', () => {
    expect(periodBefore(10, 4)).toStrictEqual({ fromMs: 6, toMs: 10 });
  });
});
