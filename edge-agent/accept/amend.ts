import { strict as assert } from 'node:assert';
import type { LinkCorrection } from '../journal/link-correction.ts';
import type { SeriesJournal } from '../journal/series-journal.ts';

/** What has to be shipped where the value of a reading changed that is in a frame. */
export interface Amend {
  readonly amendment: Amendment;
  readonly links: readonly LinkCorrection[];
}

/** The amend of the sealed reading at `index`, whose value was `oldValue` before the journal took the new one in. */
export function amendOf(journal: SeriesJournal, index: number, oldValue: number, paneMs: number): Amend {
  const timeMs = journal.times[index]!;
  const newValue = journal.values[index]!;
  const entry = journal.entries[index]!;
  const paneStartMs = Math.floor(timeMs / paneMs) * paneMs;
  const after = selectPane(journal, entry, paneStartMs, paneMs);
  return {
    amendment: { entry, timeMs, oldValue, newValue, paneStartMs, paneMs, after },
    links: relink(journal, index, oldValue, newValue),
  };
}

/** The intervals before and after a reading are taken back and given anew, as far as they are in frames. */
function relink(journal: SeriesJournal, index: number, oldValue: number, newValue: number): readonly LinkCorrection[] {
  const atMs = journal.times[index]!;
  const links: LinkCorrection[] = [];
  const from = journal.before(index);
  if (from !== null) {
    const span = { entry: journal.entries[index]!, fromMs: from.timeMs, fromValue: from.value, toMs: atMs };
    links.push({ ...span, sign: -1, toValue: oldValue }, { ...span, sign: 1, toValue: newValue });
  }
  if (index + 1 < journal.tailStart && !journal.breaks.lieBetween(atMs, journal.times[index + 1]!)) {
    const to = journal.at(index + 1);
    const span = { entry: journal.entries[index + 1]!, fromMs: atMs, toMs: to.timeMs, toValue: to.value };
    links.push({ ...span, sign: -1, fromValue: oldValue }, { ...span, sign: 1, fromValue: newValue });
  }
  return links;
}

/**
 * The selection over the sealed readings in [startMs, startMs + paneMs) of one dictionary entry; there is at least one.
 * Readings of other tags belong to other groups, and have amends of their own.
 */
function selectPane(journal: SeriesJournal, entry: number, startMs: number, paneMs: number): PaneSelection {
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

/** Readings that lie before the tail of their series, between the same two neighbours. */
export interface LateRun {
  readonly entry: number;
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** The reading before them, null where there was none, or none is known. */
  readonly anchor: { readonly timeMs: number; readonly value: number } | null;
  readonly unchecked: boolean;
}

/** Min, max, first and last of a pane's readings that are in frames. */
export interface PaneSelection {
  readonly min: number;
  readonly max: number;
  readonly firstMs: number;
  readonly firstValue: number;
  readonly lastMs: number;
  readonly lastValue: number;
}

/** A reading whose value changed after its frame was made. */
export interface Amendment {
  readonly entry: number;
  readonly timeMs: number;
  readonly oldValue: number;
  readonly newValue: number;
  readonly paneStartMs: number;
  readonly paneMs: number;
  readonly after: PaneSelection;
}

/** A journaled reading whose value changed, in a frame or not: what the journal has to remember. */
export interface ChangedValue {
  readonly series: number;
  readonly timeMs: number;
  readonly value: number;
}

/** Readings taken in by one batch, series after series in order of time: what the journal has to remember. */
export interface TakenReadings {
  readonly count: number;
  readonly entry: Int32Array;
  readonly timeMs: Float64Array;
  readonly value: Float64Array;
}
