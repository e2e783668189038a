/** What the journal knows of one series' readings in its oldest chunk, all times in ms of event time. */
export interface ChunkSeries {
  /** The latest reading of the series in the chunk. */
  readonly lastMs: number;
  /** Up to where the series is in frames. */
  readonly sealedMs: number;
  /** The latest reading of the series at all. */
  readonly newestMs: number;
  /** How far behind it the metric's readings have to be remembered; null: as far as there is room. */
  readonly repeatHorizonMs: number | null;
}

/**
 * Whether the oldest chunk is forgotten: when the journal has no room for it, or when its readings all lie beyond the
 * horizons of their metrics. A reading that is in no frame yet is never forgotten, since frames are made from the journal.
 */
export function mayForget(chunk: readonly ChunkSeries[], isOverBudget: boolean): boolean {
  if (chunk.some(({ lastMs, sealedMs }) => lastMs > sealedMs)) return false;
  return isOverBudget || chunk.every(isBeyondHorizon);
}

function isBeyondHorizon({ lastMs, newestMs, repeatHorizonMs }: ChunkSeries): boolean {
  return repeatHorizonMs !== null && lastMs < newestMs - repeatHorizonMs;
}
