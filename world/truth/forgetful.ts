import type { TrueStats } from '#simulators/truth/truth.ts';
import type { PlannedView } from '../plan/plan.ts';
import { countOf, type ToldWindow } from './answer.ts';
import { type Known, type Spanned, windowOf } from './compare.ts';

/** How many readings of a window may have been counted twice, as it says itself. */
export function uncheckedOf({ unchecked }: ToldWindow): number {
  return Number(unchecked ?? '0');
}

/**
 * Where told windows of a metric whose agents forget what they took can't be right. Each reading counts once, and once more at
 * most for every one that could not be checked. Which of several values it has is not known: one that comes when a part of its
 * pane is forgotten changes nothing.
 */
export function forgetfulFaults(
  truth: ReadonlyMap<string, TrueStats>,
  told: readonly ToldWindow[],
  view: PlannedView,
  knownOf: (window: Spanned) => Known,
): string[] {
  const windows = new Map(
    told
      .filter((one) => knownOf(one) === 'all')
      .map((one) => [placeOf(groupOf(one, view), Date.parse(one.start)), one]),
  );
  const faults: string[] = [];
  for (const slice of truth.values()) {
    const { group, sliceStartMs, count } = slice;
    const window = windows.get(placeOf(group, sliceStartMs));
    windows.delete(placeOf(group, sliceStartMs));
    const once = Number(count);
    if (window === undefined) {
      const spanned = windowOf(slice, view);
      if (once > 0 && knownOf(spanned) === 'all') faults.push(`${spanned.start} is missing, with ${once} readings`);
      continue;
    }
    if (countOf(window) < once || countOf(window) > once + uncheckedOf(window))
      faults.push(
        `${window.start} has ${countOf(window)} readings, ${uncheckedOf(window)} of them unchecked, the truth is ${once}`,
      );
  }
  for (const window of windows.values())
    if (countOf(window) > 0) faults.push(`${window.start} has ${countOf(window)} readings, but there is none`);
  return faults;
}

function groupOf({ tags }: ToldWindow, { by }: PlannedView): readonly string[] {
  return by.map((tag) => tags[tag]!);
}

function placeOf(group: readonly string[], startMs: number): string {
  return JSON.stringify([...group, startMs]);
}
