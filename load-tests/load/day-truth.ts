import { DAY_MS, loadAt, readingsOf, STEP_MS, STEPS } from './region-feed.ts';
import type { Stored } from './scenario.ts';

interface Told {
  readonly tags: { readonly device: string };
  readonly stats: { readonly count: number; readonly sum: number };
}

/**
 * Compares every quarter of an hour of every meter, as `view` by device tells it, with what the feeds of the regions have
 * handed over.
 */
export async function compareDay(
  url: string,
  view: string,
  regions: readonly string[],
  meters: number,
): Promise<Required<Pick<Stored, 'lost' | 'twice' | 'wrong'>>> {
  let [lost, twice, wrong] = [0, 0, 0];
  for (let step = 0; step < STEPS; step++) {
    const told = await toldOf(url, view, step);
    const due = readingsOf(step);
    for (const region of regions) {
      for (let meter = 0; meter < meters; meter++) {
        const device = `${region}-${meter}`;
        const { count, sum } = told.get(device) ?? { count: 0, sum: 0 };
        told.delete(device);
        lost += Math.max(0, due - count);
        twice += Math.max(0, count - due);
        if (count === due && sum !== due * loadAt(meter, step)) wrong++;
      }
    }
    wrong += told.size;
  }
  return { lost, twice, wrong };
}

async function toldOf(url: string, view: string, step: number): Promise<Map<string, Told['stats']>> {
  const [from, to] = [step, step + 1].map((one) => new Date(DAY_MS + one * STEP_MS).toISOString());
  const response = await fetch(
    `${url}/api/v1/views/${view}/windows?from=${from}&to=${to}&window=15m&stats=count,sum&format=ndjson`,
  );
  const text = await response.text();
  if (!response.ok) throw new Error(`windows of ${view} were answered by ${response.status}: ${text}`);
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => JSON.parse(line) as Told).map(({ tags, stats }) => [tags.device, stats]));
}
