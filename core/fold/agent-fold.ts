import { holdMsOf } from '../metrics/metric.ts';
import { type SeriesEntry, type SeriesName, SeriesKeys, tagsKey } from '../series/series.ts';
import { SPAN_SLICES, spanOf } from '../slices/slice-span.ts';
import type { Pace } from '../stats/accounted.ts';
import type { LinkRule, SliceSink } from '../stats/link.ts';
import type { StatsTable } from '../stats/stats-table.ts';
import type { Group, OpenSpan } from './open-span.ts';
import type { EndedEntry } from './silences.ts';
import type { Newcomer, ViewFold } from './view-fold.ts';

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
  /** The series that are ended, by their keys, whether a view takes them or not. */
  readonly #ended = new Map<string, EndedEntry>();
  #endedList: readonly EndedEntry[] = [];
  #longestHoldMs = 0;

  constructor(name: string, entries: readonly SeriesEntry[] = [], ended: readonly EndedEntry[] = []) {
    this.name = name;
    this.entries = [];
    this.learn(0, entries);
    for (const one of ended) this.#ended.set(this.#series[one[0]]!, one);
    this.#endedList = ended;
  }

  /** The series of which nothing is expected; another list once that has changed. */
  get ended(): readonly EndedEntry[] {
    return this.#endedList;
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

  /** The routes of a dictionary entry through the views, for a record at `position`. */
  routesOf(index: number, views: readonly ViewFold[], position: number): readonly Route[] {
    const routes = (this.#routes[index] ??= this.#findRoutes(index, views));
    for (const route of routes) route.position = position;
    return routes;
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
    this.#endedList = [...this.#ended.values()];
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
    const routes = views.flatMap((fold) => {
      const group = fold.groupFor(entry);
      return group === undefined ? [] : [new Route({ agent: this.name, fold, group, entry, series, sinceMs })];
    });
    // A list that grew has room for many.
    return routes.slice();
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

export interface RouteOptions extends Newcomer {
  readonly fold: ViewFold;
}

/** The way of one series' readings into one view: which slots they reach, and by which rule neighbours are joined. */
export class Route implements SliceSink, Newcomer {
  readonly agent: string;
  readonly fold: ViewFold;
  readonly group: Group;
  readonly entry: SeriesEntry;
  readonly series: string;
  readonly sinceMs: number | undefined;
  readonly rule: LinkRule;
  readonly sliceMs: number;
  readonly table: StatsTable;
  readonly pace: Pace;
  /** Whether its series was ended, so that each run of its readings has to be noted. */
  readonly isEnded: boolean;
  /** Position of the record that is being folded; a slot that is asked for counts as changed by it. */
  position = 0;
  /** See `openStretch`. */
  origin = 0;
  freshFrom = 0;

  #firstMs = Number.POSITIVE_INFINITY;
  /** The span asked for last: a run goes on from slice to slice. */
  #span: OpenSpan | undefined;

  constructor({ agent, fold, group, entry, series, sinceMs }: RouteOptions) {
    this.agent = agent;
    this.fold = fold;
    this.group = group;
    this.entry = entry;
    this.series = series;
    this.sinceMs = sinceMs;
    this.sliceMs = fold.id.view.sliceMs;
    const { rule, pace } = fold.formOf(entry);
    this.rule = rule;
    this.table = fold.slots.table;
    this.pace = pace;
    this.isEnded = fold.isEnded(this);
  }

  slotOf(slice: number): number {
    const { slots } = this.fold;
    let span = this.#span;
    if (span === undefined || span.isReleased || span.number !== spanOf(slice))
      this.#span = span = slots.spanAt(this.group, slice, this.position);
    return slots.touchIn(span, slice, this.position);
  }

  /**
   * Asks for the slots of the slices from `first` up to `end`, each of which is changed, as far as they lie in one span:
   * gives the slice behind them. The slot of slice s is `origin` + s, and those from `freshFrom` on hold nothing yet.
   */
  openStretch(first: number, end: number): number {
    const { slots } = this.fold;
    let span = this.#span;
    if (span === undefined || span.isReleased || span.number !== spanOf(first))
      this.#span = span = slots.spanAt(this.group, first, this.position, end - 1);
    const stretchEnd = Math.min(end, (span.number + 1) * SPAN_SLICES);
    this.freshFrom = slots.touchAllIn(span, first, stretchEnd, this.position);
    this.origin = span.origin;
    return stretchEnd;
  }

  /** Notes the time of a run's first reading: the series is a member of the group from its earliest reading on. */
  noteReading(atMs: number): void {
    if (atMs >= this.#firstMs) return;
    this.#firstMs = atMs;
    this.fold.noteMember(this, atMs);
  }
}
