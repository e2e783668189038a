import { describe, expect, it } from 'vitest';
import type { StoredMetric } from '#core/metrics/metric.ts';
import type { View } from '#core/views/view.ts';
import { declareView } from './manifest.ts';
import { checkMetricsKept, MetricChanged } from './metric-changed.ts';

const VIEW: View = { name: 'usage', metric: 'power', by: ['region'], where: {}, sliceMs: 60_000 };
const POWER: StoredMetric = {
  unit: 'kW',
  decimals: 3,
  kind: 'gauge',
  intervalMs: 10_000,
  rolloverScaled: null,
  quantiles: false,
  paneMs: 10_000,
};

/** Checks a declaration against a view that was declared with `POWER`, with readings in the versions that are named. */
function check(now: Partial<StoredMetric>, versionsWithReadings: readonly number[]): Promise<void> {
  const wider = { ...VIEW, sliceMs: 120_000 };
  const manifest = declareView(declareView(undefined, VIEW, 1, { metric: POWER }), wider, 1, { metric: POWER });
  const holds = (_: string, version: number): Promise<boolean> =>
    Promise.resolve(versionsWithReadings.includes(version));
  return checkMetricsKept([manifest], new Map([['power', { ...POWER, ...now }]]), holds);
}

describe('a metric that readings are stored of', () => {
  it('is refused with another unit, other decimals or another kind, with the way back', async () => {
    for (const now of [{ unit: 'W' }, { decimals: 2 }, { kind: 'counter' }] as const) {
      await expect(check(now, [1])).rejects.toThrow(MetricChanged);
    }
    await expect(check({ decimals: 2 }, [2])).rejects.toThrow(
      'Metric power is declared with `decimals: 2`, but view usage holds readings of it with `decimals: 3`. ' +
        'Set it back to 3, or declare a metric of another name',
    );
  });

  it('may change while no version of the view has any, and in whatever else', async () => {
    await check({ decimals: 2 }, []);
    await check({ intervalMs: 1000, quantiles: true, paneMs: 1000 }, [1, 2]);
    await checkMetricsKept([declareView(undefined, VIEW, 1)], new Map(), () => Promise.resolve(true));
  });
});
