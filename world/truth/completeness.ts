import type { PlannedReading, PlannedSeries, PlannedView, Setting } from '../plan/plan.ts';
import type { ToldWindow } from './answer.ts';
import { spanMs } from './span.ts';

/** A series that was heard of: one device at one agent, through all lives of that. */
interface HeardSeries {
  readonly group: string;
  firstMs: number;
  /** When it ends; infinite where it doesn't. */
  endMs: number;
  /** From when to when its readings speak for it. */
  readonly spans: (readonly [fromMs: number, toMs: number])[];
}

/** What is wrong about how complete windows say they are, in a world at rest in which nothing is missing. */
export function completenessFaults(
  setting: Setting,
  series: readonly PlannedSeries[],
  view: PlannedView,
  taken: readonly PlannedReading[],
  told: readonly ToldWindow[],
  /** From when on nothing more is expected of a series, by its number. */
  endedMs: ReadonlyMap<number, number> = new Map(),
): string[] {
  const { interval, hold } = setting.metrics[view.metric]!;
  const promiseMs = Math.max(spanMs(interval), hold === undefined ? 0 : spanMs(hold));
  const sliceMs = spanMs(view.slice);
  const heard = heardSeries(setting, series, view, taken, promiseMs, endedMs);
  // Time is judged in whole slices that are no shorter than the promise, by where these begin.
  const cellMs = sliceMs * Math.ceil(promiseMs / sliceMs);
  const cellFrom = (ms: number): number => Math.ceil(ms / cellMs) * cellMs;
  const found: string[] = [];
  for (const { start, end, tags, completeness } of told) {
    const [fromMs, toMs] = [cellFrom(Date.parse(start)), cellFrom(Date.parse(end))];
    const group = JSON.stringify(view.by.map((tag) => tags[tag]));
    let owed = 0;
    let given = 0;
    for (const one of heard) {
      if (one.group !== group) continue;
      owed += Math.max(0, Math.min(toMs, one.endMs) - Math.max(fromMs, one.firstMs));
      for (const span of one.spans) given += Math.max(0, Math.min(toMs, span[1]) - Math.max(fromMs, span[0]));
    }
    const expected = owed === 0 ? 1 : Math.min(1, given / owed);
    if (Number(completeness) !== expected)
      found.push(`the window of ${start} is complete to ${completeness}, and should be to ${expected}`);
  }
  return found;
}

function heardSeries(
  { since = {} }: Setting,
  series: readonly PlannedSeries[],
  view: PlannedView,
  taken: readonly PlannedReading[],
  promiseMs: number,
  endedMs: ReadonlyMap<number, number>,
): HeardSeries[] {
  const heard = new Map<string, HeardSeries>();
  for (const [index, { agent, metric, device, tags }] of series.entries()) {
    const isAdmitted = Object.entries(view.where ?? {}).every(([tag, values]) => values.includes(tags[tag] ?? ''));
    if (metric !== view.metric || !isAdmitted) continue;
    const times = [...new Set(taken.filter((one) => one.series === index).map(({ timeMs }) => timeMs))];
    times.sort((a, b) => a - b);
    if (times.length === 0) continue;
    const key = JSON.stringify([agent, device]);
    const group = JSON.stringify(view.by.map((tag) => tags[tag]));
    const begun = { group, firstMs: since[agent] ?? times[0]!, endMs: Number.POSITIVE_INFINITY, spans: [] };
    const one: HeardSeries = heard.get(key) ?? begun;
    one.endMs = endedMs.get(index) ?? one.endMs;
    one.firstMs = Math.min(one.firstMs, times[0]!);
    heard.set(key, one);
    for (const [i, ms] of times.entries()) {
      const next = times[i + 1];
      one.spans.push([ms, next !== undefined && next - ms <= 1.5 * promiseMs ? next : ms + promiseMs]);
    }
  }
  return [...heard.values()];
}
