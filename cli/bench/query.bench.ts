import { benchQuery } from '#serving/query.bench.ts';
import { besideGoal, type Figure } from './benchmark.ts';

const GOAL = 20;

/** The serving layer's own measurement, beside its goal: less is better. */
export async function benchQueryAgainstGoal(): Promise<readonly Figure[]> {
  return (await benchQuery()).map((figure) => (figure.name === 'query' ? besideGoal(figure, GOAL) : figure));
}
