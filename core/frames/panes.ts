import type { FrameHeader } from './header.ts';
import type { SignedLinks } from './readings.ts';

/** Log buckets of a pane: numbers in ascending order, and how many readings each holds. */
export interface PaneHistogram {
  readonly buckets: Int32Array;
  /** Each ≥ 1; their sum is the pane's count. */
  readonly counts: Float64Array;
}

/** A number per pane. */
type PaneNumbers = Readonly<
  Record<
    | 'startMs'
    | 'spanMs'
    | 'readings'
    | 'min'
    | 'max'
    | 'firstMs'
    | 'firstValue'
    | 'lastMs'
    | 'lastValue'
    | 'coveredMs'
    /** Readings that the journal could not check for repeats. */
    | 'unchecked'
    | 'anchorTimeMs'
    | 'anchorValue',
    Float64Array
  >
>;

/**
 * Panes in columns. A pane with no readings has zeros wherever it would speak of readings; its increase, integral (in
 * value · ms) and covered time may still be those of an interval that runs through it.
 */
export interface PaneColumns
  extends PaneNumbers, Readonly<Record<'sum' | 'squares' | 'increase' | 'integral', readonly bigint[]>> {
  /** Panes, not readings. */
  readonly count: number;
  readonly entry: Int32Array;
  /** 1: the anchor is the reading before the pane's first. Its link to the first is not in the pane's sums. */
  readonly anchored: Uint8Array;
  /** One per pane; null where the metric asks for no quantiles. */
  readonly histogram: readonly (PaneHistogram | null)[];
  /**
   * What the readings account for between the first and the last of each pane (core/stats/accounted.ts); null where the
   * agent that sent the frame didn't tell.
   */
  readonly accountedMs: Float64Array | null;
  readonly links: SignedLinks;
}

export interface PanesFrame {
  readonly kind: 'panes';
  readonly header: FrameHeader;
  readonly panes: PaneColumns;
}
