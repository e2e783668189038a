import { strict as assert } from 'node:assert';
import { SPAN_SLICES } from '#core/slices/slice-span.ts';

/** Slices of a page: a day of 1 m slices. A change touches one page per group, and a day's page answers by one sum. */
export const PAGE_SLICES = 1_440;

/** Pages of a group that one load reads: long enough that a year is not 365 scans, short enough to be used soon. */
export const LOAD_PAGES_MAX = 16;

/** Slices of a section, whose sum is kept: an hour of 1 m slices, so that a week of hours is 168 sums and not 10,080. */
export const SECTION_SLICES = 60;

export const SECTIONS_PER_PAGE = PAGE_SLICES / SECTION_SLICES;

assert(Number.isInteger(SECTIONS_PER_PAGE), 'a page is a whole number of sections');
assert(PAGE_SLICES % SPAN_SLICES === 0, 'a page is a whole number of spans of rows');
assert(SPAN_SLICES <= SECTION_SLICES, 'a span of rows lies in two sections at most');

/** The number of the page that a slice lies in. */
export function pageOf(slice: number): number {
  return Math.floor(slice / PAGE_SLICES);
}
