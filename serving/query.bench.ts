/**
 * What a question costs: `node serving/query.bench.ts` prints a JSON line each. The question is a week of windows of 1 h
 * over 1,000 meters that report once a minute, grouped by ten regions: 1,680 windows from 100,800 slices.
 */
import { Agent, get } from 'node:http';
import { weekOfMeters } from './harness/week-of-meters.ts';
import { serveWorld } from './harness/serve.ts';

export interface QueryMeasurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly runs: number;
}

const SERIES = 1_000;
const REGIONS = 10;
const RUNS = 400;
const WARM_UP_RUNS = 40;
const QUESTION = '/api/v1/views/power-by-region/windows?from=2026-01-05T00:00:00Z&to=2026-01-12T00:00:00Z&window=1h';

/** Measures the week's question over HTTP on the loopback: the first time, then by percentiles. */
export async function benchQuery(): Promise<readonly QueryMeasurement[]> {
  const world = await weekOfMeters(SERIES, REGIONS);
  await using served = await serveWorld(world);
  const agent = new Agent({ keepAlive: true });
  const ask = (): Promise<number> => askOnce(served.url + QUESTION, agent);
  const first = await ask();
  for (let i = 0; i < WARM_UP_RUNS; i++) await ask();
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) times.push(await ask());
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (quantile: number): number => Math.round(times[Math.ceil(quantile * RUNS) - 1]! * 100) / 100;
  return [
    { name: 'query', value: at(0.99), unit: 'ms', runs: RUNS },
    { name: 'query-p50', value: at(0.5), unit: 'ms', runs: RUNS },
    { name: 'query-first', value: Math.round(first * 100) / 100, unit: 'ms', runs: 1 },
  ];
}

/** Milliseconds from the request to the last byte of its answer. */
function askOnce(url: string, agent: Agent): Promise<number> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`the question was answered by status ${response.statusCode}`));
      response
        .on('error', reject)
        .on('end', () => resolve(performance.now() - start))
        .resume();
    });
    request.on('error', reject);
  });
}

if (import.meta.main) for (const line of await benchQuery()) console.log(JSON.stringify(line));
