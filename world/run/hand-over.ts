import type { Step } from '../plan/plan.ts';
import { sendClosingReadings } from './closing.ts';
import { READMISSION_TIMEOUT_MS, TRY_EVERY_MS } from './replace.ts';
import { request, settle } from './settle.ts';
import type { World } from './world.ts';

/** How long a gateway that was taken away is let try to come back. */
const COMES_BACK_MS = 10_000;

/**
 * A gateway is taken away when all has come to rest, and another one measures its series from then on, by an operator's
 * order. The one that was taken away may not speak any more, should someone plug it in again. Gives why that is refused, or
 * undefined.
 */
export async function handOverGateway(
  world: World,
  { agent, to }: Extract<Step, { kind: 'hand-over' }>,
): Promise<string | undefined> {
  // What an agent that has forgotten something had told, nobody can say of its heir either.
  if (agent === to || world.setBack.size > 0) return undefined;
  const { scheduler } = world.platform;
  const from = world.supervised(agent);
  world.trace.say(agent, `is taken away; ${to} is to measure its series`);
  from.remove();
  for (const untilMs = scheduler.nowMs + READMISSION_TIMEOUT_MS; ;) {
    const reply = await request(world, 'POST', `/api/v1/agents/${agent}/hand-over`, JSON.stringify({ to }));
    if (reply?.status === 200) break;
    if (scheduler.nowMs >= untilMs) return `agent ${agent} can't be handed over: ${reply?.status} ${reply?.text}`;
    await scheduler.runTo(scheduler.nowMs + TRY_EVERY_MS);
  }
  world.count('a gateway is handed over');
  world.retired.set(agent, world.closedMs);
  world.handOver(agent, to);
  world.excuse(agent, scheduler.nowMs + COMES_BACK_MS, 'an agent whose series another one has is not let in');
  from.start();
  await scheduler.runTo(scheduler.nowMs + COMES_BACK_MS);
  if (from.isUp) world.break(`${agent} runs, though ${to} has its series`);
  from.remove();
  for (let time = 0; time < 2; time++) {
    sendClosingReadings(world);
    const unsettled = await settle(world);
    if (unsettled !== undefined) return unsettled;
  }
  return undefined;
}
