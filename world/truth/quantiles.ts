import { readingsInForce, truthKey } from '#simulators/truth/truth.ts';
import type { PlannedMetric, PlannedReading, PlannedSeries, PlannedView } from '../plan/plan.ts';
import { countOf, scaledOf, type ToldWindow } from './answer.ts';
import type { Redeclared } from './expected.ts';
import { spanMs } from './span.ts';

/** The quantile that is asked of metrics with quantiles. */
export const QUANTILE = 'p50';
/** Of the value that it is, how much a quantile may be off at the most. */
const ERROR_MAX = 0.01;

/** What the readings of a window are, and whether quantiles were wished for when each of them was taken. */
interface Taken {
  readonly values: number[];
  wished: boolean;
}

/** What is wrong about the quantiles that windows tell, each from its own readings, sorted. */
export function quantileFaults(
  metric: PlannedMetric,
  series: readonly PlannedSeries[],
  view: PlannedView,
  taken: readonly PlannedReading[],
  redeclared: Redeclared | undefined,
  told: readonly ToldWindow[],
): { readonly faults: readonly string[]; readonly told: number; readonly unwished: number } {
  const windows = takenByWindow(metric, series, view, taken, redeclared);
  const faults: string[] = [];
  let [some, unwished] = [0, 0];
  for (const window of told) {
    const key = truthKey(
      view.by.map((tag) => window.tags[tag]!),
      Date.parse(window.start),
    );
    const one = windows.get(key);
    if (one === undefined || one.values.length !== countOf(window)) continue;
    const text = window.stats[QUANTILE];
    if (!one.wished) {
      unwished++;
      if (text !== null) faults.push(`${window.start} tells a quantile of readings that have none`);
      continue;
    }
    some++;
    const sorted = one.values.toSorted((a, b) => a - b);
    const expected = sorted[Math.ceil(sorted.length / 2) - 1]!;
    const actual = typeof text === 'string' ? Number(scaledOf(text, metric.decimals)) : Number.NaN;
    if (!(Math.abs(actual - expected) <= Math.abs(expected) * ERROR_MAX))
      faults.push(`${window.start} says that ${QUANTILE} is ${JSON.stringify(text)}, the truth is ${expected}`);
  }
  return { faults, told: some, unwished };
}

function takenByWindow(
  { quantiles, conflict, kind, interval }: PlannedMetric,
  series: readonly PlannedSeries[],
  view: PlannedView,
  taken: readonly PlannedReading[],
  redeclared: Redeclared | undefined,
): ReadonlyMap<string, Taken> {
  const before = redeclared?.metric === view.metric ? redeclared : undefined;
  const old = new Set(taken.slice(0, before?.takenBefore ?? 0).map((one) => `${one.series}/${one.timeMs}`));
  const metric = { name: view.metric, kind, intervalMs: spanMs(interval), rolloverScaled: null, conflict } as const;
  const deliveries = taken.map((one) => ({ ...one, atMs: one.timeMs }));
  const sliceMs = spanMs(view.slice);
  const windows = new Map<string, Taken>();
  for (const [index, readings] of readingsInForce(deliveries, { metric, skewMsMax: null })) {
    const { metric: name, tags } = series[index]!;
    const isAdmitted = Object.entries(view.where ?? {}).every(([tag, values]) => values.includes(tags[tag] ?? ''));
    if (name !== view.metric || !isAdmitted) continue;
    for (const { timeMs, value } of readings) {
      const startMs = Math.floor(Number(timeMs) / sliceMs) * sliceMs;
      const key = truthKey(
        view.by.map((tag) => tags[tag] ?? ''),
        startMs,
      );
      const one = windows.get(key) ?? { values: [], wished: true };
      windows.set(key, one);
      one.values.push(Number(value));
      one.wished &&= old.has(`${index}/${timeMs}`) ? before!.before.quantiles : quantiles;
    }
  }
  return windows;
}
