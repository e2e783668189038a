import { benchRecompute } from '#batch-layer/recompute.bench.ts';
import { besideGoal, type Figure } from './benchmark.ts';

const GOAL = 60_000_000;

/** The batch layer's own measurement, beside its goal on two cores. */
export async function benchRecomputeAgainstGoal(): Promise<readonly Figure[]> {
  return (await benchRecompute()).map((figure) => (figure.name === 'recompute' ? besideGoal(figure, GOAL) : figure));
}
