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

/** Whether a doubt reaches a window, or so long behind it. */
export function isDoubted(
  doubts: readonly Doubt[],
  series: readonly PlannedSeries[],
  view: PlannedView,
  { start, end, tags }: Pick<ToldWindow, 'start' | 'end' | 'tags'>,
  behindMs = 0,
): boolean {
  return doubts.some(
    ({ agent, fromMs, toMs }) =>
      fromMs < Date.parse(end) + behindMs && toMs >= Date.parse(start) && isOf(agent, series, view, tags),
  );
}

/** The windows that no doubt reaches, and what is wrong about those that one does: nobody may take them for settled. */
export function undoubted(
  doubts: readonly Doubt[],
  series: readonly PlannedSeries[],
  view: PlannedView,
  told: readonly ToldWindow[],
): { readonly windows: readonly ToldWindow[]; readonly doubted: readonly ToldWindow[]; readonly faults: string[] } {
  const isOne = (one: ToldWindow): boolean => isDoubted(doubts, series, view, one);
  const doubted = told.filter(isOne);
  const faults = doubted
    .filter(({ final, completeness }) => final || Number(completeness) === 1)
    .map(({ start }) => `the window of ${start} says that it is final or complete, though it is doubted`);
  return { windows: told.filter((one) => !isOne(one)), doubted, faults };
}
