import { strict as assert } from 'node:assert';
import { DICTIONARY_ENTRIES_MAX } from '#core/frames/limits.ts';
import { type Metric, UNBOUNDED } from '#core/metrics/metric.ts';
import {
  claimKey,
  describedFault,
  entryFacts,
  isAsDeclared,
  meansAs,
  type SeriesEntry,
  type SeriesFault,
  type SeriesFormat,
  seriesFormat,
  SeriesKeys,
  storedFacts,
} from '#core/series/series.ts';
import type { Break, SeriesBreak } from '../journal/series-breaks.ts';
import { descriptionKey, type EntryRegistry, type SeriesDescription } from '../sources/source.ts';

/**
 * Series, with the tags they came with, that one agent takes: each costs it about a kilobyte for ever, and whoever may send
 * to it may name new ones. Readings of any more are refused.
 */
export const AGENT_ENTRIES_MAX = 1 << 18;
assert(AGENT_ENTRIES_MAX <= DICTIONARY_ENTRIES_MAX, 'every entry of an agent has a number that a frame can hold');

/**
 * The agent's dictionary: every series it ever saw under a dense number that never changes. A series of which something
 * is declared otherwise, or said anew since when it is expected, gets a further entry; its readings are still told apart
 * by their times. Other tags make another series.
 */
export class Dictionary implements EntryRegistry {
  readonly entries: SeriesEntry[] = [];
  /** Series number of each entry: series are counted from 0 too. */
  readonly seriesOf: number[] = [];
  /** Metric of each series. */
  readonly metricOf: Metric[] = [];
  readonly #metrics: ReadonlyMap<string, Metric>;
  readonly #entriesMax: number;
  /** Of so many entries, the first ones, metric and device alone say which series they are of: as of versions before. */
  readonly #byDevice: number;
  readonly #keys = new SeriesKeys();
  #format: SeriesFormat = 1;
  readonly #numbers = new Map<string, number>();
  readonly #series = new Map<string, number>();

  /** `entriesMax` is given by tests. */
  constructor(metrics: ReadonlyMap<string, Metric>, entriesMax = AGENT_ENTRIES_MAX, byDevice = 0) {
    this.#byDevice = byDevice;
    this.#metrics = metrics;
    this.#entriesMax = entriesMax;
  }

  /** The format of the agent's state that the dictionary needs: 2 also where two series differ by their tags alone. */
  get format(): SeriesFormat {
    return this.#format;
  }

  get seriesCount(): number {
    return this.metricOf.length;
  }

  intern(description: SeriesDescription): number | SeriesFault {
    const known = this.#numbers.get(descriptionKey(description));
    const { sinceMs } = description;
    if (known !== undefined && (sinceMs === undefined || this.entries[known]!.sinceMs === sinceMs)) return known;
    const fault = describedFault(description);
    if (fault !== null) return fault;
    if (this.entries.length >= this.#entriesMax) return full(this.#entriesMax);
    const metric = this.#metrics.get(description.metric);
    if (metric === undefined) {
      throw new Error(
        `metric ${description.metric} is not declared; declare it under "metrics" before a source names it`,
      );
    }
    return this.restore(entryOf(metric, description));
  }

  /**
   * Says anew what a series is, where it was declared otherwise after the entry was made: what was measured under that is
   * taken by a server that is told what is declared now.
   */
  renew(number: number): void {
    const entry = this.entries[number]!;
    const declared = this.#metrics.get(entry.metric);
    if (declared !== undefined && meansAs(entry, declared)) this.intern(entry);
  }

  /** The series of breaks, as far as they are gauges: whatever else a series counts goes on beyond them. */
  breaksOf(breaks: readonly Break[]): readonly SeriesBreak[] {
    return breaks
      .map((one) => ({ ...one, series: this.seriesOf[one.entry]! }))
      .filter(({ series }) => this.metricOf[series]!.kind === 'gauge');
  }

  /**
   * Takes up an entry as the next number: a new one, or one that an earlier run had written. Under one whose metric has
   * been declared otherwise since, no reading comes any more: the next of its series begins another entry, also where it is
   * declared again as it was in the first place, for the server takes the latest entry for what is said now.
   */
  restore(entry: SeriesEntry): number {
    const number = this.entries.length;
    this.entries.push(entry);
    const declared = this.#metrics.get(entry.metric);
    const holds = declared !== undefined && isAsDeclared(entry, declared);
    if (holds) this.#numbers.set(descriptionKey(entry), number);
    else if (declared !== undefined && meansAs(entry, declared)) this.#numbers.delete(descriptionKey(entry));
    const plain = claimKey(entry);
    const told = this.#keys.keyOf(entry);
    const isByTags = number >= this.#byDevice && told !== plain;
    if (isByTags || seriesFormat(entry) === 2) this.#format = 2;
    const key = valuesKey(isByTags ? told : plain, entry);
    const series = this.#series.get(key) ?? this.metricOf.length;
    this.#series.set(key, series);
    this.metricOf[series] = holds ? declared : metricOfEntry(entry, declared);
    this.seriesOf.push(series);
    return number;
  }
}

function full(entriesMax: number): SeriesFault {
  const message = `the agent has ${entriesMax} series with their tags, as many as one takes; send those of other devices to another agent`;
  return { kind: 'series-fault', code: 'full', field: 'device', message };
}

/** A series, as far as its values can be compared: those in another unit, or of other decimals, are another's. */
function valuesKey(series: string, { unit, decimals, kind }: SeriesEntry): string {
  return JSON.stringify([series, unit, decimals, kind]);
}

function entryOf(metric: Metric, { device, tags, sinceMs }: SeriesDescription): SeriesEntry {
  const said = sinceMs === undefined ? {} : { sinceMs };
  return { metric: metric.name, ...entryFacts(metric), ...said, device, tags };
}

/**
 * A metric as it was when an entry was made, and is no longer declared. Its series send nothing more, but what the journal
 * holds still belongs to it; how that is sent, today's declaration says where there is one.
 */
function metricOfEntry(entry: SeriesEntry, declared: Metric | undefined): Metric {
  const { send, excess, conflict, repeatHorizonMs } = declared ?? UNDECLARED;
  return { name: entry.metric, ...storedFacts(entry), send, excess, conflict, repeatHorizonMs, ...UNBOUNDED };
}

const UNDECLARED = { send: 'readings', excess: 'round', conflict: 'last', repeatHorizonMs: null } as const;
