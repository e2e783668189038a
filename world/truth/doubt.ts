import type { PlannedSeries, PlannedView } from '../plan/plan.ts';
import type { ToldWindow } from './answer.ts';

/** Event time of which an agent that began anew told what it may have told before. */
export interface Doubt {
  readonly agent: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Whether a series of the agent is in the group of a window. */
export function isOf(
  agent: string,
  series: readonly PlannedSeries[],
  view: PlannedView,
  tags: Readonly<Record<string, string>>,
): boolean {
  return series.some(
    (one) =>
      one.agent === agent &&
      one.metric === view.metric &&
      view.by.every((tag) => one.tags[tag] === tags[tag]) &&
      Object.entries(view.where ?? {}).every(([tag, values]) => values.includes(one.tags[tag] ?? '')),
  );
}

/** The windows that no doubt reaches, and what is wrong about those that one does: nobody may take them for settled. */
export function undoubted(
  doubts: readonly Doubt[],
  series: readonly PlannedSeries[],
  view: PlannedView,
  told: readonly ToldWindow[],
): { readonly windows: readonly ToldWindow[]; readonly doubted: readonly ToldWindow[]; readonly faults: string[] } {
  const isDoubted = ({ start, end, tags }: ToldWindow): boolean =>
    doubts.some(
      ({ agent, fromMs, toMs }) =>
        fromMs < Date.parse(end) && toMs >= Date.parse(start) && isOf(agent, series, view, tags),
    );
  const doubted = told.filter(isDoubted);
  const faults = doubted
    .filter(({ final, completeness }) => final || Number(completeness) === 1)
    .map(({ start }) => `the window of ${start} says that it is final or complete, though it is doubted`);
  return { windows: told.filter((one) => !isDoubted(one)), doubted, faults };
}
