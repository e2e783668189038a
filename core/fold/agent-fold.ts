import { holdMsOf } from '../metrics/metric.ts';
import { type SeriesEntry, type SeriesName, SeriesKeys, tagsKey } from '../series/series.ts';
import { type Route, type RoutedAgent, Routes } from './route.ts';
import type { EndedEntry } from './silences.ts';
import type { ViewFold } from './view-fold.ts';

const NO_ROUTES: readonly Route[] = [];

/** What folding needs of one agent: its dictionary, and the routes of its series through the views. */
export class AgentFold implements RoutedAgent {
  readonly name: string;
  readonly entries: SeriesEntry[];
  /** Undefined until they are asked for. */
  #routes: Routes | undefined;
  readonly #keys = new SeriesKeys();
  /** Which series each entry is of. */
  readonly #series: string[] = [];
  /** From when on series are expected, as the last entry says that says so of them. */
  readonly #sinceMs = new Map<string, number>();
  /** The series that are ended, by their keys, whether a view takes them or not. */
  readonly #ended = new Map<string, EndedEntry>();
  /** The same as a list, once it was asked for. */
  #endedList: readonly EndedEntry[] | undefined;
  #longestHoldMs = 0;

  constructor(name: string, entries: readonly SeriesEntry[] = [], ended: readonly EndedEntry[] = []) {
    this.name = name;
    this.entries = [];
    this.learn(0, entries);
    for (const one of ended) this.#ended.set(this.#series[one[0]]!, one);
  }

  /** The series of which nothing is expected; another list once that has changed. */
  get ended(): readonly EndedEntry[] {
    return (this.#endedList ??= [...this.#ended.values()]);
  }

  /** Takes up the entries of a birth. Entries that are known already stay as they are; a birth restates them. */
  learn(firstIndex: number, entries: readonly SeriesEntry[]): void {
    for (const entry of entries.slice(Math.max(0, this.entries.length - firstIndex))) {
      this.entries.push(entry);
      this.#series.push(this.#keys.keyOf(entry));
      if (entry.kind === 'gauge') this.#longestHoldMs = Math.max(this.#longestHoldMs, holdMsOf(entry));
      // What routes have told of members may not be so any more.
      if (this.#takeSince(this.entries.length - 1)) this.forgetRoutes();
    }
  }

  /** For how long before its first reading a frame of the agent may tell what a gauge held; 0 without gauges. */
  get longestHoldMs(): number {
    return this.#longestHoldMs;
  }

  knows(dictionaryVersion: number): boolean {
    return this.entries.length >= dictionaryVersion;
  }

  /**
   * The routes of a dictionary entry through the views, for a record at `position`. They are the same objects for all entries:
   * what was asked for holds until the next call.
   */
  routesOf(index: number, views: readonly ViewFold[], position: number): readonly Route[] {
    if (index >= this.entries.length) return NO_ROUTES;
    this.#routes ??= new Routes(this, views);
    return this.#routes.to(index, position);
  }

  /** Key of the series that an entry is of. */
  seriesAt(index: number): string {
    return this.#series[index]!;
  }

  /** From when on the series of an entry is expected, where that was said. */
  sinceMsAt(index: number): number | undefined {
    return this.#sinceMs.get(this.#series[index]!);
  }

  /** From a time on nothing more is expected of a series, until it speaks again; one that is not known stays as it is. */
  endSeries({ metric, device, tags }: SeriesName, views: readonly ViewFold[], fromMs: number): void {
    const told = tagsKey(tags);
    const isNamed = (one: SeriesEntry): boolean =>
      one.metric === metric && one.device === device && tagsKey(one.tags) === told;
    const index = this.entries.findIndex(isNamed);
    if (index < 0) return;
    const series = this.#series[index]!;
    const [, knownFromMs = fromMs] = this.#ended.get(series) ?? [];
    this.#end(series, [index, Math.min(fromMs, knownFromMs)]);
    const ended = { agent: this.name, entry: this.entries[index]!, series };
    for (const fold of views) fold.endSeries(ended, fromMs);
    this.forgetRoutes();
  }

  /** Notes that the series of an entry has readings up to `lastMs`: nothing is ended any more that speaks. */
  noteSpoken(index: number, lastMs: number): void {
    if (this.#ended.size === 0) return;
    const series = this.#series[index];
    const ended = series === undefined ? undefined : this.#ended.get(series);
    if (ended !== undefined && lastMs >= ended[1]) this.#end(series!, undefined);
  }

  #end(series: string, ended: EndedEntry | undefined): void {
    if (ended === undefined) this.#ended.delete(series);
    else this.#ended.set(series, ended);
    this.#endedList = undefined;
  }

  /** Forgets the routes: the set of views has changed. */
  forgetRoutes(): void {
    this.#routes = undefined;
  }

  /** Whether the entry says of its series since when it is expected, and otherwise than before. */
  #takeSince(index: number): boolean {
    const { sinceMs } = this.entries[index]!;
    const key = this.#series[index]!;
    if (sinceMs === undefined || this.#sinceMs.get(key) === sinceMs) return false;
    this.#sinceMs.set(key, sinceMs);
    return true;
  }
}
