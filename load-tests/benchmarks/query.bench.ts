import { Agent, get } from 'node:http';
import { serveWorld } from '#serving/serving.fixtures.ts';
import { besideGoal, type Figure, figureOf, millisecondsOf, printFigures } from '../measure.ts';
import { weekOfMeters } from '../workloads/week-of-meters.ts';

const RUNS = 400;
const WARM_UPS = 40;
const GOAL_MS = 20;
const DECIMALS = 2;
const QUERY = '/api/v1/views/power-by-region/windows?from=2026-01-05T00:00:00Z&to=2026-01-12T00:00:00Z&window=1h';

/**
 * What a query costs over HTTP on the loopback: a week of windows of 1 h over 1,000 meters that report once a minute,
 * grouped by ten regions, 1,680 windows from 100,800 slices. The first time, then by percentiles. Less is better.
 */
export async function benchQuery(): Promise<readonly Figure[]> {
  const world = await weekOfMeters();
  await using served = await serveWorld(world);
  const agent = new Agent({ keepAlive: true });
  const ask = (): Promise<number> => millisecondsOf(() => answered(served.url + QUERY, agent));
  const first = await ask();
  for (let i = 0; i < WARM_UPS; i++) await ask();
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) times.push(await ask());
  agent.destroy();
  times.sort((a, b) => a - b);
  const percentile = (name: string, quantile: number): Figure =>
    figureOf(name, times[Math.ceil(quantile * RUNS) - 1]!, 'ms', { runs: RUNS, decimals: DECIMALS });
  return [
    besideGoal(percentile('query', 0.99), GOAL_MS),
    percentile('query-p50', 0.5),
    figureOf('query-first', first, 'ms', { decimals: DECIMALS }),
  ];
}

/** Resolves with the last byte of the answer. */
function answered(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`the query was answered by status ${response.statusCode}`));
      response.on('error', reject).on('end', resolve).resume();
    });
    request.on('error', reject);
  });
}

if (import.meta.main) await printFigures(await benchQuery());
