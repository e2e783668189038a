import { z } from 'zod';
import { DECIMALS_MAX, parseScaled } from '../numbers/scaled.ts';
import {
  HOLD_MS_MAX,
  isSeriesName,
  isSeriesUnit,
  PANE_MS_MAX,
  SERIES_NAME_RULE,
  UNIT_LENGTH_MAX,
} from '../series/series.ts';
import { fixedSpan } from '../time/duration-config.ts';
import { InstantError, parseInstant } from '../time/instant.ts';
import { EARLIEST_DEFAULT, holdMsOf, type Metric, METRIC_KINDS, scaledBound, UNBOUNDED } from './metric.ts';

/** A pane is this long unless a metric says otherwise (docs/design.md#pane). */
const PANE_DEFAULT = '10s';
const DAY_MS = 86_400_000;

/** YAML reads 99999.999 as a number; its shortest decimal text is what was written, as long as it has 15 digits. */
const decimalText = z.union([z.string(), z.number().transform(String)]).meta({ title: 'number' });

const metricSchema = z.strictObject({
  unit: z
    .string()
    .min(1)
    .max(UNIT_LENGTH_MAX)
    .refine(isSeriesUnit, 'a unit is text without control characters')
    .meta({
      description:
        'What a value is measured in. Units that are known, such as W, kWh and m³/h, give integrals their own.',
      examples: ['kW'],
    }),
  decimals: z
    .int()
    // What values of it would be is not looked at then.
    .min(0, { abort: true })
    .max(DECIMALS_MAX, { abort: true })
    .meta({
      description:
        'Digits behind the decimal mark that are kept. Values are whole numbers of the last of them, and sums exact.',
      examples: [3],
    }),
  kind: z.enum(METRIC_KINDS).meta({
    description:
      'What a value says: a level that holds until the next (gauge), a register that grows (counter), one that runs both ways (total), or the amount of an interval that begins at its time (delta).',
    examples: ['gauge'],
  }),
  interval: fixedSpan().meta({
    description: 'How far apart readings of a series are expected. Completeness goes by it.',
    examples: ['1m'],
  }),
  hold: fixedSpan()
    .meta({
      description: 'How long the value of a gauge holds where no further reading comes. Three intervals unless given.',
      examples: ['1h'],
    })
    .optional(),
  send: z
    .enum(['panes', 'readings', 'adaptive'])
    .default('panes')
    .meta({
      description:
        'How readings leave the agent: as the statistics of short panes, one by one, or one by one as long as the uplink keeps up.',
      examples: ['readings'],
    }),
  excess: z
    .enum(['round', 'refuse'])
    .default('round')
    .meta({
      description: 'What becomes of values with more decimals: they are rounded half to even, or go to quarantine.',
      examples: ['refuse'],
    }),
  conflict: z
    .enum(['last', 'first'])
    .default('last')
    .meta({ description: 'Which of two different values of one series and time counts.', examples: ['first'] }),
  rollover: decimalText
    .meta({
      description:
        'The highest value that a counter shows before it begins again at 0, written with as many digits as it shows.',
      examples: ['99999.999'],
    })
    .optional(),
  quantiles: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether quantiles (p50, p90, p99) can be asked for.', examples: [true] }),
  pane: fixedSpan()
    .prefault(PANE_DEFAULT)
    .meta({
      description: 'The stretch of which an agent sends statistics at a time, a whole part of a day.',
      examples: ['1m'],
    }),
  repeatHorizon: fixedSpan()
    .meta({
      description:
        'How far behind the newest reading of a series repeats are told from news. As far as there is room unless given.',
      examples: ['7d'],
    })
    .optional(),
  earliest: z
    .string()
    .default(EARLIEST_DEFAULT)
    .meta({
      title: 'time',
      description: 'Readings dated before it go to quarantine: a clock stood at zero.',
      examples: ['2020-01-01'],
    }),
  min: decimalText.meta({ description: 'Values below it go to quarantine.', examples: [-40] }).optional(),
  max: decimalText.meta({ description: 'Values above it go to quarantine.', examples: [85] }).optional(),
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
  if (metric.hold !== undefined && metric.kind !== 'gauge') {
    faults.push({ key: 'hold', message: `only a gauge's value holds; remove it, or say kind: gauge` });
  } else if (metric.hold !== undefined && metric.hold > HOLD_MS_MAX) {
    faults.push({ key: 'hold', message: `a value holds for ${HOLD_MS_MAX / DAY_MS}d at most` });
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

/** The last digit of what a counter shows, scaled, from how its highest value is written: of 838860.7 it is 0.1. */
function rolloverStep(rollover: string, decimals: number): number {
  const shown = /\.(\d*)$/.exec(rollover)?.[1]?.length ?? 0;
  return 10 ** Math.max(0, decimals - shown);
}

/** What a metric says beyond what follows from the rest, each only where it makes a difference. */
function saidIn(metric: MetricConfig): Pick<Metric, 'holdMs' | 'rolloverStep'> {
  const { hold, interval, rollover, decimals } = metric;
  const step = rollover === undefined ? 1 : rolloverStep(rollover, decimals);
  return {
    ...(hold === undefined || hold === holdMsOf({ intervalMs: interval }) ? {} : { holdMs: hold }),
    ...(step === 1 ? {} : { rolloverStep: step }),
  };
}

function toMetric(name: string, metric: MetricConfig): Metric {
  const { unit, decimals, kind, send, excess, conflict, quantiles } = metric;
  return {
    ...saidIn(metric),
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
