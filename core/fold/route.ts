import type { SeriesEntry } from '../series/series.ts';
import { SPAN_SLICES, spanOf } from '../slices/slice-span.ts';
import type { Pace } from '../stats/accounted.ts';
import type { LinkRule, SliceSink } from '../stats/link.ts';
import type { StatsTable } from '../stats/stats-table.ts';
import type { Group, OpenSpan } from './open-span.ts';
import type { Newcomer, SeriesForm, ViewFold } from './view-fold.ts';

/** An agent whose series are led into views. */
export interface RoutedAgent {
  readonly name: string;
  readonly entries: readonly SeriesEntry[];
  /** Key of the series that an entry is of. */
  seriesAt(index: number): string;
  /** From when on the series of an entry is expected, where that was said. */
  sinceMsAt(index: number): number | undefined;
}

/**
 * The ways of an agent's series into some views. A fleet has as many series as it has devices, so there is one route for each
 * view, which is led from series to series, and of a series' way into a view no more is kept than a row: its group, how
 * its readings are folded, the earliest of them, and the span that they reached last.
 */
export class Routes {
  readonly #agent: RoutedAgent;
  readonly #all: readonly Route[];
  /** Those of the entry that was asked for last. */
  readonly #led: Route[] = [];
  #index = -1;
  /** By entry: its first row, and how many there are; undefined of one that was not asked for yet. */
  readonly #firstRow: (number | undefined)[] = [];
  readonly #rowCount: (number | undefined)[] = [];
  /** By row. */
  readonly #route: Route[] = [];
  readonly #group: Group[] = [];
  readonly #form: SeriesForm[] = [];
  readonly #reached: ReachedByRow = { firstMs: [], span: [] };
  /** Rows of series that were ended. */
  readonly #ended = new Set<number>();

  constructor(agent: RoutedAgent, views: readonly ViewFold[]) {
    this.#agent = agent;
    this.#all = views.map((fold) => new Route(agent, fold, this.#reached));
  }

  /** Those of an entry, led to it, for a record at `position`: they hold until the next call. */
  to(index: number, position: number): readonly Route[] {
    if (index !== this.#index) this.#lead(index);
    for (const route of this.#led) route.position = position;
    return this.#led;
  }

  #lead(index: number): void {
    this.#index = index;
    let first = this.#firstRow[index];
    if (first === undefined) first = this.#find(index);
    const count = this.#rowCount[index]!;
    if (this.#led.length !== count) this.#led.length = count;
    for (let i = 0; i < count; i++) {
      const row = first + i;
      const route = this.#route[row]!;
      this.#led[i] = route;
      route.lead(index, row, this.#group[row]!, this.#form[row]!, this.#ended.size > 0 && this.#ended.has(row));
    }
  }

  /** Finds the rows of an entry; gives the first of them. */
  #find(index: number): number {
    const { entries, name: agent } = this.#agent;
    const entry = entries[index]!;
    const first = this.#group.length;
    for (const route of this.#all) {
      const group = route.fold.groupFor(entry);
      if (group === undefined) continue;
      const row = this.#group.length;
      this.#route.push(route);
      this.#group.push(group);
      this.#form.push(route.fold.formOf(entry));
      this.#reached.firstMs.push(Number.POSITIVE_INFINITY);
      this.#reached.span.push(undefined);
      if (route.fold.isEnded({ group, agent, series: this.#agent.seriesAt(index) })) this.#ended.add(row);
    }
    while (this.#firstRow.length <= index) {
      this.#firstRow.push(undefined);
      this.#rowCount.push(undefined);
    }
    this.#firstRow[index] = first;
    this.#rowCount[index] = this.#group.length - first;
    return first;
  }
}

/** What readings reached, by row. */
interface ReachedByRow {
  /** Event time of the earliest one that was noted. */
  readonly firstMs: number[];
  /** The span that was asked for last: the next run mostly goes on in it. */
  readonly span: (OpenSpan | undefined)[];
}

/** The way of one series' readings into one view: which slots they reach, and by which rule neighbours are joined. */
export class Route implements SliceSink, Newcomer {
  readonly fold: ViewFold;
  readonly sliceMs: number;
  readonly table: StatsTable;
  group!: Group;
  rule!: LinkRule;
  pace!: Pace;
  /** Whether its series was ended, so that each run of its readings has to be noted. */
  isEnded = false;
  /** Position of the record that is being folded; a slot that is asked for counts as changed by it. */
  position = 0;
  /** See `openStretch`. */
  origin = 0;
  freshFrom = 0;

  readonly #agent: RoutedAgent;
  readonly #reached: ReachedByRow;
  #index = -1;
  #row = -1;
  /** The span asked for last: a run goes on from slice to slice. */
  #span: OpenSpan | undefined;

  /** It leads nowhere yet. */
  constructor(agent: RoutedAgent, fold: ViewFold, reached: ReachedByRow) {
    this.#agent = agent;
    this.#reached = reached;
    this.fold = fold;
    this.sliceMs = fold.id.view.sliceMs;
    this.table = fold.slots.table;
  }

  /** Leads it to the entry of an index, whose way into the view is told by a row. */
  lead(index: number, row: number, group: Group, { rule, pace }: SeriesForm, isEnded: boolean): void {
    this.#index = index;
    this.#row = row;
    this.#span = this.#reached.span[row];
    this.group = group;
    this.rule = rule;
    this.pace = pace;
    this.isEnded = isEnded;
  }

  get agent(): string {
    return this.#agent.name;
  }

  get entry(): SeriesEntry {
    return this.#agent.entries[this.#index]!;
  }

  get series(): string {
    return this.#agent.seriesAt(this.#index);
  }

  get sinceMs(): number | undefined {
    return this.#agent.sinceMsAt(this.#index);
  }

  slotOf(slice: number): number {
    const { slots } = this.fold;
    let span = this.#span;
    if (span === undefined || span.isReleased || span.number !== spanOf(slice))
      span = this.#keep(slots.spanAt(this.group, slice, this.position));
    return slots.touchIn(span, slice, this.position);
  }

  /**
   * Asks for the slots of the slices from `first` up to `end`, each of which is changed, as far as they lie in one span:
   * gives the slice behind them. The slot of slice s is `origin` + s, and those from `freshFrom` on hold nothing yet.
   * Where their span has to be opened it gets room up to the slice `reach`, which will be asked for next.
   */
  openStretch(first: number, end: number, reach: number): number {
    const { slots } = this.fold;
    let span = this.#span;
    if (span === undefined || span.isReleased || span.number !== spanOf(first))
      span = this.#keep(slots.spanAt(this.group, first, this.position, Math.max(end - 1, reach)));
    const stretchEnd = Math.min(end, (span.number + 1) * SPAN_SLICES);
    this.freshFrom = slots.touchAllIn(span, first, stretchEnd, this.position);
    this.origin = span.origin;
    return stretchEnd;
  }

  #keep(span: OpenSpan): OpenSpan {
    this.#span = span;
    this.#reached.span[this.#row] = span;
    return span;
  }

  /** Notes the time of a run's first reading: the series is a member of the group from its earliest reading on. */
  noteReading(atMs: number): void {
    const { firstMs } = this.#reached;
    if (atMs >= firstMs[this.#row]!) return;
    firstMs[this.#row] = atMs;
    this.fold.noteMember(this, atMs);
  }
}
