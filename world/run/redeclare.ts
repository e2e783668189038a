import type { PlannedMetric, PlannedReading, Step } from '../plan/plan.ts';
import { askFor } from './check.ts';
import { sendClosingReadings } from './closing.ts';
import { settle } from './settle.ts';
import type { World } from './world.ts';

/**
 * A metric is declared otherwise when all has come to rest, at the server and at its agents. Where one side has it so first, what
 * is measured meanwhile is refused, and has to come once both have it so, and the agents were started again. Then readings come
 * that lie between those of before, and others for them. Gives why the world doesn't come to rest, or undefined.
 */
export async function redeclareMetric(
  world: World,
  { metric, declared, first = 'both' }: Extract<Step, { kind: 'redeclare' }>,
): Promise<string | undefined> {
  const before = world.setting.metrics[metric]!;
  const versionsBefore = await versionsOf(world, metric);
  world.trace.say('operator', `declares ${metric} as ${JSON.stringify(declared)}, which was ${JSON.stringify(before)}`);
  world.count('a metric is declared otherwise');
  const agents = (): Promise<string | undefined> => declareAtAgents(world, metric, declared);
  const server = (): Promise<string | undefined> => declareAtServer(world, metric, declared);
  const meanwhile = (): Promise<string | undefined> => (first === 'both' ? settle(world) : measureMeanwhile(world));
  const unsettled =
    first === 'agents'
      ? ((await agents()) ?? (await meanwhile()) ?? (await server()) ?? (await restartAgents(world)))
      : ((await server()) ?? (await meanwhile()) ?? (await agents()));
  if (unsettled !== undefined) return unsettled;
  const versions = await versionsOf(world, metric);
  const isOther = JSON.stringify(sortedEntries(declared)) !== JSON.stringify(sortedEntries(before));
  for (const [name, version] of versionsBefore) {
    if (isOther && versions.get(name) === version)
      world.break(`view ${name} of ${metric}, which is declared otherwise, is no other`);
  }
  for (const agent of world.plan.setting.agents) world.send(agent, correctionsOf(world, agent, metric));
  sendClosingReadings(world);
  return settle(world);
}

function declareAtServer(world: World, metric: string, declared: PlannedMetric): Promise<string | undefined> {
  world.setting = { ...world.setting, metrics: { ...world.setting.metrics, [metric]: declared } };
  world.server.restart();
  return settle(world);
}

function declareAtAgents(world: World, metric: string, declared: PlannedMetric): Promise<string | undefined> {
  const before = world.plan.setting.metrics[metric]!;
  world.redeclared = { metric, before, takenBefore: world.taken.length };
  for (const agent of world.plan.setting.agents) {
    const { send } = world.settingOf(agent).metrics[metric]!;
    const metrics = { ...world.settingOf(agent).metrics, [metric]: { ...declared, send } };
    world.agentSettings.set(agent, { ...world.settingOf(agent), metrics });
  }
  return restartAgents(world);
}

function restartAgents(world: World): Promise<string | undefined> {
  for (const edge of world.edges.values()) edge.restart();
  return settle(world);
}

/** Agents measure what the server does not take. They say so, and hold it. */
async function measureMeanwhile(world: World): Promise<string | undefined> {
  sendClosingReadings(world);
  const unsettled = await settle(world);
  for (const [agent, { process }] of world.edges) {
    if ((process?.totals().refused ?? 0) === 0) continue;
    world.refused.add(agent);
    world.count('readings are refused until the server is told what they are');
  }
  return unsettled;
}

/** The versions by which the views of a metric are answered. */
async function versionsOf(world: World, metric: string): Promise<ReadonlyMap<string, string>> {
  const names = Object.entries(world.setting.views).flatMap(([name, view]) => (view.metric === metric ? [name] : []));
  const answers = new Map<string, string>();
  for (const name of names) {
    const answer = await askFor(world, name, world.setting.views[name]!.slice);
    if (answer !== undefined) answers.set(name, answer.version);
  }
  return answers;
}

function sortedEntries(metric: PlannedMetric): readonly (readonly [string, unknown])[] {
  return Object.entries(metric).toSorted(([a], [b]) => (a < b ? -1 : 1));
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
