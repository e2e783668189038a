import { type TrueMetric, truthOf, type TrueStats } from '#simulators/truth/truth.ts';
import type { PlannedMetric, PlannedReading, PlannedSeries, PlannedView, Setting } from '../plan/plan.ts';
import { spanMs } from './span.ts';

/** A metric that was declared otherwise after so many readings had been taken, and how it was declared before. */
export interface Redeclared {
  readonly metric: string;
  readonly before: PlannedMetric;
  readonly takenBefore: number;
}

/** The right answer to a view, slice by slice, from the readings that agents have taken, in the order in which they did. */
export function expectedSlices(
  setting: Setting,
  /** That the readings are of. */
  series: readonly PlannedSeries[],
  view: PlannedView,
  taken: readonly PlannedReading[],
  redeclared?: Redeclared,
): ReadonlyMap<string, TrueStats> {
  const metric = trueMetric(view.metric, setting.metrics[view.metric]!);
  const admitted = new Set(series.flatMap(({ tags }, index) => (admits(view, tags) ? [index] : [])));
  const metricAt =
    redeclared?.metric === view.metric ? { metricAt: metricWhenTaken(metric, redeclared, taken) } : undefined;
  const deliveries = taken.filter((one) => admitted.has(one.series)).map((one) => ({ ...one, atMs: one.timeMs }));
  return truthOf(deliveries, series, {
    metric,
    ...metricAt,
    by: view.by,
    sliceMs: spanMs(view.slice),
    skewMsMax: null,
  });
}

function trueMetric(name: string, { kind, interval, decimals, hold, rollover, conflict }: PlannedMetric): TrueMetric {
  const scale = 10 ** decimals;
  return {
    name,
    kind,
    intervalMs: spanMs(interval),
    ...(hold === undefined ? {} : { holdMs: spanMs(hold) }),
    // It is written without decimals, and so shown by the counter.
    rolloverScaled: rollover === undefined ? null : Number(rollover) * scale,
    rolloverStep: scale,
    conflict,
  };
}

/** What was taken before its metric was declared otherwise stays what it was, also where its value is amended. */
function metricWhenTaken(
  now: TrueMetric,
  { metric, before, takenBefore }: Redeclared,
  taken: readonly PlannedReading[],
): (series: number, timeMs: number) => TrueMetric {
  const former = trueMetric(metric, before);
  const old = new Set(taken.slice(0, takenBefore).map(({ series, timeMs }) => `${series}/${timeMs}`));
  return (series, timeMs) => (old.has(`${series}/${timeMs}`) ? former : now);
}

function admits(view: PlannedView, tags: Readonly<Record<string, string>>): boolean {
  return Object.entries(view.where ?? {}).every(([tag, values]) => values.includes(tags[tag] ?? ''));
}
