import { SLICE_STATISTICS } from '#backbone/answers/slice-feed.ts';
import { answerable, findStatistic, type Statistic, STATISTICS } from '#core/stats/statistics.ts';
import { INSTANT_MAX_MS, INSTANT_MIN_MS } from '#core/time/instant.ts';
import { windowSpec } from '#core/time/windows.ts';
import { openZone } from '#core/time/zone.ts';
import type { WindowsQuery } from '../answers/query.ts';
import type { ViewAndMetric } from '../http/view-reader.ts';

const TOLD = new Set<string>(SLICE_STATISTICS);

/** The query that every slice of a view answers, with all parts of its stats; the first of its statistics are told. */
export interface SliceQuery extends WindowsQuery {
  readonly told: readonly Statistic[];
}

export function sliceQuery({ view, metric }: ViewAndMetric): SliceQuery {
  const told = answerable(metric).filter(({ name }) => TOLD.has(name));
  const rest = [...STATISTICS.values(), ...(metric.quantiles ? [findStatistic('p50')!] : [])];
  return {
    view,
    metric,
    where: new Map(),
    stats: [...told, ...rest.filter((one) => !told.includes(one) && one.kinds.includes(metric.kind))],
    told,
    spec: windowSpec({ kind: 'fixed', ms: view.sliceMs }, undefined, openZone('UTC')),
    fromMs: INSTANT_MIN_MS,
    toMs: INSTANT_MAX_MS,
  };
}
