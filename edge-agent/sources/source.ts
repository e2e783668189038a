/**
 * A source turns something foreign (a file, a request, a simulation) into batches of readings.
 *
 * Law of resumption: a source that is opened again at the `checkpoint` of a batch delivers exactly what would have followed
 * that batch, so a checkpoint that is committed together with its batch makes a restarted replay repeat nothing.
 * Law of order: the rows of a batch stand in the order in which the source holds them; the agent decides by this order
 * which of two values for one (series, time) is the last.
 */

/** Who a row speaks of. `tags` includes `device`. */
export interface SeriesDescription {
  readonly metric: string;
  readonly device: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Gives each distinct description a dense number from 0, the same number for an equal description. */
export interface EntryRegistry {
  intern(description: SeriesDescription): number;
}

/** Plain JSON that a source can be opened at again. Opaque to everyone but the source. */
export type SourceCheckpoint = Readonly<Record<string, unknown>>;

/** A row, or a cell of it, that can't be a reading. Bounded: `text` is cut to REFUSED_TEXT_CHARS_MAX characters. */
export interface Refusal {
  readonly line: number;
  readonly readings: number;
  readonly reason: string;
  readonly text: string;
}

export const REFUSED_TEXT_CHARS_MAX = 200;

/** What one batch saw, counted: in = readings + missing + quarantined. `ambiguous` and `truncated` are among readings. */
export interface SourceTallies {
  readonly rows: number;
  readonly readings: number;
  readonly missing: number;
  readonly quarantined: number;
  readonly ambiguousTimes: number;
  readonly truncatedTimes: number;
}

/** Readings in source order, columnar; the arrays belong to the receiver until it asks for the next batch but one. */
export interface ReadingBatch {
  readonly count: number;
  /** Number that the registry gave to the row's series. */
  readonly entry: Int32Array;
  readonly timeMs: Float64Array;
  /** Scaled integers. */
  readonly value: Float64Array;
  readonly refusals: readonly Refusal[];
  readonly tallies: SourceTallies;
  /** Where to open the source again once this batch is durable. */
  readonly checkpoint: SourceCheckpoint;
  /** Event time before which the source expects no more readings, or null where it can't tell yet. */
  readonly watermarkMs: number | null;
  /** Called once when the batch is durable (no argument) or could not be made so: how a live source is acknowledged. */
  readonly acknowledged?: (failure?: Error) => void;
}

/** What kind of end a source has: a file ends, a live source goes on until it is stopped. */
export type SourceNature = 'file' | 'live';

export interface Source {
  readonly name: string;
  readonly nature: SourceNature;
  /** Batches from the checkpoint on (null: from the start) until the source's end or the signal. */
  batches(from: SourceCheckpoint | null, signal: AbortSignal): AsyncIterable<ReadingBatch>;
}
