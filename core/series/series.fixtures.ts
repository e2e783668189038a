import type { SeriesEntry } from './series.ts';

/** A gauge of power in kW with three decimals, read once a minute, or what is given instead; `tags` beside the device. */
export function powerSeries(
  device: string,
  { tags = {}, ...given }: Partial<Omit<SeriesEntry, 'device'>> = {},
): SeriesEntry {
  return {
    metric: 'power',
    unit: 'kW',
    decimals: 3,
    kind: 'gauge',
    intervalMs: 60_000,
    rollover: null,
    quantiles: false,
    paneMs: 10_000,
    device,
    ...given,
    tags: { device, ...tags },
  };
}
