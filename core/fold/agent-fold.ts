import { type SeriesEntry, SeriesKeys } from '../series/series.ts';
import { Route } from './route.ts';
import type { ViewFold } from './view-fold.ts';

/** What folding needs of one agent: its dictionary, and the routes of its series through the views. */
export class AgentFold {
  readonly name: string;
  readonly entries: SeriesEntry[];
  #routes: (readonly Route[])[] = [];
  readonly #keys = new SeriesKeys();
  /** Which series each entry is of. */
  readonly #series: string[] = [];
  /** From when on series are expected, as the last entry says that says so of them. */
  readonly #sinceMs = new Map<string, number>();

  constructor(name: string, entries: readonly SeriesEntry[] = []) {
    this.name = name;
    this.entries = [];
    this.learn(0, entries);
  }

  /** Takes up the entries of a birth. Entries that are known already stay as they are; a birth restates them. */
  learn(firstIndex: number, entries: readonly SeriesEntry[]): void {
    for (const entry of entries.slice(Math.max(0, this.entries.length - firstIndex))) {
      this.entries.push(entry);
      this.#series.push(this.#keys.keyOf(entry));
      // What routes have told of members may not be so any more.
      if (this.#takeSince(this.entries.length - 1)) this.forgetRoutes();
    }
  }

  knows(dictionaryVersion: number): boolean {
    return this.entries.length >= dictionaryVersion;
  }

  /** The routes of a dictionary entry through the views, for a record at `position`. */
  routesOf(index: number, views: readonly ViewFold[], position: number): readonly Route[] {
    const routes = (this.#routes[index] ??= this.#findRoutes(index, views));
    for (const route of routes) route.position = position;
    return routes;
  }

  /** Forgets the routes: the set of views has changed. */
  forgetRoutes(): void {
    this.#routes = [];
  }

  #findRoutes(index: number, views: readonly ViewFold[]): readonly Route[] {
    const entry = this.entries[index];
    if (entry === undefined) return [];
    const series = this.#series[index]!;
    const sinceMs = this.#sinceMs.get(series);
    return views.flatMap((fold) => {
      const group = fold.groupFor(entry);
      return group === undefined ? [] : [new Route({ agent: this.name, fold, group, entry, series, sinceMs })];
    });
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
