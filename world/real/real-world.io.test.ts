/** Plans of worlds, lived by real processes on this machine's disk and loopback; what they answer is held to the same truth. */
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { makePlan } from '../plan/make-plan.ts';
import { type Plan, STRANGE } from '../plan/plan.ts';
import { readAnswer, type ToldAnswer } from '../truth/answer.ts';
import { differences, statsAsked } from '../truth/compare.ts';
import { completenessFaults } from '../truth/completeness.ts';
import { expectedSlices } from '../truth/expected.ts';
import { finalityFaults } from '../truth/finality.ts';
import { RealWorld } from './real-world.fixtures.ts';

const DAY_MS = 86_400_000;
const SETTLED_MS_MAX = 60_000;
const TEST_MS_MAX = 240_000;

/** Of years that are over, so that no clock refuses what is measured in them; each kills and restarts both ends. */
const SEEDS = [3, 9, 11];

/** What is wrong about the answers to all views. */
async function faultsOf({ plan, taken, closedMs, url }: RealWorld): Promise<readonly string[]> {
  const { setting, startsAtMs } = plan;
  const faults: string[] = [];
  for (const [name, view] of Object.entries(setting.views)) {
    if (name === STRANGE) continue;
    const metric = setting.metrics[view.metric]!;
    const [from, to] = [startsAtMs - 40 * DAY_MS, startsAtMs + 40 * DAY_MS].map((ms) => new Date(ms).toISOString());
    const query = `from=${from}&to=${to}&window=${view.slice}&stats=${statsAsked(metric)}`;
    const response = await fetch(`${url}/api/v1/views/${name}/windows?${query}`);
    const text = await response.text();
    const told: ToldAnswer['windows'] = response.ok ? readAnswer(text).windows : [];
    const found = [
      ...(response.ok ? [] : [text]),
      ...differences(expectedSlices(setting, setting.series, view, taken), told, view, metric),
      ...finalityFaults(setting, view, told, closedMs),
      ...completenessFaults(setting, setting.series, view, taken, told),
    ];
    faults.push(...found.map((fault) => `view ${name}: ${fault}`));
  }
  return faults;
}

async function operate({ url }: RealWorld, path: string): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  const lines = (await response.text()).trimEnd().split('\n');
  return (JSON.parse(lines.at(-1)!) as { readonly result?: unknown }).result;
}

/** A plan that both ends are killed in, once each. */
function withKills(plan: Plan): Plan {
  const middleMs = (plan.steps.at(-1)?.atMs ?? 0) / 2;
  const kills = ['server', ...plan.setting.agents].map(
    (machine, i) => ({ kind: 'kill', atMs: middleMs + 10 * i, machine, downMs: 0 }) as const,
  );
  return { ...plan, steps: [...plan.steps, ...kills].toSorted((a, b) => a.atMs - b.atMs) };
}

/** The same, in which agents forget nothing that they took: they would count it once more, and the truth here is of what was sent. */
function withoutHorizons({ setting, ...plan }: Plan): Plan {
  const metrics = Object.entries(setting.metrics).map(
    ([name, { repeatHorizon: _horizon, ...metric }]) => [name, metric] as const,
  );
  return { ...plan, setting: { ...setting, metrics: Object.fromEntries(metrics) } };
}

describe('a world of real processes', () => {
  it.each(SEEDS)(
    'answers the truth at rest, after a batch run, and verifies: seed %i',
    { timeout: TEST_MS_MAX },
    async (seed) => {
      await using folder = await makeTemporaryDirectory('world');
      await using world = await RealWorld.start(withKills(withoutHorizons(makePlan(seed))), folder.dir);
      await world.live();
      await expect.poll(() => faultsOf(world), { timeout: SETTLED_MS_MAX, interval: 500 }).toEqual([]);
      expect(await operate(world, '/api/v1/batch')).toBeDefined();
      await expect.poll(() => faultsOf(world), { timeout: SETTLED_MS_MAX, interval: 500 }).toEqual([]);
      expect(await operate(world, '/api/v1/verify')).toMatchObject({ different: 0 });
      expect(world.faults).toEqual([]);
      expect(world.happened.get('kill')).toBeGreaterThan(1);
    },
  );
});
