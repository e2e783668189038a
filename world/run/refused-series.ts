import type { Step } from '../plan/plan.ts';
import { closingReadings, sendClosingReadings } from './closing.ts';
import { settle } from './settle.ts';
import type { World } from './world.ts';

/** How often a server that may not start is seen to try. */
const TRIES_MS = 12_000;

/**
 * A gateway is sent readings of a series that another one owns, when all has come to rest, and is started again so that one
 * birth tells of that series and of its own. The server has to refuse that series alone. Gives why the world doesn't come to
 * rest, or undefined.
 */
export async function sendForeignSeries(
  world: World,
  { agent, series }: Extract<Step, { kind: 'foreign' }>,
): Promise<string | undefined> {
  const owner = world.series[world.seriesNow(series)]!.agent;
  // Who forgot what it had told has no owner's word to go by.
  if (owner === agent || world.retired.has(owner) || world.retired.has(agent) || world.setBack.has(agent))
    return undefined;
  world.trace.say(agent, `is sent readings of a series that belongs to ${owner}`);
  world.count('a series of another agent is refused by itself');
  const foreign = closingReadings(world, owner).filter((reading) => reading.series === series);
  world.sendInVain(agent, foreign, closingReadings(world, agent));
  const unsettled = await settle(world);
  if (unsettled !== undefined) return unsettled;
  world.supervised(agent).restart();
  const refused = await checkRefused(world, agent);
  sendClosingReadings(world);
  return refused ?? settle(world);
}

/**
 * The server, or a gateway, is told that a metric is in another unit, of other decimals or of another kind than its readings
 * were, when all has come to rest. The server has to refuse to start; what such a gateway measures has to be refused. Then the
 * mistake is taken back. Gives why the world doesn't come to rest, or undefined.
 */
export async function mistakeMetric(
  world: World,
  step: Extract<Step, { kind: 'mistake' }>,
): Promise<string | undefined> {
  const unsettled = step.by === undefined ? await mistakeAtServer(world, step) : await mistakeAtAgent(world, step);
  if (unsettled !== undefined) return unsettled;
  sendClosingReadings(world);
  return settle(world);
}

async function mistakeAtServer(
  world: World,
  { metric, change }: Extract<Step, { kind: 'mistake' }>,
): Promise<string | undefined> {
  const { server, setting } = world;
  const { scheduler } = world.platform;
  const { hold: _hold, rollover: _rollover, ...declared } = setting.metrics[metric]!;
  world.trace.say('operator', `declares ${metric} with ${JSON.stringify(change)} at the server alone`);
  world.setting = { ...setting, metrics: { ...setting.metrics, [metric]: { ...declared, ...change } } };
  world.excuse(
    server.machine.name,
    scheduler.nowMs + TRIES_MS,
    'a server that means something else by a metric does not start',
  );
  server.restart();
  await scheduler.runTo(scheduler.nowMs + TRIES_MS);
  if (server.isUp) world.break(`the server runs, though it means something else by ${metric} than what its views hold`);
  world.setting = setting;
  return settle(world);
}

async function mistakeAtAgent(
  world: World,
  { metric, change, by }: Extract<Step, { kind: 'mistake' }>,
): Promise<string | undefined> {
  const agent = by!;
  const own = closingReadings(world, agent);
  const mistaken = own.filter(({ series }) => world.plan.setting.series[series]!.metric === metric);
  if (mistaken.length === 0 || world.retired.has(agent) || world.setBack.has(agent)) return undefined;
  const before = world.settingOf(agent);
  const { hold: _hold, rollover: _rollover, ...declared } = before.metrics[metric]!;
  world.trace.say('operator', `declares ${metric} with ${JSON.stringify(change)} at ${agent} alone`);
  world.count('an agent means something else by a metric');
  world.agentSettings.set(agent, { ...before, metrics: { ...before.metrics, [metric]: { ...declared, ...change } } });
  world.supervised(agent).restart();
  const unsettled = await settle(world);
  if (unsettled !== undefined) return unsettled;
  world.sendInVain(agent, mistaken, []);
  const refused = await checkRefused(world, agent);
  world.agentSettings.set(agent, before);
  world.supervised(agent).restart();
  return refused ?? settle(world);
}

/** What was sent in vain is refused, and that alone. */
async function checkRefused(world: World, agent: string): Promise<string | undefined> {
  world.refused.add(agent);
  const unsettled = await settle(world);
  const refused = world.supervisedEdge(agent).process?.totals().refused;
  const inVain = world.inVainOf(agent);
  if (unsettled === undefined && refused !== inVain)
    world.break(`${agent} says that ${refused} of its readings were refused, and it should be ${inVain}`);
  return unsettled;
}
