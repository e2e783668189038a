import { promiseMsOf } from '../metrics/metric.ts';
import { storedFacts } from '../series/declared.ts';
import type { SeriesEntry } from '../series/series.ts';
import { spanOf } from '../slices/slice-span.ts';
import { AccountedRun, type Pace, paceOf } from '../stats/accounted.ts';
import type { LinkRule } from '../stats/link-rule.ts';
import { linkRuleOf } from '../stats/link-rule.ts';
import type { SliceSink } from '../stats/link.ts';
import type { StatsTable } from '../stats/stats-table.ts';
import { HELD_SLICES_MAX } from '../views/view.ts';
import type { Group, OpenSpan } from './slice-slots.ts';
import type { Newcomer, ViewFold } from './view-fold.ts';

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
  readonly accounted: AccountedRun;
  /** Position of the record that is being folded; a slot that is asked for counts as changed by it. */
  position = 0;

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
    this.rule = within(linkRuleOf(storedFacts(entry)), HELD_SLICES_MAX * this.sliceMs);
    this.table = fold.slots.table;
    this.pace = paceOf(promiseMsOf(entry), this.sliceMs);
    this.accounted = new AccountedRun(this, this.pace);
  }

  slotOf(slice: number): number {
    const { slots } = this.fold;
    let span = this.#span;
    if (span === undefined || span.isReleased || span.number !== spanOf(slice))
      this.#span = span = slots.spanAt(this.group, slice, this.position);
    return slots.touchIn(span, slice, this.position);
  }

  /** Notes the time of a run's first reading: the series is a member of the group from its earliest reading on. */
  noteReading(atMs: number): void {
    if (atMs >= this.#firstMs) return;
    this.#firstMs = atMs;
    this.fold.noteMember(this, atMs);
  }
}

/**
 * The rule with values that hold for so long at most. A view is refused whose metric holds them longer, but a series may
 * have been born when the metric did, or the view's slices were wider.
 */
function within(rule: LinkRule, holdMsMax: number): LinkRule {
  return rule.kind === 'gauge' && rule.holdMsMax > holdMsMax ? { ...rule, holdMsMax } : rule;
}
