import type { EndedEntry } from '#core/fold/silences.ts';
import { tagsKey } from '#core/series/series.ts';
import type { EndedMessage } from '#core/wire/ended-series.ts';
import type { TakenReadings } from '../accept/amend.ts';
import type { SeriesJournal } from '../journal/series-journal.ts';
import type { Dictionary } from './dictionary.ts';

/** A series that was ended; its numbers here, of which it has several where it was declared otherwise in its life. */
interface Ended {
  readonly fromMs: number;
  readonly series: readonly number[];
}

/** One that has readings of after its end: whether they came before it was ended or after, only the server knows. */
interface Unsure extends Ended {
  /** The highest frame number by when all its readings were in frames; undefined until they are. */
  sentWith: number | undefined;
  /** Whether the server was asked since it has all of them; `asked`: what it tells now is its answer. */
  state: 'waiting' | 'asking' | 'asked';
}

/** How far the frames of this start have got. */
export interface FrameProgress {
  /** The highest number that was given. */
  readonly sequence: number;
  /** Whether the server has everything up to a number, and of the starts before. */
  readonly hasArrived: (sequence: number) => boolean;
}

/**
 * Which series are ended, as the server tells on each connection. One that speaks of a time after its end is ended no longer, here as
 * there. So what the server says of a series that has such readings holds only if it had all of them when it was asked.
 */
export class EndedSeries {
  readonly #dictionary: Dictionary;
  readonly #journals: readonly SeriesJournal[];
  /** By each number of the series. */
  readonly #ended = new Map<number, Ended>();
  readonly #unsure = new Map<number, Unsure>();
  #changes = 0;

  constructor(dictionary: Dictionary, journals: readonly SeriesJournal[]) {
    this.#dictionary = dictionary;
    this.#journals = journals;
  }

  get isEmpty(): boolean {
    return this.#ended.size === 0;
  }

  /** Grows whenever another series is ended, or one no longer. */
  get changes(): number {
    return this.#changes;
  }

  /** From when on nothing is expected of a series; +Infinity where that was not said. */
  fromMs(series: number): number {
    return this.#ended.get(series)?.fromMs ?? Number.POSITIVE_INFINITY;
  }

  /** Another connection begins: its server may know of other ends. */
  forget(): void {
    if (this.#ended.size > 0) this.#changes++;
    this.#ended.clear();
    this.#unsure.clear();
  }

  /** The server says which are ended. */
  told({ ended, more }: EndedMessage): void {
    for (const one of this.#named(ended)) {
      const [series] = one.series;
      if (this.#ended.get(series!)?.fromMs === one.fromMs) continue;
      const unsure = this.#unsure.get(series!);
      if (this.#lastMs(one) < one.fromMs || unsure?.state === 'asked') this.#end(one);
      else if (unsure?.fromMs !== one.fromMs) this.#doubt(one);
    }
    if (more) return;
    // That it was asked for, and isn't told, says that the series has spoken.
    for (const [series, { state }] of this.#unsure) if (state === 'asked') this.#unsure.delete(series);
  }

  /** Readings were taken that are shipped. */
  took({ count, entry, timeMs }: TakenReadings): void {
    if (this.#ended.size + this.#unsure.size === 0) return;
    for (let row = 0; row < count; row++) {
      const series = this.#dictionary.seriesOf[entry[row]!]!;
      const known = this.#ended.get(series) ?? this.#unsure.get(series);
      if (known === undefined || timeMs[row]! < known.fromMs) continue;
      if (this.#ended.has(series)) this.#changes++;
      for (const one of known.series) {
        this.#ended.delete(one);
        this.#unsure.delete(one);
      }
    }
  }

  /** Whether the server is to be asked now, since it can say by now what nobody else knows. */
  ask({ sequence, hasArrived }: FrameProgress): boolean {
    for (const one of this.#unsure.values()) {
      if (one.sentWith === undefined && this.#isInFrames(one)) one.sentWith = sequence;
      if (one.state === 'waiting' && one.sentWith !== undefined && hasArrived(one.sentWith)) one.state = 'asking';
    }
    return [...this.#unsure.values()].some(({ state }) => state !== 'waiting');
  }

  /** The server has heard what it was asked: what it tells from now on is its answer. */
  asked(): void {
    for (const one of this.#unsure.values()) if (one.state === 'asking') one.state = 'asked';
  }

  #end(ended: Ended): void {
    this.#changes++;
    for (const series of ended.series) {
      this.#ended.set(series, ended);
      this.#unsure.delete(series);
    }
  }

  #doubt(one: Ended): void {
    const unsure: Unsure = { ...one, sentWith: undefined, state: 'waiting' };
    for (const series of one.series) {
      if (this.#ended.delete(series)) this.#changes++;
      this.#unsure.set(series, unsure);
    }
  }

  #lastMs({ series }: Ended): number {
    return Math.max(...series.map((one) => this.#journals[one]?.lastMs ?? Number.NEGATIVE_INFINITY));
  }

  #isInFrames({ series }: Ended): boolean {
    return series.every((one) => {
      const journal = this.#journals[one];
      return journal === undefined || journal.lastMs <= journal.sealedMs;
    });
  }

  /**
   * The series that are meant by entries: all that have the same metric, device and tags, but for one that is of other tags
   * too, as before tags told series apart.
   */
  #named(ended: readonly EndedEntry[]): Iterable<Ended> {
    const { entries, seriesOf } = this.#dictionary;
    const wanted = new Map<string, number>();
    const devices = new Set<string>();
    for (const [index, fromMs] of ended) {
      const entry = entries[index];
      // One of an agent that has more entries, and is no more.
      if (entry === undefined) continue;
      wanted.set(nameKey(entry), fromMs);
      devices.add(entry.device);
    }
    const ofOthers = new Set<number>();
    const found = new Map<string, { readonly fromMs: number; readonly series: Set<number> }>();
    for (const [index, entry] of entries.entries()) {
      if (!devices.has(entry.device)) continue;
      const name = nameKey(entry);
      const fromMs = wanted.get(name);
      if (fromMs === undefined) {
        ofOthers.add(seriesOf[index]!);
        continue;
      }
      const one = found.get(name) ?? { fromMs, series: new Set() };
      found.set(name, one);
      one.series.add(seriesOf[index]!);
    }
    const own = Array.from(found.values(), ({ fromMs, series }) => ({
      fromMs,
      series: [...series.difference(ofOthers)],
    }));
    return own.filter(({ series }) => series.length > 0);
  }
}

function nameKey({ metric, device, tags }: Dictionary['entries'][number]): string {
  return JSON.stringify([metric, device, tagsKey(tags)]);
}
