import { strict as assert } from 'node:assert';
import { dayStartS } from '../climate/civil-clock.ts';
import type { RandomStream } from '../random/stream.ts';
import { ERRAND_S_MAX, variantOf, type Errand } from './errand.ts';

/** A span of constant errand power. */
interface Span {
  readonly fromS: number;
  readonly toS: number;
  readonly milliwatts: number;
}

/**
 * The errands of one week as one step function: step i has `milliwatts[i]` from `fromS[i]` until the next step begins,
 * and `sumBefore[i]` is the energy in milliwatt-seconds from the week's start until then.
 */
export interface WeekPlan {
  readonly startS: number;
  readonly endS: number;
  readonly fromS: Float64Array;
  readonly milliwatts: Float64Array;
  readonly sumBefore: Float64Array;
  /** What errands of the week before still take in this one: milliwatt-seconds. */
  readonly carriedIn: number;
}

const DAYS = 7;
/** Lanes of random words that one errand may use in a week: seven swaps, and two per occurrence. */
const LANES_PER_ERRAND = 256;
const OCCURRENCES_MAX = 100;

/** Plans a week of a household; its errands are placed by `days` (which days) and `times` (when on the day). */
export function planWeek(errands: readonly Errand[], days: RandomStream, times: RandomStream, week: number): WeekPlan {
  const startS = dayStartS(week, 0);
  const endS = dayStartS(week, DAYS);
  const before = spansOf(errands, days, times, week - 1);
  const spans = [...before, ...spansOf(errands, days, times, week)];
  let carriedIn = 0;
  for (const span of before) carriedIn += Math.max(0, span.toS - Math.max(startS, span.fromS)) * span.milliwatts;
  return { startS, endS, carriedIn, ...stepsOf(spans, startS, endS) };
}

function spansOf(errands: readonly Errand[], days: RandomStream, times: RandomStream, week: number): Span[] {
  const spans: Span[] = [];
  for (const [number, errand] of errands.entries()) {
    assert(errand.perWeek <= OCCURRENCES_MAX, 'an errand has lanes for all its occurrences');
    const lane = number * LANES_PER_ERRAND;
    const order = shuffledDays(days, week, lane);
    for (let i = 0; i < errand.perWeek; i++) {
      const day = order[i % DAYS]!;
      const [from, to] = day >= 5 ? errand.weekend : errand.workday;
      const seconds = (to - from) * 60;
      const once = times.below(seconds, week, lane + i * 2);
      const again = times.below(seconds, week, lane + i * 2 + 1);
      const beginsS = dayStartS(week, day) + from * 60 + Math.floor((once + again) / 2);
      for (const { afterS, durationS, watts } of variantOf(errand, i)) {
        assert(afterS + durationS <= ERRAND_S_MAX, 'an errand ends before the end of the next week');
        const fromS = beginsS + afterS;
        spans.push({ fromS, toS: fromS + durationS, milliwatts: watts * 1_000 });
      }
    }
  }
  return spans;
}

/** The days of the week in random order (Fisher and Yates, as in Knuth, TAOCP 3.4.2, algorithm P). */
function shuffledDays(stream: RandomStream, week: number, lane: number): number[] {
  const order = Array.from({ length: DAYS }, (_, day) => day);
  for (let i = DAYS - 1; i > 0; i--) {
    const j = stream.below(i + 1, week, lane + i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

function stepsOf(
  spans: readonly Span[],
  startS: number,
  endS: number,
): Pick<WeekPlan, 'fromS' | 'milliwatts' | 'sumBefore'> {
  const changes = new Map<number, number>([[startS, 0]]);
  const change = (atS: number, milliwatts: number): void => {
    changes.set(atS, (changes.get(atS) ?? 0) + milliwatts);
  };
  for (const span of spans) {
    if (span.toS <= startS || span.fromS >= endS) continue;
    change(Math.max(span.fromS, startS), span.milliwatts);
    if (span.toS < endS) change(span.toS, -span.milliwatts);
  }
  const fromS = Float64Array.from(changes.keys()).sort();
  const milliwatts = new Float64Array(fromS.length);
  const sumBefore = new Float64Array(fromS.length);
  let level = 0;
  let sum = 0;
  for (let i = 0; i < fromS.length; i++) {
    if (i > 0) sum += level * (fromS[i]! - fromS[i - 1]!);
    level += changes.get(fromS[i]!)!;
    milliwatts[i] = level;
    sumBefore[i] = sum;
  }
  return { fromS, milliwatts, sumBefore };
}
