import { DECIMALS_MAX, formatScaled } from '../numbers/scaled.ts';
import { formatInstant } from '../time/instant.ts';
import type { Metric } from './metric.ts';

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
