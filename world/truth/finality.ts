import type { PlannedView, Setting } from '../plan/plan.ts';
import type { ToldWindow } from './answer.ts';
import { spanMs } from './span.ts';

/** How many of its intervals a gauge's value is held unless its metric says for how long: an answer that tells integrals is final that much later. */
const HELD_INTERVALS = 3;

/** For how long a window that has ended waits for what ends the values that are held in it. */
export function heldMsOf(setting: Setting, view: PlannedView): number {
  const { kind, interval, hold } = setting.metrics[view.metric]!;
  if (kind !== 'gauge') return 0;
  return hold === undefined ? HELD_INTERVALS * spanMs(interval) : spanMs(hold);
}

/** What is wrong about how good windows say they are, in a world at rest in which nothing is missing. */
export function finalityFaults(
  setting: Setting,
  view: PlannedView,
  told: readonly ToldWindow[],
  /** When every series sent its last reading. */
  closedMs: number,
): string[] {
  const passedMs = closedMs - setting.latenessMs - heldMsOf(setting, view);
  const found: string[] = [];
  // Last readings are dated up to an interval ahead, and a watermark is of all that its agent measures.
  const dawnMs = closedMs + Math.max(...Object.values(setting.metrics).map((metric) => spanMs(metric.interval)));
  for (const { start, end, final, completeness, pending, unchecked } of told) {
    const endMs = Date.parse(end);
    if (endMs <= passedMs && !final) found.push(`the window of ${start} is not final, though all has passed it`);
    if (endMs > dawnMs && final) found.push(`the window of ${start} is final before its end`);
    if (!(Number(completeness) >= 0 && Number(completeness) <= 1))
      found.push(`the window of ${start} is complete to ${completeness}`);
    if (pending !== undefined) found.push(`the window of ${start} still waits for ${pending.join(', ')}`);
    if (unchecked !== undefined && setting.metrics[view.metric]!.repeatHorizon === undefined)
      found.push(`the window of ${start} has unchecked readings`);
  }
  return found;
}
