/**
 * Errands: what a household does with electricity again and again, at a time of its own choosing.
 *
 * Each errand is done a fixed number of times per week. When it is done varies, what it takes in a week does not: that
 * is what makes the energy of any number of past weeks a multiplication.
 */

/** A constant power for some time, `afterS` seconds after the errand began. */
export interface Phase {
  readonly afterS: number;
  readonly durationS: number;
  readonly watts: number;
}

/** Minutes of the local day between which an errand begins, most often midway. */
export type MinuteSpan = readonly [from: number, to: number];

export interface Errand {
  readonly perWeek: number;
  readonly workday: MinuteSpan;
  readonly weekend: MinuteSpan;
  /** What it takes; the second time in a week is the second variant, and so on around. */
  readonly variants: readonly (readonly Phase[])[];
}

/** Errands never last longer, so that a week is reached only by those of its own and of the week before. */
export const ERRAND_S_MAX = 20 * 3_600;

/** A time of day in minutes. */
export function clock(hour: number, minute = 0): number {
  return hour * 60 + minute;
}

/** Phases that follow each other from the beginning on. */
export function cycle(...phases: readonly (readonly [watts: number, durationS: number])[]): readonly Phase[] {
  let endS = 0;
  return phases.map(([watts, durationS]) => {
    const afterS = endS;
    endS += durationS;
    return { afterS, durationS, watts };
  });
}

/** One phase from the beginning on. */
export function steady(watts: number, durationS: number): readonly Phase[] {
  return cycle([watts, durationS]);
}

/** A thermostat: on for `onS`, off for `offS`, so often. */
export function pulses(watts: number, afterS: number, onS: number, offS: number, times: number): readonly Phase[] {
  return Array.from({ length: times }, (_, i) => ({ afterS: afterS + i * (onS + offS), durationS: onS, watts }));
}

/** Watt-seconds of an errand's week. */
export function weeklyWattSeconds(errand: Errand): number {
  let sum = 0;
  for (let i = 0; i < errand.perWeek; i++) {
    for (const phase of variantOf(errand, i)) sum += phase.watts * phase.durationS;
  }
  return sum;
}

/** The phases of the week's occurrence number `i`. */
export function variantOf(errand: Errand, i: number): readonly Phase[] {
  return errand.variants[i % errand.variants.length]!;
}
