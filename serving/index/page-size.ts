import { strict as assert } from 'node:assert';

/** Slices of a page: a day of 1 m slices. A change touches one page per group, and a day's page answers by one sum. */
export const PAGE_SLICES = 1_440;

/** Slices of a run, whose sum is kept: an hour of 1 m slices, so that a week of hours is 168 sums and not 10,080. */
export const RUN_SLICES = 60;

export const RUNS_PER_PAGE = PAGE_SLICES / RUN_SLICES;

assert(Number.isInteger(RUNS_PER_PAGE), 'a page is a whole number of runs');

/** The number of the page that a slice lies in. */
export function pageOf(slice: number): number {
  return Math.floor(slice / PAGE_SLICES);
}
