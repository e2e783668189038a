import type { PlannedReading, Step } from '../plan/plan.ts';
import { sendClosingReadings } from './closing.ts';
import { settle } from './settle.ts';
import type { World } from './world.ts';

/**
 * A metric is declared otherwise when all has come to rest, at the server and at its agents. Then readings come that lie
 * between those of before, and others for them. Gives why the world doesn't come to rest, or undefined.
 */
export async function redeclareMetric(
  world: World,
  { metric, declared }: Extract<Step, { kind: 'redeclare' }>,
): Promise<string | undefined> {
  const before = world.setting.metrics[metric]!;
  world.trace.say('operator', `declares ${metric} as ${JSON.stringify(declared)}, which was ${JSON.stringify(before)}`);
  world.count('a metric is declared otherwise');
  world.redeclared = { metric, before, takenBefore: world.taken.length };
  world.setting = { ...world.setting, metrics: { ...world.setting.metrics, [metric]: declared } };
  for (const agent of world.plan.setting.agents) {
    const { send } = world.settingOf(agent).metrics[metric]!;
    const metrics = { ...world.settingOf(agent).metrics, [metric]: { ...declared, send } };
    world.agentSettings.set(agent, { ...world.settingOf(agent), metrics });
  }
  for (const supervised of world.allSupervised) supervised.restart();
  const unsettled = await settle(world);
  if (unsettled !== undefined) return unsettled;
  for (const agent of world.plan.setting.agents) world.send(agent, correctionsOf(world, agent, metric));
  sendClosingReadings(world);
  return settle(world);
}

/** Of each series of the metric, a reading between two of before, and another value for one of these. */
function correctionsOf(world: World, agent: string, metric: string): readonly PlannedReading[] {
  return world.plan.setting.series.flatMap((_, series) => {
    const now = world.seriesNow(series);
    const one = world.series[now]!;
    if (one.agent !== agent || one.metric !== metric) return [];
    const taken = world.taken.filter((reading) => reading.series === now).toSorted((a, b) => a.timeMs - b.timeMs);
    const gap = taken.findLastIndex(({ timeMs }, i) => i > 0 && timeMs - taken[i - 1]!.timeMs > 1);
    if (gap < 0) return [];
    const [from, to] = [taken[gap - 1]!, taken[gap]!];
    return [
      { series, timeMs: Math.floor((from.timeMs + to.timeMs) / 2), value: from.value },
      { series, timeMs: from.timeMs, value: to.value },
    ];
  });
}
