/**
 * Consecutive slices of a group that are held, stored and told of together, aligned to slice 0. Enough that what a span
 * costs is small beside its rows, and few enough that a live change of one slice doesn't write many.
 */
export const SPAN_SLICES = 16;

/** The number of the span that holds a slice. */
export function spanOf(slice: number): number {
  return Math.floor(slice / SPAN_SLICES);
}
