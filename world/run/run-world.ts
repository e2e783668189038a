import { type Plan, SERVER } from '../plan/plan.ts';
import { Life, LifeEnded } from '../platform/life.ts';
import { checkSettled } from './check.ts';
import { sendClosingReadings } from './closing.ts';
import type { EventName } from './events.ts';
import { replaceGateway, retireGateway, setBackGateway } from './replace.ts';
import { settle } from './settle.ts';
import { take } from './take-step.ts';
import { type PromiseBroken, World } from './world.ts';

/** How a world ended. */
export interface Outcome {
  readonly broken: PromiseBroken | undefined;
  readonly events: ReadonlyMap<EventName, number>;
  readonly trace: readonly string[];
  /** Of a machine whose writes are counted. */
  readonly writes: readonly string[];
}

/** The world that runs, for what no one in it has caught. */
let running: World | undefined;

function hear(reason: unknown): void {
  const life = Life.current;
  if (life === undefined || running === undefined || reason instanceof LifeEnded) throw reason;
  running.uncaught(life, reason);
}

/** Lets what a process of a world doesn't catch end that process, and not the simulator. */
export function hearUncaught(): void {
  process.on('unhandledRejection', hear);
  process.on('uncaughtException', hear);
}

/** Runs a world from its start to its last check. The platform has to be installed. */
export async function runWorld(plan: Plan): Promise<Outcome> {
  const world = new World(plan);
  running = world;
  const { scheduler } = world.platform;
  for (const supervised of world.allSupervised) supervised.start();
  for (const step of plan.steps) {
    if (step.kind === 'restore') {
      const { disk } = world.platform.machine(step.machine);
      scheduler.after(step.atMs - step.ageMs, undefined, () => world.images.set(step, disk.image()));
    }
    scheduler.after(step.atMs, undefined, () => take(world, step));
  }
  const endMs = plan.steps.at(-1)?.atMs ?? 0;
  await scheduler.runUntil(() => world.broken !== undefined, endMs + 1);
  world.trace.say('world', 'no more faults; it settles');
  world.heal();
  sendClosingReadings(world);
  let unsettled = await settle(world);
  const replaced = plan.steps.find((step) => step.kind === 'replace');
  if (replaced !== undefined && world.broken === undefined) unsettled ??= await replaceGateway(world, replaced.agent);
  const setBack = plan.steps.find((step) => step.kind === 'restore' && step.machine !== SERVER);
  if (setBack !== undefined && world.broken === undefined) unsettled ??= await setBackGateway(world, setBack);
  const retired = plan.steps.find((step) => step.kind === 'retire');
  if (retired !== undefined && world.broken === undefined) unsettled ??= await retireGateway(world, retired.agent);
  if (unsettled !== undefined) world.break(`the world doesn't come to rest: ${unsettled}`);
  if (world.broken === undefined) await checkSettled(world);
  for (const machine of world.platform.machines) machine.end('killed');
  if (world.broken !== undefined) world.trace.say('world', `BROKEN: ${world.broken.message}`);
  world.trace.say('world', `ends after ${scheduler.happened} events`);
  return { broken: world.broken, events: world.events, trace: world.trace.lines, writes: world.writes };
}
