import { type Plan, SERVER, type Step } from '../plan/plan.ts';
import { Life, LifeEnded } from '../platform/life.ts';
import { checkSettled } from './check.ts';
import { sendClosingReadings } from './closing.ts';
import { endSeries } from './end-series.ts';
import type { EventName } from './events.ts';
import { handOverGateway } from './hand-over.ts';
import { holdBackFrames } from './hold-back.ts';
import { redeclareMetric } from './redeclare.ts';
import { mistakeMetric, sendForeignSeries } from './refused-series.ts';
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

type RestKind =
  | 'hold-back'
  | 'replace'
  | 'restore'
  | 'redeclare'
  | 'hand-over'
  | 'retire'
  | 'foreign'
  | 'mistake'
  | 'end-series';
type RestStep<K extends RestKind> = Extract<Step, { kind: K }>;

/** What is done once all has come to rest, in this order; each gives why the world then doesn't come to rest, or undefined. */
const AT_REST: { readonly [K in RestKind]: (world: World, step: RestStep<K>) => Promise<string | undefined> } = {
  'hold-back': holdBackFrames,
  replace: (world, { agent }) => replaceGateway(world, agent),
  restore: setBackGateway,
  redeclare: redeclareMetric,
  'hand-over': handOverGateway,
  'end-series': endSeries,
  foreign: sendForeignSeries,
  mistake: mistakeMetric,
  retire: async (world, { agent }) => (world.retired.has(agent) ? undefined : retireGateway(world, agent)),
};

/** Of each kind, the first one in the plan. */
async function changeAtRest(world: World): Promise<string | undefined> {
  for (const kind of Object.keys(AT_REST) as RestKind[]) {
    if (world.broken !== undefined) return undefined;
    const unsettled = await changeBy(world, kind);
    if (unsettled !== undefined) return unsettled;
  }
  return undefined;
}

async function changeBy<K extends RestKind>(world: World, kind: K): Promise<string | undefined> {
  const isStep = (one: Step): one is RestStep<K> => one.kind === kind && !('machine' in one && one.machine === SERVER);
  const step = world.plan.steps.find(isStep);
  return step === undefined ? undefined : AT_REST[kind](world, step);
}

/** Keeps a disk as it is so long before a step, unless a part of it is away. */
function keepImage(world: World, step: Extract<Step, { kind: 'restore' | 'restore-log' }>): void {
  const machine = step.kind === 'restore' ? step.machine : SERVER;
  const { disk, scheduler } = world.platform.machine(machine);
  scheduler.after(step.atMs - step.ageMs, undefined, () => {
    if (world.away.has(machine)) return;
    world.images.set(step, disk.image());
    world.historyOf.set(step, world.history);
  });
}

/** Runs a world from its start to its last check. The platform has to be installed. */
export async function runWorld(plan: Plan): Promise<Outcome> {
  const world = new World(plan);
  running = world;
  const { network, scheduler } = world.platform;
  for (const supervised of world.allSupervised) supervised.start();
  for (const step of plan.steps) {
    if (step.kind === 'restore' || step.kind === 'restore-log') keepImage(world, step);
    scheduler.after(step.atMs, undefined, () => take(world, step));
  }
  const endMs = plan.steps.at(-1)?.atMs ?? 0;
  await scheduler.runUntil(() => world.broken !== undefined, endMs + 1);
  world.trace.say('world', 'no more faults; it settles');
  world.heal();
  sendClosingReadings(world);
  const unsettled = (await settle(world)) ?? (await changeAtRest(world));
  if (unsettled !== undefined) world.break(`the world doesn't come to rest: ${unsettled}`);
  if (world.broken === undefined) await checkSettled(world);
  for (const machine of world.platform.machines) machine.end('killed');
  network[Symbol.dispose]();
  if (world.broken !== undefined) world.trace.say('world', `BROKEN: ${world.broken.message}`);
  world.trace.say('world', `ends after ${scheduler.happened} events`);
  return { broken: world.broken, events: world.events, trace: world.trace.lines, writes: world.writes };
}
