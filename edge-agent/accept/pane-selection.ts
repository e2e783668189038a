import { strict as assert } from 'node:assert';
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

/**
 * The selection over the sealed readings in [startMs, startMs + paneMs) of one dictionary entry; there is at least one.
 * Readings of other tags belong to other groups, and have amends of their own.
 */
export function selectPane(journal: SeriesJournal, entry: number, startMs: number, paneMs: number): PaneSelection {
  const { times, values, entries } = journal;
  const to = Math.min(journal.indexFrom(startMs + paneMs), journal.tailStart);
  let selection: PaneSelection | undefined;
  for (let i = journal.indexFrom(startMs); i < to; i++) {
    if (entries[i] !== entry) continue;
    const value = values[i]!;
    const timeMs = times[i]!;
    selection = {
      min: Math.min(value, selection?.min ?? value),
      max: Math.max(value, selection?.max ?? value),
      firstMs: selection?.firstMs ?? timeMs,
      firstValue: selection?.firstValue ?? value,
      lastMs: timeMs,
      lastValue: value,
    };
  }
  assert(selection !== undefined, 'an amended reading is in a frame, and so is its pane');
  return selection;
}
