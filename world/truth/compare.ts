import { truthKey, type TrueReading, type TrueStats } from '#simulators/truth/truth.ts';
import type { PlannedMetric, PlannedView } from '../plan/plan.ts';
import { countOf, scaledOf, type ToldReading, type ToldWindow } from './answer.ts';
import { spanMs } from './span.ts';

/** The statistics that are asked of a metric: all that are exact. */
export function statsAsked({ kind }: PlannedMetric): string {
  return `count,sum,min,max,first,last,variance,${kind === 'gauge' ? 'integral' : 'increase'}`;
}

/** Decimals that an integral has beyond its metric's: it is told in unit · seconds and held in value · ms. */
const INTEGRAL_DECIMALS = 3;

/** A window of a group, told or not. */
export type Spanned = Pick<ToldWindow, 'start' | 'end' | 'tags'>;

export type Known = 'all' | 'count' | 'nothing';

/** Where told windows differ from the truth, in words; empty where they agree. */
export function differences(
  truth: ReadonlyMap<string, TrueStats>,
  told: readonly ToldWindow[],
  view: PlannedView,
  metric: PlannedMetric,
  /** What of a window the truth is known about. */
  knownOf: (window: Spanned) => Known = () => 'all',
): string[] {
  const found: string[] = [];
  const byKey = new Map(
    told.map((window) => [
      truthKey(
        view.by.map((tag) => window.tags[tag]!),
        Date.parse(window.start),
      ),
      window,
    ]),
  );
  if (byKey.size !== told.length) found.push(`${told.length - byKey.size} windows are told twice`);
  for (const [key, stats] of truth) {
    const window = byKey.get(key);
    byKey.delete(key);
    const known = knownOf(window ?? windowOf(stats, view));
    if (known === 'nothing') continue;
    if (window === undefined) {
      if (stats.count > 0n || (metric.kind === 'gauge' && stats.coveredMs > 0n))
        found.push(`${nameOf(stats)} is missing, with ${stats.count} readings`);
      continue;
    }
    for (const [name, expected] of Object.entries(textsOf(stats, metric))) {
      if (known === 'count' && name !== 'count') continue;
      const actual = actualText(window, name, metric);
      if (actual !== expected) found.push(`${nameOf(stats)} says ${name} ${actual}, the truth is ${expected}`);
    }
  }
  for (const [key, window] of byKey)
    if (knownOf(window) === 'all' || (knownOf(window) === 'count' && countOf(window) > 0))
      found.push(`a window at ${key} is told with ${countOf(window)} readings, but there is none`);
  return found;
}

/** The window that a slice of the truth is. */
export function windowOf({ group, sliceStartMs }: TrueStats, { by, slice }: PlannedView): Spanned {
  return {
    start: new Date(sliceStartMs).toISOString(),
    end: new Date(sliceStartMs + spanMs(slice)).toISOString(),
    tags: Object.fromEntries(by.map((tag, i) => [tag, group[i] ?? ''])),
  };
}

function nameOf({ group, sliceStartMs }: TrueStats): string {
  return `${group.join('/') || 'all'} at ${new Date(sliceStartMs).toISOString()}`;
}

/** The truth as texts of scaled integers. */
function textsOf(stats: TrueStats, { kind }: PlannedMetric): Readonly<Record<string, string>> {
  const has = stats.count > 0n;
  const orNull = (value: bigint | null): string => (value === null ? 'null' : String(value));
  return {
    count: String(stats.count),
    sum: has ? String(stats.sum) : 'null',
    min: orNull(stats.min),
    max: orNull(stats.max),
    first: readingText(stats.first),
    last: readingText(stats.last),
    ...(kind === 'gauge'
      ? { integral: stats.coveredMs > 0n ? String(stats.integral) : 'null' }
      : { increase: has ? String(kind === 'delta' ? stats.sum : stats.increase) : 'null' }),
  };
}

function readingText(reading: TrueReading | null): string {
  return reading === null ? 'null' : `${reading.value}@${reading.timeMs}`;
}

function actualText(window: ToldWindow, name: string, { decimals }: PlannedMetric): string {
  const told = window.stats[name];
  if (told === null || told === undefined) return 'null';
  if (typeof told !== 'string') return toldReadingText(told, decimals);
  if (name === 'count') return told;
  return String(scaledOf(told, name === 'integral' ? decimals + INTEGRAL_DECIMALS : decimals));
}

function toldReadingText({ time, value }: ToldReading, decimals: number): string {
  return `${scaledOf(value, decimals)}@${Date.parse(time)}`;
}
