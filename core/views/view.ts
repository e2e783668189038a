import { createHash } from 'node:crypto';
import { STORED_IF_SAID_KEYS, STORED_KEYS, type StoredMetric } from '../metrics/metric.ts';

/** A declared question: which readings, grouped by which tags, stored in which span. */
export interface View {
  readonly name: string;
  readonly metric: string;
  /** Tags that tell the groups apart, in the order of the answer's columns. Empty: one group. */
  readonly by: readonly string[];
  /** Only series whose tag equals one of the values; a tag that isn't named admits all. */
  readonly where: Readonly<Record<string, readonly string[]>>;
  readonly sliceMs: number;
}

/** Slices that one held value may reach: each is a row, so two readings far apart must not make a month of them. */
export const HELD_SLICES_MAX = 10_000;

/** What a view asks of a series. */
export interface TaggedSeries {
  readonly metric: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Whether the series' readings belong to the view. */
export function viewAdmits(view: View, series: TaggedSeries): boolean {
  if (series.metric !== view.metric) return false;
  for (const [tag, values] of Object.entries(view.where)) {
    if (!values.includes(series.tags[tag] ?? '')) return false;
  }
  return true;
}

/** The values of the view's `by` tags for a series, in the view's order; a tag that the series lacks is the empty text. */
export function groupOf(view: View, series: TaggedSeries): readonly string[] {
  return view.by.map((tag) => series.tags[tag] ?? '');
}

/** A group as one text, unambiguous whatever the tag values hold. */
export function groupKey(group: readonly string[]): string {
  return JSON.stringify(group);
}

export function parseGroupKey(key: string): readonly string[] {
  return JSON.parse(key) as readonly string[];
}

/**
 * A fingerprint of everything in the definition that decides the stored slices, so that a changed view is noticed and
 * folded anew as a new version. The name takes no part: a renamed view asks the same question. Without `metric` it is
 * the fingerprint that versions had when they did not say how their metric was declared.
 */
export function viewFingerprint(view: View, metric?: StoredMetric): string {
  const where = Object.entries(view.where)
    .map(([tag, values]) => [tag, values.toSorted()] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const asked = [view.metric, view.by, where, view.sliceMs];
  if (metric === undefined) return hashOf(asked);
  const said = STORED_IF_SAID_KEYS.flatMap((key) => (metric[key] === undefined ? [] : [[key, metric[key]]]));
  const facts = [...asked, STORED_KEYS.map((key) => metric[key]), ...said];
  return hashOf(metric.kind === 'counter' ? [...facts, COUNTER_RULE] : facts);
}

/** How the increase of a counter is found; changes when the rule does, so that what was stored by another is folded anew. */
const COUNTER_RULE = 'dips';

function hashOf(facts: readonly unknown[]): string {
  const text = JSON.stringify(facts);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
