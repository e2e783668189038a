import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makePlan } from './make-plan.ts';
import type { Plan, Step } from './plan.ts';
import { shrink } from './shrink.ts';

const never = (): boolean => false;
const planOf = (steps: readonly Step[]): Plan => ({ ...makePlan(1), steps });
const restart = (atMs: number): Step => ({ kind: 'restart', atMs, machine: 'server' });
const timesOf = (plan: Plan): number[] => plan.steps.map(({ atMs }) => atMs);

describe('a plan that breaks a promise', () => {
  it('is shrunk to just the steps that it takes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat({ max: 30 }), { minLength: 1, maxLength: 5 }), async (needed) => {
        const plan = planOf(Array.from({ length: 31 }, (_, atMs) => restart(atMs)));
        const breaks = async (one: Plan): Promise<boolean> => needed.every((atMs) => timesOf(one).includes(atMs));
        expect(timesOf(await shrink(plan, breaks, never))).toEqual(needed.toSorted((a, b) => a - b));
      }),
    );
  });

  it('is shrunk to the readings that it takes', async () => {
    const readings = Array.from({ length: 9 }, (_, value) => ({ series: 0, timeMs: 0, value }));
    const plan = planOf([restart(1), { kind: 'send', atMs: 2, agent: 'agent-1', readings }]);
    const breaks = async (one: Plan): Promise<boolean> =>
      one.steps.some((step) => step.kind === 'send' && step.readings.some(({ value }) => value === 7));
    const [only, ...others] = (await shrink(plan, breaks, never)).steps;
    expect(others).toEqual([]);
    expect(only).toMatchObject({ kind: 'send', readings: [{ value: 7 }] });
  });

  it('is left as it is where there is no time', async () => {
    const plan = planOf([restart(1), restart(2)]);
    expect(
      await shrink(
        plan,
        async () => true,
        () => true,
      ),
    ).toEqual(plan);
  });
});

describe('the plan of a seed', () => {
  it('is the same each time, and another for another seed', () => {
    expect(makePlan(5)).toEqual(makePlan(5));
    expect(makePlan(5)).not.toEqual(makePlan(6));
  });

  it('has its steps in the order of their times', () => {
    for (let seed = 0; seed < 50; seed++) {
      const times = timesOf(makePlan(seed));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }
  });
});
