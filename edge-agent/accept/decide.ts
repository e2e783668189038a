import type { ConflictRule } from '#core/metrics/metric.ts';

/**
 * What an offered reading is (docs/design.md#a-repeated-reading-is-not-a-second-reading):
 *
 * - `new`: later than all that its series has had.
 * - `late`: earlier, at a time of which the journal knows that the series had no reading.
 * - `unchecked`: earlier, at a time that the journal has forgotten; it may be a repeat.
 * - `repeat`: the value that the series has at that time already.
 * - `amend`: another value for that time, which now counts.
 * - `refused`: another value for that time, but the first one counts.
 */
export type Decision = 'new' | 'late' | 'unchecked' | 'repeat' | 'amend' | 'refused';

/** How far the journal's memory of a series reaches, in ms; -Infinity before anything was remembered, or forgotten. */
export interface SeriesMemory {
  readonly lastMs: number;
  readonly forgottenMs: number;
}

/** Which readings of a series are in frames. */
export interface SealedMemory extends SeriesMemory {
  readonly sealedMs: number;
}

/**
 * Which of two values of a reading counts that the journal knows. An amend speaks for a whole pane, so where the journal
 * has let go of a part of it, and the reading is in a frame already, the first one does.
 */
export function conflictAt(
  timeMs: number,
  memory: SealedMemory,
  { conflict, paneMs }: { readonly conflict: ConflictRule; readonly paneMs: number },
): ConflictRule {
  if (timeMs > memory.sealedMs) return conflict;
  return Math.floor(timeMs / paneMs) * paneMs > memory.forgottenMs ? conflict : 'first';
}

/** Decides what a reading is; `known` is the value that its series has at that very time, undefined where it has none. */
export function decide(
  timeMs: number,
  value: number,
  known: number | undefined,
  memory: SeriesMemory,
  conflict: ConflictRule,
): Decision {
  if (known !== undefined) return value === known ? 'repeat' : conflict === 'last' ? 'amend' : 'refused';
  if (timeMs > memory.lastMs) return 'new';
  return timeMs > memory.forgottenMs ? 'late' : 'unchecked';
}
