import { DECIMALS_MAX, type ExcessRule, formatScaled } from '../numbers/scaled.ts';
import { formatInstant } from '../time/instant.ts';

/** How a metric's readings leave the edge: as stats of short panes, as every reading, or whichever the uplink allows. */
export type SendPolicy = 'panes' | 'readings' | 'adaptive';

/** Which of two different values for one (series, time) counts: the one accepted last, or the one accepted first. */
export type ConflictRule = 'last' | 'first';

/**
 * What a metric's readings are: a level that holds until the next reading (`gauge`), a register that grows, but for resets
 * and roll-overs (`counter`), one that runs both ways (`total`), or the amount of an interval of its own, which begins at
 * the reading's time (`delta`).
 */
export type MetricKind = (typeof METRIC_KINDS)[number];

export const METRIC_KINDS = ['gauge', 'counter', 'total', 'delta'] as const;

/**
 * A declared metric, parsed once from the configuration; every part trusts it from there on.
 *
 * `intervalMs` is what a series promises: one reading per interval. `rolloverScaled` is the highest value that a
 * counter shows before it starts again at 0, as a scaled integer, or null where it never rolls over. `repeatHorizonMs`
 * is how far behind the newest reading of a series its agent tells repeats, in event time; null: as far as it has room.
 *
 * What is absent unless it was said: `holdMs`, how long a gauge's value holds where no further reading comes (see
 * {@link holdMsOf}), and `rolloverStep`, the last digit that a counter shows, scaled, where that is coarser than the
 * metric's last decimal: by it the counter gets from its highest value to 0.
 */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly decimals: number;
  readonly kind: MetricKind;
  readonly intervalMs: number;
  readonly rolloverScaled: number | null;
  readonly rolloverStep?: number;
  readonly holdMs?: number;
  readonly quantiles: boolean;
  readonly paneMs: number;
  readonly send: SendPolicy;
  readonly excess: ExcessRule;
  readonly conflict: ConflictRule;
  readonly repeatHorizonMs: number | null;
  /** Readings dated before it, or with a value outside the two, can't be and are refused; infinite where not declared. */
  readonly earliestMs: number;
  readonly minScaled: number;
  readonly maxScaled: number;
}

/** What a metric declares that takes everything for possible. */
export const UNBOUNDED = {
  earliestMs: Number.NEGATIVE_INFINITY,
  minScaled: Number.NEGATIVE_INFINITY,
  maxScaled: Number.POSITIVE_INFINITY,
} as const satisfies Partial<Metric>;

/** Readings from before this are told from those of clocks that stand at zero, unless a metric says otherwise. */
export const EARLIEST_DEFAULT = '2000-01-01';

/** What decides the integers that are stored of a metric's readings, in the order in which fingerprints tell it. */
export const STORED_KEYS = [
  'unit',
  'decimals',
  'kind',
  'intervalMs',
  'rolloverScaled',
  'quantiles',
  'paneMs',
] as const satisfies readonly (keyof Metric)[];

/** What decides them as well where a metric says it. The fingerprints of all others are what they were before. */
export const STORED_IF_SAID_KEYS = ['holdMs', 'rolloverStep'] as const satisfies readonly (keyof Metric)[];

/** A metric as far as it decides what is stored. */
export type StoredMetric = Pick<Metric, (typeof STORED_KEYS)[number] | (typeof STORED_IF_SAID_KEYS)[number]>;

export function storedMetric(metric: StoredMetric): StoredMetric {
  const { unit, decimals, kind, intervalMs, rolloverScaled, quantiles, paneMs } = metric;
  return { unit, decimals, kind, intervalMs, rolloverScaled, quantiles, paneMs, ...saidOf(metric) };
}

/** Those of the facts that a metric says, without the others. */
export function saidOf({ holdMs, rolloverStep }: Pick<Metric, (typeof STORED_IF_SAID_KEYS)[number]>): {
  readonly holdMs?: number;
  readonly rolloverStep?: number;
} {
  return {
    ...(holdMs === undefined ? {} : { holdMs }),
    ...(rolloverStep === undefined ? {} : { rolloverStep }),
  };
}

/** What a stored integer means: where one of these changes, what is stored would be read as something else. */
export const MEANING_KEYS = ['unit', 'decimals', 'kind'] as const satisfies readonly (keyof StoredMetric)[];

/** A gauge holds its value for this many of its intervals at most, unless its metric says for how long. */
export const HOLD_INTERVALS_MAX = 3;

/** For how long a gauge's value holds where no further reading comes (docs/design.md#an-interval-belongs-to-its-later-reading). */
export function holdMsOf({ intervalMs, holdMs }: Pick<Metric, 'intervalMs' | 'holdMs'>): number {
  return holdMs ?? HOLD_INTERVALS_MAX * intervalMs;
}

/**
 * For how long a series is silent at most while it keeps its promise: an interval, or for as long as its value is said to
 * hold, since a device that sends on change has nothing to say meanwhile
 * (docs/design.md#completeness-compares-with-what-was-promised).
 */
export function promiseMsOf({ intervalMs, holdMs }: Pick<Metric, 'intervalMs' | 'holdMs'>): number {
  return Math.max(intervalMs, holdMs ?? intervalMs);
}

/** A bound of a metric as it is written, to the last decimal that numbers have. */
const DECIMAL = new RegExp(`^([+-]?)(\\d{1,15})(?:\\.(\\d{1,${DECIMALS_MAX}}))?$`);

/**
 * The least (`up`) or greatest (`down`) scaled integer that a bound lets pass, where it may have more decimals than the
 * metric: a least value of 0.001 at two decimals is 0.01. NaN for a text that is no such number, or one beyond 2^53.
 */
export function scaledBound(text: string, decimals: number, towards: 'up' | 'down'): number {
  const read = DECIMAL.exec(text);
  if (read === null) return Number.NaN;
  const [, sign, whole = '', fraction = ''] = read;
  const finest = BigInt(`${whole}${fraction.padEnd(DECIMALS_MAX, '0')}`) * (sign === '-' ? -1n : 1n);
  const unit = 10n ** BigInt(DECIMALS_MAX - decimals);
  const cut = finest / unit;
  const rest = finest % unit;
  const bound = Number(towards === 'up' ? cut + (rest > 0n ? 1n : 0n) : cut - (rest < 0n ? 1n : 0n));
  return Number.isSafeInteger(bound) ? bound : Number.NaN;
}

/** Why a reading of the metric can't be, undefined where it may. Every source asks it, so all refuse the same. */
export function implausible(
  { name, decimals, earliestMs, minScaled, maxScaled }: Bounds,
  timeMs: number,
  value: number,
): string | undefined {
  if (timeMs < earliestMs) {
    return `time ${formatInstant(timeMs)} lies before ${formatInstant(earliestMs)}, \`earliest\` of metric ${name}; is it of the unit and format that were said?`;
  }
  if (value < minScaled) {
    return `value ${formatScaled(BigInt(value), decimals)} is below ${formatScaled(BigInt(minScaled), decimals)}, \`min\` of metric ${name}`;
  }
  if (value > maxScaled) {
    return `value ${formatScaled(BigInt(value), decimals)} is above ${formatScaled(BigInt(maxScaled), decimals)}, \`max\` of metric ${name}`;
  }
  return undefined;
}

/** What a metric says of possible readings. */
export type Bounds = Pick<Metric, 'name' | 'decimals' | 'earliestMs' | 'minScaled' | 'maxScaled'>;

/** What so many of a unit come to over time: in another unit, of which one comes in `perMs` of one of the first. */
export interface AmountUnit {
  readonly unit: string;
  readonly perMs: number;
}

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

/** A quotient by time, such as m³/h, l/min or kWh/d: over time it comes to what stands above the line. */
const QUOTIENT = /^(.*\S)\s*\/\s*(s|sec|min|h|hr|d|day)$/u;

const TIMES_MS: Readonly<Record<string, number>> = {
  s: SECOND_MS,
  sec: SECOND_MS,
  min: 60_000,
  h: HOUR_MS,
  hr: HOUR_MS,
  d: 24 * HOUR_MS,
  day: 24 * HOUR_MS,
};

/** Powers and currents with the prefixes that are in use. They are metered by the hour: kW in kWh, A in Ah. */
const BY_THE_HOUR = /^[mkMGT]?(?:W|VA|var|VAr|A)$/u;

/** The unit in which people tell what a rate comes to over time; undefined where the unit is that of no rate known here. */
export function amountUnit(unit: string): AmountUnit | undefined {
  const [, above, time] = QUOTIENT.exec(unit) ?? [];
  if (above !== undefined && time !== undefined) return { unit: above, perMs: TIMES_MS[time]! };
  return BY_THE_HOUR.test(unit) ? { unit: `${unit}h`, perMs: HOUR_MS } : undefined;
}

/** The unit of a value times seconds. */
export function secondsOf(unit: string): string {
  return `${factor(unit)}·s`;
}

/** The unit of a value times itself. */
export function squareOf(unit: string): string {
  return `${factor(unit)}²`;
}

/** A unit that can stand in a product: what isn't one word of letters is put in brackets. */
function factor(unit: string): string {
  return /^[\p{L}%°Ω]+$/u.test(unit) ? unit : `(${unit})`;
}
