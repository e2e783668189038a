import type { FrameHeader } from './header.ts';

/**
 * A *link* is the interval between two neighbouring readings of a series, (from, to]. Integral and increase are sums
 * over links. Those inside a run, and from its anchor to its first reading, are implied; signed links are corrections:
 * a late reading takes back (−1) the link that it splits and puts (+1) two in its place.
 */
export interface SignedLinks {
  readonly count: number;
  readonly entry: Int32Array;
  /** +1 or −1. */
  readonly sign: Int8Array;
  readonly fromMs: Float64Array;
  readonly fromValue: Float64Array;
  /** Later than `fromMs`. */
  readonly toMs: Float64Array;
  readonly toValue: Float64Array;
}

/** Readings in runs: each the readings of one series in ascending time. Values are scaled integers. */
export interface ReadingsRuns {
  readonly runCount: number;
  /** Dictionary index of the run's series. */
  readonly entry: Int32Array;
  /** Readings of the run, at least 1. */
  readonly length: Int32Array;
  /** 1: the anchor is the reading before the run's first. It isn't counted, it only makes a link to the first. */
  readonly anchored: Uint8Array;
  /** 0 where there is no anchor. */
  readonly anchorTimeMs: Float64Array;
  readonly anchorValue: Float64Array;
  /** 1: the journal could not check the run's readings for repeats. */
  readonly unchecked: Uint8Array;
  /** Times and values of all runs, one after another. */
  readonly timeMs: Float64Array;
  readonly value: Float64Array;
  readonly links: SignedLinks;
}

export interface ReadingsFrame {
  readonly kind: 'readings';
  readonly header: FrameHeader;
  readonly runs: ReadingsRuns;
}

/** No corrections. */
export const NO_LINKS: SignedLinks = {
  count: 0,
  entry: new Int32Array(0),
  sign: new Int8Array(0),
  fromMs: new Float64Array(0),
  fromValue: new Float64Array(0),
  toMs: new Float64Array(0),
  toValue: new Float64Array(0),
};
