import type { Measure } from '../choice/measure.ts';
import type { ShownWindow } from '../stream/windows-state.ts';

/**
 * The window whose value stands for `now`: the newest one, but of a measure that adds up the newest that has ended as
 * far as its agents know, because a sum that is still growing says too little. Undefined where there is no window.
 */
export function latestWindow(
  windows: readonly ShownWindow[],
  measure: Measure,
  freshnessMs: number | null,
): ShownWindow | undefined {
  const newest = windows.at(-1);
  if (!measure.adds) return newest;
  return windows.findLast(({ endMs, final }) => final || (freshnessMs !== null && endMs <= freshnessMs)) ?? newest;
}
