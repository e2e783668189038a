import { Draws } from '../platform/draws.ts';
import { drawFaults, type PlanOptions } from './draw-faults.ts';
import { drawInput } from './draw-input.ts';
import { drawSetting, withHorizons } from './draw-setting.ts';
import type { Plan } from './plan.ts';

/** Years of which a world may be one: leap years and changes of clocks among them. */
const YEAR_MIN = 2001;
const YEAR_MAX = 2037;
const DAYS_IN_YEAR = 366;
const DAY_MS = 86_400_000;

/** How long the world is struck by faults, in ms of its own time. */
const STRUCK_MS_MIN = 30_000;
const STRUCK_MS_MAX = 150_000;

/** The plan of a seed. */
export function makePlan(seed: number, options: PlanOptions = {}): Plan {
  const draws = new Draws(seed, 'plan');
  const year = draws.between(YEAR_MIN, YEAR_MAX);
  const startsAtMs = Date.UTC(year, 0, 1) + draws.below(DAYS_IN_YEAR) * DAY_MS + draws.below(DAY_MS);
  const endMs = draws.between(STRUCK_MS_MIN, STRUCK_MS_MAX);
  const drawn = drawSetting(new Draws(seed, 'setting'), startsAtMs);
  const setting = withHorizons(new Draws(seed, 'horizons'), drawn);
  const steps = [
    ...drawInput(new Draws(seed, 'input'), setting, startsAtMs, endMs),
    ...drawFaults(new Draws(seed, 'faults'), setting, endMs, options),
  ];
  return { seed, startsAtMs, setting, steps: steps.toSorted((a, b) => a.atMs - b.atMs) };
}
