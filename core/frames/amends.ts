import type { FrameHeader } from './header.ts';
import type { SignedLinks } from './readings.ts';

/**
 * Corrections of readings that were counted, in columns: at (series, time) the value was `oldValue`, and is `newValue`.
 * The selection statistics of its pane, which can't be inverted, are given as they are after it.
 */
export interface Amends {
  readonly count: number;
  readonly entry: Int32Array;
  readonly timeMs: Float64Array;
  readonly oldValue: Float64Array;
  readonly newValue: Float64Array;
  readonly paneStartMs: Float64Array;
  readonly paneMs: Float64Array;
  /** Of the pane, from 1 on: the highest counts. */
  readonly revision: Float64Array;
  readonly minAfter: Float64Array;
  readonly maxAfter: Float64Array;
  readonly firstMsAfter: Float64Array;
  readonly firstValueAfter: Float64Array;
  readonly lastMsAfter: Float64Array;
  readonly lastValueAfter: Float64Array;
  readonly links: SignedLinks;
}

export interface AmendFrame {
  readonly kind: 'amend';
  readonly header: FrameHeader;
  readonly amends: Amends;
}
