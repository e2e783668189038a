import { z } from 'zod';
import { DECIMALS_MAX, parseScaled } from '../numbers/scaled.ts';
import { isSeriesName, isSeriesUnit, PANE_MS_MAX, SERIES_NAME_RULE, UNIT_LENGTH_MAX } from '../series/series.ts';
import { InstantError, parseInstant } from '../time/instant.ts';
import { fixedSpan } from '../time/span-config.ts';
import { EARLIEST_DEFAULT, type Metric, UNBOUNDED } from './metric.ts';
import { scaledBound } from './plausible.ts';

/** A pane is this long unless a metric says otherwise (docs/design.md#pane). */
const PANE_DEFAULT = '10s';
const DAY_MS = 86_400_000;

/** YAML reads 99999.999 as a number; its shortest decimal text is what was written, as long as it has 15 digits. */
const decimalText = z.union([z.string(), z.number().transform(String)]);

const metricSchema = z.strictObject({
  unit: z.string().min(1).max(UNIT_LENGTH_MAX).refine(isSeriesUnit, 'a unit is text without control characters'),
  decimals: z.int().min(0).max(DECIMALS_MAX),
  kind: z.enum(['gauge', 'counter']),
  interval: fixedSpan(),
  send: z.enum(['panes', 'readings', 'adaptive']).default('panes'),
  excess: z.enum(['round', 'refuse']).default('round'),
  conflict: z.enum(['last', 'first']).default('last'),
  rollover: decimalText.optional(),
  quantiles: z.boolean().default(false),
  pane: fixedSpan().prefault(PANE_DEFAULT),
  repeatHorizon: fixedSpan().optional(),
  earliest: z.string().default(EARLIEST_DEFAULT),
  min: decimalText.optional(),
  max: decimalText.optional(),
});

/** The `metrics:` section: what is measured, by name. */
export const metricsSchema = z
  .record(z.string().refine(isSeriesName, `a metric's name ${SERIES_NAME_RULE}`), metricSchema)
  .superRefine((metrics, context) => {
    for (const [name, metric] of Object.entries(metrics)) {
      for (const fault of metricFaults(metric))
        context.addIssue({ code: 'custom', path: [name, fault.key], message: fault.message });
    }
  })
  .transform((metrics) => new Map(Object.entries(metrics).map(([name, metric]) => [name, toMetric(name, metric)])));

type MetricConfig = z.output<typeof metricSchema>;

function metricFaults(metric: MetricConfig): { readonly key: string; readonly message: string }[] {
  const faults: { key: string; message: string }[] = [];
  if (metric.pane > PANE_MS_MAX || DAY_MS % metric.pane !== 0) {
    faults.push({ key: 'pane', message: 'a pane divides a day evenly: 1s, 10s, 30s, 1m, 15m, 1h are such spans' });
  }
  faults.push(...boundFaults(metric));
  if (metric.rollover === undefined) return faults;
  if (metric.kind !== 'counter')
    faults.push({ key: 'rollover', message: 'only a counter rolls over; remove it, or say kind: counter' });
  const scaled = parseScaled(metric.rollover, metric.decimals, 'refuse');
  if (!(scaled > 0)) {
    faults.push({
      key: 'rollover',
      message: `${metric.rollover} is no positive number with up to ${metric.decimals} decimals`,
    });
  }
  return faults;
}

function boundFaults({
  earliest,
  min,
  max,
  decimals,
}: MetricConfig): { readonly key: string; readonly message: string }[] {
  const faults: { key: string; message: string }[] = [];
  if (instantOf(earliest) === undefined) {
    const message = `${earliest} is no instant; write one such as 2000-01-01, or 2000-01-01T00:00:00Z`;
    faults.push({ key: 'earliest', message });
  }
  const least = min === undefined ? Number.NEGATIVE_INFINITY : scaledBound(min, decimals, 'up');
  const most = max === undefined ? Number.POSITIVE_INFINITY : scaledBound(max, decimals, 'down');
  const noNumber = `is no number with up to ${DECIMALS_MAX} decimals that values of ${decimals} reach`;
  if (Number.isNaN(least)) faults.push({ key: 'min', message: `${min} ${noNumber}` });
  if (Number.isNaN(most)) faults.push({ key: 'max', message: `${max} ${noNumber}` });
  if (least > most) faults.push({ key: 'max', message: `no value lies between min ${min} and max ${max}` });
  return faults;
}

/** An instant in ms, of a date its first in UTC; undefined where the text names none. */
function instantOf(text: string): number | undefined {
  try {
    return parseInstant(text);
  } catch (error) {
    if (error instanceof InstantError) return undefined;
    throw error;
  }
}

function toMetric(name: string, metric: MetricConfig): Metric {
  const { unit, decimals, kind, send, excess, conflict, quantiles } = metric;
  return {
    name,
    unit,
    decimals,
    kind,
    intervalMs: metric.interval,
    rolloverScaled: metric.rollover === undefined ? null : parseScaled(metric.rollover, decimals, 'refuse'),
    quantiles,
    paneMs: metric.pane,
    send,
    excess,
    conflict,
    repeatHorizonMs: metric.repeatHorizon ?? null,
    // What can't be read was refused above.
    earliestMs: instantOf(metric.earliest) ?? Number.NaN,
    minScaled: metric.min === undefined ? UNBOUNDED.minScaled : scaledBound(metric.min, decimals, 'up'),
    maxScaled: metric.max === undefined ? UNBOUNDED.maxScaled : scaledBound(metric.max, decimals, 'down'),
  };
}
