import { LoggerFile } from '../cast/logger-file.ts';
import { sendClosingReadings } from './closing.ts';
import { request, settle } from './settle.ts';
import type { World } from './world.ts';

/** How long an operator goes on trying: until the server has noticed that the old gateway is gone, and somewhat more. */
const READMISSION_TIMEOUT_MS = 180_000;
const TRY_EVERY_MS = 3_000;

/**
 * A gateway whose disk is lost is replaced by an empty one of the same name, when all that it had taken has arrived. It
 * has to stop by itself, since the server knows more of its name than it does, until an operator lets it begin anew.
 * Gives why the world then doesn't come to rest, or undefined.
 */
export async function replaceGateway(world: World, agent: string): Promise<string | undefined> {
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
  for (;;) {
    await scheduler.runTo(scheduler.nowMs + TRY_EVERY_MS);
    const reply = await request(world, 'POST', `/api/v1/agents/${agent}/readmit`);
    if (reply?.status === 200) break;
    if (scheduler.nowMs >= untilMs) return `agent ${agent} can't be readmitted: ${reply?.status} ${reply?.text}`;
  }
  world.trace.say('operator', `lets ${agent} begin anew`);
  const unsettled = await settle(world);
  if (unsettled !== undefined) return unsettled;
  sendClosingReadings(world);
  return settle(world);
}
