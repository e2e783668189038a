/** An interval between two neighbouring readings that a frame adds (+1) or takes back (-1). */
export interface LinkCorrection {
  readonly entry: number;
  readonly sign: 1 | -1;
  readonly fromMs: number;
  readonly fromValue: number;
  readonly toMs: number;
  readonly toValue: number;
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
