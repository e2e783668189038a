import { truthOf, type TrueStats } from '#simulators/truth/truth.ts';
import type { PlannedReading, PlannedSeries, PlannedView, Setting } from '../plan/plan.ts';
import { spanMs } from './span.ts';

/** The right answer to a view, slice by slice, from the readings that agents have taken, in the order in which they did. */
export function expectedSlices(
  setting: Setting,
  /** That the readings are of. */
  series: readonly PlannedSeries[],
  view: PlannedView,
  taken: readonly PlannedReading[],
): ReadonlyMap<string, TrueStats> {
  const declared = setting.metrics[view.metric]!;
  const intervalMs = spanMs(declared.interval);
  const scale = 10 ** declared.decimals;
  const { hold, rollover } = declared;
  const admitted = new Set(series.flatMap(({ tags }, index) => (admits(view, tags) ? [index] : [])));
  const deliveries = taken.filter((one) => admitted.has(one.series)).map((one) => ({ ...one, atMs: one.timeMs }));
  return truthOf(deliveries, series, {
    metric: {
      name: view.metric,
      kind: declared.kind,
      intervalMs,
      ...(hold === undefined ? {} : { holdMs: spanMs(hold) }),
      // It is written without decimals, and so shown by the counter.
      rolloverScaled: rollover === undefined ? null : Number(rollover) * scale,
      rolloverStep: scale,
      conflict: declared.conflict,
    },
    by: view.by,
    sliceMs: spanMs(view.slice),
    skewMsMax: null,
  });
}

function admits(view: PlannedView, tags: Readonly<Record<string, string>>): boolean {
  return Object.entries(view.where ?? {}).every(([tag, values]) => values.includes(tags[tag] ?? ''));
}
