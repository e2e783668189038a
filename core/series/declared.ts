import { holdMsOf, saidOf, type StoredMetric } from '../metrics/metric.ts';
import type { SeriesEntry } from './series.ts';

/** What an entry of a dictionary tells of its metric. */
export type DeclaredFacts = Omit<SeriesEntry, 'metric' | 'device' | 'tags'>;

/** A declared metric, as the entries of its series tell it. */
export function entryFacts(metric: StoredMetric): DeclaredFacts {
  const { unit, decimals, kind, intervalMs, rolloverScaled, quantiles, paneMs } = metric;
  return { unit, decimals, kind, intervalMs, rollover: rolloverScaled, ...saidOf(metric), quantiles, paneMs };
}

/** The metric that an entry tells of. */
export function storedFacts(entry: DeclaredFacts): StoredMetric {
  const { unit, decimals, kind, intervalMs, rollover, quantiles, paneMs } = entry;
  return { unit, decimals, kind, intervalMs, rolloverScaled: rollover, ...saidOf(entry), quantiles, paneMs };
}

/** Whether readings, and the links between them, come to the same by both declarations; panes and histograms apart. */
export function countsAs(a: StoredMetric, b: StoredMetric): boolean {
  return (
    a.unit === b.unit &&
    a.decimals === b.decimals &&
    a.kind === b.kind &&
    a.intervalMs === b.intervalMs &&
    a.rolloverScaled === b.rolloverScaled &&
    (a.rolloverStep ?? 1) === (b.rolloverStep ?? 1) &&
    (a.kind !== 'gauge' || holdMsOf(a) === holdMsOf(b))
  );
}

/** Whether an entry is of the metric as it is declared, in everything that decides what is stored. */
export function isAsDeclared(entry: DeclaredFacts, metric: StoredMetric): boolean {
  const { quantiles, paneMs } = entry;
  return countsAs(storedFacts(entry), metric) && quantiles === metric.quantiles && paneMs === metric.paneMs;
}
