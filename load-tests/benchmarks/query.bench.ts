import { Agent, get } from 'node:http';
import { serveWorld } from '#serving/serving.fixtures.ts';
import { besideGoal, type Figure, figureOf, measureInTurn, millisecondsOf, printFigures } from '../measure.ts';
import { type WeekShape, weekOfMeters } from '../workloads/week-of-meters.ts';

const RUNS = 400;
const WARM_UPS = 40;
const GOAL_MS = 20;
const DECIMALS = 2;
const MINUTE_MS = 60_000;
const WEEK = 'windows?from=2026-01-05T00:00:00Z&to=2026-01-12T00:00:00Z&window=1h';

/** Of all devices at once, which takes longer. */
const WIDE_RUNS = 9;

/**
 * What a query costs over HTTP on the loopback: a week of windows of 1 h over 1,000 meters that report once a minute,
 * grouped by ten regions, 1,680 windows from 100,800 slices. The first time, then by percentiles. Less is better.
 */
export async function benchQuery(): Promise<readonly Figure[]> {
  await using asked = await askedAt({ by: 'region', sliceMs: MINUTE_MS });
  const ask = (): Promise<number> => asked.ask('');
  const first = await ask();
  for (let i = 0; i < WARM_UPS; i++) await ask();
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) times.push(await ask());
  times.sort((a, b) => a - b);
  const percentile = (name: string, quantile: number): Figure =>
    figureOf(name, times[Math.ceil(quantile * RUNS) - 1]!, 'ms', { runs: RUNS, decimals: DECIMALS });
  return [
    besideGoal(percentile('query', 0.99), GOAL_MS),
    percentile('query-p50', 0.5),
    figureOf('query-first', first, 'ms', { decimals: DECIMALS }),
  ];
}

/**
 * A week of windows of 1 h of one meter of 1,000 that report every quarter of an hour, each its own group, and in turn those of one
 * region of the same meters; then those of all meters as CSV. Less is better.
 */
export async function benchQueryByDevice(): Promise<readonly Figure[]> {
  await using devices = await askedAt({ by: 'device', sliceMs: 15 * MINUTE_MS });
  await using regions = await askedAt({ by: 'region', sliceMs: 15 * MINUTE_MS });
  const first = await devices.ask('&device=meter-4-2');
  const query = { unit: 'ms', decimals: DECIMALS, runs: RUNS, warmUps: WARM_UPS };
  const one = await measureInTurn(
    { ...query, name: 'query-by-device', run: (i) => devices.ask(`&device=meter-${i % 10}-1`) },
    { ...query, name: 'query-by-region', run: (i) => regions.ask(`&region=region-${i % 10}`) },
  );
  const wideFirst = await devices.ask('&format=csv');
  const wide = await measureInTurn(
    { ...query, name: 'query-all-devices', runs: WIDE_RUNS, warmUps: 2, run: () => devices.ask('&format=csv') },
    { ...query, name: 'query-all-regions', runs: WIDE_RUNS, warmUps: 2, run: () => regions.ask('&format=csv') },
  );
  return [
    ...one,
    figureOf('query-by-device-first', first, 'ms', { decimals: DECIMALS }),
    ...wide,
    figureOf('query-all-devices-first', wideFirst, 'ms', { decimals: DECIMALS }),
  ];
}

interface Asked extends AsyncDisposable {
  /** Milliseconds to the last byte of the answer to the week's question. */
  readonly ask: (more: string) => Promise<number>;
}

/** A server with a week of meters. */
async function askedAt(shape: WeekShape): Promise<Asked> {
  await using stack = new AsyncDisposableStack();
  const served = stack.use(await serveWorld(await weekOfMeters(shape)));
  const agent = stack.adopt(new Agent({ keepAlive: true }), (one) => one.destroy());
  const path = `${served.url}/api/v1/views/power-by-${shape.by}/${WEEK}`;
  const owned = stack.move();
  return {
    ask: (more) => millisecondsOf(() => answered(path + more, agent)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
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

if (import.meta.main) await printFigures([...(await benchQuery()), ...(await benchQueryByDevice())]);
