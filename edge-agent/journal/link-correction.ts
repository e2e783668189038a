/** A reading as the journal remembers it. */
export interface RememberedReading {
  readonly timeMs: number;
  readonly value: number;
}

/** An interval between two neighbouring readings that a frame adds (+1) or takes back (-1). */
export interface LinkCorrection {
  readonly entry: number;
  readonly sign: 1 | -1;
  readonly fromMs: number;
  readonly fromValue: number;
  readonly toMs: number;
  readonly toValue: number;
}
