import { describe, expect, it } from 'vitest';
import type { ConflictRule } from '#core/metrics/metric.ts';
import { SeriesJournal } from '../journal/series-journal.ts';
import { BATCH_READINGS_MAX } from '../sources/batch-columns.ts';
import { acceptBatch, type AcceptedBatch } from './accept.ts';

type Row = readonly [timeMs: number, value: number, entry?: number];

const PANE_MS = 100;
/** Further tags of the same series. */
const OTHER = 4;
const ENTRY = 3;

/** A journal that holds the rows; those up to `sealedMs` are in frames, those up to `forgottenMs` have been let go of. */
function journalOf(rows: readonly Row[], sealedMs = Number.NEGATIVE_INFINITY, forgottenMs?: number): SeriesJournal {
  const journal = new SeriesJournal();
  for (const [timeMs, value, entry = ENTRY] of rows) journal.append(timeMs, value, entry);
  journal.sealedMs = sealedMs;
  if (forgottenMs !== undefined) journal.forget(forgottenMs);
  return journal;
}

function accept(journal: SeriesJournal, rows: readonly Row[], conflict: ConflictRule = 'last'): AcceptedBatch {
  const offered = {
    count: rows.length,
    entry: Int32Array.from(rows, ([, , entry = ENTRY]) => entry),
    seriesOf: Array.from({ length: OTHER + 1 }, () => 0),
    timeMs: Float64Array.from(rows, ([timeMs]) => timeMs),
    value: Float64Array.from(rows, ([, value]) => value),
  };
  return acceptBatch(offered, [journal], () => ({ conflict, paneMs: PANE_MS }));
}

function rowsOf({ times, values, length }: SeriesJournal): Row[] {
  return Array.from({ length }, (_, i) => [times[i]!, values[i]!]);
}

function takenOf({ taken }: AcceptedBatch): Row[] {
  return Array.from({ length: taken.count }, (_, i) => [taken.timeMs[i]!, taken.value[i]!]);
}

const NOTHING_SHIPPED = { late: { runs: [], links: [] }, amends: [] };

describe('readings in their order', () => {
  it('are taken into the tail as they come, and nothing is shipped for them', () => {
    const journal = journalOf([[10, 1]], 10);
    const accepted = accept(journal, [
      [20, 2],
      [30, 3],
    ]);
    expect(accepted).toMatchObject({
      tallies: { counted: 2, repeats: 0, amended: 0, unchecked: 0 },
      changed: [],
      ...NOTHING_SHIPPED,
    });
    expect(rowsOf(journal)).toEqual([
      [10, 1],
      [20, 2],
      [30, 3],
    ]);
    expect(journal.tailStart).toBe(1);
  });

  it('that repeat one of their own batch are decided by the order of the source', () => {
    const rows: readonly Row[] = [
      [20, 2],
      [20, 2],
      [20, 5],
      [20, 7],
    ];
    const last = accept(journalOf([[10, 1]], 10), rows);
    expect(takenOf(last)).toEqual([[20, 7]]);
    expect(last.tallies).toEqual({ counted: 1, repeats: 1, amended: 2, unchecked: 0 });
    const first = accept(journalOf([[10, 1]], 10), rows, 'first');
    expect(takenOf(first)).toEqual([[20, 2]]);
    expect(first.tallies).toEqual({ counted: 1, repeats: 1, amended: 2, unchecked: 0 });
  });
});

describe('readings that come late', () => {
  it('into the tail find their places in it, and are sealed with it', () => {
    const journal = journalOf(
      [
        [10, 1],
        [40, 4],
        [60, 6],
      ],
      10,
    );
    const accepted = accept(journal, [
      [50, 5],
      [70, 7],
      [45, 9],
    ]);
    expect(accepted).toMatchObject({ tallies: { counted: 3 }, changed: [], ...NOTHING_SHIPPED });
    expect(rowsOf(journal)).toEqual([
      [10, 1],
      [40, 4],
      [45, 9],
      [50, 5],
      [60, 6],
      [70, 7],
    ]);
    expect(journal.tailStart).toBe(1);
  });

  it('each between two others in frames split every interval, however many come at once', () => {
    const count = BATCH_READINGS_MAX;
    const rows = (offsetMs: number): Row[] => Array.from({ length: count }, (_, i) => [20 * i + offsetMs, 1]);
    const journal = journalOf(rows(0), 20 * count);
    const { tallies, late } = accept(journal, rows(10));
    expect(tallies).toMatchObject({ counted: count });
    // The last one is newer than all, and sealed with the tail.
    expect([late.runs.length, late.links.length, journal.length]).toEqual([count - 1, 2 * (count - 1), 2 * count]);
  });

  it('between two readings in frames split their interval: one is taken back, the other given', () => {
    const journal = journalOf(
      [
        [10, 1],
        [40, 4],
      ],
      40,
    );
    const { late, taken } = accept(journal, [
      [20, 2],
      [30, 3],
    ]);
    expect(taken.count).toBe(2);
    expect(late.runs).toEqual([
      { entry: ENTRY, times: [20, 30], values: [2, 3], anchor: { timeMs: 10, value: 1 }, unchecked: false },
    ]);
    const to = { entry: ENTRY, toMs: 40, toValue: 4 };
    expect(late.links).toEqual([
      { ...to, sign: -1, fromMs: 10, fromValue: 1 },
      { ...to, sign: 1, fromMs: 30, fromValue: 3 },
    ]);
    expect(journal.sealedMs).toBe(40);
  });

  it('before all others give an interval, and take none back', () => {
    const { late } = accept(journalOf([[40, 4]], 40), [[20, 2]]);
    expect(late.runs).toMatchObject([{ times: [20], anchor: null }]);
    expect(late.links).toEqual([{ entry: ENTRY, sign: 1, fromMs: 20, fromValue: 2, toMs: 40, toValue: 4 }]);
  });

  it('right before the tail are shipped with their anchor, and the tail begins after them', () => {
    const journal = journalOf(
      [
        [10, 1],
        [40, 4],
      ],
      10,
    );
    const { late } = accept(journal, [
      [20, 2],
      [30, 3],
    ]);
    expect(late).toEqual({
      runs: [{ entry: ENTRY, times: [20, 30], values: [2, 3], anchor: { timeMs: 10, value: 1 }, unchecked: false }],
      links: [],
    });
    expect(journal.sealedMs).toBe(30);
    expect(journal.tailStart).toBe(3);
  });

  it('are runs of their own in each gap and for each entry, one the neighbour of the next', () => {
    const journal = journalOf(
      [
        [10, 1],
        [40, 4],
        [60, 6, OTHER],
      ],
      60,
    );
    const { late } = accept(journal, [
      [20, 2],
      [30, 3, OTHER],
      [50, 5],
    ]);
    expect(late.runs).toEqual([
      { entry: ENTRY, times: [20], values: [2], anchor: { timeMs: 10, value: 1 }, unchecked: false },
      { entry: OTHER, times: [30], values: [3], anchor: { timeMs: 20, value: 2 }, unchecked: false },
      { entry: ENTRY, times: [50], values: [5], anchor: { timeMs: 40, value: 4 }, unchecked: false },
    ]);
    // Of the first gap each run takes back what the one before it gave.
    const first = { entry: ENTRY, toMs: 40, toValue: 4 };
    const second = { entry: OTHER, toMs: 60, toValue: 6 };
    expect(late.links).toEqual([
      { ...first, sign: -1, fromMs: 10, fromValue: 1 },
      { ...first, sign: 1, fromMs: 20, fromValue: 2 },
      { ...first, sign: -1, fromMs: 20, fromValue: 2 },
      { ...first, sign: 1, fromMs: 30, fromValue: 3 },
      { ...second, sign: -1, fromMs: 40, fromValue: 4 },
      { ...second, sign: 1, fromMs: 50, fromValue: 5 },
    ]);
  });

  it('of a series of which nothing is in a frame are only journaled', () => {
    const journal = journalOf([[40, 4]]);
    expect(accept(journal, [[20, 2]])).toMatchObject(NOTHING_SHIPPED);
    expect(journal.sealedMs).toBe(Number.NEGATIVE_INFINITY);
    expect(journal.tailStart).toBe(0);
  });
});

describe('readings at times that the journal has forgotten', () => {
  const rows: readonly Row[] = [
    [10, 1],
    [20, 2],
    [30, 3],
    [60, 6],
  ];

  it('count as unchecked, each a run by itself that touches no interval', () => {
    const journal = journalOf(rows, 60, 20);
    const { tallies, late } = accept(journal, [
      [5, 5],
      [8, 8],
      [20, 2],
    ]);
    expect(tallies).toEqual({ counted: 3, repeats: 0, amended: 0, unchecked: 3 });
    const run = { entry: ENTRY, anchor: null, unchecked: true };
    expect(late).toEqual({
      runs: [
        { ...run, times: [5], values: [5] },
        { ...run, times: [8], values: [8] },
        { ...run, times: [20], values: [2] },
      ],
      links: [],
    });
  });

  it('are known from then on, and keep their value, since an amend would speak for what is forgotten around them', () => {
    const journal = journalOf(rows, 60, 20);
    accept(journal, [[5, 5]]);
    expect(accept(journal, [[5, 5]]).tallies).toMatchObject({ counted: 0, repeats: 1 });
    expect(accept(journal, [[5, 6]])).toMatchObject({ tallies: { amended: 1 }, changed: [], amends: [] });
    expect(accept(journal, [[5, 5]]).tallies).toMatchObject({ repeats: 1 });
  });

  it('are no neighbours of what comes after them: the last forgotten reading is', () => {
    const { late } = accept(journalOf(rows, 60, 20), [
      [15, 9],
      [25, 7],
    ]);
    expect(late.runs).toEqual([
      { entry: ENTRY, times: [15], values: [9], anchor: null, unchecked: true },
      { entry: ENTRY, times: [25], values: [7], anchor: { timeMs: 20, value: 2 }, unchecked: false },
    ]);
    const to = { entry: ENTRY, toMs: 30, toValue: 3 };
    expect(late.links).toEqual([
      { ...to, sign: -1, fromMs: 20, fromValue: 2 },
      { ...to, sign: 1, fromMs: 25, fromValue: 7 },
    ]);
  });

  it('also the very last of them, whose copy is not amended either', () => {
    const journal = journalOf(rows, 60, 20);
    accept(journal, [[20, 8]]);
    expect(accept(journal, [[20, 9]])).toMatchObject({ tallies: { amended: 1 }, changed: [], amends: [] });
  });
});

describe('another value for a reading', () => {
  const rows: readonly Row[] = [
    [10, 1],
    [20, 2],
    [30, 9, OTHER],
    [40, 4],
    [150, 5],
  ];

  it('in the tail changes it in place', () => {
    const journal = journalOf(rows, 40);
    expect(accept(journal, [[150, 7]])).toMatchObject({
      tallies: { counted: 0, amended: 1 },
      changed: [{ series: 0, timeMs: 150, value: 7 }],
      ...NOTHING_SHIPPED,
    });
    expect(journal.valueAt(150)).toBe(7);
  });

  it('in a frame is shipped with what its pane selects now, and with the intervals around it', () => {
    const journal = journalOf(rows, 40);
    const { amends, changed } = accept(journal, [[20, 7]]);
    expect(changed).toEqual([{ series: 0, timeMs: 20, value: 7 }]);
    expect(amends).toEqual([
      {
        amendment: {
          entry: ENTRY,
          timeMs: 20,
          oldValue: 2,
          newValue: 7,
          paneStartMs: 0,
          paneMs: PANE_MS,
          // Of the same entry only, and of what is in frames only.
          after: { min: 1, max: 7, firstMs: 10, firstValue: 1, lastMs: 40, lastValue: 4 },
        },
        links: [
          { entry: ENTRY, sign: -1, fromMs: 10, fromValue: 1, toMs: 20, toValue: 2 },
          { entry: ENTRY, sign: 1, fromMs: 10, fromValue: 1, toMs: 20, toValue: 7 },
          { entry: OTHER, sign: -1, fromMs: 20, fromValue: 2, toMs: 30, toValue: 9 },
          { entry: OTHER, sign: 1, fromMs: 20, fromValue: 7, toMs: 30, toValue: 9 },
        ],
      },
    ]);
  });

  it('that is the last in a frame touches no interval into the tail, and the first has none before it', () => {
    const [last] = accept(journalOf(rows, 40), [[40, 7]]).amends;
    expect(last!.links.map(({ toMs }) => toMs)).toEqual([40, 40]);
    const [first] = accept(journalOf(rows, 40), [[10, 7]]).amends;
    expect(first!.links.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
      [10, 20],
      [10, 20],
    ]);
  });

  it('sees the neighbours that came with it in the same batch', () => {
    const [amend] = accept(journalOf(rows, 40), [
      [20, 7],
      [15, 3],
    ]).amends;
    expect(amend!.links[0]).toMatchObject({ fromMs: 15, fromValue: 3, toMs: 20 });
    expect(amend!.amendment.after).toMatchObject({ min: 1, max: 7 });
  });

  it('that is changed and changed back within a batch is counted, and ships nothing', () => {
    const accepted = accept(journalOf(rows, 40), [
      [20, 7],
      [20, 2],
    ]);
    expect(accepted).toMatchObject({ tallies: { amended: 2 }, changed: [], ...NOTHING_SHIPPED });
  });

  it('is counted and forgotten where the first one counts', () => {
    const journal = journalOf(rows, 40);
    expect(accept(journal, [[20, 7]], 'first')).toMatchObject({
      tallies: { amended: 1 },
      changed: [],
      ...NOTHING_SHIPPED,
    });
    expect(journal.valueAt(20)).toBe(2);
  });

  it('belongs to the pane in which it begins, also before 1970', () => {
    const [amend] = accept(journalOf([[-250, 1]], 0), [[-250, 2]]).amends;
    expect(amend!.amendment).toMatchObject({ paneStartMs: -300, after: { firstMs: -250, lastMs: -250 } });
  });

  it('in a pane whose other readings lie right before and after it tells of the pane alone', () => {
    const around: readonly Row[] = [
      [99, 50],
      [100, 1],
      [199, 2],
      [200, -50],
    ];
    const [amend] = accept(journalOf(around, 200), [[100, 3]]).amends;
    expect(amend!.amendment.after).toEqual({ min: 2, max: 3, firstMs: 100, firstValue: 3, lastMs: 199, lastValue: 2 });
  });
});
