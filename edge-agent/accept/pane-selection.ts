import type { SeriesJournal } from '../journal/series-journal.ts';

/** Min, max, first and last of a pane's readings that are in frames. */
export interface PaneSelection {
  readonly min: number;
  readonly max: number;
  readonly firstMs: number;
  readonly firstValue: number;
  readonly lastMs: number;
  readonly lastValue: number;
}

/** The selection over the readings in [startMs, startMs + paneMs) that are sealed; at least one must be. */
export function selectPane(journal: SeriesJournal, startMs: number, paneMs: number): PaneSelection {
  const { times, values } = journal;
  const from = journal.indexFrom(startMs);
  const to = Math.min(journal.indexFrom(startMs + paneMs), journal.tailStart);
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) {
    min = Math.min(min, values[i] as number);
    max = Math.max(max, values[i] as number);
  }
  return {
    min,
    max,
    firstMs: times[from] as number,
    firstValue: values[from] as number,
    lastMs: times[to - 1] as number,
    lastValue: values[to - 1] as number,
  };
}
