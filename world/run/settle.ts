import { ask } from '../cast/ask.ts';
import { HTTP_PORT } from '../cast/server-process.ts';
import { SERVER } from '../plan/plan.ts';
import type { World } from './world.ts';

/** Long enough for every timeout and backing off that parts have, one after the other. */
const SETTLING_MS_MAX = 5 * 60_000;
/** What is quiet for so long has nothing left to seal, to send or to commit. */
const QUIET_MS = 15_000;
const LOOK_MS = 500;

interface Status {
  readonly acknowledged: readonly number[];
  readonly partitions: readonly { readonly committed: number }[];
}

interface ToldView {
  readonly name: string;
  readonly versions: readonly { readonly state: string }[];
}

/**
 * Lets a world without faults come to rest: everything runs, all that was to be sent is sent, all that was sent is
 * acknowledged, folded and committed. Gives why it didn't, or undefined.
 */
export async function settle(world: World): Promise<string | undefined> {
  const { scheduler } = world.platform;
  const untilMs = scheduler.nowMs + SETTLING_MS_MAX;
  let quietSinceMs = scheduler.nowMs;
  let why: string | undefined;
  while (scheduler.nowMs < untilMs && world.broken === undefined) {
    why = await whatMoves(world);
    if (why !== undefined) quietSinceMs = scheduler.nowMs;
    else if (scheduler.nowMs - quietSinceMs >= QUIET_MS) return undefined;
    await scheduler.runTo(scheduler.nowMs + LOOK_MS);
  }
  return why;
}

async function whatMoves(world: World): Promise<string | undefined> {
  for (const supervised of world.allSupervised)
    if (!supervised.isUp && !supervised.isRemoved) return `${supervised.machine.name} is not up`;
  for (const sensor of world.sensors.values())
    if (sensor.waiting > 0) return `agent ${sensor.agent} has not taken ${sensor.waiting} requests`;
  for (const [agent, file] of world.files) if (!file.isWritten) return `the file of ${agent} is not written`;
  for (const [agent, { process }] of world.edges)
    if (process !== undefined && process.unsent() > 0)
      return `agent ${agent} has ${process.unsent()} frames that are not acknowledged`;
  const reply = await get(world, '/api/v1/status');
  if (reply === undefined) return `${SERVER} does not answer`;
  const { acknowledged, partitions } = JSON.parse(reply) as Status;
  const behind = partitions.findIndex(({ committed }, partition) => committed < acknowledged[partition]!);
  if (behind >= 0) return `partition ${behind} is not folded to its end`;
  const { views } = JSON.parse((await get(world, '/api/v1/views')) ?? '{"views":[]}') as { views: readonly ToldView[] };
  const building = views.find(({ versions }) => versions.at(-1)?.state === 'building');
  return building === undefined ? undefined : `view ${building.name} is still folded anew`;
}

const ANSWER_TIMEOUT_MS = 60_000;

/** The text of a good answer of the server, or undefined where it has none now. */
export async function get(world: World, path: string): Promise<string | undefined> {
  const reply = await request(world, 'GET', path);
  return reply?.status === 200 ? reply.text : undefined;
}

/** What the server replies to a reader; undefined where nothing comes in time. */
export async function request(
  world: World,
  method: 'GET' | 'POST',
  path: string,
  body?: string,
): Promise<{ readonly status: number; readonly text: string } | undefined> {
  const reader = world.platform.machine('reader');
  return pump(
    world,
    ask(reader, {
      host: SERVER,
      port: HTTP_PORT,
      method,
      path,
      timeoutMs: ANSWER_TIMEOUT_MS,
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
    }).catch(() => undefined),
  );
}

/** Lets the world go on until a promise of one of its members is kept. */
async function pump<T>(world: World, promise: Promise<T>): Promise<T> {
  let settled = false;
  const end = (): void => void (settled = true);
  promise.then(end, end);
  await world.platform.scheduler.runUntil(() => settled);
  return promise;
}
