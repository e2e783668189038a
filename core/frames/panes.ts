import type { FrameHeader } from './header.ts';
import type { SignedLinks } from './readings.ts';

/** Log buckets of a pane: numbers in ascending order, and how many readings each holds. */
export interface PaneHistogram {
  readonly buckets: Int32Array;
  /** Each ≥ 1; their sum is the pane's count. */
  readonly counts: Float64Array;
}

/** What of a pane can't be inverted: its extremes, and its ends in event time. */
type SelectedColumns = Readonly<
  Record<'min' | 'max' | 'firstMs' | 'firstValue' | 'lastMs' | 'lastValue', Float64Array>
>;

/**
 * Panes in columns. A pane with no readings has zeros wherever it would speak of readings; its increase, integral and
 * covered time may still be those of an interval that runs through it.
 */
export interface PaneColumns extends SelectedColumns {
  /** Panes, not readings. */
  readonly count: number;
  readonly entry: Int32Array;
  readonly startMs: Float64Array;
  readonly spanMs: Float64Array;
  /** Readings in the pane. */
  readonly readings: Float64Array;
  readonly sum: readonly bigint[];
  readonly squares: readonly bigint[];
  readonly increase: readonly bigint[];
  /** Value · ms. */
  readonly integral: readonly bigint[];
  readonly coveredMs: Float64Array;
  /** Readings that the journal could not check for repeats. */
  readonly unchecked: Float64Array;
  /** 1: the anchor is the reading before the pane's first. Its link to the first is not in the pane's sums. */
  readonly anchored: Uint8Array;
  readonly anchorTimeMs: Float64Array;
  readonly anchorValue: Float64Array;
  /** One per pane; null where the metric asks for no quantiles. */
  readonly histogram: readonly (PaneHistogram | null)[];
  readonly links: SignedLinks;
}

export interface PanesFrame {
  readonly kind: 'panes';
  readonly header: FrameHeader;
  readonly panes: PaneColumns;
}
