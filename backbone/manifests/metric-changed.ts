import { WeirError } from '#core/errors.ts';
import { MEANING_KEYS, type StoredMetric } from '#core/metrics/metric.ts';
import type { Manifest } from './manifest.ts';

/** A metric is declared otherwise than when readings of it were stored: these would be read as something else. */
export class MetricChanged extends WeirError {
  readonly kind = 'metric-changed';

  constructor(metric: string, view: string, key: string, before: unknown, now: unknown) {
    super(
      `Metric ${metric} is declared with \`${key}: ${String(now)}\`, but view ${view} holds readings of it with ` +
        `\`${key}: ${String(before)}\`. Set it back to ${String(before)}, or declare a metric of another name for what ` +
        'is measured from now on.',
      { fault: 'asked' },
    );
  }
}

/**
 * Refuses metrics that are not declared as they were when readings of them were stored, in whatever view, as far as
 * what is stored means something by it. `holds` tells whether a version has any reading. Throws MetricChanged.
 */
export async function checkMetricsKept(
  manifests: readonly Manifest[],
  metrics: ReadonlyMap<string, StoredMetric>,
  holds: (view: string, version: number) => Promise<boolean>,
): Promise<void> {
  for (const { view, versions } of manifests) {
    const newest = versions.at(-1);
    const now = newest === undefined ? undefined : metrics.get(newest.view.metric);
    if (newest?.metric === undefined || now === undefined) continue;
    const before = newest.metric;
    const key = MEANING_KEYS.find((one) => before[one] !== now[one]);
    if (key === undefined) continue;
    for (const { version } of versions) {
      if (await holds(view, version)) throw new MetricChanged(newest.view.metric, view, key, before[key], now[key]);
    }
  }
}
