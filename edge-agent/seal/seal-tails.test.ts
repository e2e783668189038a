import { describe, expect, it } from 'vitest';
import type { ReadingsRuns } from '#core/frames/readings.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import type { Metric } from '#core/metrics/metric.ts';
import { entryFacts } from '#core/series/series.ts';
import { SeriesJournal } from '../journal/series-journal.ts';
import { PanesBuilder } from './panes-builder.ts';
import { RunsBuilder } from './runs-builder.ts';
import { openPaneStart, sealRulesOf, sealTail } from './seal-tails.ts';

type Row = readonly [timeMs: number, value: number, entry?: number];

const PANE_MS = 100;
const INTERVAL_MS = 10;
const LINK = { kind: 'gauge', holdMsMax: 1_000, quantiles: true } as const;
const ALL = Number.POSITIVE_INFINITY;

function journalOf(rows: readonly Row[], sealedMs = Number.NEGATIVE_INFINITY): SeriesJournal {
  const journal = new SeriesJournal();
  for (const [timeMs, value, entry = 0] of rows) journal.append(timeMs, value, entry);
  journal.sealedMs = sealedMs;
  return journal;
}

/** The runs as rows: [entry, anchor's time or null, its readings]. */
function runsOf(runs: ReadingsRuns): unknown[] {
  let from = 0;
  return Array.from({ length: runs.runCount }, (_, run) => {
    const end = from + runs.length[run]!;
    const readings = Array.from({ length: end - from }, (_, i) => [runs.timeMs[from + i], runs.value[from + i]]);
    from = end;
    const anchor = runs.anchored[run] === 1 ? [runs.anchorTimeMs[run], runs.anchorValue[run]] : null;
    return [runs.entry[run], anchor, readings];
  });
}

function seal(journal: SeriesJournal, sendsPanes: boolean, untilMs = ALL, fits = (_entry: number) => true) {
  const [runs, panes] = [new RunsBuilder(), new PanesBuilder()];
  sealTail(journal, { sendsPanes, paneMs: PANE_MS, intervalMs: INTERVAL_MS, link: LINK, fits }, untilMs, runs, panes);
  return { runs: runsOf(runs.take()), panes: panes.take() };
}

describe('a tail that is sealed as readings', () => {
  it('is one run behind the last sealed reading, and given once', () => {
    const rows: readonly Row[] = [
      [10, 1],
      [20, 2],
      [130, 3],
    ];
    const journal = journalOf(rows, 10);
    expect(seal(journal, false).runs).toEqual([
      [
        0,
        [10, 1],
        [
          [20, 2],
          [130, 3],
        ],
      ],
    ]);
    expect(journal.sealedMs).toBe(130);
    expect(seal(journal, false).runs).toEqual([]);
  });

  it('ends before the time that it is sealed to', () => {
    const journal = journalOf([
      [10, 1],
      [20, 2],
      [30, 3],
    ]);
    expect(seal(journal, false, 30).runs).toMatchObject([
      [
        0,
        null,
        [
          [10, 1],
          [20, 2],
        ],
      ],
    ]);
    expect(journal.sealedMs).toBe(20);
    expect(seal(journal, false, 30).runs).toEqual([]);
  });

  it('is a run for each stretch of one entry', () => {
    const journal = journalOf([
      [10, 1],
      [20, 2, 1],
      [30, 3, 1],
      [40, 4],
    ]);
    expect(seal(journal, false).runs).toEqual([
      [0, null, [[10, 1]]],
      [
        1,
        [10, 1],
        [
          [20, 2],
          [30, 3],
        ],
      ],
      [0, [30, 3], [[40, 4]]],
    ]);
  });
});

describe('a tail that is sealed as panes', () => {
  it('gives a pane of twelve readings or more as its stats, and fewer as a run', () => {
    const few = Array.from({ length: 11 }, (_, i): Row => [110 + 5 * i, i]);
    const many = Array.from({ length: 11 }, (_, i): Row => [210 + 5 * i, i % 2]);
    const { runs, panes } = seal(journalOf([...few, ...many, [299, 6], [300, 8]]), true);
    expect(runs).toEqual([
      [0, null, few],
      [0, [299, 6], [[300, 8]]],
    ]);
    expect(panes.count).toBe(1);
    expect(panes).toMatchObject({ sum: [5n + 6n], squares: [5n + 36n], increase: [0n] });
    // What holds inside the pane: five times 1 for 5 ms. The last of the eleven readings is a 0, held for 39 ms.
    expect(panes).toMatchObject({ integral: [25n] });
    const column = (name: keyof typeof panes): number => (panes[name] as Float64Array)[0]!;
    expect(
      (['startMs', 'spanMs', 'readings', 'min', 'max', 'firstMs', 'firstValue', 'lastMs', 'lastValue'] as const).map(
        column,
      ),
    ).toEqual([200, 100, 12, 0, 6, 210, 0, 299, 6]);
    expect((['coveredMs', 'unchecked', 'anchored', 'anchorTimeMs', 'anchorValue'] as const).map(column)).toEqual([
      89, 0, 1, 160, 10,
    ]);
    expect([...panes.histogram[0]!.counts].reduce((sum, count) => sum + count, 0)).toBe(12);
  });

  it('is given once', () => {
    const rows = Array.from({ length: 13 }, (_, i): Row => [100 + 5 * i, i]);
    const journal = journalOf(rows);
    expect(seal(journal, true).panes.count).toBe(1);
    expect(journal.sealedMs).toBe(160);
    expect(seal(journal, true)).toMatchObject({ runs: [], panes: { count: 0 } });
  });

  it('gives no pane of two entries, and begins anew with each batch of panes', () => {
    const rows = Array.from({ length: 24 }, (_, i): Row => [100 + i * 4, i, i < 12 ? 0 : 1]);
    const { runs, panes } = seal(journalOf(rows), true);
    expect(runs).toEqual([]);
    expect([...panes.entry]).toEqual([0, 1]);
    expect([...panes.anchored]).toEqual([0, 1]);
    expect([...panes.startMs]).toEqual([100, 100]);
    const builder = new PanesBuilder();
    for (const value of [3, 8]) {
      const facts = { entry: 0, startMs: 0, spanMs: 10, intervalMs: INTERVAL_MS, anchor: null };
      builder.addPane(facts, LINK, Float64Array.of(1), Float64Array.of(value), 0, 1);
      expect(builder.count).toBe(1);
      expect(builder.take()).toMatchObject({ count: 1, sum: [BigInt(value)] });
    }
  });

  it('keeps the pane of the last reading open', () => {
    expect(openPaneStart(journalOf([[199, 1]]), PANE_MS)).toBe(100);
    expect(openPaneStart(journalOf([[200, 1]]), PANE_MS)).toBe(200);
    expect(openPaneStart(journalOf([[-1, 1]]), PANE_MS)).toBe(-100);
  });

  it('sends as readings what was accepted when its metric had other panes', () => {
    const rows = [...Array.from({ length: 12 }, (_, i): Row => [5 + 5 * i, i]), [110, 5] as const];
    const sealed = seal(journalOf(rows), true, ALL, () => false);
    expect(sealed.panes.count).toBe(0);
    expect(sealed.runs).toEqual([[0, null, rows]]);
    expect(seal(journalOf(rows), true).panes.count).toBe(1);
  });

  it('makes panes of those entries only that are of the metric as it is declared', () => {
    const declared = metricNamed('power', { holdMs: 3_600_000 });
    const entryOf = (given: Partial<Metric>) => {
      return { metric: 'power', ...entryFacts({ ...declared, ...given }), device: 'd', tags: { device: 'd' } };
    };
    const entries = [{}, { holdMs: 60_000 }, { intervalMs: 1_000 }, { quantiles: true }, { paneMs: 5_000 }].map(
      entryOf,
    );
    const [, panes] = sealRulesOf(declared, entries);
    expect(entries.map((_, i) => panes.fits(i))).toEqual([true, false, false, false, false]);
  });
});
