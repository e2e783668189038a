import { describe, expect, it } from 'vitest';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { SeriesJournal } from '../journal/series-journal.ts';
import { Dictionary } from './dictionary.ts';
import { EndedSeries } from './ended-series.ts';
import { SourceWatermarks } from './source-watermarks.ts';
import { Speakers } from './speakers.ts';

const NOW_MS = 600_000;

/** An agent with three series, its sources a and b, and what is on its disk. */
async function started(table = new MemoryTable(), nowMs = NOW_MS) {
  const dictionary = new Dictionary(new Map([['m', metricNamed('m')]]));
  for (const device of ['d0', 'd1', 'd2']) dictionary.intern({ metric: 'm', device, tags: { device } });
  const journals = [new SeriesJournal(), new SeriesJournal(), new SeriesJournal()];
  const ended = new EndedSeries(dictionary, journals);
  const speakers = await Speakers.open(table);
  const sources = new SourceWatermarks({ speakers, ended, journals, nowMs: () => nowMs }, null);
  for (const source of ['a', 'b']) sources.expect(source);
  const remember = (series: number, timeMs: number): void => journals[series]!.append(timeMs, 0, series);
  const take = (source: string, series: number, timeMs: number): void => {
    remember(series, timeMs);
    sources.note(source, Int32Array.of(series), timeMs);
    const taken = {
      count: 1,
      entry: Int32Array.of(series),
      timeMs: Float64Array.of(timeMs),
      value: new Float64Array(1),
    };
    ended.took(taken);
  };
  const end = (...told: [series: number, fromMs: number][]): void => ended.told({ ended: told, more: false });
  const write = () => table.write([...sources.record()], { sync: true });
  return { sources, ended, remember, take, end, write, table };
}

describe('how far the sources of an agent are', () => {
  it('is how far the slowest is, until all series are ended of which it has spoken', async () => {
    const { sources, take, end } = await started();
    take('a', 0, 1_000);
    expect(sources.lowestMs()).toBe(null);
    take('a', 1, 2_000);
    take('b', 2, 9_000);
    expect(sources.lowestMs()).toBe(2_000);
    end([0, 5_000]);
    expect(sources.lowestMs()).toBe(2_000);
    end([1, 5_000]);
    expect(sources.lowestMs()).toBe(9_000);
  });

  it('is that of a source again once it speaks of one of them, or of another', async () => {
    for (const [series, timeMs] of [
      [0, 5_000],
      [1, 4_000],
    ] as const) {
      const { sources, take, end } = await started();
      take('a', 0, 1_000);
      take('b', 2, 9_000);
      end([0, 5_000]);
      take('a', 0, 4_999);
      expect(sources.lowestMs()).toBe(9_000);
      take('a', series, timeMs);
      expect(sources.lowestMs()).toBe(timeMs);
    }
  });

  it('does not wait after a start for a source of ended series alone, but for one that is merely off', async () => {
    const before = await started();
    before.take('a', 0, 1_000);
    before.take('b', 2, 9_000);
    await before.write();
    for (const [ended, expected] of [
      [0, 10_000],
      [1, null],
    ] as const) {
      const { sources, remember, take, end } = await started(before.table);
      remember(0, 1_000);
      remember(2, 9_000);
      end([ended, 5_000]);
      take('b', 2, 10_000);
      expect(sources.lowestMs()).toBe(expected);
    }
  });

  it('waits for every source while nobody knows of which one a series is that is not ended', async () => {
    const { sources, remember, take, end } = await started();
    remember(1, 3_000);
    take('a', 0, 1_000);
    take('b', 2, 9_000);
    end([0, 5_000]);
    expect(sources.lowestMs()).toBe(1_000);
    take('b', 1, 3_001);
    expect(sources.lowestMs()).toBe(3_001);
  });

  it('does not take a series for ended before the time from which on it is', async () => {
    const { sources, take, end } = await started();
    take('a', 0, 1_000);
    take('b', 2, 9_000);
    end([0, NOW_MS + 1]);
    expect(sources.lowestMs()).toBe(1_000);
  });

  it('goes with the clock where nothing is expected any more, but not beyond what has ended for this run', async () => {
    const { sources, take, end } = await started(undefined, NOW_MS + 30_000);
    take('a', 0, 1_000);
    take('b', 2, 9_000);
    end([0, 5_000], [2, 9_500]);
    expect(sources.lowestMs()).toBe(NOW_MS);
    sources.end('b');
    expect(sources.lowestMs()).toBe(9_000);
  });

  it('waits again once another connection begins, until its server has said what is ended', async () => {
    const { sources, ended, take, end } = await started();
    take('a', 0, 1_000);
    take('b', 2, 9_000);
    end([0, 5_000]);
    ended.forget();
    expect(sources.lowestMs()).toBe(1_000);
    end([0, 5_000]);
    expect(sources.lowestMs()).toBe(9_000);
  });
});

describe('which source speaks of a series', () => {
  it('is kept on the disk, the last one of each, in records that change alone', async () => {
    const table = new MemoryTable();
    const speakers = await Speakers.open(table);
    expect(speakers.note('a', Int32Array.of(0, 1023, 1024, 5000))).toBe(true);
    expect(speakers.record()).toHaveLength(4);
    expect(speakers.note('a', Int32Array.of(0, 5000))).toBe(false);
    expect(speakers.record()).toHaveLength(0);
    const other = await Speakers.open(table);
    other.note('a', Int32Array.of(0, 1023, 1024, 5000));
    await table.write([...other.record()], { sync: true });
    other.note('b', Int32Array.of(1024));
    const changed = other.record();
    expect(changed).toHaveLength(2);
    await table.write([...changed], { sync: true });
    const again = await Speakers.open(table);
    expect([0, 1, 1023, 1024, 5000, 9000].map((series) => again.of(series))).toEqual([
      'a',
      undefined,
      'a',
      'b',
      'a',
      undefined,
    ]);
  });
});
