import type { PlanOptions } from './plan/draw-faults.ts';
import { makePlan } from './plan/make-plan.ts';
import type { Plan } from './plan/plan.ts';
import { shrink } from './plan/shrink.ts';
import type { EventName } from './run/events.ts';
import { runWorld } from './run/run-world.ts';

/** A world to be run: of a seed, or as it was kept. */
export interface WorldTask {
  readonly plan?: Plan;
  readonly seed: number;
  readonly options?: PlanOptions;
  /** How long a world that breaks a promise may be shrunk, in ms. */
  readonly shrinkMs: number;
}

export interface WorldReport {
  readonly seed: number;
  readonly events: readonly (readonly [EventName, number])[];
  /** The promise that was broken, in words; null where all were kept. */
  readonly broken: string | null;
  readonly trace: readonly string[];
  /** Of a machine whose writes are counted, in order. */
  readonly writes: readonly string[];
  /** The smallest plan found that breaks the same promise, and what happens in it. */
  readonly shrunk: { readonly plan: Plan; readonly trace: readonly string[] } | null;
}

/** Runs the world of a seed; where it breaks a promise, looks for a smaller one that does. */
export async function report({
  seed,
  options,
  shrinkMs,
  plan = makePlan(seed, options),
}: WorldTask): Promise<WorldReport> {
  const { broken, events, trace, writes } = await runWorld(plan);
  const found = { seed, events: [...events], broken: broken?.message ?? null, trace, writes };
  if (broken === undefined || shrinkMs === 0) return { ...found, shrunk: null };
  const kind = kindOf(broken.message);
  const untilMs = performance.now() + shrinkMs;
  const breaksAlike = async (smaller: Plan): Promise<boolean> => {
    const again = (await runWorld(smaller)).broken;
    return again !== undefined && kindOf(again.message) === kind;
  };
  const small = await shrink(plan, breaksAlike, () => performance.now() >= untilMs);
  return { ...found, shrunk: { plan: small, trace: (await runWorld(small)).trace } };
}

/** What a broken promise has in common with others of its kind: its words without numbers and names. */
export function kindOf(message: string): string {
  return message.replaceAll(/[\d"]+|\b[a-z]+-[-a-z#]+\b/g, '#').slice(0, 60);
}
