import { describe, expect, it } from 'vitest';
import { decodeFrame, type Frame } from '#core/frames/frame.ts';
import type { ReadingsRuns } from '#core/frames/readings.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import { linkRuleOf } from '#core/stats/link.ts';
import type { Amend } from '../accept/amend.ts';
import type { LinkCorrection } from '../journal/link-correction.ts';
import { FrameWriter, type NumberedFrame } from './frame-writer.ts';
import { PanesBuilder } from './panes-builder.ts';
import { RunsBuilder } from './runs-builder.ts';
import { splitRuns } from './split-runs.ts';

const PREVIOUS = { incarnation: 1, lastSequence: 9, closed: true };

function entries(count: number): SeriesEntry[] {
  return Array.from({ length: count }, (_, i) => ({
    metric: 'm',
    unit: 'x',
    decimals: 0,
    kind: 'gauge',
    intervalMs: 1_000,
    rollover: null,
    quantiles: false,
    paneMs: 100,
    device: `d${i}`,
    tags: { device: `d${i}` },
  }));
}

function link(n: number): LinkCorrection {
  return { entry: 0, sign: n % 2 === 0 ? 1 : -1, fromMs: n, fromValue: n, toMs: n + 1, toValue: n };
}

/** Two runs of three readings and one, the first anchored, and three links. */
function someRuns(): ReadingsRuns {
  const builder = new RunsBuilder();
  builder.addRun(0, [10, 20, 30], [1, 2, 3], 0, 3, { timeMs: 5, value: 7 }, false);
  builder.addRun(1, [0, 40, 0], [0, 4, 0], 1, 2, null, true);
  builder.addLinks([link(1), link(2), link(3)]);
  return builder.take();
}

function one(count: number, value: (i: number) => number = (i) => i): ReadingsRuns {
  const numbers = Array.from({ length: count }, (_, i) => i);
  const builder = new RunsBuilder();
  builder.addRun(0, numbers, numbers.map(value), 0, count, null, false);
  return builder.take();
}

/** Each run as [entry, anchor, unchecked, times, values], and the links' times. */
function plain(runs: ReadingsRuns): unknown {
  let from = 0;
  const rows = Array.from({ length: runs.runCount }, (_, run) => {
    const end = from + runs.length[run]!;
    const anchor = runs.anchored[run] === 1 ? [runs.anchorTimeMs[run], runs.anchorValue[run]] : null;
    const row = [runs.entry[run], anchor, runs.unchecked[run], [...runs.timeMs.subarray(from, end)]];
    row.push([...runs.value.subarray(from, end)]);
    from = end;
    return row;
  });
  return [rows, [...runs.links.fromMs]];
}

describe('runs that are split', () => {
  it('between two of them keep their readings, anchors and flags, and share their links', () => {
    expect(splitRuns(someRuns()).map(plain)).toEqual([
      [[[0, [5, 7], 0, [10, 20, 30], [1, 2, 3]]], [1]],
      [[[1, null, 1, [40], [4]]], [2, 3]],
    ]);
  });

  it('within one of them have the last reading of the first half as the anchor of the second', () => {
    const [run] = splitRuns(someRuns());
    expect(splitRuns(run).map(plain)).toEqual([
      [[[0, [5, 7], 0, [10], [1]]], []],
      [[[0, [10, 1], 0, [20, 30], [2, 3]]], [1]],
    ]);
    expect(splitRuns(one(4)).map(plain)).toEqual([
      [[[0, null, 0, [0, 1], [0, 1]]], []],
      [[[0, [1, 1], 0, [2, 3], [2, 3]]], []],
    ]);
  });

  it('are more than one reading', () => {
    expect(() => splitRuns(one(1))).toThrow('one reading fits into a frame');
  });

  it('are gathered whatever their number, and gathered anew when they were taken', () => {
    const builder = new RunsBuilder();
    expect(builder.isEmpty).toBe(true);
    const times = Array.from({ length: 1_500 }, (_, i) => i);
    builder.addRun(0, times, times, 0, 700, null, false);
    builder.addRun(0, times, times, 700, 1_500, null, false);
    expect(builder.count).toBe(1_500);
    expect([...builder.take().timeMs]).toEqual(times);
    expect([builder.count, builder.isEmpty]).toEqual([0, true]);
    builder.addLinks([link(1)]);
    expect([builder.count, builder.isEmpty]).toEqual([0, false]);
    expect(builder.take()).toMatchObject({ runCount: 0, links: { count: 1 } });
    expect(builder.take().links.count).toBe(0);
  });
});

describe('a frame writer', () => {
  const open = (known: SeriesEntry[], revision = 0): FrameWriter => new FrameWriter(2, PREVIOUS, known, revision);
  const decoded = (frames: readonly NumberedFrame[]): Frame[] =>
    frames.map(({ bytes }) => {
      const frame = decodeFrame(bytes);
      if (frame.kind === 'fault') throw new Error(frame.message);
      return frame;
    });

  it('tells which event time each frame reaches, with the readings before its runs and the ends of its links', () => {
    const writer = open(entries(1));
    const builder = new RunsBuilder();
    builder.addRun(0, [50, 60], [1, 2], 0, 2, { timeMs: 40, value: 1 }, false);
    builder.addRun(0, [90], [1], 0, 1, null, false);
    writer.readings(builder.take());
    builder.addLinks([link(1)]);
    writer.readings(builder.take());
    const { fromMs, toMs } = link(1);
    expect(writer.take().map(({ extent }) => extent && [extent.earliestMs, extent.latestMs])).toEqual([
      null,
      [40, 90],
      [fromMs, toMs],
    ]);
  });

  it('announces the dictionary before the first frame, in births of some entries each, and later what is new', () => {
    const known = entries(4_100);
    const writer = open(known);
    writer.readings(one(1));
    known.push(...entries(4_101).slice(4_100));
    writer.readings(one(1));
    const frames = writer.take();
    expect(frames.map(({ incarnation, sequence }) => [incarnation, sequence])).toEqual(
      [1, 2, 3, 4, 5, 6].map((sequence) => [2, sequence]),
    );
    expect(writer.sequence).toBe(6);
    const births = decoded(frames).filter((frame) => frame.kind === 'birth');
    expect(births.map(({ birth }) => [birth.firstIndex, birth.entries.length, birth.previous])).toEqual([
      [0, 2_048, PREVIOUS],
      [2_048, 2_048, null],
      [4_096, 4, null],
      [4_100, 1, null],
    ]);
    expect(decoded(frames).map(({ kind, header }) => [kind, header.dictionaryVersion])).toEqual([
      ['birth', 2_048],
      ['birth', 4_096],
      ['birth', 4_100],
      ['readings', 4_100],
      ['birth', 4_101],
      ['readings', 4_101],
    ]);
    expect(writer.take()).toEqual([]);
  });

  it('writes the watermark that it was told, and none before', () => {
    const writer = open(entries(1));
    writer.readings(one(1));
    writer.watermarkMs = 5;
    writer.readings(one(1));
    expect(decoded(writer.take()).map(({ header }) => header.watermarkMs)).toEqual([null, null, 5]);
  });

  it('splits runs until each part fits into a frame, and loses no reading', () => {
    const writer = open(entries(1));
    const count = 300_000;
    const value = (i: number): number => ((i * 2_654_435_761) % 4_294_967_296) * 1_000_003;
    writer.readings(one(count, value));
    const frames = decoded(writer.take()).filter((frame) => frame.kind === 'readings');
    expect(frames.length).toBeGreaterThan(2);
    expect(frames.flatMap(({ runs }) => [...runs.value])).toEqual(Array.from({ length: count }, (_, i) => value(i)));
    for (const [i, { runs }] of frames.entries()) {
      expect([...runs.anchored]).toEqual([i === 0 ? 0 : 1]);
      if (i > 0) expect(runs.anchorTimeMs[0]).toBe(runs.timeMs[0]! - 1);
    }
  });

  it('splits runs whose values are held for so long that one frame would open very many slices', () => {
    const HOUR = 3_600_000;
    const hourly = entries(1).map((entry) => ({ ...entry, intervalMs: HOUR, paneMs: 10_000 }));
    const writer = new FrameWriter(1, null, hourly, 0);
    const times = Array.from({ length: 30_000 }, (_, i) => i * HOUR);
    const builder = new RunsBuilder();
    builder.addRun(0, times, times, 0, times.length, null, false);
    writer.readings(builder.take());
    const frames = writer.take().map(({ bytes }) => decodeFrame(bytes));
    const runs = frames.flatMap((frame) => (frame.kind === 'readings' ? [frame.runs] : []));
    expect(runs.flatMap(({ timeMs }) => [...timeMs])).toEqual(times);
    for (const { timeMs } of runs) expect(timeMs.length * (HOUR / 10_000)).toBeLessThan(1 << 22);
    expect(runs).toHaveLength(4);
  });

  it('gives amends revisions that grow over frames and incarnations, and each its own links', () => {
    const writer = open(entries(1), 100);
    const amends = Array.from({ length: 2_049 }, (_, i): Amend => {
      const paneStartMs = i * 100;
      const [firstMs, lastMs] = [paneStartMs + 1, paneStartMs + 98];
      const after = { min: i, max: i + 9, firstMs, firstValue: i + 2, lastMs, lastValue: i + 3 };
      const facts = { entry: 0, timeMs: paneStartMs + 50, paneStartMs, paneMs: 100 };
      return { amendment: { ...facts, oldValue: i, newValue: i + 1, after }, links: i < 2_048 ? [] : [link(1)] };
    });
    writer.amends(amends);
    writer.amends(amends.slice(0, 1));
    const frames = decoded(writer.take()).filter((frame) => frame.kind === 'amend');
    expect(frames.map((frame) => [frame.amends.count, frame.amends.links.count])).toEqual([
      [2_048, 0],
      [1, 1],
      [1, 0],
    ]);
    expect(frames.map((frame) => [frame.amends.revision[0], frame.amends.revision.at(-1)])).toEqual([
      [101, 2_148],
      [2_149, 2_149],
      [2_150, 2_150],
    ]);
    expect(writer.revision).toBe(2_150);
    const { amends: second } = frames[1]!;
    const column = (name: keyof typeof second): number => (second[name] as Float64Array)[0]!;
    expect((['timeMs', 'oldValue', 'newValue', 'paneStartMs', 'paneMs'] as const).map(column)).toEqual([
      204_850, 2_048, 2_049, 204_800, 100,
    ]);
    expect(
      (['minAfter', 'maxAfter', 'firstMsAfter', 'firstValueAfter', 'lastMsAfter', 'lastValueAfter'] as const).map(
        column,
      ),
    ).toEqual([2_048, 2_057, 204_801, 2_050, 204_898, 2_051]);
  });

  it('splits panes, amends and births until each part fits into a frame, and loses none', () => {
    const long = (i: number): SeriesEntry => {
      const tags = Object.fromEntries(
        Array.from({ length: 31 }, (_, t) => [`${t}`.padEnd(128, '水'), '表'.repeat(256)]),
      );
      return { ...entries(1)[0]!, device: `d${i}`, tags: { ...tags, device: `d${i}` } };
    };
    const writer = open(Array.from({ length: 40 }, (_, i) => long(i)));
    const builder = new PanesBuilder();
    const rule = linkRuleOf({ kind: 'gauge', intervalMs: 1_000, rolloverScaled: null, quantiles: true });
    const count = 8_000;
    for (let i = 0; i < count; i++) {
      const times = Float64Array.from({ length: 24 }, (_, r) => i * 100 + r * 3);
      const values = times.map((_, r) => 2 ** (2 * r) + i);
      const facts = { entry: i % 40, startMs: i * 100, spanMs: 100, intervalMs: 1_000, anchor: null };
      builder.addPane(facts, rule, times, values, 0, 24);
    }
    writer.panes(builder.take());
    const wide = (i: number): number => Number(BigInt.asUintN(53, BigInt(i + 1) * 6_364_136_223_846_793_005n));
    const amends = Array.from({ length: 2_048 }, (_, i): Amend => {
      const paneStartMs = i * 100;
      const after = {
        min: -wide(i),
        max: wide(i),
        firstMs: paneStartMs,
        firstValue: wide(i),
        lastMs: paneStartMs + 99,
        lastValue: -wide(i),
      };
      const facts = { entry: i % 40, timeMs: paneStartMs + 50, paneStartMs, paneMs: 100 };
      const links = Array.from({ length: 40 }, (_, n) => ({
        ...link(n),
        fromValue: wide(i + n),
        toValue: -wide(i * n),
      }));
      return { amendment: { ...facts, oldValue: -wide(i), newValue: wide(i), after }, links };
    });
    writer.amends(amends);
    const frames = decoded(writer.take());
    const births = frames.filter((frame) => frame.kind === 'birth');
    expect(births.length).toBeGreaterThan(2);
    expect(births.flatMap(({ birth }) => birth.entries.map(({ device }) => device))).toHaveLength(40);
    expect(
      births.map(({ birth, header }) => header.dictionaryVersion - birth.firstIndex - birth.entries.length),
    ).toEqual(births.map(() => 0));
    const panes = frames.filter((frame) => frame.kind === 'panes');
    expect(panes.length).toBeGreaterThan(1);
    expect(panes.flatMap((frame) => [...frame.panes.startMs])).toEqual(
      Array.from({ length: count }, (_, i) => i * 100),
    );
    const corrections = frames.filter((frame) => frame.kind === 'amend');
    expect(corrections.length).toBeGreaterThan(1);
    expect(corrections.flatMap((frame) => [...frame.amends.revision])).toEqual(
      Array.from({ length: 2_048 }, (_, i) => i + 1),
    );
    expect(frames.map(({ header }) => header.sequence)).toEqual(frames.map((_, i) => i + 1));
  });
});
