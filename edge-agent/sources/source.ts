import { describedFault, type SeriesFault } from '#core/series/series.ts';
import type { Break } from '../journal/series-breaks.ts';

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
  /** From when on readings of it are expected, where that is said. */
  readonly sinceMs?: number;
}

/**
 * Gives each distinct description a dense number from 0, the same number for an equal description. From when on a series is
 * expected is part of it where it is said; where it isn't, the last one that said so is meant. One that no frame can carry gets none, but what is wrong with it: its readings belong into quarantine before anybody has journaled them.
 */
export interface EntryRegistry {
  intern(description: SeriesDescription): number | SeriesFault;
}

/** A text that is the same for descriptions of the same series with the same tags, in whatever order. */
export function descriptionKey({ metric, device, tags }: SeriesDescription): string {
  return JSON.stringify([metric, device, Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}

/** A registry of its own, for whoever looks at a source without an agent. */
export class SeriesList implements EntryRegistry {
  /** What each number stands for. */
  readonly descriptions: SeriesDescription[] = [];
  readonly #numbers = new Map<string, number>();

  intern(description: SeriesDescription): number | SeriesFault {
    const fault = describedFault(description);
    if (fault !== null) return fault;
    const key = descriptionKey(description);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.descriptions.length);
    return this.descriptions.push(description) - 1;
  }
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

export const NO_TALLIES: SourceTallies = {
  rows: 0,
  readings: 0,
  missing: 0,
  quarantined: 0,
  ambiguousTimes: 0,
  truncatedTimes: 0,
};

export function addTallies(a: SourceTallies, b: SourceTallies): SourceTallies {
  return {
    rows: a.rows + b.rows,
    readings: a.readings + b.readings,
    missing: a.missing + b.missing,
    quarantined: a.quarantined + b.quarantined,
    ambiguousTimes: a.ambiguousTimes + b.ambiguousTimes,
    truncatedTimes: a.truncatedTimes + b.truncatedTimes,
  };
}

/** Readings in source order, columnar; the arrays belong to the receiver until it asks for the next batch but one. */
export interface ReadingBatch {
  readonly count: number;
  /** Number that the registry gave to the row's series. */
  readonly entry: Int32Array;
  readonly timeMs: Float64Array;
  /** Scaled integers. */
  readonly value: Float64Array;
  /** Where series broke off, by the numbers that the registry gave. It tells of gauges alone; others go on. */
  readonly breaks?: readonly Break[];
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

/** What a source can do, as its section says. */
export interface SourceSupport {
  readonly nature: SourceNature;
  /** Whether it keeps the law of resumption: a pipe or a request can't be read again, and is given from its start. */
  readonly resumes: boolean;
  /** Whether it asks for what it reads, and so shows some of it at once to who only looks, though it doesn't end. */
  readonly answers?: boolean;
}

/**
 * What an agent reads. `batches` may be asked for again after it has ended, never twice at a time.
 */
export interface Source {
  readonly name: string;
  readonly nature: SourceNature;
  /** Looks, before anything is read, whether what it needs can be used. Throws SourceError. */
  inspect?(): Promise<void>;
  /**
   * What there is to say of what came in and gave no reading, a sentence each, counted since the source was opened: what
   * fits no rule, what is no news.
   */
  remarks?(): readonly string[];
  /** Batches from the checkpoint on (null: from the start) until the source's end or the signal. */
  batches(from: SourceCheckpoint | null, signal: AbortSignal): AsyncIterable<ReadingBatch>;
}
