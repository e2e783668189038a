import type { Plan, Step } from './plan.ts';

/** Whether a plan still breaks the same promise. */
export type StillBreaks = (plan: Plan) => Promise<boolean>;

/**
 * A smaller plan that breaks the same promise: whole kinds of steps are left out as long as it still does, then steps in
 * ever smaller pieces, then readings out of what is sent (delta debugging: Zeller, Hildebrandt, "Simplifying and isolating
 * failure-inducing input", IEEE TSE 28 (2), 2002). Ends early once `until` says so.
 */
export async function shrink(plan: Plan, stillBreaks: StillBreaks, until: () => boolean): Promise<Plan> {
  const stepsBreak = (some: readonly Step[]): Promise<boolean> => stillBreaks({ ...plan, steps: some });
  const steps = await shrinkList(await leaveOutKinds(plan.steps, stepsBreak, until), stepsBreak, until);
  let smaller: Plan = { ...plan, steps };
  for (let i = 0; i < smaller.steps.length && !until(); i++) {
    const step = smaller.steps[i]!;
    if (step.kind !== 'send' || step.readings.length < 2) continue;
    const base = smaller;
    const withReadings = (readings: typeof step.readings): Plan => ({
      ...base,
      steps: base.steps.map((one, at): Step => (at === i ? { ...step, readings } : one)),
    });
    smaller = withReadings(await shrinkList(step.readings, (some) => stillBreaks(withReadings(some)), until));
  }
  return smaller;
}

/** Without the kinds of steps that it doesn't take. Most faults of a world have nothing to do with what broke. */
async function leaveOutKinds(
  steps: readonly Step[],
  breaks: (some: readonly Step[]) => Promise<boolean>,
  until: () => boolean,
): Promise<readonly Step[]> {
  let left = steps;
  for (const kind of new Set(steps.map((step) => step.kind))) {
    const without = left.filter((step) => step.kind !== kind);
    if (without.length > 0 && !until() && (await breaks(without))) left = without;
  }
  return left;
}

/** A part of a list, in its order, that still breaks; no smaller piece of it can be left out, unless `until` came first. */
async function shrinkList<T>(
  list: readonly T[],
  breaks: (some: readonly T[]) => Promise<boolean>,
  until: () => boolean,
): Promise<readonly T[]> {
  let left = list;
  for (let piece = Math.ceil(list.length / 2); piece >= 1; piece = piece === 1 ? 0 : Math.ceil(piece / 2)) {
    for (let at = 0; at < left.length && !until();) {
      const without = [...left.slice(0, at), ...left.slice(at + piece)];
      if (without.length > 0 && (await breaks(without))) left = without;
      else at += piece;
    }
  }
  return left;
}
