/**
 * The statistics that an answer can give, each computed from exact stats at the very end.
 *
 * `STATISTICS` is the registry: a new one is one entry. Quantiles are a family, p1 to p99.9 with at most one decimal,
 * and found by name alone.
 *
 * A computed value is decimal text that is also a JSON number, or null where there is nothing to tell: the text holds
 * all digits of an integer statistic, and the shortest form of the nearest double of the others (mean, variance,
 * stddev, timeMean, the amount of a rate), which are rounded once.
 */
import { amountUnit, type Metric, METRIC_KINDS, type MetricKind, secondsOf, squareOf } from '../metrics/metric.ts';
import { quantileFromBuckets } from '../numbers/log-buckets.ts';
import { DECIMALS_MAX, divideToDouble, formatScaled, sqrtToDouble } from '../numbers/scaled.ts';
import { nearestNames } from '../time/nearest-name.ts';
import { UnknownStatistic } from './stats-errors.ts';
import type { Stats } from './stats.ts';

export type StatValue = string | null;

/** The parts of stats that a statistic is computed from. */
export const STATS_PARTS = [
  'count',
  'sum',
  'squares',
  'min',
  'max',
  'first',
  'last',
  'increase',
  'integral',
  'coveredMs',
  'histogram',
] as const;
export type StatsPart = (typeof STATS_PARTS)[number];

export interface Statistic {
  readonly name: string;
  readonly needs: readonly StatsPart[];
  /** The kinds of metric that it means something for. */
  readonly kinds: readonly MetricKind[];
  /** One sentence for people, with its unit in terms of the metric's. */
  readonly describe: string;
  /** The unit that its values are told in; null where they are no quantity, or the metric can't answer it. */
  readonly unitOf: (metric: MeasuredMetric) => string | null;
  /** Why a metric of the right kind has no such statistic, and what to ask instead, where there may be a reason. */
  readonly lackOf?: (metric: NamedMetric) => string | null;
  /** Computes it for values of the metric, scaled by 10^decimals. */
  compute(stats: Stats, metric: MeasuredMetric): StatValue;
}

/** What has to be known of a metric to tell statistics of it. */
export type MeasuredMetric = Pick<Metric, 'kind' | 'unit' | 'decimals'>;

type NamedMetric = MeasuredMetric & Pick<Metric, 'name'>;

const ALL_KINDS: readonly MetricKind[] = METRIC_KINDS;
const GAUGE: readonly MetricKind[] = ['gauge'];
/** Kinds whose readings tell by how much more of something there is. */
const GROWING: readonly MetricKind[] = ['counter', 'total', 'delta'];

const OWN_UNIT: Statistic['unitOf'] = ({ unit }) => unit;

/** The integral is held in value · ms and told in unit · seconds: three more decimals. */
const MS_DECIMALS = 3;

const ALL: readonly Statistic[] = [
  {
    name: 'count',
    needs: ['count'],
    kinds: ALL_KINDS,
    describe: 'How many readings there are.',
    unitOf: () => null,
    compute: (stats) => String(stats.count),
  },
  {
    name: 'sum',
    needs: ['count', 'sum'],
    kinds: ALL_KINDS,
    describe: 'The sum of the values, in the unit; exact.',
    unitOf: OWN_UNIT,
    compute: (stats, { decimals }) => (stats.count === 0 ? null : formatScaled(stats.sum, decimals)),
  },
  {
    name: 'mean',
    needs: ['count', 'sum'],
    kinds: ALL_KINDS,
    describe: 'The mean of the values, in the unit.',
    unitOf: OWN_UNIT,
    compute: mean,
  },
  {
    name: 'min',
    needs: ['min'],
    kinds: ALL_KINDS,
    describe: 'The smallest value, in the unit; exact.',
    unitOf: OWN_UNIT,
    compute: (stats, { decimals }) => (stats.min === null ? null : formatScaled(stats.min, decimals)),
  },
  {
    name: 'max',
    needs: ['max'],
    kinds: ALL_KINDS,
    describe: 'The largest value, in the unit; exact.',
    unitOf: OWN_UNIT,
    compute: (stats, { decimals }) => (stats.max === null ? null : formatScaled(stats.max, decimals)),
  },
  {
    name: 'variance',
    needs: ['count', 'sum', 'squares'],
    kinds: ALL_KINDS,
    describe: "The population's variance of the values, in the unit squared.",
    unitOf: ({ unit }) => squareOf(unit),
    compute: variance,
  },
  {
    name: 'stddev',
    needs: ['count', 'sum', 'squares'],
    kinds: ALL_KINDS,
    describe: "The population's standard deviation of the values, in the unit.",
    unitOf: OWN_UNIT,
    compute: standardDeviation,
  },
  {
    name: 'first',
    needs: ['first'],
    kinds: ALL_KINDS,
    describe: 'The value of the earliest reading, of equal times the smallest; exact.',
    unitOf: OWN_UNIT,
    compute: (stats, { decimals }) => (stats.first === null ? null : formatScaled(stats.first.value, decimals)),
  },
  {
    name: 'last',
    needs: ['last'],
    kinds: ALL_KINDS,
    describe: 'The value of the latest reading, of equal times the largest; exact.',
    unitOf: OWN_UNIT,
    compute: (stats, { decimals }) => (stats.last === null ? null : formatScaled(stats.last.value, decimals)),
  },
  {
    name: 'increase',
    needs: ['count', 'sum', 'increase'],
    kinds: GROWING,
    describe:
      'By how much it grew: counters with resets and roll-overs considered, totals less what they fell, deltas added up; in the unit; exact.',
    unitOf: OWN_UNIT,
    compute: increase,
  },
  {
    name: 'integral',
    needs: ['integral', 'coveredMs'],
    kinds: GAUGE,
    describe: 'The values times how long they held, in unit · seconds; exact.',
    unitOf: ({ unit }) => secondsOf(unit),
    compute: (stats, { decimals }) =>
      stats.coveredMs === 0n ? null : formatScaled(stats.integral, decimals + MS_DECIMALS),
  },
  {
    name: 'timeMean',
    needs: ['integral', 'coveredMs'],
    kinds: GAUGE,
    describe: 'The mean over time of the values, each for as long as it held, in the unit.',
    unitOf: OWN_UNIT,
    compute: timeMean,
  },
  {
    name: 'amount',
    needs: ['count', 'sum', 'increase', 'integral', 'coveredMs'],
    kinds: ALL_KINDS,
    describe:
      'How much it came to: what counters and totals grew by, deltas added up, and rates times how long they held, such as kW in kWh and m³/h in m³.',
    unitOf: (metric) => (metric.kind === 'gauge' ? (amountUnit(metric.unit)?.unit ?? null) : metric.unit),
    lackOf: ({ name, kind, unit }) =>
      kind === 'gauge' && amountUnit(unit) === undefined
        ? `is for rates, such as those in kW or m³/h, but metric ${name} is in ${unit}; ask for integral, or declare the kind whose values are amounts by themselves`
        : null,
    compute: (stats, metric) => (metric.kind === 'gauge' ? amountHeld(stats, metric) : increase(stats, metric)),
  },
];

/** Every statistic with a fixed name, by its name, in the order in which they are told. */
export const STATISTICS: ReadonlyMap<string, Statistic> = new Map(ALL.map((statistic) => [statistic.name, statistic]));

const QUANTILE_NAME = /^p([1-9]\d?)(?:\.(\d))?$/;

/** Stands for the family of quantiles in lists of names. */
const QUANTILE_FAMILY = 'p1…p99.9';
const QUANTILE_EXAMPLES = ['p1', 'p5', 'p10', 'p25', 'p50', 'p75', 'p90', 'p95', 'p99', 'p99.9'];

/** What other tools call some of them; an answer tells them by their own names. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['avg', 'mean'],
  ['average', 'mean'],
  ['minimum', 'min'],
  ['maximum', 'max'],
  ['std', 'stddev'],
  ['stdev', 'stddev'],
  ['stddev_pop', 'stddev'],
  ['var', 'variance'],
  ['var_pop', 'variance'],
  ['median', 'p50'],
]);

/** The statistic of a name, or of what others call it, quantiles included; undefined where there is none. */
export function findStatistic(name: string): Statistic | undefined {
  const own = ALIASES.get(name) ?? name;
  return STATISTICS.get(own) ?? quantileStatistic(own);
}

/**
 * The statistics of a list such as `count,mean,p99`, in its order, each once. Spaces around names are allowed. Throws
 * UnknownStatistic, which names the nearest known ones.
 */
export function parseStatistics(text: string): readonly Statistic[] {
  const found = new Map<string, Statistic>();
  for (const part of text.split(',')) {
    const name = part.trim();
    const statistic = findStatistic(name);
    if (statistic === undefined) {
      const near = nearestNames(name, [...STATISTICS.keys(), ...QUANTILE_EXAMPLES, ...ALIASES.keys()]);
      const nearest = [...new Set(near.map((known) => ALIASES.get(known) ?? known))];
      throw new UnknownStatistic(name, nearest, [...STATISTICS.keys(), QUANTILE_FAMILY]);
    }
    found.set(statistic.name, statistic);
  }
  return [...found.values()];
}

/** Why a metric can't answer a statistic, with the remedy; null where it can. */
export function whyUnanswerable(statistic: Statistic, metric: NamedMetric & Pick<Metric, 'quantiles'>): string | null {
  if (!statistic.kinds.includes(metric.kind)) {
    return `statistic ${statistic.name} is for a ${eitherOf(statistic.kinds)}, but metric ${metric.name} is a ${metric.kind}; ask for another, or declare its kind`;
  }
  const lack = statistic.lackOf?.(metric) ?? null;
  if (lack !== null) return `statistic ${statistic.name} ${lack}`;
  if (statistic.needs.includes('histogram') && !metric.quantiles) {
    return `statistic ${statistic.name} needs quantiles, which metric ${metric.name} does not keep; declare \`quantiles: true\` for it`;
  }
  return null;
}

/** The statistics of fixed names that a metric can answer, in the order in which they are told. */
export function answerable(metric: NamedMetric & Pick<Metric, 'quantiles'>): readonly Statistic[] {
  return ALL.filter((statistic) => whyUnanswerable(statistic, metric) === null);
}

/** The value of one statistic of a metric. Throws UnknownStatistic for a name that is none. */
export function statistic(stats: Stats, name: string, metric: MeasuredMetric): StatValue {
  const found = findStatistic(name) ?? parseStatistics(name)[0]!;
  return found.compute(stats, metric);
}

function quantileStatistic(name: string): Statistic | undefined {
  const match = QUANTILE_NAME.exec(name);
  if (match === null) return undefined;
  // In tenths of a percent, so that p99.9 is the double nearest to 0.999.
  const quantile = (Number(match[1]) * 10 + Number(match[2] ?? 0)) / 1000;
  return {
    name,
    needs: ['histogram', 'min', 'max'],
    kinds: ALL_KINDS,
    describe: `The value that ${name.slice(1)} % of the readings do not exceed, within 1 %, in the unit.`,
    unitOf: OWN_UNIT,
    compute: (stats, { decimals }) => {
      if (stats.histogram === null || stats.min === null || stats.max === null) return null;
      // Readings from before the metric asked for quantiles are in no bucket: what the others say is not the quantile of all.
      let bucketed = 0;
      for (const [, count] of stats.histogram) bucketed += count;
      if (bucketed !== stats.count) return null;
      const estimate = quantileFromBuckets(stats.histogram, quantile);
      if (estimate === undefined) return null;
      // The value asked for lies between them, so this can only bring the estimate nearer.
      return formatScaled(Math.min(Math.max(estimate, stats.min), stats.max), decimals);
    },
  };
}

function mean({ count, sum }: Stats, { decimals }: MeasuredMetric): StatValue {
  return count === 0 ? null : doubleText(divideToDouble(sum, BigInt(count) * powerOfTen(decimals)));
}

/** (n·Σv² − (Σv)²) / n², the exact form; the textbook's other one subtracts rounded numbers. */
function varianceFraction({ count, sum, squares }: Stats, decimals: number): [numerator: bigint, denominator: bigint] {
  const n = BigInt(count);
  return [n * squares - sum * sum, n * n * powerOfTen(2 * decimals)];
}

function variance(stats: Stats, { decimals }: MeasuredMetric): StatValue {
  return stats.count === 0 ? null : doubleText(divideToDouble(...varianceFraction(stats, decimals)));
}

function standardDeviation(stats: Stats, { decimals }: MeasuredMetric): StatValue {
  return stats.count === 0 ? null : doubleText(sqrtToDouble(...varianceFraction(stats, decimals)));
}

function timeMean({ integral, coveredMs }: Stats, { decimals }: MeasuredMetric): StatValue {
  return coveredMs === 0n ? null : doubleText(divideToDouble(integral, coveredMs * powerOfTen(decimals)));
}

/** A delta is an increase by itself; those of registers lie between their readings. */
function increase({ count, sum, increase: grown }: Stats, { kind, decimals }: MeasuredMetric): StatValue {
  return count === 0 ? null : formatScaled(kind === 'delta' ? sum : grown, decimals);
}

/** The integral of a rate, in the unit of what it is a rate of. */
function amountHeld({ integral, coveredMs }: Stats, { unit, decimals }: MeasuredMetric): StatValue {
  const amount = amountUnit(unit);
  if (amount === undefined || coveredMs === 0n) return null;
  return doubleText(divideToDouble(integral, BigInt(amount.perMs) * powerOfTen(decimals)));
}

/** As a sentence lists them: a counter, total or delta. */
function eitherOf(kinds: readonly MetricKind[]): string {
  return kinds.length === 1 ? kinds[0]! : `${kinds.slice(0, -1).join(', ')} or ${kinds.at(-1)}`;
}

/** The shortest decimal that reads back as the same double (ECMA-262 Number::toString), a JSON number as well. */
function doubleText(value: number): string {
  return String(value);
}

/** As far as twice the decimals that a metric may have. */
const POWERS_OF_TEN: readonly bigint[] = Array.from(
  { length: 2 * DECIMALS_MAX + 1 },
  (_, power) => 10n ** BigInt(power),
);

function powerOfTen(power: number): bigint {
  return POWERS_OF_TEN[power]!;
}
