import type { Viewer } from '../format/numbers.ts';
import { formatClock, formatDay, formatMonth, formatSeconds } from '../format/times.ts';

export const MINUTE_S = 60;
export const DAY_S = 86_400;
/** Where lines are months apart, the shortest has 28 days. */
export const MONTH_S = 28 * DAY_S;
/** Part of the range that is left free beyond the highest and the lowest value. */
const HEADROOM = 0.08;
/** From here thousands are shortened. */
const COMPACT_FROM = 10_000;
/** More decimals than any step between lines of a plot needs. */
const DECIMALS_MAX = 15;

/** Where the axis of values ends: from zero for what adds up, else around the values, with some headroom. */
export function valueRange(min: number | null, max: number | null, fromZero: boolean): [low: number, high: number] {
  if (min === null || max === null || (min === 0 && max === 0)) return [0, 1];
  const low = fromZero ? Math.min(0, min) : min;
  const high = fromZero ? Math.max(0, max) : max;
  const room = (high - low || Math.abs(high) || 1) * HEADROOM;
  return [low === 0 ? 0 : low - room, high === 0 ? 0 : high + room];
}

/**
 * What stands at the lines of the axis of values, which lie `step` apart: with as many digits as the step has, because
 * a label that is rounded says another value than the one it stands at; thousands shortened.
 */
export function valueLabels(values: readonly number[], step: number, { locale }: Viewer = {}): string[] {
  const decimals = decimalsOf(step);
  // What should be zero is not always, and would else have a sign.
  const plain = new Intl.NumberFormat(locale, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
    signDisplay: 'negative',
  });
  return values.map((value) => {
    const size = Math.abs(value);
    if (size < COMPACT_FROM) return plain.format(value);
    const digits = Math.floor(Math.log10(size)) + 1 - lowestDigitOf(step);
    return new Intl.NumberFormat(locale, { notation: 'compact', maximumSignificantDigits: digits }).format(value);
  });
}

/**
 * What stands at a time on the axis: midnight, and all that is days apart, as its day; what is months apart as its month,
 * and what is less than a minute apart with seconds.
 */
export function timeLabel(atMs: number, stepS: number, viewer: Viewer = {}): string {
  if (stepS >= MONTH_S) return formatMonth(atMs, viewer);
  if (stepS < MINUTE_S) return formatSeconds(atMs, viewer);
  const day = formatDay(atMs, atMs, viewer);
  return stepS >= DAY_S || day !== formatDay(atMs - 1, atMs, viewer) ? day : formatClock(atMs, viewer);
}

/** Decimals that a step has as people write it: 3 for 0.025, none for 10. */
function decimalsOf(step: number): number {
  let decimals = 0;
  while (decimals < DECIMALS_MAX && !isWhole(step * 10 ** decimals)) decimals++;
  return decimals;
}

/** The power of ten of the lowest digit of a step that is not zero: 3 for 25,000, 0 for 5. Below one there is none. */
function lowestDigitOf(step: number): number {
  let power = 0;
  while (power < DECIMALS_MAX && isWhole(step / 10 ** (power + 1))) power++;
  return power - decimalsOf(step);
}

function isWhole(value: number): boolean {
  return Math.abs(value - Math.round(value)) < 1e-9 * Math.max(1, Math.abs(value));
}
