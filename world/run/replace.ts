import { FILE_PATH, LoggerFile } from '../cast/logger-file.ts';
import type { Step } from '../plan/plan.ts';
import { sendClosingReadings } from './closing.ts';
import { request, settle } from './settle.ts';
import type { World } from './world.ts';

/** How long an operator goes on trying: until the server has noticed that the old gateway is gone, and somewhat more. */
export const READMISSION_TIMEOUT_MS = 180_000;
export const TRY_EVERY_MS = 3_000;

/**
 * A gateway whose disk is lost is replaced by an empty one of the same name, when all that it had taken has arrived. It
 * has to stop by itself, since the server knows more of its name than it does, until an operator lets it begin anew.
 * Gives why the world then doesn't come to rest, or undefined.
 */
export async function replaceGateway(world: World, agent: string): Promise<string | undefined> {
  return (await loseDisk(world, agent)) ?? goOn(world);
}

/** The same, as far as to the operator's order. */
export async function loseDisk(world: World, agent: string): Promise<string | undefined> {
  const { scheduler } = world.platform;
  const supervised = world.supervised(agent);
  world.trace.say(agent, 'its disk is lost; an empty gateway takes its place');
  world.count('a gateway is replaced');
  const untilMs = scheduler.nowMs + READMISSION_TIMEOUT_MS;
  world.excuse(agent, untilMs, 'an agent without its disk is not let in');
  supervised.machine.disk.wipe();
  supervised.end('killed', 0);
  world.forget(agent);
  if (world.files.has(agent)) world.files.set(agent, new LoggerFile(supervised.machine, world.plan.setting));
  return letIn(world, agent, untilMs);
}

/**
 * A gateway gets its disk back as it was a while before, when all that it had taken has arrived; the file that a device
 * beside it writes is as it was. It has to stop by itself where it knows less than the server, until an operator lets it
 * begin anew. Gives why the world then doesn't come to rest, or undefined.
 */
export async function setBackGateway(world: World, step: Step): Promise<string | undefined> {
  const image = world.images.get(step);
  if (image === undefined || step.kind !== 'restore') return undefined;
  const { scheduler } = world.platform;
  const { startsAtMs } = world.plan;
  const agent = step.machine;
  const supervised = world.supervised(agent);
  const { disk } = supervised.machine;
  world.trace.say(agent, `gets its disk back as it was at ${(step.atMs - step.ageMs) / 1000} s`);
  world.count('a gateway gets an older disk');
  const untilMs = scheduler.nowMs + READMISSION_TIMEOUT_MS;
  world.excuse(agent, untilMs, 'an agent of an older disk is not let in');
  const files = disk.list('/').filter(([name]) => `/${name}`.startsWith(FILE_PATH));
  supervised.end('killed', 0);
  disk.restore(image);
  for (const [name, file] of files) {
    disk.put(`/${name}`, file, 'open');
    disk.syncName(`/${name}`);
  }
  world.setBack.set(agent, startsAtMs + step.atMs - step.ageMs - REACH_BACK_MS);
  world.forget(agent);
  const refused = await letIn(world, agent, untilMs);
  return refused ?? goOn(world);
}

/** A gateway is taken away for good when all has come to rest, and an operator says so. Gives why that is refused, or undefined. */
export async function retireGateway(world: World, agent: string): Promise<string | undefined> {
  const { scheduler } = world.platform;
  world.trace.say(agent, 'is taken away for good');
  world.supervised(agent).remove();
  world.retired.set(agent, world.closedMs);
  for (const untilMs = scheduler.nowMs + READMISSION_TIMEOUT_MS; ;) {
    const reply = await request(world, 'POST', `/api/v1/agents/${agent}/retire`);
    if (reply?.status === 200) break;
    if (scheduler.nowMs >= untilMs) return `agent ${agent} can't be retired: ${reply?.status} ${reply?.text}`;
    await scheduler.runTo(scheduler.nowMs + TRY_EVERY_MS);
  }
  world.count('a gateway is retired');
  return settle(world);
}

/** What a reading that was taken later may have changed: the late, the amended, and what gauges held until it. */
const REACH_BACK_MS = 4 * 86_400_000;

/** Asks to let the agent begin anew as long as it is not up. Gives why it couldn't, or undefined. */
async function letIn(world: World, agent: string, untilMs: number): Promise<string | undefined> {
  const { scheduler } = world.platform;
  const supervised = world.supervised(agent);
  for (let upSinceMs: number | undefined; ;) {
    await scheduler.runTo(scheduler.nowMs + TRY_EVERY_MS);
    upSinceMs = supervised.isUp ? (upSinceMs ?? scheduler.nowMs) : undefined;
    // One that the server knows no more of than itself goes on.
    if (upSinceMs !== undefined && scheduler.nowMs - upSinceMs >= UP_MS) return undefined;
    const reply = await request(world, 'POST', `/api/v1/agents/${agent}/readmit`);
    if (reply?.status === 200) break;
    if (scheduler.nowMs >= untilMs) return `agent ${agent} can't be readmitted: ${reply?.status} ${reply?.text}`;
  }
  world.trace.say('operator', `lets ${agent} begin anew`);
  return undefined;
}

/** How long an agent is up that the server lets be. */
const UP_MS = 20_000;

export async function goOn(world: World): Promise<string | undefined> {
  const unsettled = await settle(world);
  if (unsettled !== undefined) return unsettled;
  sendClosingReadings(world);
  return settle(world);
}
